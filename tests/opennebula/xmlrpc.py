# SPDX-License-Identifier: Apache-2.0
"""XML-RPC as xmlrpc-c speaks it: strict reading of calls, answers byte for byte in oned's shape."""

import functools
import xml.etree.ElementTree

TYPE_ERROR, INDEX_ERROR, PARSE_ERROR, NO_SUCH_METHOD, REQUEST_REFUSED = -501, -502, -503, -506, -507
TOGETHER = "system.multicall"

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n'
_ARRAY = _HEAD + "<params>\r\n<param><value><array><data>\r\n"
_ARRAY_END = "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n"
_SUCCESS = (_ARRAY + "<value><boolean>1</boolean></value>\r\n<value>").encode()
_SUCCESS_END = ("</value>\r\n<value><i4>0</i4></value>\r\n" + _ARRAY_END).encode()


class Fault(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


class Int8(int):
    """An <i8>: what oned's "integer" is not."""


class Params:
    """The parameters of one call, read one by one as oned's methods read them, with oned's faults."""

    __slots__ = ("values",)

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def _at(self, index):
        if index >= len(self.values):
            raise Fault(TYPE_ERROR, "Not enough parameters")
        return self.values[index]

    def int(self, index):
        value = self._at(index)
        if type(value) is not int:
            raise Fault(TYPE_ERROR, "Parameter that is supposed to be integer is not")
        return value

    def string(self, index):
        value = self._at(index)
        if type(value) is not str:
            raise Fault(TYPE_ERROR, "Parameter that is supposed to be a string is not")
        return value

    def boolean(self, index):
        value = self._at(index)
        if type(value) is not bool:
            raise Fault(TYPE_ERROR, "Parameter that is supposed to be boolean is not")
        return value


def _refuse(text):
    raise Fault(PARSE_ERROR, f"Call XML not a proper XML-RPC call.  {text}")


def _integer(text, low, high):
    if not text:
        _refuse("<int> XML element content is empty")
    if text[0].isspace():
        _refuse(f"<int> content '{text}' starts with white space")
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        _refuse(f"<int> value '{text}' contains non-numerical junk: '{text.lstrip('+-0123456789')}'")
    value = int(text)
    if not low <= value <= high:
        _refuse(f"<int> XML element value '{text}' represents a number beyond the range that XML-RPC allows "
                f"({low} - {high})")
    return value


def _value(element):
    if element.tag != "value":
        _refuse(f"<{element.tag}> element where <value> expected")
    children = list(element)
    if not children:
        return element.text or ""
    if len(children) > 1:
        _refuse(f"<value> has {len(children)} child elements.  Only zero or one make sense.")
    child = children[0]
    text = child.text or ""
    if child.tag == "array":
        return _array(child)
    if child.tag == "struct":
        return _struct(child)
    if len(child):
        _refuse("The child of a <value> element is neither <array> nor <struct>, "
                f"but has {len(child)} child elements of its own.")
    if child.tag == "string":
        return text
    if child.tag in ("int", "i4"):
        return _integer(text, -2**31, 2**31 - 1)
    if child.tag == "boolean":
        if text not in ("0", "1"):
            _refuse(f"<boolean> XML element content must be either '0' or '1' according to XML-RPC.  "
                    f"This one has '{text}'")
        return text == "1"
    if child.tag in ("i8", "ex:i8"):
        return Int8(_integer(text, -2**63, 2**63 - 1))
    if child.tag in ("double", "dateTime.iso8601", "base64", "nil", "i1", "i2"):
        return (child.tag, text)
    return _refuse(f"Unknown value type -- XML element is named <{child.tag}>")


def _array(element):
    if len(element) != 1 or element[0].tag != "data":
        _refuse("<array> should have one child, <data>")
    return [_value(one) for one in element[0]]


def _struct(element):
    members = {}
    for member in element:
        name, value = member.find("name"), member.find("value")
        if member.tag != "member" or len(member) != 2 or name is None or value is None:
            _refuse("a <struct> holds <member> elements with <name> and <value>")
        members[name.text or ""] = _value(value)
    return members


@functools.lru_cache(maxsize=8192)
def _parse_small(body):
    return _parse(body)


def _parse(body):
    try:
        call = xml.etree.ElementTree.fromstring(body)
    except (xml.etree.ElementTree.ParseError, ValueError, LookupError) as error:
        _refuse(f"Not valid XML.  {error}")
    if call.tag != "methodCall":
        _refuse(f"XML-RPC call should be a <methodCall> element.  Instead, we have a <{call.tag}> element.")
    name = call.find("methodName")
    if name is None:
        _refuse("Expected <methodCall> to have child <methodName>")
    if len(name):
        _refuse(f"A <methodName> element should not have children.  This one has {len(name)} of them.")
    params = call.find("params")
    if len(call) > (1 if params is None else 2):
        _refuse("<methodCall> has extraneous children, other than <methodName> and <params>.  "
                f"Total child count = {len(call)}")
    values = []
    for param in params if params is not None else ():
        if param.tag != "param" or len(param) != 1:
            _refuse("<params> may hold <param> elements with one <value> each")
        values.append(_value(param[0]))
    return name.text or "", Params(values)


def parse_call(body):
    """(method, Params) of a call; Fault when xmlrpc-c would not understand it."""
    return _parse_small(body) if len(body) < 1024 else _parse(body)


def calls_of(params):
    """[(method, Params)] of a system.multicall, as the library reads it."""
    wanted = params.values[0] if params.values else None
    if type(wanted) is not list:
        raise Fault(TYPE_ERROR, "system.multicall's parameter should be an array, each element describing one RPC.")
    out = []
    for one in wanted:
        if type(one) is not dict:
            raise Fault(TYPE_ERROR, "An element of the multicall array should be a struct (with members 'methodName' "
                                    "and 'params')")
        for name, kind in (("methodName", str), ("params", list)):
            if name not in one:
                raise Fault(INDEX_ERROR, f"No member of struct has key '{name}'")
            if type(one[name]) is not kind:
                raise Fault(TYPE_ERROR, f"{name} is of another type")
        if one["methodName"] == TOGETHER:
            raise Fault(REQUEST_REFUSED, "Recursive system.multicall forbidden")
        out.append((one["methodName"], Params(one["params"])))
    return out


def escape(text):
    return (text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#x0d;"))


def string_value(text):
    """The wire form of a string, for those who keep it."""
    return f"<string>{escape(text)}</string>".encode("utf-8", "replace")


def success(payload):
    """The body of a successful answer: payload is an int, a str or what string_value made."""
    if isinstance(payload, int):
        payload = b"<i4>%d</i4>" % payload
    elif isinstance(payload, str):
        payload = string_value(payload)
    return _SUCCESS + payload + _SUCCESS_END


def failure(code, text, object_id=-1):
    return (f"{_ARRAY}<value><boolean>0</boolean></value>\r\n<value><string>{escape(text)}</string></value>\r\n"
            f"<value><i4>{code}</i4></value>\r\n<value><i4>{object_id}</i4></value>\r\n"
            f"<value><i8>-1</i8></value>\r\n{_ARRAY_END}").encode("utf-8", "replace")


def fault(code, text):
    return (f"{_HEAD}<fault>\r\n<value><struct>\r\n<member><name>faultCode</name>\r\n<value><i4>{code}</i4></value>"
            f"</member>\r\n<member><name>faultString</name>\r\n<value><string>{escape(text)}</string></value>"
            f"</member>\r\n</struct></value>\r\n</fault>\r\n</methodResponse>\r\n").encode("utf-8", "replace")


def together(bodies):
    """The body of an answer to several calls, from those that each would have had: faults stand among them as they
    are, what a call gave is in an array of its own."""
    return _ARRAY.encode() + b"".join(_part(body) for body in bodies) + _ARRAY_END.encode()


def _part(body):
    if b"<fault>\r\n" in body[:120]:
        return body[body.index(b"<fault>\r\n") + 9:body.rindex(b"</fault>")]
    value = body[body.index(b"<param>") + 7:body.rindex(b"</param>")]
    return b"<value><array><data>\r\n" + value + b"\r\n</data></array></value>\r\n"
