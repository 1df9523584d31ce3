# SPDX-License-Identifier: Apache-2.0
"""What the project has, the life of its machines, who may ask, and the knobs."""

import secrets
import time
import uuid

from standin.settings import Settings

TENANTS = ("elsewhere", "fleet")   # no token is given for others than the last

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "boot": 0.0,             # being built until active
    "boot_fails": False,     # in error instead
    "style": "ooi",          # a machine that is built is "inactive" there; "rocci": it is "waiting"
    "formats": ["application/occi+json", "text/plain", "text/occi", "text/uri-list"],
    "whole_lists": False,    # a list in JSON tells all of each machine, not its title alone
    "tells_cores": True,     # of resource templates, in JSON
    "user_data": "openstack",  # or "ogf": which mixins there are; "": none
    "cores": 100,            # the quota; -1: none
    "auth": "keystone",      # "basic", "none"
    "keystone": "v2.0",      # what WWW-Authenticate names; "v3"
    "keystone_at": "",       # another address than its own
    "tenants": list(TENANTS),  # those that Keystone tells of
    "certificate_needed": True,  # for VOMS; false: any connection has a proxy of our VO
    "gone_after_list": False,  # the first machine of a list ends as soon as it is told
    "drop_listed": 0,        # so many machines of the end of a list are not told, as if a part were lost
}
DELAYS = {"boot"}

USER = ("vcycle", "p:a ss%w\"rd\\")
PROVIDER, PROTOCOL, ACCESS_TOKEN = "egi.eu", "openid", "eyJhbGciOi.access-token.of-the-robot_0123456789"

SCHEMES = {"os": "http://schemas.openstack.org/template/os#", "size": "http://schemas.openstack.org/template/resource#"}
INFRA = "http://schemas.ogf.org/occi/infrastructure#"
OS_USER_DATA = ("user_data", "http://schemas.openstack.org/compute/instance#")
OS_KEY = ("public_key", "http://schemas.openstack.org/instance/credentials#")
OGF_USER_DATA = ("user_data", "http://schemas.ogf.org/occi/infrastructure/compute#")
OGF_KEY = ("ssh_key", "http://schemas.ogf.org/occi/infrastructure/credentials#")
IMAGES = {"7d9f5a3c-5b1d-4a43-9d41-6f6c6a6a6a01": "CernVM 4, \"the; new\"", "7d9f5a3c-5b1d-4a43-9d41-6f6c6a6a6a02": "other"}
SIZES = {"1": ("m1.small", 1, 2048), "4": ("y", 4, 8192), "8": ("z", 8, 16384)}
NETWORK = "http://schemas.ogf.org/occi/infrastructure#networkinterface"


class World:
    def __init__(self):
        self.settings = Settings(DEFAULTS, DELAYS)
        self.machines = {}
        self.tokens = {}   # token -> tenant; None: unscoped
        self.asked = []    # Basic and such, for nobody

    def add_machine(self, **more):
        count = len(self.machines)
        made = {"id": str(uuid.uuid4()), "name": f"machine-{count}", "image": next(iter(IMAGES)), "size": "1",
                "state": "building", "since": time.time(), "user_data": None, "key": None, "core_id": None,
                "ip": f"10.2.{count >> 8}.{count & 255}", **more}
        self.machines[made["id"]] = made
        return made

    def step(self, one):
        """What time has made of it."""
        delay = self.settings["boot"]
        if one["state"] == "building" and delay is not None and time.time() >= one["since"] + delay:
            one.update(state="error" if self.settings["boot_fails"] else "active", since=time.time())

    def all(self):
        for one in self.machines.values():
            self.step(one)
        return list(self.machines.values())

    def told_state(self, one):
        if self.settings["style"] == "ooi":
            return "active" if one["state"] == "active" else "inactive"
        return {"active": "active", "building": "waiting", "error": "error"}.get(one["state"], "inactive")

    def new_token(self, tenant=None):
        token = secrets.token_hex(24)
        self.tokens[token] = tenant
        return token
