# SPDX-License-Identifier: Apache-2.0
"""What the account has, the life of its instances, and the knobs."""

import secrets
import time

from standin.settings import Settings

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "page": 0,                  # rows of a list in one answer where the caller names no fewer; 0: all
    "boot": 0.0,                # pending until running
    "boot_fails": "",           # a code: terminated with it instead of running
    "stop": 0.0,                # stopping until stopped
    "terminate": 0.0,           # shutting-down until terminated
    "forget": None,             # terminated until it is listed no more (an hour at Amazon's)
    "visible": 0.0,             # a new instance is known to nothing but RunInstances for so long
    "instances": 100,           # quotas; -1: none
    "vcpus": -1,
    "token_known": True,        # a second order with a ClientToken makes no second machine
    "token_shown": True,        # DescribeInstances tells it
    "tells_transitions": True,  # when a machine was stopped or ended, in its <reason>
    "without": [],              # actions that this service does not have
    "oldest": "2010-08-31",     # Version of a request: from here on it is known
    "newest": "2016-11-15",
    "services": ["ec2", "openstack"],  # which may stand in the scope of a v4 signature
}
DELAYS = {"boot", "stop", "terminate", "forget", "visible"}

IMAGES = ("ami-00000001", "ami-00000002")
ZONES = ("nova", "zone-b")
SUBNETS = {"subnet-0000000a": "nova", "subnet-0000000b": "zone-b"}
GROUPS = {"default": "sg-00000000", "vc": "sg-00000001"}
# name -> processors, MiB; more of them than a page has
TYPES = {"small": (1, 2048), "medium": (2, 4096), "y": (4, 8192), "z": (8, 16384),
         **{f"m{n}.{size}": (2 ** at * 2, 2 ** at * 8192) for n in range(5, 65)
            for at, size in enumerate(("large", "xlarge", "2xlarge"))}}
GONE = ("shutting-down", "terminated")


class World:
    def __init__(self):
        self.settings = Settings(DEFAULTS, DELAYS)
        self.instances = {}
        self.keys = {}  # name -> fingerprint

    def add_instance(self, **more):
        number = "i-" + secrets.token_hex(8)
        count = len(self.instances)
        made = {"id": number, "image": IMAGES[0], "type": "small", "zone": ZONES[0], "subnet": None, "key_name": None,
                "state": "pending", "launched": time.time(), "since": time.time(), "tags": {}, "user_data": None,
                "token": None, "order": None, "groups": [], "reason_code": "", "reason": "", "transition": "",
                "forgotten": False, "ip": f"10.1.{count >> 8}.{count & 255}", **more}
        self.instances[number] = made
        return made

    def _put(self, one, state, code="", reason="", transition=""):
        one.update(state=state, since=time.time(), reason_code=code, reason=reason, transition="")
        if transition and self.settings["tells_transitions"]:
            one["transition"] = time.strftime(f"{transition} (%Y-%m-%d %H:%M:%S GMT)", time.gmtime())

    def _after(self, delay, since):
        delay = self.settings[delay]
        return delay is not None and time.time() >= since + delay

    def step(self, one):
        """What time has made of it."""
        if one["state"] == "pending" and self._after("boot", one["since"]):
            code = self.settings["boot_fails"]
            if code:
                self._put(one, "terminated", code, f"{code}: it could not be started", "Server.InternalError")
            else:
                self._put(one, "running")
        if one["state"] == "stopping" and self._after("stop", one["since"]):
            one.update(state="stopped", since=time.time())
        if one["state"] == "shutting-down" and self._after("terminate", one["since"]):
            one.update(state="terminated", since=time.time())
        if one["state"] == "terminated" and self._after("forget", one["since"]):
            one["forgotten"] = True

    def known(self):
        """Instances that every action knows, as they are now."""
        for one in self.instances.values():
            self.step(one)
        return [one for one in self.instances.values()
                if not one["forgotten"] and self._after("visible", one["launched"])]

    def shut_down(self, one, terminates=False):
        """The machine itself has said shutdown."""
        code = "Client.InstanceInitiatedShutdown"
        self._put(one, "shutting-down" if terminates else "stopping", code, f"{code}: Instance initiated shutdown",
                  "Instance initiated")

    def terminate(self, one):
        if one["state"] not in GONE:
            code = "Client.UserInitiatedShutdown"
            self._put(one, "shutting-down", code, f"{code}: User initiated shutdown", "User initiated")

    def living(self):
        for one in self.instances.values():
            self.step(one)
        return [one for one in self.instances.values() if one["state"] not in GONE]
