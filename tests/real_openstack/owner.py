# SPDX-License-Identifier: Apache-2.0
"""The cloud as the project's people and its admin see it: by OpenStack's own libraries and its command."""

import json
import os
import subprocess

import configurations
import population
from cloud import PATIENCE, wait_for
from population import MEMBERS_PASSWORD, PROJECT, USER, Rest


class Owner:
    def __init__(self, debian):
        self.debian = debian
        self.compute = Rest(debian.member, debian.url("compute"))
        self.images = Rest(debian.member, debian.url("image"))
        self.admins_compute = Rest(debian.admin, debian.url("compute"))
        self.admins_keystone = Rest(debian.admin, debian.url("identity"))
        self.quota(cores=-1, instances=-1, ram=-1)

    # ---- servers --------------------------------------------------------------------------------------------------

    @staticmethod
    def _all(rest, path):
        rows, link = [], path
        while link:
            page = rest.session.get(link if link.startswith("http") else rest.url + link).json()
            rows += page["servers"]
            link = next((one["href"] for one in page.get("servers_links", ()) if one["rel"] == "next"), None)
        return rows

    def servers(self):
        """{id: the row}"""
        return {one["id"]: one for one in self._all(self.compute, "/servers/detail")}

    def ever(self):
        """Ids of all servers of the project there ever were."""
        project = self.debian.project
        return {one["id"] for more in ("", "&deleted=true") for one in
                self._all(self.admins_compute, f"/servers/detail?all_tenants=1&project_id={project}{more}")}

    def add_server(self, name, image, flavor="small"):
        """Somebody else's machine in the same project."""
        flavors = {one["name"]: one["id"] for one in self.compute.get("/flavors")["flavors"]}
        wanted = {"name": name, "imageRef": image, "flavorRef": flavors[flavor]}
        return self.compute.post("/servers", server=wanted)["server"]["id"]

    def stop_server(self, number):
        """As its system would: shut down."""
        self.compute.call("POST", f"/servers/{number}/action", {"os-stop": None})
        wait_for("it is off", lambda: self.servers()[number]["status"] == "SHUTOFF", 30)

    def remove_all(self):
        for number in self.servers():
            self.compute.call("DELETE", f"/servers/{number}", raise_exc=False)
        wait_for("no server is left", lambda: not self.servers(), 120, every=0.5)

    def quota(self, **wanted):
        self.admins_compute.call("PUT", f"/os-quota-sets/{self.debian.project}", {"quota_set": wanted})

    # ---- images, people -------------------------------------------------------------------------------------------

    def add_image(self, name, data=b"bytes"):
        made = self.images.post("/v2/images", name=name, disk_format="raw", container_format="bare")["id"]
        self.images.session.put(f"{self.images.url}/v2/images/{made}/file", data=data,
                                headers={"Content-Type": "application/octet-stream"})
        return made

    def credential(self, name):
        """(id, secret) of an application credential."""
        keystone = Rest(self.debian.member, self.debian.url("identity"))
        made = keystone.post(f"/users/{self.debian.user}/application_credentials", application_credential={"name": name})
        return made["application_credential"]["id"], made["application_credential"]["secret"]

    def revoke_all(self):
        """No token of the member opens anything any more, and he may sign in anew."""
        for enabled in (False, True):
            self.admins_keystone.call("PATCH", f"/users/{self.debian.user}", {"user": {"enabled": enabled}})

    # ---- the `openstack` command ----------------------------------------------------------------------------------

    def command(self, *words):
        """What the command answers, from its JSON."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PYTHON"))}
        environment.update({"OS_AUTH_URL": self.debian.url("identity"), "OS_USERNAME": USER, "OS_PASSWORD": MEMBERS_PASSWORD,
                            "OS_PROJECT_NAME": PROJECT, "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
                            "OS_REGION_NAME": configurations.REGION, "OS_IDENTITY_API_VERSION": "3"})
        done = subprocess.run(["/usr/bin/openstack", *words, "-f", "json"], env=environment, capture_output=True, text=True,
                              timeout=120 * PATIENCE, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
