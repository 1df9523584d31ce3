# SPDX-License-Identifier: Apache-2.0
"""OCCI on one port, its Keystone on another, control on a third."""

import json
import ssl

from standin import faults, program
from standin.wire import Server, answer

from . import keystone, service
from .control import Control
from .errors import Refused
from .service import Reply
from .world import World


def bytes_of(reply):
    if isinstance(reply, Refused):
        reply = Reply(reply.status, reply.text.encode(), "text/plain", reply.headers)
    if isinstance(reply, tuple):    # an error of a rule: status and text
        reply = Reply(reply[0], reply[1].encode())
    length = [] if reply.status == 204 else [("Content-Length", len(reply.body))]
    return answer(reply.status, [*reply.headers, *length], b"" if reply.status == 204 else reply.body)


def without_body(data):
    """Of a HEAD."""
    return data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


class OcciFace:
    """From an exchange to the answer. Faults and journal go by "GET /compute/ID" and so on."""

    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world, urls = self.house.world, self.house.urls()

        def call():
            try:
                service.authenticate(world, exchange, urls["keystone"])
                reply = service.call(world, exchange, urls["api"] + service.PREFIX)
                return reply, str(reply.status)
            except Refused as refused:
                return refused, f"{refused.status} {refused.text}"

        found = service.MACHINE.fullmatch(exchange.path)
        detail = {"accept": exchange.headers.get("accept"), "body": exchange.body.decode("utf-8", "replace")}
        wrap = bytes_of if exchange.method != "HEAD" else lambda reply: without_body(bytes_of(reply))
        self.house.faults.carry_out(exchange, ("occi", service.title_of(exchange), found and found.group(1), None), call,
                                    wrap, detail)


class KeystoneFace:
    def __init__(self, house):
        self.house = house

    def handle(self, exchange):
        world = self.house.world

        def call():
            try:
                status, tree, headers = keystone.call(world, exchange)
                reply = Reply(status, json.dumps(tree).encode(), "application/json", headers)
            except Refused as refused:
                status = refused.status
                reply = Reply(status, json.dumps({"error": {"message": refused.text, "code": status}}).encode(),
                              "application/json")
            return reply, str(status)

        self.house.faults.carry_out(exchange, ("keystone", f"{exchange.method} {exchange.path}", None, None), call, bytes_of)


class OcciFaults(faults.Faults):
    def garbage_type(self, server):
        return "application/json" if server == "keystone" else "text/plain"


class House(program.House):
    FAULTS, WORLD = OcciFaults, World

    def __init__(self, options):
        super().__init__(options)
        self.tls = tls_of(options)
        self.servers = {"control": Server(Control(self).handle, options.address, options.control_port),
                        "keystone": Server(KeystoneFace(self).handle, options.address, options.keystone_port, self.tls),
                        "api": Server(OcciFace(self).handle, options.address, options.port, self.tls)}

    def urls(self):
        scheme = "https" if self.tls else "http"
        return {**super().urls(), **{name: f"{scheme}://{self.options.address}:{self.servers[name].port}"
                                     for name in ("keystone", "api")}}


def tls_of(options):
    """With proxies (RFC 3820) of those that the authority knows, as grid sites have it."""
    if not options.tls_certificate:
        return None
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(options.tls_certificate, options.tls_key)
    made.load_verify_locations(options.tls_authority)
    made.verify_mode = ssl.CERT_OPTIONAL
    made.verify_flags |= ssl.VERIFY_ALLOW_PROXY_CERTS
    return made


def main(arguments=None):
    made = program.parser("occi", "A stand-in OCCI service and its Keystone.", "--port", "--keystone-port")
    for name in ("certificate", "key", "authority"):
        made.add_argument(f"--tls-{name}", help="a file in PEM; all three or none")
    return program.run("occi", House, program.parsed(made, arguments))
