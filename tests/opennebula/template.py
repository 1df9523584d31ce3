# SPDX-License-Identifier: Apache-2.0
"""OpenNebula templates: a multimap of single and vector attributes, read from text or XML, merged by name."""

import xml.parsers.expat

from .syntax import TemplateError, parse_text


class Template:
    """NAME -> [value, ...]; a value is a string or, for a vector, {NAME: string}. Names are upper case."""

    __slots__ = ("items",)

    def __init__(self, items=None):
        self.items = items if items is not None else {}

    def copy(self):
        return Template({name: [dict(v) if isinstance(v, dict) else v for v in values]
                         for name, values in self.items.items()})

    def add(self, name, value):
        self.items.setdefault(name.upper(), []).append(value)

    def set(self, name, value):
        self.items[name.upper()] = [value]

    def erase(self, name):
        return self.items.pop(name, None) is not None

    def get(self, name, default=""):
        """The first single attribute of this name."""
        for value in self.items.get(name, ()):
            if isinstance(value, str):
                return value
        return default

    def vectors(self, name):
        return [value for value in self.items.get(name, ()) if isinstance(value, dict)]

    def vector(self, name):
        found = self.vectors(name)
        return found[0] if found else None

    def merge(self, other):
        """Every name of the other goes; then its attributes come in, except empty vectors: those only erase."""
        for name in other.items:
            self.items.pop(name, None)
        for name, values in other.items.items():
            for value in values:
                if value != {}:
                    self.add(name, dict(value) if isinstance(value, dict) else value)

    def xml(self, root="TEMPLATE"):
        parts = [f"<{root}>"]
        for name in sorted(self.items):
            for value in self.items[name]:
                if isinstance(value, dict):
                    inner = "".join(f"<{k}>{cdata(value[k])}</{k}>" for k in sorted(value) if k)
                    parts.append(f"<{name}>{inner}</{name}>")
                else:
                    parts.append(f"<{name}>{cdata(value)}</{name}>")
        parts.append(f"</{root}>")
        return "".join(parts)

    def hash(self):
        """As Ruby's XMLElement#to_hash shows it: repeated names are arrays."""
        shown = {}
        for name in sorted(self.items):
            values = [{k: v[k] for k in sorted(v)} if isinstance(v, dict) else v for v in self.items[name]]
            shown[name] = values[0] if len(values) == 1 else values
        return shown


def cdata(value):
    # As oned writes it: "]]>" is not split, so a value with it makes a document that cannot be read again.
    return f"<![CDATA[{value}]]>"


def parse(text):
    """Reads text or XML as oned does. Raises TemplateError with oned's sentence."""
    if text[:1] == "<":
        template = _parse_xml(text)
    else:
        template = Template()
        for name, value in parse_text(text):
            template.add(name, value)
    name = template.get("NAME")
    if name:
        template.set("NAME", name.rstrip(" \f\n\r\t\v"))
    return template


def well_formed(xml_text):
    try:
        xml.parsers.expat.ParserCreate().Parse(xml_text.encode(), True)
    except (xml.parsers.expat.ExpatError, UnicodeEncodeError):
        return False
    return True


class _Nodes:
    """The tree that libxml2 would show: text nodes, CDATA nodes (two in a row stay two), elements."""

    def __init__(self):
        self.root = None
        self.stack = []
        self.in_cdata = False

    def start(self, name, _attributes):
        node = (name, [])
        if self.stack:
            self.stack[-1][1].append(node)
        else:
            self.root = node
        self.stack.append(node)

    def end(self, _name):
        self.stack.pop()

    def start_cdata(self):
        self.in_cdata = True
        self.stack[-1][1].append(["cdata", ""])

    def end_cdata(self):
        self.in_cdata = False

    def text(self, data):
        children = self.stack[-1][1]
        kind = "cdata" if self.in_cdata else "text"
        if children and isinstance(children[-1], list) and children[-1][0] == kind:
            children[-1][1] += data
        else:
            children.append([kind, data])


def _parse_xml(text):
    nodes = _Nodes()
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = nodes.start
    parser.EndElementHandler = nodes.end
    parser.StartCdataSectionHandler = nodes.start_cdata
    parser.EndCdataSectionHandler = nodes.end_cdata
    parser.CharacterDataHandler = nodes.text
    # An entity of its own would be a node of its own; nobody needs one here.
    parser.EntityDeclHandler = lambda *_: (_ for _ in ()).throw(TemplateError(MALFORMED))
    try:
        parser.Parse(text.encode(), True)
    except (xml.parsers.expat.ExpatError, UnicodeEncodeError):
        raise TemplateError(MALFORMED) from None
    template = Template()
    for child in nodes.root[1]:
        if isinstance(child, tuple):
            _add_element(template, child)
    return template


MALFORMED = "Parse error: XML Template malformed."


def _is_text(node):
    return isinstance(node, list) and (node[0] == "cdata" or node[1] != "")


def _add_element(template, element):
    name, children = element
    if len(children) == 1 and _is_text(children[0]):
        template.add(name, children[0][1])
        return
    # Several nodes without an element among them (a CDATA section split in two, say) are no attribute at all.
    elements = [child for child in children if isinstance(child, tuple)]
    if elements:
        template.add(name, {child: nodes[0][1] for child, nodes in
                            ((inner.upper(), nodes) for inner, nodes in elements) if nodes and _is_text(nodes[0])})
