# SPDX-License-Identifier: Apache-2.0
"""oned's XML-RPC endpoint: the methods and how their parameters are read."""

import html

from standin import wire
from standin.wire import answer

from . import documents, errors, template, vm_methods, vmtemplates, xmlrpc
from .pool import USE

SERVER = "Xmlrpc-c_Abyss/1.40.0"


# Each takes the world, the user and the parameters (0 is the session) and gives an int, a str or a ready value.

def _document(world, params, at=1):
    return world.documents.find(params.int(at))


def document_info(world, user, params):
    document = _document(world, params)
    document.require(user, USE)
    if user.is_admin and len(params) > 2:
        params.boolean(2)
    return document.wire()


def document_allocate(world, user, params):
    text = params.string(1)
    try:
        content = template.parse(text)
    except template.TemplateError as error:
        raise errors.OneError(errors.INTERNAL, str(error)) from None
    return documents.allocate(world, user, content, params.int(2)).id


def document_update(world, user, params):
    document_id, text = params.int(1), params.string(2)
    append = params.int(3) if len(params) > 3 else 0
    documents.update(world.documents.find(document_id), user, text, append)
    return document_id


def document_rename(world, user, params):
    document_id, name = params.int(1), params.string(2)
    world.documents.find(document_id).rename(user, name)
    return document_id


def document_delete(world, user, params):
    document = _document(world, params)
    documents.delete(world, document, user)
    return document.id


def document_chmod(world, user, params):
    document_id = params.int(1)
    bits = [params.int(at) for at in range(2, 11)]
    world.documents.find(document_id).chmod(user, bits)
    return document_id


def document_pool(world, user, params):
    flag, start, end, kind = (params.int(at) for at in range(1, 5))
    found = [one for one in world.documents.select(user, flag, start, end) if one.type == kind]
    return f"<DOCUMENT_POOL>{''.join(one.xml() for one in found)}</DOCUMENT_POOL>"


def template_info(world, user, params):
    found = world.templates.find(params.int(1))
    extended = len(params) > 2 and params.boolean(2)
    found.require(user, USE)
    if user.is_admin and len(params) > 3:
        params.boolean(3)
    return found.extended_xml(world) if extended else found.wire()


def template_instantiate(world, user, params):
    template_id, name = params.int(1), params.string(2)
    hold, text = (params.boolean(3), params.string(4)) if len(params) > 3 else (False, "")
    if len(params) > 5 and params.boolean(5):
        raise errors.OneError(errors.ACTION, "the stand-in makes no persistent copies")
    return vmtemplates.instantiate(world, user, template_id, name, hold, text).id


def vm_info(world, user, params):
    vm = world.machines.find(params.int(1))
    vm.require(user, USE)
    if user.is_admin and len(params) > 2:
        params.boolean(2)
    return vm.wire()


def vm_action(world, user, params):
    return vm_methods.action(world, user, params.string(1), params.int(2))


def vm_resize(world, user, params):
    return vm_methods.resize(world, user, params.int(1), params.string(2))


def vm_diskresize(world, user, params):
    return vm_methods.disk_resize(world, user, params.int(1), params.int(2), params.string(3))


def vm_update(world, user, params):
    vm_id, text = params.int(1), params.string(2)
    return vm_methods.update(world, user, vm_id, text, params.int(3) if len(params) > 3 else 0)


def vm_recover(world, user, params):
    return vm_methods.recover(world, user, params.int(1), params.int(2))


def vm_pool(world, user, params):
    flag, start, end, state = (params.int(at) for at in range(1, 5))
    if not -2 <= state <= 11:
        raise errors.OneError(errors.XML_RPC_API, "Incorrect filter_flag, state")
    found = [vm for vm in world.machines.select(user, flag, start, end)
             if state == -2 or (state == -1 and vm.state != 6) or vm.state == state]
    return f"<VM_POOL>{''.join(vm.pool_xml() for vm in found)}</VM_POOL>"


def vm_pool_extended(world, user, params):
    flag, start, end, state = (params.int(at) for at in range(1, 5))
    found = [vm for vm in world.machines.select(user, flag, start, end)
             if state == -2 or (state == -1 and vm.state != 6) or vm.state == state]
    return f"<VM_POOL>{''.join(vm.xml() for vm in found)}</VM_POOL>"


