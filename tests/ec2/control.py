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
        count = int(wanted.pop("count", 1))
        return {"ids": [self.world.add_instance(**wanted)["id"] for _ in range(count)]}

    def change_instance(self, wanted, number):
        """Members that become others: state, launched, tags, …"""
        one = self._instance(number)
        strange = set(wanted) - set(one)
        if strange:
            raise Refused(400, f"an instance has no \"{sorted(strange)[0]}\"")
        one.update(wanted)
        return one

    def shut_down(self, wanted, number):
        """The machine itself says shutdown; {"terminates": true}: that ends it."""
        self.world.shut_down(self._instance(number), bool(wanted.get("terminates")))
        return {}

    def forget_instance(self, _wanted, number):
        """EC2 does not know it any more."""
        self._instance(number)["forgotten"] = True
        return {}
