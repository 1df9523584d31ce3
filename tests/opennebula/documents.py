# SPDX-License-Identifier: Apache-2.0
"""Documents of every type, as oned keeps them."""

from . import errors, template
from .pool import MANAGE, Object

SERVICE, SERVICE_TEMPLATE, RUNTIME = 100, 101, 1337


class Document(Object):
    kind, auth_kind = "document", "DOCUMENT"

    def __init__(self, document_id, owner, name, kind_number, content):
        super().__init__(document_id, owner, name)
        self.type, self.template = kind_number, content

    def _make_xml(self):
        return (f"<DOCUMENT>{self.header_xml()}<TYPE>{self.type}</TYPE>{self.permissions_xml()}"
                f"{self.template.xml()}</DOCUMENT>")

    def body(self):
        return self.template.get("BODY", None)

    def set_body(self, text):
        """For OneFlow, which writes its own documents."""
        self.template.set("BODY", text)
        self.changed()


def allocate(world, user, content, kind_number):
    name = content.get("NAME")
    content.erase("NAME")
    document_id = world.documents.take_id()
    if not name:
        name = f"document-{document_id}"
    elif len(name.encode()) > 128:
        raise errors.OneError(errors.INTERNAL, "NAME is too long; max length is 128 chars.")
    document = Document(document_id, user, name, kind_number, content)
    if not template.well_formed(document.xml()):
        raise errors.OneError(errors.INTERNAL, "Error transforming the Document to XML.")
    world.documents[document_id] = document
    return document


def update(document, user, text, append):
    document.require(user, MANAGE)
    if append not in (0, 1):
        raise errors.OneError(errors.XML_RPC_API, "Wrong update type")
    try:
        content = template.parse(text)
    except template.TemplateError as error:
        raise errors.OneError(errors.INTERNAL, f"Cannot update template. {error}") from None
    before = document.template
    document.template = content
    if append:
        document.template = before.copy()
        document.template.merge(content)
    document.changed()
    if not template.well_formed(document.xml()):
        # "]]>" in a value, or a name that XML does not know: oned answers that all is well, but its database refuses
        # the row, so nothing has changed.
        document.template = before
        document.changed()


def delete(world, document, user):
    document.require(user, MANAGE)
    del world.documents[document.id]
