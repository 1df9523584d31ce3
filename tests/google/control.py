# SPDX-License-Identifier: Apache-2.0
"""What happens behind a client's back."""

from standin import control
from standin.control import Refused

from . import tokens


class Control(control.Control):
    OWN = (("GET", "/world", "show_world"), ("GET", "/key", "show_key"), ("DELETE", "/tokens", "forget_tokens"),
           ("POST", "/instances", "add_instances"), ("POST", "/instances/([^/]+)", "change_instance"),
           ("POST", "/instances/([^/]+)/shutdown", "shut_down"))

    def _instance(self, number):
        found = next((one for one in self.world.instances.values() if one["id"] == number), None)
        if found is None:
            raise Refused(404, f"there is no instance {number}")
        return found

    def show_world(self, _wanted):
        return {"instances": self.world.known()}

    def show_key(self, _wanted):
        """The JSON file of the service account's key; it lives as long as this process."""
        return tokens.key_file(self.house.urls()["api"] + "/token")

    def forget_tokens(self, _wanted):
        """All that were given are good no more."""
        self.world.tokens.given.clear()
        return {}

    def add_instances(self, wanted):
        """{"count"} and members that all of them get."""
        return self.several(wanted, self.world.add_instance)

    def change_instance(self, wanted, number):
        """Members that become others: status, created, labels, …"""
        return self.become(self._instance(number), wanted, "an instance")

    def shut_down(self, _wanted, number):
        """The machine itself says shutdown."""
        self.world.shut_down(self._instance(number))
        return {}
