# SPDX-License-Identifier: Apache-2.0
"""Glance v2 and v1."""

import hashlib
import json
import re
import time

from .service import Refused, Reply, Service, is_uuid, new_id, next_query, page_of
from .world import now_text

DISK_FORMATS = ("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop")
VISIBILITIES = ("community", "public", "private", "shared")
READ_ONLY = ("status", "checksum", "size", "virtual_size", "created_at", "updated_at", "self", "file", "schema",
             "os_hash_algo", "os_hash_value", "direct_url")
BASE = ("id", "name", "visibility", "protected", "tags", "container_format", "disk_format", "min_disk", "min_ram",
        "os_hidden")
PATCH = "application/openstack-images-v2.1-json-patch"
FILTERED = ("id", "name", "status", "container_format", "disk_format")
OUTER = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict",
         413: "Request Entity Too Large", 415: "Unsupported Media Type"}


class Glance(Service):
    name = "image"
    ROUTES = (("GET", "", "versions", False), ("GET", "/", "versions", False), ("GET", "/versions", "versions", False),
              ("GET", "/v2/images", "images", True), ("POST", "/v2/images", "create", True),
              ("GET", "/v2/images/{id}", "image", True), ("PATCH", "/v2/images/{id}", "patch", True),
              ("DELETE", "/v2/images/{id}", "delete", True), ("PUT", "/v2/images/{id}/file", "put_file", True),
              ("GET", "/v2/images/{id}/file", "get_file", True), ("GET", "/v2/schemas/image", "schema", True),
              ("GET", "/v1/images", "images1", True), ("GET", "/v1/images/detail", "images1_detail", True),
              ("POST", "/v1/images", "create1", True), ("HEAD", "/v1/images/{id}", "image1", True),
              ("DELETE", "/v1/images/{id}", "delete", True))

    def refusal(self, refused):
        title = OUTER.get(refused.status, "Error")
        page = (f"<html>\n <head>\n  <title>{refused.status} {title}</title>\n </head>\n <body>\n  <h1>"
                f"{refused.status} {title}</h1>\n  {refused.text}<br /><br />\n\n\n </body>\n</html>")
        return Reply(refused.status, raw=page.encode(), headers=refused.headers, kind="text/html; charset=UTF-8")

    def versions(self, request):
        rows = [{"id": number, "status": status, "links": [{"rel": "self", "href":
                                                            f"{self.world.url}/image/{number[:2]}/"}]}
                for number, status in (("v2.9", "CURRENT"), ("v2.0", "SUPPORTED"), ("v1.1", "DEPRECATED"))]
        return Reply(200 if request.path == "/versions" else 300, {"versions": rows})

    def schema(self, _request):
        types = {"protected": "boolean", "os_hidden": "boolean", "tags": "array", "min_disk": "integer",
                 "min_ram": "integer", "size": ["null", "integer"], "virtual_size": ["null", "integer"]}
        return Reply(200, {"name": "image", "properties": {name: {"type": types.get(name, ["null", "string"])}
                                                           for name in (*BASE, *READ_ONLY, "owner")},
                           "additionalProperties": {"type": "string"}, "links": []})

    # --- what both know ---

    def settle(self):
        for one in self.world.images.values():
            if one["status"] == "saving" and self.world.after(self.world.settings["image_delay"], one["saved"]):
                one["status"] = "active"

    def _visible(self, request):
        """Newest first."""
        self.settle()
        return [one for one in reversed(self.world.images.values())
                if one["visibility"] == "public" or one["owner"] == self.world.projects[request.token.project]]

    def _image(self, request, number):
        found = next((one for one in self._visible(request) if one["id"] == number), None)
        if not found:
            raise Refused(404, f"No image found with ID {number}")
        return found

    def _new(self, request, number, name, disk_format, container_format, visibility, tags, properties):
        one = {"id": number, "name": name, "disk_format": disk_format, "container_format": container_format,
               "visibility": visibility, "tags": tags, "properties": properties, "status": "queued", "size": None,
               "checksum": None, "os_hash_algo": None, "os_hash_value": None, "created": time.time(), "saved": None,
               "owner": self.world.projects[request.token.project], "protected": False, "data": b""}
        self.world.images[number] = one
        return one

    def _store(self, one, data):
        options = self.world.settings
        if options["image_corrupt"]:
            data = data[:-1] + bytes([data[-1] ^ 1])
        one["data"], one["size"], one["saved"] = data, len(data), time.time()
        one["checksum"] = hashlib.md5(data).hexdigest()
        if options["image_hash"]:
            one["os_hash_algo"] = options["image_hash"]
            one["os_hash_value"] = hashlib.new(options["image_hash"], data).hexdigest()
        one["status"] = "saving"
        self.settle()

    def delete(self, request, number):
        one = self._image(request, number)
        if one["protected"]:
            raise Refused(403, f"Image {number} is protected and cannot be deleted.")
        if number in self.world.in_use:
            raise Refused(409, f"Image {number} could not be deleted because it is in use: The image cannot be deleted "
                               "because it is in use through the backend store outside of Glance.")
        del self.world.images[number]
        return Reply(204)

    # --- v2 ---

    def _row(self, one):
        path = f"/v2/images/{one['id']}"
        row = {name: one[name] for name in ("id", "name", "status", "visibility", "disk_format", "container_format",
                                            "size", "checksum", "owner", "protected", "tags")}
        row.update({"virtual_size": None, "min_disk": 0, "min_ram": 0, "os_hidden": False, "self": path,
                    "file": path + "/file", "schema": "/v2/schemas/image", "created_at": now_text(at=one["created"]),
                    "updated_at": now_text(at=one["saved"] or one["created"]), **one["properties"]})
        if self.world.settings["image_hash"]:
            row.update({name: one[name] for name in ("os_hash_algo", "os_hash_value")})
        return row

    def images(self, request):
        rows = self._visible(request)
        for name in set(request.query) - {"limit", "marker", "sort_key", "sort_dir", "sort", "tag", "member_status",
                                          "visibility", "owner", "os_hidden"}:
            rows = [one for one in rows if self._passes(one, name, request.first(name))]
        for tag in request.query.get("tag", ()):
            rows = [one for one in rows if tag in one["tags"]]
        page, marker = page_of(rows, request, 1000, self.world.settings["images_page"])
        answer = {"images": [self._row(one) for one in page], "first": "/v2/images", "schema": "/v2/schemas/images"}
        if marker:
            answer["next"] = f"/v2/images?{next_query(request, marker)}"
        return Reply(200, answer)

    @staticmethod
    def _passes(one, name, text):
        if name in FILTERED:
            # "eq:x" and "in:x,y"; whatever else stands before a colon is no operator.
            operator, colon, value = text.partition(":")
            if not colon:
                operator, value = "eq", text
            if operator == "in":
                return str(one.get(name)) in value.split(",")
            if operator != "eq":
                raise Refused(400, f"Unable to filter using the specified operator. Operator: {operator}.")
            return one.get(name) == value
        return str(one.get(name, one["properties"].get(name))) == text

    def create(self, request):
        wanted = request.json()
        if not isinstance(wanted, dict):
            raise Refused(400, "Image must be an object")
        for name, value in wanted.items():
            self._check(name, value)
        number = wanted.get("id", new_id())
        if number in self.world.images:
            raise Refused(409, f"Image ID {number} already exists!")
        one = self._new(request, number, wanted.get("name"), wanted.get("disk_format"),
                        wanted.get("container_format"), wanted.get("visibility", "shared"),
                        sorted(set(wanted.get("tags", []))),
                        {name: value for name, value in wanted.items() if name not in BASE})
        return Reply(201, self._row(one), [("Location", f"{self.world.url}/image/v2/images/{number}")])

    @staticmethod
    def _check(name, value):
        if name in READ_ONLY:
            raise Refused(403, f"Attribute '{name}' is read-only.")
        fits = {"tags": isinstance(value, list) and all(isinstance(one, str) and len(one) <= 255 for one in value),
                "disk_format": value is None or value in DISK_FORMATS, "visibility": value in VISIBILITIES,
                "id": is_uuid(value), "protected": isinstance(value, bool), "os_hidden": isinstance(value, bool),
                "min_disk": isinstance(value, int), "min_ram": isinstance(value, int),
                "container_format": value is None or value in ("ami", "bare", "ovf", "ova", "docker")}
        if not fits.get(name, isinstance(value, str) and len(value) <= 65535) or (name == "name" and len(value) > 255):
            raise Refused(400, f"Provided object does not match schema 'image': {value!r} is not valid. Failed "
                               f"validating in schema['properties']['{name}']")

    def image(self, request, number):
        return Reply(200, self._row(self._image(request, number)))

    def put_file(self, request, number):
        one = self._image(request, number)
        if request.headers.get("content-type", "") != "application/octet-stream":
            raise Refused(415, "Unsupported Media Type")
        if one["status"] != "queued":
            raise Refused(409, f"Image status transition from {one['status']} to saving is not allowed")
        if not one["disk_format"] or not one["container_format"]:
            raise Refused(400, "Properties disk_format, container_format must be set prior to saving data.")
        self._store(one, request.raw)
        return Reply(204)

    def get_file(self, request, number):
        one = self._image(request, number)
        if one["status"] != "active":
            return Reply(204)
        return Reply(200, raw=one["data"], headers=[("Content-MD5", one["checksum"])],
                     kind="application/octet-stream")

    def patch(self, request, number):
        one = self._image(request, number)
        try:
            changes = request.json(PATCH)
        except Refused as refused:
            refused.headers.append(("Accept-Patch", PATCH))
            raise
        for change in changes:
            name = change["path"].removeprefix("/").replace("~1", "/").replace("~0", "~")
            if change["op"] not in ("add", "replace", "remove"):
                raise Refused(400, f"Unable to find '{change['op']}' in JSON Schema change")
            there = name in one["properties"] or name in BASE
            if not there and change["op"] != "add":
                raise Refused(409, f"Property {name} does not exist.")
            if change["op"] == "remove":
                if name in BASE:
                    raise Refused(403, f"Property {name} may not be removed.")
                del one["properties"][name]
                continue
            self._check(name, change.get("value"))
            (one if name in BASE else one["properties"])[name] = change["value"]
        return Reply(200, self._row(one))

    # --- v1 ---

    def _row1(self, one):
        return {"id": one["id"], "name": one["name"], "status": one["status"], "disk_format": one["disk_format"],
                "container_format": one["container_format"], "size": one["size"] or 0, "checksum": one["checksum"],
                "is_public": one["visibility"] == "public", "owner": one["owner"], "protected": False, "min_disk": 0,
                "min_ram": 0, "deleted": False, "deleted_at": None, "virtual_size": None,
                "created_at": now_text(True, one["created"]), "updated_at": now_text(True, one["created"]),
                "properties": one["properties"]}

    def _page1(self, request):
        return page_of(self._visible(request), request, 1000, self.world.settings["images_page"])[0]

    def images1(self, request):
        """Without status, tags and properties."""
        names = ("id", "name", "disk_format", "container_format", "size", "checksum")
        return Reply(200, {"images": [{name: self._row1(one)[name] for name in names} for one in self._page1(request)]})

    def images1_detail(self, request):
        return Reply(200, {"images": [self._row1(one) for one in self._page1(request)]})

    def create1(self, request):
        fields = {name.removeprefix("x-image-meta-").replace("-", "_"): value for name, value in request.headers.items()
                  if name.startswith("x-image-meta-")}
        properties = {name.removeprefix("property_"): fields.pop(name) for name in list(fields)
                      if name.startswith("property_")}
        strange = set(fields) - {"name", "disk_format", "container_format", "is_public", "size", "checksum", "id",
                                 "protected", "min_ram", "min_disk", "owner", "store"}
        if strange:
            raise Refused(400, f"Bad header: x-image-meta-{sorted(strange)[0]}")
        if fields.get("disk_format") not in DISK_FORMATS or fields.get("container_format") not in ("bare", "ovf"):
            raise Refused(400, f"Invalid disk format '{fields.get('disk_format')}' for image.")
        if request.raw and request.headers.get("content-type", "") != "application/octet-stream":
            raise Refused(400, "Content-Type must be application/octet-stream")
        if "checksum" in fields and fields["checksum"] != hashlib.md5(request.raw).hexdigest():
            raise Refused(400, "Supplied checksum and checksum generated from uploaded image did not match. Setting "
                               "image status to 'killed'.")
        number = fields.get("id", new_id())
        if not is_uuid(number):
            raise Refused(400, f"Invalid image id format: {number}")
        if number in self.world.images:
            raise Refused(409, f"Image identifier {number} already exists!")
        public = re.fullmatch("true|1", fields.get("is_public", "false"), re.I)
        one = self._new(request, number, fields.get("name"), fields["disk_format"], fields["container_format"],
                        "public" if public else "private", [], properties)
        if request.raw:
            self._store(one, request.raw)
        return Reply(201, {"image": self._row1(one)}, [("Location", f"{self.world.url}/image/v1/images/{one['id']}")])

    def image1(self, request, number):
        row = self._row1(self._image(request, number))
        properties = row.pop("properties")
        headers = [(f"x-image-meta-{name}", value) for name, value in row.items() if value is not None]
        return Reply(200, headers=[*headers, *((f"x-image-meta-property-{name}", value)
                                               for name, value in properties.items())])


def describe(one):
    """An image for the control port, without its bytes."""
    return json.loads(json.dumps({**{name: value for name, value in one.items() if name != "data"},
                                  "sha256": hashlib.sha256(one["data"]).hexdigest()}))
