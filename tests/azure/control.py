# SPDX-License-Identifier: Apache-2.0
"""What happens behind a client's back."""

from standin import control
from standin.control import Refused


class Control(control.Control):
    OWN = (("GET", "/world", "show_world"), ("DELETE", "/tokens", "forget_tokens"), ("POST", "/machines", "add_machines"),
           ("POST", "/machines/([^/]+)", "change_machine"), ("POST", "/machines/([^/]+)/shutdown", "shut_down"))

    def _machine(self, number):
        found = next((one for one in self.world.machines.values() if one["id"] == number), None)
        if found is None:
            raise Refused(404, f"there is no machine {number}")
        return found

    def show_world(self, _wanted):
        """What belongs to no machine any more has been left behind."""
        machines = self.world.known()
        return {"machines": machines, "interfaces": self.world.interfaces, "disks": self.world.disks,
                "addresses": self.world.addresses}

    def forget_tokens(self, _wanted):
        """All that were given are good no more."""
        self.world.tokens = type(self.world.tokens)()
        return {}

    def add_machines(self, wanted):
        """{"count"} and members that all of them get."""
        return self.several(wanted, self.world.add_machine)

    def change_machine(self, wanted, number):
        """Members that become others: power, created, tags, …"""
        return self.become(self._machine(number), wanted, "a machine")

    def shut_down(self, _wanted, number):
        """The machine itself says shutdown."""
        self.world.shut_down(self._machine(number))
        return {}
