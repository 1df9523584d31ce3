# SPDX-License-Identifier: Apache-2.0
"""What the account has, the life of its machines, and the knobs."""

import time

from standin.settings import Settings

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "page": 0,               # rows of a list in one answer; 0: all
    "tells_total": False,    # how many there are in all stands in each page
    "boot": 0.0,             # "unknown", then "stopped", until "started"
    "boot_fails": False,     # "error" instead
    "address_at_once": True,  # assign-public-ip is taken for machines that do not run yet
    "told_processors": -1,   # of any machine; -1: those of its configuration
    "machines": 100,         # the quota; -1: none
    "drop_listed": 0,        # so many machines of the end of a list are not told, as if a part were lost
}
DELAYS = {"boot"}

VERSION, KEY = "v1", "dbce-key-0123456789abcdef0123456789abcdef0123"
PLATFORMS, NETWORKS, IMAGES = ("platform-1",), ("net-1",), ("4711", "cernvm")
CONFIGURATIONS = {"small": 1, "y": 4, "z": 8}   # name -> processors


class World:
    def __init__(self):
        self.settings = Settings(DEFAULTS, DELAYS)
        self.machines = {}
        self.made = 0

    def add_machine(self, **more):
        self.made += 1
        made = {"id": str(1000 + self.made), "name": f"machine-{self.made}", "image": IMAGES[0], "configuration": "small",
                "state": "unknown", "since": time.time(), "cloud_config": None, "addresses": 0, **more}
        self.machines[made["id"]] = made
        return made

    def all(self):
        delay = self.settings["boot"]
        for one in self.machines.values():
            if one["state"] == "unknown" and delay is not None and time.time() >= one["since"] + delay:
                one.update(state="error" if self.settings["boot_fails"] else "started", since=time.time())
        return list(self.machines.values())
