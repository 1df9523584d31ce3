# SPDX-License-Identifier: Apache-2.0
"""What the project has, the life of its instances, and the knobs."""

import datetime
import secrets
import time

from standin.settings import Settings

from .tokens import PROJECT, Tokens

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "page": 0,                  # rows of a list in one answer where the caller names no fewer; 0: as many as he names
    "repeat": 0,                # rows of a page that the next one begins with, as when a list changes under the hand
    "operation": 0.0,           # until an operation is done
    "boot": 0.0,                # PROVISIONING until RUNNING
    "stop": 0.0,                # STOPPING until TERMINATED
    "delete": 0.0,              # STOPPING until it is gone
    "visible": 0.0,             # a new instance is in no list for so long
    "cpus": -1,                 # quota, told by the operation; -1: none
    "cpus_at_once": False,      # told by the answer to the order
    "full": [],                 # zones that have no room
    "unreachable": [],          # zones that lists do not reach
    "unreachable_told": "warning",  # or "unreachables", or "whole": of the list
    "token_seconds": 3599,
    "token_told": 0,            # how long it is said to be good; 0: the truth
}
DELAYS = {"operation", "boot", "stop", "delete", "visible"}

ZONES = ("europe-west1-b", "europe-west1-c", "us-central1-a")
TYPES = {"n1-standard-1": (1, 3840), "n2-standard-2": (2, 8192), "n2-standard-4": (4, 16384), "n2-standard-8": (8, 32768), "custom-3-5120": (3, 5120),
         "e2-small": (2, 2048)}
ONLY_IN = {"n2-standard-8": ("us-central1-a",)}
IMAGES = {(PROJECT, "cernvm4"): 20, (PROJECT, "large"): 500, ("debian-cloud", "debian-12-v2"): 10}
FAMILIES = {("debian-cloud", "debian-12"): "debian-12-v2"}
NETWORKS = ("default", "grid")
SUBNETS = {("europe-west1", "grid-a"), ("europe-west1", "grid-b"), ("us-central1", "grid-a")}
DISK_TYPES = ("pd-standard", "pd-balanced", "pd-ssd")
ALIVE = ("PROVISIONING", "STAGING", "RUNNING")


def stamp(seconds):
    """As Google writes a time: in California's."""
    zone = datetime.timezone(datetime.timedelta(hours=-8))
    return datetime.datetime.fromtimestamp(seconds, zone).isoformat(timespec="milliseconds")


class World:
    def __init__(self):
        self.settings = Settings(DEFAULTS, DELAYS)
        self.tokens = Tokens()
        self.instances = {}   # (zone, name) -> instance
        self.operations = {}  # name -> operation
        self.requests = {}    # requestId -> (what it asked for, operation)
        self.made = 0

    def _number(self):
        self.made += 1
        return str(1_000_000_000_000_000_000 + secrets.randbelow(10**17) * 10 + self.made % 10)

    def add_instance(self, zone=ZONES[0], name=None, **more):
        number = self._number()
        count = len(self.instances)
        one = {"id": number, "name": name or f"other-{count}", "zone": zone, "type": "n2-standard-2", "status": "PROVISIONING",
               "created": time.time(), "since": time.time(), "started": None, "stopped": None, "labels": {}, "metadata": {},
               "image": f"projects/{PROJECT}/global/images/cernvm4", "disk_gb": 20, "network": None, "subnetwork": None,
               "public": False, "goes": False, "ip": f"10.132.{count >> 8}.{count & 255}", **more}
        if one["status"] != "PROVISIONING" and one["started"] is None:
            one["started"] = one["created"]
        self.instances[zone, one["name"]] = one
        return one

    def add_operation(self, kind, zone, target, user, error=None):
        name = f"operation-{secrets.token_hex(12)}"
        made = {"name": name, "kind": kind, "zone": zone, "target": target, "user": user, "since": time.time(), "error": error}
        self.operations[name] = made
        return made

    def _after(self, delay, since):
        delay = self.settings[delay]
        return delay is not None and time.time() >= since + delay

    def is_done(self, operation):
        return self._after("operation", operation["since"])

    def step(self, one):
        """What time has made of it."""
        if one["status"] == "PROVISIONING" and self._after("boot", one["since"]):
            one.update(status="RUNNING", since=time.time(), started=one["started"] or time.time())
        if one["status"] == "STOPPING" and not one["goes"] and self._after("stop", one["since"]):
            one.update(status="TERMINATED", since=time.time(), stopped=time.time())
        if one["goes"] and self._after("delete", one["since"]):
            self.instances.pop((one["zone"], one["name"]), None)

    def known(self):
        """Those that there are, as they are now."""
        for one in list(self.instances.values()):
            self.step(one)
        return list(self.instances.values())

    def listed(self):
        return [one for one in self.known() if self._after("visible", one["created"])]

    def shut_down(self, one):
        """The machine itself has said shutdown."""
        one.update(status="STOPPING", since=time.time())
        self.step(one)

    def remove(self, one):
        if not one["goes"]:
            one.update(status="STOPPING", goes=True, since=time.time())
        self.step(one)

    def cpus_taken(self):
        return sum(TYPES[one["type"]][0] for one in self.known() if one["status"] in ALIVE)
