# SPDX-License-Identifier: Apache-2.0
"""What happens behind a client's back."""

from standin import control
from standin.control import Refused


class Control(control.Control):
    OWN = (("GET", "/world", "show_world"), ("POST", "/machines", "add_machines"),
           ("POST", "/machines/([^/]+)", "change_machine"), ("POST", "/expire", "expire"))

    def show_world(self, _wanted):
        return {"machines": self.world.all(), "tokens": len(self.world.tokens)}

    def add_machines(self, wanted):
        """{"count"} and members that all of them get."""
        return self.several(wanted, self.world.add_machine)

    def change_machine(self, wanted, number):
        """Members that become others: {"state": "off"}; {"gone": true}: it is not there any more."""
        if number not in self.world.machines:
            raise Refused(404, f"there is no machine {number}")
        if wanted.pop("gone", False):
            return self.world.machines.pop(number)
        return self.become(self.world.machines[number], wanted, "a machine")

    def expire(self, _wanted):
        """Every token is forgotten."""
        self.world.tokens.clear()
        return {}
