# SPDX-License-Identifier: Apache-2.0
"""The calls of Azure Resource Manager. Each takes the world, what its path names, the parameters, the header fields and
the body, and gives status and answer or refuses."""

import re
import urllib.parse

from . import orders, world as worlds
from .errors import Refused

# api-versions that a provider has; from the second row on machines know If-None-Match
VERSIONS = {"Microsoft.Compute": ("2023-09-01", "2024-03-01", "2024-07-01"), "Microsoft.Network": ("2023-09-01", "2024-01-01")}
GUARDED = "2024-03-01"

_GROUP = r"/subscriptions/([^/]+)/resourceGroups/([^/]+)/providers/"
_ALL = r"/subscriptions/([^/]+)/providers/"
# (verb, path, name, its parameters)
CALLS = (
    ("GET", _GROUP + r"Microsoft\.Compute/virtualMachines", "virtualMachines.list", "$filter $expand"),
    ("GET", _ALL + r"Microsoft\.Compute/virtualMachines", "virtualMachines.listAll", "statusOnly $filter"),
    ("GET", _ALL + r"Microsoft\.Compute/locations/([^/]+)/vmSizes", "virtualMachineSizes.list", ""),
    ("GET", _GROUP + r"Microsoft\.Compute/virtualMachines/([^/]+)", "virtualMachines.get", "$expand"),
    ("GET", _GROUP + r"Microsoft\.Compute/virtualMachines/([^/]+)/instanceView", "virtualMachines.instanceView", ""),
    ("PUT", _GROUP + r"Microsoft\.Compute/virtualMachines/([^/]+)", "virtualMachines.createOrUpdate", ""),
    ("DELETE", _GROUP + r"Microsoft\.Compute/virtualMachines/([^/]+)", "virtualMachines.delete", "forceDeletion"),
    ("GET", _GROUP + r"Microsoft\.Network/networkInterfaces", "networkInterfaces.list", ""))


def call_of(verb, path):
    """(name, provider, parts of the path, parameters) or None."""
    for wanted, pattern, name, parameters in CALLS:
        found = re.fullmatch(pattern, urllib.parse.unquote(path), re.IGNORECASE)
        if found and wanted == verb:
            provider = "Microsoft.Network" if "Network" in pattern else "Microsoft.Compute"
            return name, provider, found.groups(), parameters.split()
    return None


class Asked:
    """One call, as its method sees it."""

    def __init__(self, world, parts, query, headers, body, here):
        self.world, self.parts, self.query, self.headers, self.body, self.here = world, parts, query, headers, body, here


def call(name, provider, known, asked):
    version = asked.query.get("api-version")
    if version is None:
        raise Refused(400, "MissingApiVersionParameter", "The api-version query parameter (?api-version=) is required for all "
                                                         "requests.")
    if version not in VERSIONS[provider]:
        raise Refused(400, "NoRegisteredProviderFound", f"No registered resource provider found for API version '{version}'.")
    for parameter in asked.query:
        if parameter not in (*known, "api-version", "$skiptoken"):
            raise Refused(400, "InvalidParameter", f"The query parameter {parameter} is not known")
    if asked.parts[0].lower() != worlds.SUBSCRIPTION:
        raise Refused(404, "SubscriptionNotFound", f"The subscription '{asked.parts[0]}' could not be found.")
    return globals()["_" + name.replace(".", "_")](asked)


def _group(asked):
    if asked.parts[1].lower() not in (worlds.GROUP.lower(), worlds.OTHER_GROUP):
        raise Refused(404, "ResourceGroupNotFound", f"Resource group '{asked.parts[1]}' could not be found.")
    return asked.parts[1].lower()


def _page(asked, path, rows):
    size, token = asked.world.settings["page"], asked.query.get("$skiptoken", "at-0")
    if not re.fullmatch(r"at-\d+", token):
        raise Refused(400, "InvalidParameter", "The skiptoken is not valid")
    at = int(token[3:])
    size = size or len(rows) or 1
    out = {"value": rows[max(0, at - asked.world.settings["repeat"]):at + size]}
    if at + size < len(rows):
        more = {name: value for name, value in asked.query.items() if name != "$skiptoken"}
        host = "http://elsewhere.example.org" if asked.world.settings["elsewhere"] else asked.here
        out["nextLink"] = f"{host}{path}?{urllib.parse.urlencode({**more, '$skiptoken': f'at-{at + size}'})}"
    return 200, out


def _id(one, group=None):
    return (f"/subscriptions/{worlds.SUBSCRIPTION}/resourceGroups/{group or one['group']}/providers/Microsoft.Compute/"
            f"virtualMachines/{one['name']}")


def _view(one):
    state = {"Creating": "creating", "Succeeded": "succeeded", "Failed": "failed/AllocationFailed",
             "Deleting": "deleting"}[one["provisioning"]]
    status = {"code": f"ProvisioningState/{state}", "level": "Info", "displayStatus": state, "time": worlds.stamp(one["since"])}
    if one["provisioning"] == "Failed":
        status.update(level="Error", message=one["failure"])
    power = [{"code": f"PowerState/{one['power']}", "level": "Info", "displayStatus": f"VM {one['power']}"}] if one["power"] else []
    return {"statuses": [status, *power]}


