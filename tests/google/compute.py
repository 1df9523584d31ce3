# SPDX-License-Identifier: Apache-2.0
"""The methods of Compute Engine. Each takes the world, what its path names, the parameters and the body, and gives the
answer or refuses."""

import re
import uuid

from . import fields, world as worlds
from .errors import Refused
from .tokens import EMAIL, PROJECT

BASE = "/compute/v1/projects/"
ROOT = "https://www.googleapis.com/compute/v1/projects/"
NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
LABEL_KEY, LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
METADATA_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}")
VALUE_MAX, METADATA_MAX = 262_144, 524_288

# (verb, path below the project, name, its parameters)
METHODS = (
    ("GET", r"aggregated/instances", "instances.aggregatedList", "maxResults pageToken returnPartialSuccess"),
    ("GET", r"zones/([^/]+)/instances/([^/]+)", "instances.get", ""),
    ("POST", r"zones/([^/]+)/instances", "instances.insert", "requestId"),
    ("DELETE", r"zones/([^/]+)/instances/([^/]+)", "instances.delete", "requestId"),
    ("GET", r"zones/([^/]+)/operations/([^/]+)", "zoneOperations.get", ""),
    ("GET", r"zones/([^/]+)/machineTypes/([^/]+)", "machineTypes.get", ""),
    ("GET", r"global/images/family/([^/]+)", "images.getFromFamily", ""),
    ("GET", r"global/images/([^/]+)", "images.get", ""))


def method_of(verb, path):
    """(name, parts of the path, parameters) or None."""
    project, _, below = path.removeprefix(BASE).partition("/")
    if not path.startswith(BASE):
        return None
    for wanted, pattern, name, parameters in METHODS:
        found = re.fullmatch(pattern, below)
        if found and wanted == verb:
            return name, (project, *found.groups()), parameters.split()
    return None


def call(world, name, parts, known, query, body):
    for parameter in query:
        if parameter not in (*known, "fields", "prettyPrint", "alt"):
            raise Refused(400, f"Invalid JSON payload received. Unknown name \"{parameter}\": Cannot bind query parameter.",
                          "badRequest")
    mask = fields.parsed(query["fields"]) if "fields" in query else {}
    if parts[0] != PROJECT and not name.startswith("images."):
        raise Refused(403, f"Required '{name}' permission for 'projects/{parts[0]}'")
    return fields.chosen(globals()["_" + name.replace(".", "_")](world, parts, query, body), mask)


def _missing(kind, path):
    return Refused(404, f"The resource 'projects/{path}' was not found")


def _zone(parts):
    if parts[1] not in worlds.ZONES:
        raise Refused(400, f"Invalid value for field 'zone': '{parts[1]}'. Unknown zone.")
    return parts[1]


# --- instances ---

def _shown(one):
    place = f"{ROOT}{PROJECT}/zones/{one['zone']}"
    interface = {"networkIP": one["ip"], "name": "nic0", "network": one["network"], "subnetwork": one["subnetwork"]}
    if one["public"]:
        interface["accessConfigs"] = [{"type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": "198.51.100.7"}]
    out = {"kind": "compute#instance", "id": one["id"], "creationTimestamp": worlds.stamp(one["created"]), "name": one["name"],
           "machineType": f"{place}/machineTypes/{one['type']}", "status": one["status"], "zone": place,
           "networkInterfaces": [interface], "labels": one["labels"],
           "metadata": {"kind": "compute#metadata", "items": [{"key": k, "value": v} for k, v in one["metadata"].items()]}}
    for name, at in (("lastStartTimestamp", "started"), ("lastStopTimestamp", "stopped")):
        if one[at] is not None:
            out[name] = worlds.stamp(one[at])
    return out


