# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops a stand-in from pytest:

    with StandIn() as cloud:
        cloud.fault("http", method="POST machines", status=500, count=1)
        ...
        assert cloud.troubles() == []
"""

import pathlib

from standin import control_client


class StandIn(control_client.StandIn):
    """What is not said here is in tests/standin/control_client.py; `api` is the URL without a path."""

    folder = pathlib.Path(__file__).resolve().parent
    api = ""

    def machines(self):
        return self._ask("GET", "/world")["machines"]

    def add_machines(self, count=1, **more):
        return self._ask("POST", "/machines", {"count": count, **more})["ids"]

    def change_machine(self, number, **changes):
        return self._ask("POST", f"/machines/{number}", changes)
