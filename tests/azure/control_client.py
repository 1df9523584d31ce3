# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops the stand-in from pytest."""

import pathlib

from standin import control_client


class StandIn(control_client.StandIn):
    """What is not said here is in tests/standin/control_client.py; `api` is the URL without a path."""

    folder = pathlib.Path(__file__).resolve().parent
    api = ""

    def world(self):
        """{"machines": [...], "interfaces": {name: machine}, "disks": {...}, "addresses": {...}}"""
        return self._ask("GET", "/world")

    def machines(self):
        return self.world()["machines"]

    def add_machines(self, count=1, **more):
        return self._ask("POST", "/machines", {"count": count, **more})["ids"]

    def change_machine(self, number, **changes):
        return self._ask("POST", f"/machines/{number}", changes)

    def shut_down(self, number):
        self._ask("POST", f"/machines/{number}/shutdown", {})

    def forget_tokens(self):
        self._ask("DELETE", "/tokens")
