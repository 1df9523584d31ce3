# SPDX-License-Identifier: Apache-2.0
"""The program around a stand-in: arguments, ports, the end. It says where it listens in one line of JSON, and ends at
SIGTERM or SIGINT."""

import argparse
import asyncio
import json
import os
import signal
import sys

import uvloop

from .faults import Faults
from .journal import Journal
from .wire import Server


class House:
    """What the ports of a stand-in share. `servers` are listened on in their order; the last one is waited for by those
    who start it, so it finds all of them. The world can be replaced by a fresh one."""

    FAULTS = Faults
    WORLD = None    # the class; make_world() does what more there is to it

    def __init__(self, options, journal=100_000):
        self.options = options
        self.journal = Journal(journal)
        self.faults = self.FAULTS(self.journal)
        self.stopped = asyncio.Event()
        self.troubles = []   # exceptions that nobody has caught: faults of the stand-in itself
        self.world, self.servers = None, {}

    def make_world(self, settings):
        """A fresh world with these settings."""
        world = self.WORLD()
        world.settings.change(settings)
        return world

    def reset(self, settings):
        """A fresh world with the settings of the command line and these."""
        self.world = self.make_world({**self.options.set, **settings})
        self.faults.clear()
        self.journal.clear()

    def urls(self):
        return {name: f"http://{self.options.address}:{server.port}" for name, server in self.servers.items()}


class OneDoor(House):
    """A service on one port, which is called "api", and control on another."""

    CONTROL = FACE = None   # the classes; both are made with the house

    def __init__(self, options):
        super().__init__(options)
        self.servers = {"control": Server(self.CONTROL(self).handle, options.address, options.control_port),
                        "api": Server(self.FACE(self).handle, options.address, options.port)}


def _setting(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"\"{text}\" is no NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def parser(name, description, *ports):
    """With what every stand-in takes; ports: its options for ports."""
    made = argparse.ArgumentParser(prog=name, description=description)
    made.add_argument("--address", default="127.0.0.1", help="where to listen")
    for option in (*ports, "--control-port"):
        made.add_argument(option, type=int, default=0, help="0: a free one")
    made.add_argument("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE",
                      help="a setting, its value in JSON; may be given often")
    made.add_argument("--with-parent", action="store_true", help="end when the process that started this one is gone")
    return made


def parsed(made, arguments):
    options = made.parse_args(arguments)
    options.set = dict(options.set)
    return options


async def _watch_parent(house, parent):
    while os.getppid() == parent:
        await asyncio.sleep(1)
    house.stopped.set()


async def _run(name, make_house, options):
    parent = os.getppid()
    try:
        house = make_house(options)
        for server in house.servers.values():
            await server.listen()
        house.reset({})
    except (ValueError, OSError) as error:  # ssl.SSLError is an OSError
        print(f"{name}: {error}", file=sys.stderr)
        return 1
    loop = asyncio.get_running_loop()

    def trouble(_loop, context):
        house.troubles.append(f"{context.get('message')}: {context.get('exception')!r}")
        loop.default_exception_handler(context)  # with its trace, on stderr

    loop.set_exception_handler(trouble)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, house.stopped.set)
    watcher = loop.create_task(_watch_parent(house, parent)) if options.with_parent else None
    print(json.dumps({"pid": os.getpid(), **house.urls()}), flush=True)
    await house.stopped.wait()
    if watcher:
        watcher.cancel()
    for server in house.servers.values():
        server.deafen()
    return 0


def run(name, make_house, options):
    """Until it is told to end; the exit code."""
    uvloop.install()  # a stand-in's own time is a client's waiting; asyncio's own loop takes a third more
    return asyncio.run(_run(name, make_house, options))
