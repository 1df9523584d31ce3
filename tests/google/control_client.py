# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops the stand-in from pytest."""

import pathlib

from standin import control_client


class StandIn(control_client.StandIn):
    """What is not said here is in tests/standin/control_client.py; `api` is the URL without a path."""

    folder = pathlib.Path(__file__).resolve().parent
    api = ""

    def key(self):
        """The JSON file of the service account's key."""
        return self._ask("GET", "/key")

    def instances(self, *statuses):
        """Those in these, or all."""
        return [one for one in self._ask("GET", "/world")["instances"] if not statuses or one["status"] in statuses]

    def add_instances(self, count=1, **more):
        return self._ask("POST", "/instances", {"count": count, **more})["ids"]

    def change_instance(self, number, **changes):
        return self._ask("POST", f"/instances/{number}", changes)

    def shut_down(self, number):
        self._ask("POST", f"/instances/{number}/shutdown", {})

    def forget_tokens(self):
        self._ask("DELETE", "/tokens")
