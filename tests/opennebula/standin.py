# SPDX-License-Identifier: Apache-2.0
"""The program: listens on three ports, says where in one line of JSON, and ends at SIGTERM or SIGINT."""

import gc
import resource
import ssl

from standin import program
from standin.wire import Server

from . import fixtures
from .control import Control
from .faults import OneFaults
from .oned import Oned
from .oneflow import OneFlow
from .pool import World


class House(program.House):
    FAULTS = OneFaults

    def __init__(self, options):
        super().__init__(options, options.journal)
        tls = _tls(options)
        self.servers = {
            "control": Server(Control(self).handle, options.address, options.control_port),
            "oneflow": Server(OneFlow(self, options.oneflow_prefix).handle, options.address, options.oneflow_port, tls),
            "oned": Server(Oned(self, options.oned_path).handle, options.address, options.oned_port, tls)}

    def make_world(self, settings):
        world = World()
        world.settings.change({"version": self.options.version, **settings})
        fixtures.load(world)
        world.vm_listeners.append(lambda vm: self._machine_changed(world, vm))
        if self.world:
            for vm in self.world.machines.values():
                vm.halt()
            for service in self.world.services.values():
                service.forget()
        return world

    @staticmethod
    def _machine_changed(world, vm):
        service = world.services_of_machines.get(vm.id)
        if service:
            service.machine_changed(vm)

    def urls(self):
        scheme = "https" if self.options.tls_certificate else "http"
        host = f"[{self.options.address}]" if ":" in self.options.address else self.options.address
        ports = {name: server.port for name, server in self.servers.items()}
        return {"oned": f"{scheme}://{host}:{ports['oned']}{self.options.oned_path}",
                "oneflow": f"{scheme}://{host}:{ports['oneflow']}{self.options.oneflow_prefix}",
                "control": f"http://{host}:{ports['control']}"}


def _tls(options):
    if not options.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls_certificate, options.tls_key)
    return context


def parse_arguments(arguments):
    parser = program.parser("opennebula", "A stand-in OpenNebula: oned and OneFlow.", "--oned-port", "--oneflow-port")
    parser.add_argument("--oned-path", default="/RPC2")
    parser.add_argument("--oneflow-prefix", default="", help="path before /service, without a slash at its end")
    parser.add_argument("--tls-certificate", help="PEM; both endpoints speak TLS then, the control port never does")
    parser.add_argument("--tls-key", help="PEM, if it is not in the certificate's file")
    parser.add_argument("--version", default="6.8.0", help="which OpenNebula: 6.8.0, 6.10.0, 7.0.0, …")
    parser.add_argument("--journal", type=int, default=100_000, help="how many calls are remembered")
    options = program.parsed(parser, arguments)
    options.oneflow_prefix = options.oneflow_prefix.rstrip("/")
    return options


def _many_connections():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(arguments=None):
    options = parse_arguments(arguments)
    _many_connections()
    # Thousands of short-lived objects a second and few cycles: the default would look for them all the time.
    gc.set_threshold(50_000, 50, 50)
    return program.run("opennebula", House, options)
