# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops a stand-in from pytest:

    with StandIn() as cloud:
        cloud.fault("error", method="RunInstances", code="InstanceLimitExceeded", count=1)
        ...
        assert cloud.troubles() == []
"""

import pathlib

from standin import control_client


class StandIn(control_client.StandIn):
    """What is not said here is in tests/standin/control_client.py; `api` is EC2's URL without a path."""

    folder = pathlib.Path(__file__).resolve().parent
    api = ""

    def world(self):
        """{"instances": [...], "keys": {name: fingerprint}}"""
        return self._ask("GET", "/world")

    def instances(self, *states):
        """Those in these states, or all."""
        return [one for one in self.world()["instances"] if not states or one["state"] in states]

    def add_instances(self, count=1, **more):
        return self._ask("POST", "/instances", {"count": count, **more})["ids"]

    def change_instance(self, number, **changes):
        return self._ask("POST", f"/instances/{number}", changes)

    def shut_down(self, number, terminates=False):
        self._ask("POST", f"/instances/{number}/shutdown", {"terminates": terminates})

    def forget(self, number):
        self._ask("DELETE", f"/instances/{number}")
