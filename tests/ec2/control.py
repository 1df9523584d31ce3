# SPDX-License-Identifier: Apache-2.0
"""What happens behind a client's back."""

from standin import control
from standin.control import Refused


class Control(control.Control):
    OWN = (("GET", "/world", "show_world"), ("POST", "/instances", "add_instances"),
           ("POST", "/instances/([^/]+)", "change_instance"), ("POST", "/instances/([^/]+)/shutdown", "shut_down"),
           ("DELETE", "/instances/([^/]+)", "forget_instance"))

    def _instance(self, number):
        if number not in self.world.instances:
            raise Refused(404, f"there is no instance {number}")
        return self.world.instances[number]

    def show_world(self, _wanted):
        for one in self.world.instances.values():
            self.world.step(one)
        return {"instances": list(self.world.instances.values()), "keys": self.world.keys}

    def add_instances(self, wanted):
        """{"count"} and members that all of them get."""
        return self.several(wanted, self.world.add_instance)

    def change_instance(self, wanted, number):
        """Members that become others: state, launched, tags, …"""
        return self.become(self._instance(number), wanted, "an instance")

    def shut_down(self, wanted, number):
        """The machine itself says shutdown; {"terminates": true}: that ends it."""
        self.world.shut_down(self._instance(number), bool(wanted.get("terminates")))
        return {}

    def forget_instance(self, _wanted, number):
        """EC2 does not know it any more."""
        self._instance(number)["forgotten"] = True
        return {}