def template_pool(world, user, params):
    found = world.templates.select(user, *(params.int(at) for at in range(1, 4)))
    return f"<VMTEMPLATE_POOL>{''.join(one.xml() for one in found)}</VMTEMPLATE_POOL>"


def image_pool(world, _user, _params):
    """Everybody may use every image here."""
    rows = "".join(f"<IMAGE><ID>{one['IMAGE_ID']}</ID><UID>0</UID><GID>0</GID><UNAME>oneadmin</UNAME><GNAME>oneadmin"
                   f"</GNAME><NAME>{one['IMAGE']}</NAME><TYPE>0</TYPE><SIZE>{one['SIZE']}</SIZE>"
                   f"<STATE>{one.get('STATE', 1)}</STATE></IMAGE>" for one in world.images.values())
    return f"<IMAGE_POOL>{rows}</IMAGE_POOL>"


def user_info(world, user, params):
    user_id = params.int(1)
    found = world.users.get(user.id if user_id == -1 else user_id)
    if found is None:
        raise errors.unknown("user", user_id)
    if found is not user and not user.is_admin:
        raise errors.not_authorized(user, f"Not authorized to perform USE USER [{user_id}]")
    return found.xml(with_quotas=True)


def user_pool(world, user, _params):
    shown = [one for _, one in sorted(world.users.items()) if user.is_admin or one is user]
    inner = "".join(one.pool_xml() for one in shown)
    return f"<USER_POOL>{inner}<DEFAULT_USER_QUOTAS></DEFAULT_USER_QUOTAS></USER_POOL>"


def user_login(world, user, params):
    name, token, seconds = params.string(1), params.string(2), params.int(3)
    target = world.names.get(name)
    if target is None:
        raise errors.unknown("user", -1)
    if target is not user and not user.is_admin:
        raise errors.not_authorized(user, f"Not authorized to perform MANAGE USER [{target.id}]")
    return world.login(target, token, seconds)


def system_version(world, _user, _params):
    return world.settings["version"]


METHODS = {
    "one.document.info": document_info, "one.document.allocate": document_allocate,
    "one.document.update": document_update, "one.document.rename": document_rename,
    "one.document.delete": document_delete, "one.document.chmod": document_chmod,
    "one.documentpool.info": document_pool,
    "one.template.info": template_info, "one.template.instantiate": template_instantiate,
    "one.vm.info": vm_info, "one.vm.action": vm_action, "one.vm.resize": vm_resize,
    "one.vm.diskresize": vm_diskresize, "one.vm.update": vm_update, "one.vm.recover": vm_recover,
    "one.vmpool.info": vm_pool, "one.vmpool.infoextended": vm_pool_extended,
    "one.templatepool.info": template_pool, "one.imagepool.info": image_pool,
    "one.user.info": user_info, "one.userpool.info": user_pool, "one.user.login": user_login,
    "one.system.version": system_version,
}

# Where a method keeps the id of its object, for the journal and for faults of one object.
OBJECT_AT = {"one.vm.action": 2}
NO_OBJECT = {"one.document.allocate", "one.documentpool.info", "one.vmpool.info", "one.vmpool.infoextended",
             "one.templatepool.info", "one.imagepool.info", "one.userpool.info",
             "one.user.login", "one.system.version"}


def call(world, method, params):
    """(body of the answer, outcome for the journal)"""
    function = METHODS.get(method)
    try:
        if function is None:
            raise xmlrpc.Fault(xmlrpc.NO_SUCH_METHOD, f"Method '{method}' not defined")
        user = world.authenticate(params.string(0))
        return xmlrpc.success(function(world, user, params)), "ok"
    except errors.OneError as error:
        return xmlrpc.failure(error.code, f"[{method}] {error.text}", error.object_id), f"error {error.code}"
    except xmlrpc.Fault as error:
        return xmlrpc.fault(error.code, error.text), f"fault {error.code}"


def http_ok(body):
    return b"".join((b"HTTP/1.1 200 OK\r\nContent-type: text/xml; charset=utf-8\r\nContent-length: %d\r\n"
                     b"Connection: close\r\nDate: " % len(body), wire.date(), _SERVER_LINE, body))


