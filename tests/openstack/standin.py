# SPDX-License-Identifier: Apache-2.0
"""One port for the services, below /identity, /compute, /image, /network and /volume, and one for control."""

import json

from standin import program
from standin.wire import answer

from .control import Control
from .glance import Glance
from .keystone import Keystone
from .neutron import Cinder, Neutron
from .nova import Nova
from .service import Refused, Reply, Request, new_id
from .world import World


def bytes_of(reply):
    if isinstance(reply, tuple):    # an error of a rule: status and text
        reply = Reply(reply[0], {"error": {"code": reply[0], "message": reply[1]}})
    length = [] if reply.status == 204 else [("Content-Length", len(reply.body))]
    return answer(reply.status, [*reply.headers, *length], reply.body)


class Face:
    """From an exchange to the service's answer."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world = self.house.world
        root, _, rest = exchange.path.removeprefix("/").partition("/")
        service = self.house.services.get(root)
        request_id = f"req-{new_id()}"
        if service is None:
            exchange.finish(bytes_of(Reply(404, raw=b"no such service\n", kind="text/plain")))
            return
        path = "/" + rest if "/" in exchange.path[1:] else ""
        try:
            title, parameters, name, secured = service.find(exchange.method, path)
        except Refused as refused:
            title, parameters, name, secured = f"{exchange.method} {path}", [], None, refused

        def call():
            try:
                if name is None:
                    raise secured
                request = Request(exchange, path)
                request.parameters = parameters
                reply = service.answer(request, name, secured)
            except Refused as refused:
                reply = service.refusal(refused)
            reply.headers += [("X-Openstack-Request-Id", request_id)]
            return reply, str(reply.status)

        token = world.tokens.get(exchange.headers.get("x-auth-token", ""))
        self.house.faults.carry_out(exchange, (service.name, title, parameters[-1] if parameters else None,
                                               token and token.project), call, bytes_of, detail(exchange))


def detail(exchange):
    """The query, and the body where it holds no password."""
    shown = {"query": exchange.query}
    if exchange.body and "tokens" not in exchange.path and exchange.headers.get("content-type", "").startswith(
            "application/json"):
        try:
            shown["body"] = json.loads(exchange.body)
        except ValueError:
            shown["body"] = None
    version = exchange.headers.get("openstack-api-version")
    return {**shown, "version": version} if version else shown


class House(program.OneDoor):
    CONTROL, FACE = Control, Face
    services = {}   # by name, of the present world

    def make_world(self, settings):
        world = World(self.urls()["api"])
        world.settings.change(settings)
        self.services = {one.name: one for one in (kind(world) for kind in (Keystone, Nova, Glance, Neutron, Cinder))}
        return world


def main(arguments=None):
    options = program.parsed(program.parser("openstack", "A stand-in OpenStack.", "--port"), arguments)
    return program.run("openstack", House, options)
