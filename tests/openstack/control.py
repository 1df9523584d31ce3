# SPDX-License-Identifier: Apache-2.0
"""The control port, in JSON: knobs, faults, the journal, and what happens behind a client's back."""

import time

from standin import control

from . import glance
from .world import OTHER_PROJECT, PROJECT


class Control(control.Control):
    OWN = (
        ("GET", "/world", "show_world"), ("POST", "/servers", "add_servers"),
        ("POST", "/servers/([^/]+)", "change_server"), ("DELETE", "/servers/([^/]+)", "remove_server"),
        ("POST", "/images", "add_images"), ("POST", "/images/([^/]+)", "change_image"),
        ("POST", "/keypairs", "add_keypair"), ("POST", "/expire", "expire"), ("POST", "/password", "password"))

    def show_world(self, _wanted):
        world = self.world
        return {"servers": list(world.servers.values()), "keypairs": list(world.keypairs.values()),
                "images": [glance.describe(one) for one in world.images.values()], "networks": world.networks,
                "volumes": list(world.volumes.values()), "projects": world.projects, "tokens": len(world.tokens)}

    def add_servers(self, wanted):
        """{"count", "prefix", "other": true}, and members that all of them get."""
        count, prefix = int(wanted.pop("count", 1)), wanted.pop("prefix", "vcycle-a-")
        project = OTHER_PROJECT if wanted.pop("other", False) else PROJECT
        return {"ids": self.world.add_servers(count, prefix, project, **wanted)}

    def change_server(self, wanted, number):
        """Members of a server that become others: status, task_state, power_state, metadata, cell_down, …"""
        one = self.become(self.world.servers[number], wanted, "a server")
        one["revision"] += 1
        return one

    def remove_server(self, _wanted, number):
        self.world.forget_server(number)
        return {}

    def add_images(self, wanted):
        """{"count", "name", "status", "public"}: images of the other project when they are public."""
        world, made = self.world, []
        for _ in range(int(wanted.get("count", 1))):
            number = glance.new_id()
            world.images[number] = {
                "id": number, "name": wanted["name"], "disk_format": "raw", "container_format": "bare",
                "visibility": "public" if wanted.get("public") else "private", "tags": wanted.get("tags", []),
                "properties": {}, "status": wanted.get("status", "active"), "size": 1, "checksum": None,
                "os_hash_algo": None, "os_hash_value": None, "created": time.time() + wanted.get("later", 0),
                "saved": None, "owner": world.projects[OTHER_PROJECT if wanted.get("public") else PROJECT],
                "protected": False, "data": b"x"}
            made.append(number)
        return {"ids": made}

    def change_image(self, wanted, number):
        """{"in_use": true} or members that become others."""
        world = self.world
        if wanted.pop("in_use", False):
            world.in_use.add(number)
        world.images[number].update(wanted)
        return {}

    def add_keypair(self, wanted):
        self.world.keypairs[wanted["name"]] = {"fingerprint": "", "id": "", **wanted}
        return {}

    def expire(self, _wanted):
        """No token is good any more."""
        self.world.tokens.clear()
        return {}

    def password(self, wanted):
        """Another password from now on; and no application credential, with {"revoke": true}."""
        self.world.password = wanted.get("password", self.world.password)
        self.world.credential_revoked = bool(wanted.get("revoke"))
        self.world.tokens.clear()
        return {}
