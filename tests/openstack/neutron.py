# SPDX-License-Identifier: Apache-2.0
"""Neutron's networks and Cinder's volumes, as far as servers need them."""

import time

from .service import Refused, Reply, Service, is_uuid, new_id, next_query, page_of
from .world import now_text


class Neutron(Service):
    name = "network"
    ROUTES = (("GET", "", "versions", False), ("GET", "/", "versions", False),
              ("GET", "/v2.0/networks", "networks", True), ("GET", "/v2.0/networks/{id}", "network", True),
              ("GET", "/v2.0/extensions", "extensions", True))

    def refusal(self, refused):
        if refused.status == 401:
            return super().refusal(refused)
        kind = {404: "NetworkNotFound", 409: "OverQuota"}.get(refused.status, "HTTPBadRequest")
        return Reply(refused.status, {"NeutronError": {"type": kind, "message": refused.text, "detail": ""}},
                     refused.headers)

    def versions(self, _request):
        return Reply(200, {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [
            {"rel": "self", "href": f"{self.world.url}/network/v2.0/"}]}]})

    def extensions(self, _request):
        return Reply(200, {"extensions": []})

    def _row(self, one, request):
        project = self.world.projects[request.token.project]
        return {"id": one["id"], "name": one["name"], "tenant_id": project, "project_id": project,
                "admin_state_up": True, "status": "ACTIVE", "mtu": 1450, "shared": one["shared"],
                "router:external": one["external"], "subnets": [], "availability_zones": [], "tags": [],
                "description": "", "created_at": "2026-11-21T07:54:08Z", "updated_at": "2026-11-21T07:54:08Z"}

    def networks(self, request):
        rows = [self._row(one, request) for one in self.world.networks]
        for name in set(request.query) - {"limit", "marker", "page_reverse", "sort_key", "sort_dir", "fields"}:
            if rows and name not in rows[0]:
                raise Refused(400, f"Invalid input for operation: '['{name}']' is invalid attribute for filtering.")
            rows = [one for one in rows if str(one[name]) in request.query[name]]
        most = self.world.settings["networks_page"] or max(len(rows), 1)
        page, marker = page_of(rows, request, most, missing=404)
        answer = {"networks": page}
        if marker:
            answer["networks_links"] = [
                {"rel": "next", "href": f"{self.world.url}/network/v2.0/networks?{next_query(request, marker)}"}]
        return Reply(200, answer)

    def network(self, request, number):
        found = next((one for one in self.world.networks if one["id"] == number), None)
        if not found:
            raise Refused(404, f"Network {number} could not be found.")
        return Reply(200, {"network": self._row(found, request)})


class Cinder(Service):
    name = "volume"
    ROUTES = (("GET", "/v3/{id}/volumes", "volumes", True), ("GET", "/v3/{id}/volumes/detail", "volumes", True),
              ("POST", "/v3/{id}/volumes", "create", True), ("GET", "/v3/{id}/volumes/{id}", "volume", True),
              ("DELETE", "/v3/{id}/volumes/{id}", "delete", True))
    OUTER = {400: "badRequest", 403: "forbidden", 404: "itemNotFound", 413: "overLimit"}

    def refusal(self, refused):
        if refused.status == 401:
            return super().refusal(refused)
        return Reply(refused.status, {self.OUTER.get(refused.status, "computeFault"):
                                      {"code": refused.status, "message": refused.text}}, refused.headers)

    def prepare(self, request):
        if request.parameters[0] != self.world.projects[request.token.project]:
            raise Refused(400, "Malformed request url")

    def _row(self, one):
        ready = self.world.after(self.world.settings["volume_delay"], one["created"])
        return {"id": one["id"], "name": one["name"], "size": one["size"], "metadata": one["metadata"], "attachments": [],
                "status": "available" if ready else "creating", "availability_zone": one["zone"],
                "bootable": "true" if one["image"] else "false", "created_at": now_text(True, one["created"]),
                "volume_type": "lvm", "description": None, "links": []}

    def volumes(self, request, _project):
        page, marker = page_of([self._row(one) for one in reversed(self.world.volumes.values())], request, 1000)
        answer = {"volumes": page}
        if marker:
            answer["volumes_links"] = [{"rel": "next", "href": f"{self.world.url}/volume{request.path}?"
                                                                f"{next_query(request, marker)}"}]
        return Reply(200, answer)

    def create(self, request, _project):
        body = request.json()
        wanted = body.get("volume") if isinstance(body, dict) else None
        if not isinstance(wanted, dict):
            raise Refused(400, "Invalid input for field/attribute volume. 'volume' is a required property")
        size = wanted.get("size")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise Refused(400, f"Invalid input received: Volume size '{size}' must be an integer and greater than 0")
        image = wanted.get("imageRef")
        if image is not None and (not is_uuid(image) or image not in self.world.images):
            raise Refused(400, "Invalid image identifier or unable to access requested image.")
        zone = wanted.get("availability_zone") or "nova"
        if zone not in self.world.zones:
            raise Refused(400, f"Invalid input received: Availability zone '{zone}' is invalid.")
        metadata = wanted.get("metadata") or {}
        if not isinstance(metadata, dict) or any(not isinstance(text, str) or len(text) > 255
                                                 for text in [*metadata, *metadata.values()]):
            raise Refused(400, "Invalid input for field/attribute metadata.")
        if 0 <= self.world.settings["volumes"] <= len(self.world.volumes):
            raise Refused(413, "VolumeLimitExceeded: Maximum number of volumes allowed "
                               f"({self.world.settings['volumes']}) exceeded for quota 'volumes'.")
        one = {"id": new_id(), "name": wanted.get("name"), "size": size, "image": image, "zone": zone,
               "metadata": metadata, "created": time.time()}
        self.world.volumes[one["id"]] = one
        return Reply(202, {"volume": self._row(one)})

    def _volume(self, number):
        if number not in self.world.volumes:
            raise Refused(404, f"Volume {number} could not be found.")
        return self.world.volumes[number]

    def volume(self, _request, _project, number):
        return Reply(200, {"volume": self._row(self._volume(number))})

    def delete(self, _request, _project, number):
        one = self._volume(number)
        if any(server["volume"] == number for server in self.world.servers.values()):
            raise Refused(400, "Invalid volume: Volume status must be available or error or error_restoring or "
                               "error_extending or error_managing and must not be migrating, attached, belong to a "
                               "group, have snapshots or be disassociated from snapshots after volume transfer.")
        del self.world.volumes[one["id"]]
        return Reply(202)
