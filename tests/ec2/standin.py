# SPDX-License-Identifier: Apache-2.0
"""EC2's query API on one port, control on another."""

import urllib.parse
from xml.sax.saxutils import escape

from standin import faults, program
from standin.wire import answer, once_each

from . import actions, signatures
from .control import Control
from .errors import Refused
from .world import World

PATHS = ("/", "/services/Cloud", "/services/Cloud/")   # Amazon's, and that of the OpenStack of old


def element(name, value):
    """<name>value</name>; a list becomes items, a dictionary elements, None nothing."""
    if value is None:
        return ""
    if isinstance(value, list):
        inner = "".join(element("item", one) for one in value)
    elif isinstance(value, dict):
        inner = "".join(element(key, one) for key, one in value.items())
    else:
        inner = escape(str(value))
    return f"<{name}>{inner}</{name}>"


def bytes_of(reply):
    """A Refused, or (action, version, elements)."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    if isinstance(reply, Refused):
        status = reply.status
        text = (f"{head}<Response><Errors><Error><Code>{escape(reply.code)}</Code><Message>{escape(reply.text)}"
                "</Message></Error></Errors><RequestID>req-ec2</RequestID></Response>")
    else:
        status, (action, version, elements) = 200, reply
        inner = element("requestId", "req-ec2") + "".join(element(name, value) for name, value in elements.items())
        text = (f'{head}<{action}Response xmlns="http://ec2.amazonaws.com/doc/{version}/">{inner}'
                f"</{action}Response>")
    body = text.encode()
    return answer(status, [("Content-Type", "text/xml;charset=UTF-8"), ("Content-Length", len(body))], body)


def form_of(exchange):
    if exchange.method != "POST" or exchange.path not in PATHS or exchange.query:
        raise Refused("InvalidRequest", "Only forms that are POSTed are understood here", 405)
    if not exchange.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refused("MalformedQueryString", "The body is no form")
    try:
        pairs = urllib.parse.parse_qsl(exchange.body.decode(), keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise Refused("MalformedQueryString", "The body is no form") from None
    try:
        return once_each(pairs)
    except ValueError as error:
        raise Refused("InvalidParameterValue", str(error)) from None


class Ec2Faults(faults.Faults):
    KINDS = {**faults.KINDS, "error": {"status": 400, "code": "InternalError", "text": "injected error"}}

    def garbage_type(self, _server):
        return "text/xml"

    def _error(self, exchange, options, _server, _body, _call, wrap):
        exchange.finish(wrap(Refused(options["code"], options["text"], options["status"])))


class Face:
    """From an exchange to the answer. Faults and journal go by the action."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world, form, wrong = self.house.world, {}, None
        try:
            form = form_of(exchange)
        except Refused as refused:
            wrong = refused

        def call():
            try:
                if wrong:
                    raise wrong
                signatures.check(exchange, form, world.settings["services"])
                action, elements = actions.call(world, form)
                return (action, form["Version"], elements), "200"
            except Refused as refused:
                return refused, f"{refused.status} {refused.code}"

        target = form.get("InstanceId.1") or form.get("ResourceId.1")
        detail = {name: value for name, value in form.items() if name not in ("Signature", "AWSAccessKeyId")}
        self.house.faults.carry_out(exchange, ("ec2", form.get("Action", exchange.path), target, None), call, bytes_of,
                                    detail)


class House(program.OneDoor):
    CONTROL, FACE, WORLD, FAULTS = Control, Face, World, Ec2Faults


def main(arguments=None):
    options = program.parsed(program.parser("ec2", "A stand-in EC2.", "--port"), arguments)
    return program.run("ec2", House, options)