def _instances_aggregatedList(world, _parts, query, _body):
    most = query.get("maxResults", "500")
    if not most.isdigit() or not 0 <= int(most) <= 500:
        raise Refused(400, f"Invalid value for field 'maxResults': '{most}'.")
    if query.get("returnPartialSuccess", "false") not in ("true", "false"):
        raise Refused(400, "Invalid value for returnPartialSuccess")
    token = query.get("pageToken", "at-0")
    if not re.fullmatch(r"at-\d+", token):
        raise Refused(400, f"Invalid value for field 'pageToken': '{token}'.")
    size, at = min(int(most), world.settings["page"] or 500), int(token[3:])
    away = world.settings["unreachable"]
    rows = sorted((one for one in world.listed() if one["zone"] not in away), key=lambda one: (one["zone"], one["id"]))
    page = rows[max(0, at - world.settings["repeat"]):at + size]
    items = {}
    for zone in worlds.ZONES:
        here = [_shown(one) for one in page if one["zone"] == zone]
        items[f"zones/{zone}"] = {"instances": here} if here else {"warning": {
            "code": "NO_RESULTS_ON_PAGE", "message": f"There are no results for scope 'zones/{zone}' on this page.",
            "data": [{"key": "scope", "value": f"zones/{zone}"}]}}
    out = {"kind": "compute#instanceAggregatedList", "id": f"projects/{PROJECT}/aggregated/instances", "items": items}
    _tell_unreachable(world, out, items)
    if at + size < len(rows):
        out["nextPageToken"] = f"at-{at + size}"
    return out


def _tell_unreachable(world, out, items):
    warning = {"code": "UNREACHABLE", "message": "The zone could not be reached."}
    for zone in world.settings["unreachable"]:
        if world.settings["unreachable_told"] == "unreachables":
            out.setdefault("unreachables", []).append(f"{ROOT}{PROJECT}/zones/{zone}")
        elif world.settings["unreachable_told"] == "whole":
            out["warning"] = warning
        else:
            items[f"zones/{zone}"] = {"warning": warning}


def _instance(world, parts):
    zone = _zone(parts)
    found = next((one for one in world.known() if (one["zone"], one["name"]) == (zone, parts[2])), None)
    if found is None:
        raise _missing("instances", f"{PROJECT}/zones/{zone}/instances/{parts[2]}")
    return found


def _instances_get(world, parts, _query, _body):
    return _shown(_instance(world, parts))


def _operation(world, one):
    place = f"{ROOT}{PROJECT}/zones/{one['zone']}"
    done = world.is_done(one)
    out = {"kind": "compute#operation", "id": "1", "name": one["name"], "zone": place, "operationType": one["kind"],
           "targetLink": f"{place}/instances/x", "targetId": one["target"], "status": "DONE" if done else "RUNNING",
           "user": one["user"], "progress": 100 if done else 0}
    if done and one["error"]:
        status, code, text = one["error"]
        out.update(error={"errors": [{"code": code, "message": text}]}, httpErrorStatusCode=status, httpErrorMessage="NO")
    return out


def _zoneOperations_get(world, parts, _query, _body):
    zone, one = _zone(parts), world.operations.get(parts[2])
    if one is None or one["zone"] != zone:
        raise _missing("operations", f"{PROJECT}/zones/{zone}/operations/{parts[2]}")
    return _operation(world, one)


def _request_id(query):
    wanted = query.get("requestId")
    if wanted is None:
        return None
    try:
        number = uuid.UUID(wanted)
    except ValueError:
        number = None
    if number is None or str(number) != wanted or number.int == 0:
        raise Refused(400, f"Invalid value for field 'requestId': '{wanted}'. Must be a valid, non-zero UUID.")
    return wanted


