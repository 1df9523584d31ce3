# SPDX-License-Identifier: Apache-2.0
"""The login and Azure Resource Manager on one port, control on another."""

import json
import re

from standin import faults, program
from standin.wire import answer, json_of, query_of

from . import arm
from .control import Control
from .errors import Refused, TokenRefused
from .world import World

LOGIN = re.compile(r"/([^/]+)/oauth2/v2\.0/token")


def bytes_of(reply):
    """(status, object or None)"""
    status, value = reply
    body = b"" if value is None else json.dumps(value).encode()
    kind = [("Content-Type", "application/json; charset=utf-8")] if body else []
    return answer(status, [*kind, ("Content-Length", len(body))], body)


class AzureFaults(faults.Faults):
    KINDS = {**faults.KINDS, "error": {"status": 500, "code": "InternalServerError", "text": "injected error"}}

    def garbage_type(self, _server):
        return "application/json; charset=utf-8"

    def _error(self, exchange, options, _server, _body, _call, wrap):
        exchange.finish(wrap((options["status"], Refused(options["status"], options["code"], options["text"]).body())))


class Face:
    """From an exchange to the answer. Faults and journal go by the operation."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world = self.house.world
        login = LOGIN.fullmatch(exchange.path)
        if login:
            knobs = world.settings
            self._carry_out(exchange, "token", None, lambda: (200, world.tokens.give(
                exchange, login.group(1), knobs["token_seconds"], knobs["token_told"])))
            return
        found = arm.call_of(exchange.method, exchange.path)
        name, provider, parts, known = found or (f"{exchange.method} {exchange.path}", "", (), ())
        body = json_of(exchange)

        def call():
            world.tokens.check(exchange)
            if found is None:
                raise Refused(404, "InvalidResourceType", "The resource type could not be found.")
            if exchange.method == "PUT" and not isinstance(body, dict):
                raise Refused(400, "InvalidRequestContent", "The request content was invalid.")
            return arm.call(name, provider, known, arm.Asked(world, parts, _query_of(exchange), exchange.headers, body,
                                                             self.house.urls()["api"]))

        self._carry_out(exchange, name, parts[-1] if parts else None, call, body)

    def _carry_out(self, exchange, name, target, work, detail=None):
        def call():
            try:
                reply = work()
            except (Refused, TokenRefused) as refused:
                reply = refused.status, refused.body()
            return reply, str(reply[0])
        self.house.faults.carry_out(exchange, ("azure", name, target, None), call, bytes_of, detail)


def _query_of(exchange):
    try:
        return query_of(exchange)
    except ValueError:
        raise Refused(400, "InvalidParameter", "A parameter is given twice") from None


class House(program.OneDoor):
    CONTROL, FACE, WORLD, FAULTS = Control, Face, World, AzureFaults


def main(arguments=None):
    options = program.parsed(program.parser("azure", "A stand-in Azure.", "--port"), arguments)
    return program.run("azure", House, options)
