# SPDX-License-Identifier: Apache-2.0
"""Nova v2.1: flavors, limits, servers, key pairs."""

import base64
import hashlib
import json
import re
import time

from . import nova_schema
from .service import Refused, Reply, Service, new_id, next_query, page_of
from .world import matches, now_text

OUTER = {400: "badRequest", 401: "unauthorized", 403: "forbidden", 404: "itemNotFound", 405: "badMethod",
         409: "conflictingRequest", 413: "overLimit", 429: "overLimit", 500: "computeFault", 503: "serviceUnavailable"}
POWER = {"ACTIVE": 1, "SHUTOFF": 4, "PAUSED": 3, "SUSPENDED": 7}


def numbers(version):
    return tuple(int(part) for part in version.split("."))


class Nova(Service):
    name = "compute"
    ROUTES = (("GET", "/", "versions", False), ("GET", "/v2.1", "version", False), ("GET", "/v2.1/", "version", False),
              ("GET", "/v2.1/flavors", "flavors", True), ("GET", "/v2.1/flavors/detail", "flavors_detail", True),
              ("GET", "/v2.1/flavors/{id}", "flavor", True),
              ("GET", "/v2.1/flavors/{id}/os-extra_specs", "extra_specs", True),
              ("GET", "/v2.1/limits", "limits", True), ("GET", "/v2.1/servers", "servers", True),
              ("GET", "/v2.1/servers/detail", "servers_detail", True), ("POST", "/v2.1/servers", "create", True),
              ("GET", "/v2.1/servers/{id}", "server", True), ("DELETE", "/v2.1/servers/{id}", "delete", True),
              ("POST", "/v2.1/servers/{id}/action", "action", True), ("GET", "/v2.1/os-keypairs", "keypairs", True),
              ("POST", "/v2.1/os-keypairs", "create_keypair", True),
              ("GET", "/v2.1/os-keypairs/{id}", "keypair", True),
              ("DELETE", "/v2.1/os-keypairs/{id}", "delete_keypair", True))

    def __init__(self, world):
        super().__init__(world)
        self.texts = {}     # (id, version) -> (revision, row as JSON)

    def refusal(self, refused):
        if refused.status == 401:
            return super().refusal(refused)
        return Reply(refused.status, {OUTER.get(refused.status, "computeFault"):
                                      {"code": refused.status, "message": refused.text, **refused.more}},
                     refused.headers, kind="application/json; charset=UTF-8")

    def prepare(self, request):
        text = request.headers.get("openstack-api-version", "")
        wanted = text.partition("compute ")[2].split(",")[0].strip() if "compute" in text else ""
        wanted = wanted or request.headers.get("x-openstack-nova-api-version", "2.1")
        most = self.world.settings["microversion_max"]
        if wanted == "latest":
            wanted = most
        if not re.match(r"^([1-9]\d*)\.([1-9]\d*|0)$", wanted):
            raise Refused(400, f"API Version String {wanted} is of invalid format. Must be of format "
                               "MajorNum.MinorNum.")
        if not (2, 1) <= numbers(wanted) <= numbers(most):
            raise Refused(406, f"Version {wanted} is not supported by the API. Minimum is 2.1 and maximum is {most}.")
        request.version = numbers(wanted)

    # --- versions, flavors, limits ---

    def _version(self):
        return {"id": "v2.1", "status": "CURRENT", "version": self.world.settings["microversion_max"],
                "min_version": "2.1", "updated": "2013-07-23T11:33:21Z",
                "links": [{"rel": "self", "href": f"{self.world.url}/compute/v2.1/"}],
                "media-types": [{"base": "application/json",
                                 "type": "application/vnd.openstack.compute+json;version=2.1"}]}

    def versions(self, _request):
        return Reply(200, {"versions": [self._version()]})

    def version(self, _request):
        return Reply(200, {"version": self._version()})

    def _link(self, kind, number):
        return [{"rel": rel, "href": f"{self.world.url}/compute{root}/{kind}/{number}"}
                for rel, root in (("self", "/v2.1"), ("bookmark", ""))]

    def _flavor_row(self, one, version=(2, 1)):
        row = {"id": one["id"], "name": one["name"], "ram": one["ram"], "disk": one["disk"], "vcpus": one["vcpus"],
               "swap": 0 if version >= (2, 75) else "", "OS-FLV-EXT-DATA:ephemeral": 0,
               "OS-FLV-DISABLED:disabled": False, "os-flavor-access:is_public": True, "rxtx_factor": 1.0,
               "links": self._link("flavors", one["id"])}
        if version >= (2, 55):
            row["description"] = None
        if version >= (2, 61):
            row["extra_specs"] = {}
        return row

    def _pages(self, request, kind, rows, shown):
        def place_of(number):   # a deleted server is as good a marker as any
            order = self.world.gone_servers.get(number) if kind == "servers" else None
            return None if order is None else sum(row["order"] > order for row in rows)
        page, marker = page_of(rows, request, self.world.settings["servers_page"], place_of=place_of)
        links = ""
        if marker:
            href = f"{self.world.url}/compute{request.path}?{next_query(request, marker)}"
            links = f', "{kind}_links": {json.dumps([{"rel": "next", "href": href}])}'
        rows = ", ".join(shown(row) for row in page)
        return Reply(200, raw=f'{{"{kind}": [{rows}]{links}}}'.encode())

    def flavors(self, request):
        return self._pages(request, "flavors", self.world.flavors,
                           lambda one: json.dumps({"id": one["id"], "name": one["name"],
                                                   "links": self._link("flavors", one["id"])}))

    def flavors_detail(self, request):
        return self._pages(request, "flavors", self.world.flavors,
                           lambda one: json.dumps(self._flavor_row(one, request.version)))

    def _flavor(self, number):
        found = self.world.flavor(number)
        if not found:
            raise Refused(404, f"Flavor {number} could not be found.")
        return found

    def flavor(self, request, number):
        return Reply(200, {"flavor": self._flavor_row(self._flavor(number), request.version)})

    def extra_specs(self, _request, number):
        self._flavor(number)
        return Reply(200, {"extra_specs": {}})

    def limits(self, request):
        options, project = self.world.settings, request.token.project
        mine = [one for one in self.world.servers.values() if one["project"] == project]
        return Reply(200, {"limits": {"rate": [], "absolute": {
            "maxTotalCores": options["cores"], "totalCoresUsed": self.world.cores_used(project),
            "maxTotalInstances": options["instances"], "totalInstancesUsed": len(mine), "maxTotalRAMSize": -1,
            "totalRAMUsed": 0, "maxServerMeta": 128, "maxTotalKeypairs": 100}}})

    # --- servers ---

    def settle(self):
        """What time has brought: servers come up, and go."""
        options, now = self.world.settings, time.time()
        for one in list(self.world.servers.values()):
            if one["deleting"] is not None and self.world.after(options["delete"], one["deleting"]):
                self.world.forget_server(one["id"])
            elif one["status"] is None and one["launched"] is None and self.world.after(options["boot"],
                                                                                        one["created"]):
                one["launched"] = now
                one["revision"] += 1
                if options["boot_fails"]:
                    one["status"], one["fault"] = "ERROR", "No valid host was found."

    def _status(self, one):
        if one["status"]:
            return one["status"]
        if one["stopped"] is not None:
            return "SHUTOFF"
        return "BUILD" if one["launched"] is None else "ACTIVE"

    def _row(self, one, request):
        world, version = self.world, request.version
        if one["cell_down"]:
            return {"id": one["id"], "status": "UNKNOWN", "tenant_id": world.projects[one["project"]],
                    "created": now_text(at=one["created"]), "links": self._link("servers", one["id"])}
        status = self._status(one)
        flavor = world.flavor(one["flavor"])
        power = one["power_state"] if one["power_state"] is not None else POWER.get(status, 0)
        task = one["task_state"] or ("deleting" if one["deleting"] is not None else
                                     "spawning" if status == "BUILD" else None)
        updated = max(moment for moment in (one["created"], one["launched"], one["stopped"], one["deleting"]) if moment)
        row = {"id": one["id"], "name": one["name"], "status": status, "tenant_id": world.projects[one["project"]],
               "user_id": world.user_id, "metadata": one["metadata"], "hostId": "", "created":
               now_text(at=one["created"]), "updated": now_text(at=updated), "links": self._link("servers", one["id"]),
               "image": {"id": one["image"], "links": self._link("images", one["image"])} if one["image"] else "",
               "flavor": {"id": one["flavor"], "links": self._link("flavors", one["flavor"])},
               "key_name": one["key_name"], "progress": 0, "config_drive": "", "accessIPv4": "", "accessIPv6": "",
               "addresses": {} if one["launched"] is None else {
                   network: [{"version": 4, "addr": one["ip"], "OS-EXT-IPS:type": "fixed",
                              "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01"}] for network in one["networks"]},
               "OS-DCF:diskConfig": "MANUAL", "OS-EXT-AZ:availability_zone": one["zone"],
               "OS-EXT-STS:task_state": task, "OS-EXT-STS:vm_state": status.lower(), "OS-EXT-STS:power_state": power,
               "OS-SRV-USG:launched_at": one["launched"] and now_text(True, one["launched"]),
               "OS-SRV-USG:terminated_at": None, "os-extended-volumes:volumes_attached": [],
               "security_groups": [{"name": name} for name in one["security_groups"]]}
        if one["fault"]:
            row["fault"] = {"code": 500, "message": one["fault"], "created": now_text()}
        if version >= (2, 47):
            row["flavor"] = {"original_name": flavor["name"], "vcpus": flavor["vcpus"], "ram": flavor["ram"],
                             "disk": flavor["disk"], "ephemeral": 0, "swap": 0, "extra_specs": {}}
        return row

    def _visible(self, request):
        """Newest first. Below 2.69 servers of a cell that is down are left out without a word."""
        self.settle()
        rows = [one for one in reversed(self.world.servers.values()) if one["project"] == request.token.project and
                (not one["cell_down"] or request.version >= (2, 69))]
        pattern = request.first("name")
        return rows if pattern is None else [one for one in rows if matches(pattern, one["name"])]

    def servers(self, request):
        return self._pages(request, "servers", self._visible(request), lambda one: json.dumps({
            "id": one["id"], "name": one["name"], "links": self._link("servers", one["id"])}))

    def servers_detail(self, request):
        return self._pages(request, "servers", self._visible(request), lambda one: self._text(one, request))

    def _text(self, one, request):
        """The row as JSON, kept until the server changes: thousands of them are listed again and again."""
        key = (one["id"], request.version)
        revision, text = self.texts.get(key, (None, None))
        if revision != one["revision"]:
            text = json.dumps(self._row(one, request))
            self.texts[key] = one["revision"], text
        return text

    def _server(self, request, number):
        self.settle()
        found = self.world.servers.get(number)
        if not found or found["project"] != request.token.project:
            raise Refused(404, f"Instance {number} could not be found.")
        return found

    def server(self, request, number):
        return Reply(200, {"server": self._row(self._server(request, number), request)})

    def delete(self, request, number):
        one = self._server(request, number)
        one["deleting"] = one["deleting"] or time.time()
        one["revision"] += 1
        self.settle()
        return Reply(204)

    def action(self, request, number):
        one, body = self._server(request, number), request.json()
        one["revision"] += 1
        if not isinstance(body, dict) or len(body) != 1:
            raise Refused(400, "There is no such action")
        name, value = next(iter(body.items()))
        status = self._status(one)
        if name == "os-stop":
            if value is not None:
                raise Refused(400, f"Invalid input for field/attribute os-stop. Value: {value}. {value!r} is not of "
                                   "type 'null'")
            if status != "ACTIVE":
                raise Refused(409, f"Cannot 'stop' instance {number} while it is in vm_state {status.lower()}")
            one["stopped"] = time.time()
        elif name == "os-start":
            if status != "SHUTOFF":
                raise Refused(409, f"Cannot 'start' instance {number} while it is in vm_state {status.lower()}")
            one["stopped"] = None
        else:
            raise Refused(400, f"There is no such action: {name}")
        return Reply(202)

    def create(self, request):
        wanted = nova_schema.check_server(request.json(), request.version)
        world, project = self.world, request.token.project
        flavor, image = world.flavor(wanted["flavorRef"]), world.images.get(wanted.get("imageRef", ""))
        if not flavor:
            raise Refused(400, "Invalid flavorRef provided.")
        boots = wanted.get("block_device_mapping_v2")
        if image is None and not boots:
            raise Refused(400, "Can not find requested image")
        if image is not None and image["status"] != "active":
            raise Refused(400, f"Image {image['id']} is not active.")
        self._check_parts(wanted)
        self._check_quota(flavor, project)
        networks = [next(one["name"] for one in world.networks if one["id"] == each["uuid"])
                    for each in wanted.get("networks", ())]
        one = world.add_server(wanted["name"], project, flavor["id"], wanted.get("imageRef", ""),
                               wanted.get("metadata"), key_name=wanted.get("key_name"),
                               zone=wanted.get("availability_zone", "nova"), user_data=wanted.get("user_data"),
                               networks=networks or ["net"], volume=boots[0]["uuid"] if boots else None,
                               security_groups=[each["name"] for each in
                                                wanted.get("security_groups", [{"name": "default"}])])
        return Reply(202, {"server": {"id": one["id"], "links": self._link("servers", one["id"]), "adminPass":
                                      "r8XjgvqV8QtH", "OS-DCF:diskConfig": "MANUAL",
                                      "security_groups": [{"name": name} for name in one["security_groups"]]}},
                     [("Location", f"{world.url}/compute/v2.1/servers/{one['id']}")])

    def _check_parts(self, wanted):
        world = self.world
        if wanted.get("key_name") is not None and wanted["key_name"] not in world.keypairs:
            raise Refused(400, "Invalid key_name provided.")
        if wanted.get("availability_zone", "nova") not in world.zones:
            raise Refused(400, "The requested availability zone is not available")
        for each in wanted.get("networks", ()):
            if each["uuid"] not in [one["id"] for one in world.networks]:
                raise Refused(400, f"Network {each['uuid']} could not be found.")
        for each in wanted.get("security_groups", ()):
            if each["name"] not in world.security_groups:
                raise Refused(400, f"Unable to find security_group with name or id '{each['name']}'")
        mappings = wanted.get("block_device_mapping_v2", ())
        if [each.get("boot_index") for each in mappings].count(0) > 1:
            raise Refused(400, "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device "
                               "mapping combination is not valid.")
        for each in mappings:
            if each["source_type"] != "volume":
                continue
            volume = world.volumes.get(each.get("uuid"))
            if volume is None or not world.after(world.settings["volume_delay"], volume["created"]):
                raise Refused(400, f"Block Device Mapping is Invalid: failed to get volume {each.get('uuid')}.")

    def _check_quota(self, flavor, project):
        options, mine = self.world.settings, [one for one in self.world.servers.values() if one["project"] == project]
        used = self.world.cores_used(project)
        if options["cores"] >= 0 and used + flavor["vcpus"] > options["cores"]:
            raise Refused(403, f"Quota exceeded for cores: Requested {flavor['vcpus']}, but already used {used} of "
                               f"{options['cores']} cores")
        if options["instances"] >= 0 and len(mine) + 1 > options["instances"]:
            raise Refused(403, f"Quota exceeded for instances: Requested 1, but already used {len(mine)} of "
                               f"{options['instances']} instances")

    # --- key pairs ---

    def _keypair_row(self, one, version):
        row = {"name": one["name"], "public_key": one["public_key"], "fingerprint": one["fingerprint"]}
        return {**row, "type": "ssh"} if version >= (2, 2) else row

    def keypairs(self, request):
        return Reply(200, {"keypairs": [{"keypair": self._keypair_row(one, request.version)}
                                        for one in self.world.keypairs.values()]})

    def create_keypair(self, request):
        wanted = nova_schema.check_keypair(request.json(), request.version)
        if wanted["name"] in self.world.keypairs:
            raise Refused(409, f"Key pair '{wanted['name']}' already exists.")
        words = wanted["public_key"].split()
        try:
            blob = base64.b64decode(words[1], validate=True)
            size = int.from_bytes(blob[:4], "big")
            if blob[4:4 + size].decode() != words[0]:
                raise ValueError
        except (ValueError, IndexError):
            raise Refused(400, "Keypair data is invalid: failed to generate fingerprint") from None
        digest = hashlib.md5(blob).hexdigest()
        one = {"name": wanted["name"], "public_key": wanted["public_key"], "id": new_id(),
               "fingerprint": ":".join(digest[at:at + 2] for at in range(0, 32, 2))}
        self.world.keypairs[one["name"]] = one
        return Reply(201 if request.version >= (2, 2) else 200,
                     {"keypair": {**self._keypair_row(one, request.version), "user_id": self.world.user_id}})

    def _keypair(self, name):
        if name not in self.world.keypairs:
            raise Refused(404, f"Keypair {name} not found for user {self.world.user_id}")
        return self.world.keypairs[name]

    def keypair(self, request, name):
        return Reply(200, {"keypair": {**self._keypair_row(self._keypair(name), request.version),
                                       "user_id": self.world.user_id, "deleted": False, "created_at": now_text(True)}})

    def delete_keypair(self, request, name):
        del self.world.keypairs[self._keypair(name)["name"]]
        return Reply(204 if request.version >= (2, 2) else 202)