_SERVER_LINE = f"\r\nServer: {SERVER}\r\n\r\n".encode()


def http_error(status, explanation, more=()):
    """An error document of Abyss: it has no length, the end of the connection is its end."""
    body = (f"<HTML><HEAD><TITLE>Error {status}</TITLE></HEAD><BODY><H1>Error {status}</H1><P>{explanation}</P>"
            "</BODY></HTML>").encode()
    return answer(status, [("Content-type", "text/html"), *more, ("Connection", "close"),
                           ("Date", wire.date().decode()), ("Server", SERVER)], body)


def what(method, values):
    """Of a call, for faults and the journal."""
    user = values[0].partition(":")[0] if values and type(values[0]) is str else ""
    at = OBJECT_AT.get(method, 1)
    target = values[at] if len(values) > at and type(values[at]) is int and method not in NO_OBJECT else None
    return "oned", method, target, user


class Oned:
    """The endpoint: HTTP around call(), with faults and the journal."""

    def __init__(self, house, path):
        self.house, self.path = house, path

    def handle(self, exchange):
        house = self.house
        refused = self._refusal(exchange)
        if refused:
            house.journal.note("oned", f"{exchange.method} {exchange.path}", None, "", f"http {refused[0]}")
            exchange.finish(http_error(*refused, [("Allow", "POST")] if refused[0] == 200 else []), close=True)
            return
        try:
            method, params = xmlrpc.parse_call(exchange.body)
        except xmlrpc.Fault as error:
            house.journal.note("oned", "?", None, "", f"fault {error.code}")
            exchange.finish(http_ok(xmlrpc.fault(error.code, error.text)), close=True)
            return
        if method == xmlrpc.TOGETHER:
            self._several(exchange, params)
            return
        house.faults.carry_out(exchange, what(method, params.values), lambda: call(house.world, method, params), http_ok,
                               detail=detail(method, params.values))

    def _several(self, exchange, params):
        house = self.house
        try:
            if not house.world.settings["multicall"]:
                raise xmlrpc.Fault(xmlrpc.NO_SUCH_METHOD, f"Method '{xmlrpc.TOGETHER}' not defined")
            wanted = xmlrpc.calls_of(params)
        except xmlrpc.Fault as error:
            house.journal.note("oned", xmlrpc.TOGETHER, None, "", f"fault {error.code}")
            exchange.finish(http_ok(xmlrpc.fault(error.code, error.text)), close=True)
            return

        def carry_out(method, one):
            return lambda: call(house.world, method, one)
        house.faults.carry_out_together(
            exchange, [(what(method, one.values), carry_out(method, one), detail(method, one.values))
                       for method, one in wanted], http_ok)

    def _refusal(self, exchange):
        """(status, explanation) when Abyss would not let the request through to oned. The content type is free."""
        if exchange.path != self.path:
            return 404, ("This XML-RPC For C/C++ Abyss XML-RPC server responds to only one URI path.  I don't know "
                         f"what URI path that is, but it's not the one you requested: '{html.escape(exchange.path)}'.  "
                         "(Typically, it's '/RPC2')")
        if exchange.method == "OPTIONS":
            return 200, ""
        if exchange.method != "POST":
            return 405, "POST is the only HTTP method this server understands"
        if "content-length" not in exchange.headers:
            return 411, "You must send a content-length HTTP header in an XML-RPC call."
        if not exchange.body:
            return 400, "According to your content-length HTTP header, your request is empty (zero length)"
        return None


def detail(method, values):
    """What a test may want to see of a call; never the session, and SR_AUTH is struck out by the journal."""
    if method == "one.vm.action" and len(values) > 1:
        return values[1]
    if method in ("one.vm.resize", "one.vm.update", "one.document.rename") and len(values) > 2:
        return values[2]
    if method == "one.template.instantiate" and len(values) > 4:
        return values[4]
    if method in ("one.vm.recover", "one.document.allocate") and len(values) > 2:
        return values[2]
    if method == "one.vm.diskresize" and len(values) > 3:
        return values[3]
    return None