def _shown(one, view=False):
    properties = {"vmId": one["id"].upper(), "provisioningState": one["provisioning"],
                  "hardwareProfile": {"vmSize": one["size"]}, "timeCreated": worlds.stamp(one["created"])}
    if view:
        properties["instanceView"] = _view(one)
    out = {"name": one["name"], "id": _id(one), "type": "Microsoft.Compute/virtualMachines", "location": worlds.LOCATION,
           "tags": one["tags"], "properties": properties}
    if one["zone"]:
        out["zones"] = [one["zone"]]
    return out


def _virtualMachines_list(asked):
    group = _group(asked)
    if "$expand" in asked.query and "$filter" not in asked.query:
        raise Refused(400, "InvalidParameter", "$expand is taken with a $filter on a scale set only")
    rows = [_shown(one) for one in asked.world.listed("visible") if one["group"].lower() == group]
    return _page(asked, f"{worlds.PLACE}/Microsoft.Compute/virtualMachines", rows)


def _virtualMachines_listAll(asked):
    if not asked.world.settings["may_read_subscription"]:
        raise Refused(403, "AuthorizationFailed", "The client does not have authorization to perform action "
                                                  "'Microsoft.Compute/virtualMachines/read' over scope '/subscriptions/...'.")
    if asked.query.get("statusOnly", "false") not in ("true", "false"):
        raise Refused(400, "InvalidParameter", "statusOnly is true or false")
    if asked.query.get("statusOnly") != "true":
        rows = [_shown(one) for one in asked.world.listed("visible")]
    else:
        # Ids with their group in capitals, and little beside the states.
        rows = [{"name": one["name"], "id": _id(one, one["group"].upper()), "location": worlds.LOCATION,
                 "type": "Microsoft.Compute/virtualMachines",
                 "properties": {"vmId": one["id"], "provisioningState": one["provisioning"], "instanceView": _view(one)}}
                for one in asked.world.listed("status_visible")]
    return _page(asked, f"/subscriptions/{worlds.SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines", rows)


def _virtualMachineSizes_list(asked):
    if asked.parts[1].lower() != worlds.LOCATION:
        raise Refused(400, "NoRegisteredProviderFound", f"The location '{asked.parts[1]}' is not available.")
    return 200, {"value": [{"name": name, "numberOfCores": cores, "memoryInMB": memory, "osDiskSizeInMB": 1047552,
                            "resourceDiskSizeInMB": 4096, "maxDataDiskCount": 4}
                           for name, (cores, memory) in worlds.SIZES.items()]}


def _machine(asked):
    group = _group(asked)
    asked.world.known()
    found = asked.world.machines.get((group, asked.parts[2].lower()))
    if found is None:
        raise Refused(404, "ResourceNotFound", f"The Resource 'Microsoft.Compute/virtualMachines/{asked.parts[2]}' under resource "
                                               f"group '{asked.parts[1]}' was not found.")
    return found


def _virtualMachines_get(asked):
    return 200, _shown(_machine(asked), asked.query.get("$expand") == "instanceView")


def _virtualMachines_instanceView(asked):
    return 200, _view(_machine(asked))


def _virtualMachines_createOrUpdate(asked):
    group, name, world = _group(asked), asked.parts[2], asked.world
    world.known()
    there = world.machines.get((group, name.lower()))
    guard = asked.headers.get("if-none-match")
    if guard is not None and asked.query["api-version"] >= GUARDED:
        if guard != "*":
            raise Refused(400, "InvalidRequestFormat", "If-None-Match is * or nothing")
        if there:
            raise Refused(412, "PreconditionFailed", f"The virtual machine {name} exists.")
    wanted = orders.checked(name, asked.body)
    if there:
        if there["order"] != asked.body:
            raise Refused(409, "PropertyChangeNotAllowed", "Changing this property is not allowed.")
        return 200, _shown(there)
    cores, most = worlds.SIZES[wanted["size"]][0], world.settings["cores"]
    if 0 <= most < world.cores_taken() + cores:
        raise Refused(409, "OperationNotAllowed", "Operation could not be completed as it results in exceeding approved Total "
                                                  f"Regional Cores quota. Current Limit: {most}, Additional Required: {cores}.")
    if world.settings["full"]:
        wanted["failure"] = "Allocation failed. We do not have sufficient capacity for the requested VM size in this region."
    made = world.add_machine(name, asked.parts[1], order=asked.body, **wanted)
    return 201, _shown({**made, "provisioning": "Creating"})


def _virtualMachines_delete(asked):
    try:
        one = _machine(asked)
    except Refused as refused:
        if refused.code != "ResourceNotFound":
            raise
        return 204, None
    asked.world.remove(one)
    return 202, None


def _networkInterfaces_list(asked):
    group = _group(asked)
    if not asked.world.settings["may_read_interfaces"]:
        raise Refused(403, "AuthorizationFailed", "The client does not have authorization to perform action "
                                                  "'Microsoft.Network/networkInterfaces/read'.")
    rows = []
    for one in asked.world.listed("visible"):
        if one["group"].lower() == group:
            rows.append({"name": f"{one['name']}-nic", "properties": {
                "virtualMachine": {"id": _id(one, group.upper())},
                "ipConfigurations": [{"name": "ipconfig1", "properties": {"privateIPAddress": one["ip"]}}]}})
    return _page(asked, f"{worlds.PLACE}/Microsoft.Network/networkInterfaces", rows)
