# SPDX-License-Identifier: Apache-2.0
"""What the subscription has, the life of its machines, and the knobs."""

import datetime
import time
import uuid

from standin.settings import Settings

from .tokens import Tokens

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "page": 0,                  # rows of a list in one answer; 0: all
    "repeat": 0,                # rows of a page that the next one begins with, as when a list changes under the hand
    "elsewhere": False,         # the next page is said to be on another host
    "create": 0.0,              # Creating until Succeeded
    "boot": 0.0,                # starting until running
    "delete": 0.0,              # Deleting until it is gone
    "visible": 0.0,             # a new machine is in no list for so long
    "status_visible": 0.0,      # and in none of states
    "cores": -1,                # quota; -1: none
    "full": False,              # nothing can be allocated, which is told after the order was taken
    "may_read_subscription": True,
    "may_read_interfaces": True,
    "token_seconds": 3599,
    "token_told": 0,            # how long it is said to be good; 0: the truth
}
DELAYS = {"create", "boot", "delete", "visible", "status_visible"}

SUBSCRIPTION = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
GROUP, OTHER_GROUP = "Fleet-Group", "other"
LOCATION = "westeurope"
SIZES = {"Standard_B1s": (1, 1024), "Standard_D2s_v5": (2, 8192), "Standard_D4s_v5": (4, 16384), "Standard_D8s_v5": (8, 32768)}
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers"
IMAGES = {f"{PLACE}/Microsoft.Compute/images/cernvm4": 20, ("Debian", "debian-12", "12-gen2", "latest"): 30}
SUBNETS = tuple(f"{PLACE}/Microsoft.Network/virtualNetworks/grid/subnets/{name}" for name in ("a", "b"))
SECURITY_GROUPS = (f"{PLACE}/Microsoft.Network/networkSecurityGroups/closed",)
DISK_TYPES = ("Standard_LRS", "StandardSSD_LRS", "Premium_LRS")
ZONES = ("1", "2", "3")


def stamp(seconds):
    """As Azure writes a time: with seven digits behind the point."""
    when = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0+00:00"


class World:
    def __init__(self):
        self.settings = Settings(DEFAULTS, DELAYS)
        self.tokens = Tokens()
        self.machines = {}    # (group in small letters, name in small letters) -> machine
        self.interfaces = {}  # name -> what it belongs to; disks and addresses likewise
        self.disks, self.addresses = {}, {}

    def add_machine(self, name=None, group=GROUP, **more):
        count = len(self.machines)
        name = name or f"other-{count}"
        one = {"id": str(uuid.uuid4()), "name": name, "group": group, "size": "Standard_D2s_v5", "zone": None, "tags": {},
               "provisioning": "Creating", "power": None, "failure": None, "created": time.time(), "since": time.time(),
               "subnet": SUBNETS[0], "user_data": "", "user": "", "keys": [], "has_password": False, "disk_gb": 30, "public": False,
               "order": None, "ip": f"10.1.{count >> 8}.{count & 255}", "goes_with_it": ["interface", "disk", "address"], **more}
        self.machines[group.lower(), name.lower()] = one
        self.interfaces[f"{name}-nic"] = name
        self.disks[f"{name}-disk"] = name
        if one["public"]:
            self.addresses[f"{name}-ip"] = name
        return one

    def _after(self, delay, since):
        delay = self.settings[delay]
        return delay is not None and time.time() >= since + delay

    def step(self, one):
        """What time has made of it."""
        if one["provisioning"] == "Creating" and self._after("create", one["since"]):
            if one["failure"]:
                one.update(provisioning="Failed", since=time.time())
            else:
                one.update(provisioning="Succeeded", since=time.time(), power="starting")
        if one["power"] == "starting" and self._after("boot", one["since"]):
            one["power"] = "running"
        if one["provisioning"] == "Deleting" and self._after("delete", one["since"]):
            self._drop(one)

    def _drop(self, one):
        self.machines.pop((one["group"].lower(), one["name"].lower()), None)
        for kind, pool in (("interface", self.interfaces), ("disk", self.disks), ("address", self.addresses)):
            for name in [name for name, owner in pool.items() if owner == one["name"]]:
                if kind in one["goes_with_it"]:
                    del pool[name]

    def known(self):
        for one in list(self.machines.values()):
            self.step(one)
        return list(self.machines.values())

    def listed(self, delay):
        return [one for one in self.known() if self._after("visible", one["created"]) and self._after(delay, one["created"])]

    def shut_down(self, one):
        """The machine itself has said shutdown; it keeps its place."""
        one.update(power="stopped")

    def remove(self, one):
        if one["provisioning"] != "Deleting":
            one.update(provisioning="Deleting", since=time.time())
        self.step(one)

    def cores_taken(self):
        return sum(SIZES[one["size"]][0] for one in self.known() if one["provisioning"] != "Failed")