def _instances_insert(world, parts, query, body):
    zone, request = _zone(parts), _request_id(query)
    if request in world.requests:
        before, operation = world.requests[request]
        if before != (zone, body):
            raise Refused(400, "The requestId was used with other contents")
        return _operation(world, operation)
    wanted = _checked(zone, body)
    if any((one["zone"], one["name"]) == (zone, wanted["name"]) for one in world.known()):
        raise Refused(409, f"The resource 'projects/{PROJECT}/zones/{zone}/instances/{wanted['name']}' already exists")
    error = _room(world, zone, wanted["type"])
    if error and world.settings["cpus_at_once"]:
        raise Refused(error[0], error[2], "quotaExceeded")
    target = world._number() if error else world.add_instance(**wanted)["id"]
    operation = world.add_operation("insert", zone, target, EMAIL, error)
    if request:
        world.requests[request] = ((zone, body), operation)
    return _operation(world, operation)


def _room(world, zone, kind):
    most = world.settings["cpus"]
    if zone in world.settings["full"]:
        return 503, "ZONE_RESOURCE_POOL_EXHAUSTED", f"The zone '{zone}' does not have enough resources available."
    if 0 <= most < world.cpus_taken() + worlds.TYPES[kind][0]:
        return 403, "QUOTA_EXCEEDED", f"Quota 'CPUS' exceeded.  Limit: {most}.0 in region {zone[:-2]}."
    return None


def _instances_delete(world, parts, query, _body):
    _request_id(query)
    one = _instance(world, parts)
    world.remove(one)
    return _operation(world, world.add_operation("delete", one["zone"], one["id"], EMAIL))


# --- what an order may hold ---

def _only(value, what, *names):
    if not isinstance(value, dict):
        raise Refused(400, f"Invalid value for field '{what}'.")
    strange = set(value) - set(names)
    if strange:
        raise Refused(400, f"Invalid JSON payload received. Unknown name \"{sorted(strange)[0]}\" at '{what}': Cannot find "
                           "field.", "badRequest")
    return value


def _wrong(field, value):
    return Refused(400, f"Invalid value for field 'resource.{field}': '{value}'.")


def _checked(zone, body):
    """The members of the new instance."""
    _only(body, "resource", "name", "machineType", "labels", "disks", "networkInterfaces", "metadata", "scheduling",
          "serviceAccounts", "tags", "description")
    name = body.get("name", "")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise _wrong("name", name)
    kind = str(body.get("machineType", ""))
    base = f"zones/{zone}/machineTypes/"
    if not kind.startswith(base) or kind.removeprefix(base) not in worlds.TYPES or (
            zone not in worlds.ONLY_IN.get(kind.removeprefix(base), (zone,))):
        raise _wrong("machineType", kind)
    return {"zone": zone, "name": name, "type": kind.removeprefix(base), "labels": _labels(body.get("labels", {})),
            "metadata": _metadata(body.get("metadata", {})), **_disk(zone, body.get("disks")),
            **_interface(zone, body.get("networkInterfaces"))}


def _labels(labels):
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key) or not isinstance(value, str) or not LABEL_VALUE.fullmatch(value):
            raise _wrong("labels", f"{key}={value}")
    return labels


def _metadata(metadata):
    out = {}
    for item in _only(metadata, "resource.metadata", "items").get("items", []):
        key, value = _only(item, "resource.metadata.items", "key", "value").get("key", ""), item.get("value")
        if not METADATA_KEY.fullmatch(key) or not isinstance(value, str) or len(value.encode()) > VALUE_MAX:
            raise _wrong("metadata.items", key)
        if key in out:
            raise Refused(400, f"Invalid value for field 'resource.metadata.items': Duplicate metadata key {key}.")
        out[key] = value
    if sum(len(key) + len(value.encode()) for key, value in out.items()) > METADATA_MAX:
        raise Refused(400, "The total size of all metadata is too large.")
    return out


def _image(path):
    found = re.fullmatch(r"projects/([^/]+)/global/images/(family/)?([^/]+)", str(path))
    if not found:
        raise _wrong("disks[0].initializeParams.sourceImage", path)
    project, family, name = found.groups()
    name = worlds.FAMILIES.get((project, name)) if family else name
    if (project, name) not in worlds.IMAGES:
        raise _missing("images", str(path).removeprefix("projects/"))
    return worlds.IMAGES[project, name]


