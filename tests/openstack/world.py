# SPDX-License-Identifier: Apache-2.0
"""What the services keep, and the knobs. One project has everything; a second shows that things are apart."""

import datetime
import re
import time

from standin.settings import Settings

from .service import new_id

# Seconds are seconds; None for a delay: that step waits for ever.
DEFAULTS = {
    "token_seconds": 3600,      # how long a token is good
    "subject_header": True,     # Keystone v3 sends X-Subject-Token
    "microversion_max": "2.93",
    "servers_page": 1000,       # Nova's max_limit
    "images_page": 25,          # Glance's limit_param_default
    "networks_page": 0,         # Neutron's pagination_max_limit; 0: all at once
    "boot": 0.0,                # BUILD until ACTIVE
    "boot_fails": False,        # ERROR instead, with a fault
    "delete": 0.0,              # task_state deleting until it is gone
    "cores": 20,                # quotas; -1: none
    "instances": 100,
    "image_delay": 0.0,         # saving until active
    "image_corrupt": False,     # Glance keeps other bytes than were sent
    "image_hash": "sha512",     # os_hash_algo; "": a Glance before Rocky
    "volume_delay": 0.0,        # creating until available
    "volumes": 10,
    "region": "RegionOne",
    "compute_version": "/v2.1",  # what the catalog's address of Nova ends with
    "image_version": "",        # "/v2": an old habit of catalogs
    "network_version": "",
    "volume_type": "volumev3",
    "without": [],              # types that the catalog does not have
}
DELAYS = {"boot", "delete", "image_delay", "volume_delay"}

PROJECT, OTHER_PROJECT = "fleet", "other"
USER, PASSWORD = "vcycle", "p:a ss%wörd\"\\"
CREDENTIAL, SECRET = "c0ffee00c0ffee00c0ffee00c0ffee00", "app-secret-0123456789"
FLAVORS = (("1", "small", 1, 2048, 10), ("2", "medium", 2, 4096, 20), ("f4", "y", 4, 8192, 40),
           ("f8", "z", 8, 16384, 80))


def now_text(fraction=False, at=None):
    moment = datetime.datetime.fromtimestamp(time.time() if at is None else at, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S" + (".%f" if fraction else "Z"))


class Token:
    def __init__(self, user, project, seconds, unscoped=False):
        self.id = "gAAAAAB" + (new_id() + new_id() + new_id() + new_id()).replace("-", "")
        self.user, self.project = user, None if unscoped else project
        self.issued, self.expires = time.time(), time.time() + seconds


class World:
    def __init__(self, url=""):
        self.url = url
        self.settings = Settings(DEFAULTS, DELAYS)
        self.projects = {name: new_id().replace("-", "") for name in (PROJECT, OTHER_PROJECT)}
        self.user_id = new_id().replace("-", "")
        self.password = PASSWORD
        self.credential_revoked = False
        self.tokens = {}
        self.flavors = [{"id": number, "name": name, "vcpus": vcpus, "ram": ram, "disk": disk}
                        for number, name, vcpus, ram, disk in FLAVORS]
        self.servers = {}       # in the order in which they were made; Nova lists the newest first
        self.gone_servers = {}  # id -> order of those that were there: a marker may be one of them
        self.keypairs = {}
        self.images = {}
        self.networks = [{"id": new_id(), "name": name, "external": external, "shared": False}
                         for name, external in (("net", False), ("twice", False), ("twice", False), ("ext", True))]
        self.volumes = {}
        self.security_groups = ["default", "vc"]
        self.zones = ["nova"]
        self.in_use = set()     # ids of images that a volume or server holds

    def issue(self, project, unscoped=False):
        token = Token(self.user_id, project, self.settings["token_seconds"], unscoped)
        self.tokens[token.id] = token
        return token

    def token(self, text):
        found = self.tokens.get(text)
        return found if found and found.expires > time.time() else None

    def catalog(self, project):
        """[(type, name, url)]"""
        options, number = self.settings, self.projects[project]
        services = (("identity", "keystone", "/identity/v3"),
                    ("compute", "nova", "/compute" + options["compute_version"]),
                    ("image", "glance", "/image" + options["image_version"]),
                    ("network", "neutron", "/network" + options["network_version"]),
                    (options["volume_type"], "cinder", f"/volume/v3/{number}"))
        return [(kind, name, self.url + path) for kind, name, path in services if kind not in options["without"]]

    def after(self, delay, since):
        """Whether a step that takes so long is over."""
        return delay is not None and time.time() >= since + delay

    def flavor(self, number):
        return next((one for one in self.flavors if one["id"] == str(number)), None)

    def add_servers(self, count, prefix="vcycle-a-", project=PROJECT, **more):
        """Servers that run already."""
        made = []
        for index in range(count):
            made.append(self.add_server(f"{prefix}{index:05d}", project, **more)["id"])
        return made

    def add_server(self, name, project=PROJECT, flavor="1", image="", metadata=None, **more):
        made = {"id": new_id(), "name": name, "project": project, "flavor": flavor, "image": image,
                "metadata": dict(metadata or {}), "created": time.time(), "launched": None, "terminated": None,
                "status": None, "task_state": None, "power_state": None, "deleting": None, "stopped": None,
                "zone": "nova", "key_name": None, "networks": ["net"], "security_groups": ["default"],
                "user_data": None, "cell_down": False, "fault": None, "volume": None, "revision": 0, **more}
        made["ip"] = f"10.{len(self.servers) >> 16 & 255}.{len(self.servers) >> 8 & 255}.{len(self.servers) & 255}"
        made["order"] = len(self.servers) + len(self.gone_servers)
        self.servers[made["id"]] = made
        return made

    def forget_server(self, number):
        self.gone_servers[number] = self.servers.pop(number)["order"]

    def cores_used(self, project):
        return sum(self.flavor(one["flavor"])["vcpus"] for one in self.servers.values() if one["project"] == project)


def matches(pattern, text):
    """Nova's name filter: a regular expression of the database."""
    try:
        return bool(re.search(pattern, text))
    except re.error:
        return False
