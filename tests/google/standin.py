# SPDX-License-Identifier: Apache-2.0
"""Compute Engine and the token endpoint on one port, control on another."""

import json

from standin import faults, program
from standin.wire import answer, json_of, query_of

from . import compute
from .control import Control
from .errors import Refused, TokenRefused
from .world import World


def bytes_of(reply):
    """(status, object)"""
    status, value = reply
    body = json.dumps(value).encode()
    return answer(status, [("Content-Type", "application/json; charset=UTF-8"), ("Content-Length", len(body))], body)


class GoogleFaults(faults.Faults):
    KINDS = {**faults.KINDS, "error": {"status": 500, "code": None, "text": "injected error"}}

    def garbage_type(self, _server):
        return "application/json; charset=UTF-8"

    def _error(self, exchange, options, _server, _body, _call, wrap):
        exchange.finish(wrap((options["status"], Refused(options["status"], options["text"], options["code"]).body())))


class Face:
    """From an exchange to the answer. Faults and journal go by the method."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world = self.house.world
        if exchange.path == "/token":
            self._carry_out(exchange, "token", None, lambda: world.tokens.give(
                exchange, world.settings["token_seconds"], world.settings["token_told"]))
            return
        found = compute.method_of(exchange.method, exchange.path)
        name, parts, known = found or (f"{exchange.method} {exchange.path}", (), ())
        body = json_of(exchange)

        def call():
            world.tokens.check(exchange)
            if found is None:
                raise Refused(404, "Not Found: there is no such method")
            if exchange.method == "POST" and not isinstance(body, dict):
                raise Refused(400, "Invalid JSON payload received.", "parseError")
            return compute.call(world, name, parts, known, _query_of(exchange), body)

        self._carry_out(exchange, name, parts[-1] if parts else None, call, body)

    def _carry_out(self, exchange, name, target, work, detail=None):
        def call():
            try:
                return (200, work()), "200"
            except (Refused, TokenRefused) as refused:
                return (refused.status, refused.body()), f"{refused.status}"
        self.house.faults.carry_out(exchange, ("google", name, target, None), call, bytes_of, detail)


def _query_of(exchange):
    try:
        return query_of(exchange)
    except ValueError:
        raise Refused(400, "A parameter is given twice", "badRequest") from None


class House(program.OneDoor):
    CONTROL, FACE, WORLD, FAULTS = Control, Face, World, GoogleFaults


def main(arguments=None):
    options = program.parsed(program.parser("google", "A stand-in Compute Engine.", "--port"), arguments)
    return program.run("google", House, options)