def _disk(zone, disks):
    if not isinstance(disks, list) or len(disks) != 1:
        raise Refused(400, "Invalid value for field 'resource.disks': At least one disk must be given, and here no more.")
    disk = _only(disks[0], "resource.disks[0]", "boot", "autoDelete", "type", "initializeParams", "mode", "interface")
    if disk.get("boot") is not True:
        raise Refused(400, "Invalid value for field 'resource.disks[0]': Boot disk must be the first disk attached.")
    made = _only(disk.get("initializeParams", {}), "resource.disks[0].initializeParams", "sourceImage", "diskSizeGb",
                 "diskType")
    least, size = _image(made.get("sourceImage")), str(made.get("diskSizeGb", ""))
    if size and not size.isdigit() or size and int(size) < least:
        raise Refused(400, f"Requested disk size cannot be smaller than the image size ({least} GB)")
    kinds = [f"zones/{zone}/diskTypes/{one}" for one in worlds.DISK_TYPES]
    if "diskType" in made and made["diskType"] not in kinds:
        raise _wrong("disks[0].initializeParams.diskType", made["diskType"])
    return {"image": made["sourceImage"], "disk_gb": int(size or least), "auto_delete": disk.get("autoDelete") is True}


def _interface(zone, interfaces):
    if not isinstance(interfaces, list) or len(interfaces) != 1:
        raise Refused(400, "Invalid value for field 'resource.networkInterfaces': one network interface is needed.")
    one = _only(interfaces[0], "resource.networkInterfaces[0]", "network", "subnetwork", "accessConfigs")
    network, subnet = one.get("network"), one.get("subnetwork")
    if (network is None) == (subnet is None):
        raise Refused(400, "Invalid value for field 'resource.networkInterfaces[0]': a network or a subnetwork.")
    if network is not None and network.rpartition("/")[2] not in worlds.NETWORKS:
        raise _wrong("networkInterfaces[0].network", network)
    if subnet is not None:
        found = re.fullmatch(rf"projects/{PROJECT}/regions/([^/]+)/subnetworks/([^/]+)", subnet)
        if not found or found.groups() not in worlds.SUBNETS or found.group(1) != zone[:-2]:
            raise _wrong("networkInterfaces[0].subnetwork", subnet)
    configs = one.get("accessConfigs", [])
    for config in configs:
        if _only(config, "accessConfigs", "name", "type").get("type") != "ONE_TO_ONE_NAT":
            raise _wrong("networkInterfaces[0].accessConfigs[0].type", config.get("type"))
    return {"network": network, "subnetwork": subnet, "public": bool(configs)}


# --- what there is to choose from ---

def _machineTypes_get(_world, parts, _query, _body):
    zone, name = _zone(parts), parts[2]
    if name not in worlds.TYPES or zone not in worlds.ONLY_IN.get(name, (zone,)):
        raise _missing("machineTypes", f"{PROJECT}/zones/{zone}/machineTypes/{name}")
    cpus, memory = worlds.TYPES[name]
    return {"kind": "compute#machineType", "id": "1", "name": name, "guestCpus": cpus, "memoryMb": memory, "zone": zone}


def _images_get(_world, parts, _query, _body):
    project, name = parts
    if (project, name) not in worlds.IMAGES:
        raise _missing("images", f"{project}/global/images/{name}")
    return {"kind": "compute#image", "id": "1", "name": name, "status": "READY",
            "diskSizeGb": str(worlds.IMAGES[project, name])}


def _images_getFromFamily(world, parts, query, body):
    project, name = parts
    if (project, name) not in worlds.FAMILIES:
        raise _missing("images", f"{project}/global/images/family/{name}")
    return _images_get(world, (project, worlds.FAMILIES[project, name]), query, body)
