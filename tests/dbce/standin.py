# SPDX-License-Identifier: Apache-2.0
"""The Cloud Exchange on one port, control on another."""

import json

from standin import faults, program
from standin.wire import answer

from . import service
from .control import Control
from .errors import Refused
from .world import World


def bytes_of(reply):
    """(status, object, headers), or (status, text) of a rule."""
    status, tree, *headers = reply
    body = json.dumps(tree if headers else {"message": tree}).encode()
    return answer(status, [("Content-Type", "application/json"), ("Content-Length", len(body)),
                           *(headers[0] if headers else ())], body)


class DbceFaults(faults.Faults):
    def garbage_type(self, _server):
        return "application/json"


class Face:
    """From an exchange to the answer. Faults and journal go by "GET machines", "DELETE machines/ID" and so on."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        def call():
            try:
                reply = service.call(self.house.world, exchange, self.house.urls()["api"])
                return reply, str(reply[0])
            except Refused as refused:
                return (refused.status, refused.text), f"{refused.status} {refused.text}"

        found = service.MACHINE.fullmatch(exchange.path)
        self.house.faults.carry_out(exchange, ("dbce", service.title_of(exchange), found and found.group(1), None), call,
                                    bytes_of, {"body": exchange.body.decode("utf-8", "replace")})


class House(program.OneDoor):
    CONTROL, FACE, WORLD, FAULTS = Control, Face, World, DbceFaults


def main(arguments=None):
    options = program.parsed(program.parser("dbce", "A stand-in Cloud Exchange.", "--port"), arguments)
    return program.run("dbce", House, options)
