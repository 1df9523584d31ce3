# SPDX-License-Identifier: Apache-2.0
"""The actions. Each takes the world and the form, and gives the answer's elements or refuses."""

import base64
import hashlib
import re
import time

from . import world as worlds
from .errors import Refused

MODERN = "2016-11-15"
FILTER = r"Filter\.\d+\.(Name|Value\.\d+)"

# action -> (since which version, its parameters, those that only MODERN has)
ACTIONS = {
    "DescribeInstances": ("", rf"InstanceId\.\d+|{FILTER}", "NextToken|MaxResults"),
    "RunInstances": ("", r"ImageId|MinCount|MaxCount|InstanceType|UserData|KeyName|ClientToken|"
                         r"Placement\.AvailabilityZone|SecurityGroup\.\d+|SecurityGroupId\.\d+",
                     r"SubnetId|TagSpecification\.\d+\.(ResourceType|Tag\.\d+\.(Key|Value))"),
    "TerminateInstances": ("", r"InstanceId\.\d+", ""),
    "CreateTags": ("", r"ResourceId\.\d+|Tag\.\d+\.(Key|Value)", ""),
    "DescribeKeyPairs": ("", r"KeyName\.\d+", ""),
    "ImportKeyPair": ("", "KeyName|PublicKeyMaterial", ""),
    "DescribeInstanceTypes": (MODERN, "", rf"InstanceType\.\d+|{FILTER}|NextToken|MaxResults")}
# Pages came later; who has knobs for them had them early.
PAGED = r"NextToken|MaxResults"
SIGNED = r"Action|Version|AWSAccessKeyId|SignatureMethod|SignatureVersion|Timestamp|Signature"


def call(world, form):
    """(action, elements)"""
    action, version = form.get("Action", ""), form.get("Version", "")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", version) or not (
            world.settings["oldest"] <= version <= world.settings["newest"]):
        raise Refused("NoSuchVersion", f"The requested version ({version}) of service AmazonEC2 does not exist")
    since, names, modern = ACTIONS.get(action, ("9", "", ""))
    if version < since or action in world.settings["without"]:
        raise Refused("InvalidAction", f"The action {action} is not valid for this web service.")
    known = "|".join(part for part in (SIGNED, names, modern if version >= MODERN else "",
                                       PAGED if action == "DescribeInstances" and world.settings["page"] else "")
                     if part)
    for name in form:
        if not re.fullmatch(known, name):
            raise Refused("UnknownParameter", f"The parameter {name} is not recognized")
    return action, globals()["_" + action](world, form)


def _members(form, prefix, ending=""):
    """[("Tag.1", value)] of Tag.N and their kin, by their number."""
    pattern = re.compile(rf"{re.escape(prefix)}\.(\d+){re.escape(ending)}")
    found = sorted((int(at.group(1)), value) for name, value in form.items() if (at := pattern.fullmatch(name)))
    return [(f"{prefix}.{number}", value) for number, value in found]


def _filters(form):
    return {name: {value for _, value in _members(form, f"{at}.Value")} for at, name in _members(form, "Filter", ".Name")}


def _page(world, form, rows, least, most):
    if "MaxResults" in form and not (form["MaxResults"].isdigit() and least <= int(form["MaxResults"]) <= most):
        raise Refused("InvalidParameterValue", f"Value ( {form['MaxResults']} ) for parameter maxResults is invalid. "
                                               f"Expecting a value between {least} and {most}.")
    size = min(int(form.get("MaxResults", most)), world.settings["page"] or most)
    token = form.get("NextToken", "at-0")
    if not re.fullmatch(r"at-\d+", token):
        raise Refused("InvalidNextToken", "The token is not valid")
    at = int(token[3:])
    return rows[at:at + size], f"at-{at + size}" if at + size < len(rows) else None


# --- instances ---

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}


def _state(one):
    return {"code": CODES.get(one["state"], 1), "name": one["state"]}


def _shown(world, one):
    world.step(one)
    gone = one["state"] == "terminated"
    reason = {"code": one["reason_code"], "message": one["reason"]} if one["reason_code"] else None
    groups = [{"groupId": worlds.GROUPS.get(name, name), "groupName": name} for name in one["groups"]]
    return {"instanceId": one["id"], "imageId": one["image"], "instanceState": _state(one),
            "privateDnsName": "" if gone else one["id"], "dnsName": "", "reason": one["transition"],
            "keyName": one["key_name"], "amiLaunchIndex": 0, "instanceType": one["type"],
            "launchTime": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(one["launched"])),
            "placement": {"availabilityZone": one["zone"]}, "monitoring": {"state": "disabled"},
            "subnetId": one["subnet"], "privateIpAddress": None if gone else one["ip"], "groupSet": groups,
            "stateReason": reason,
            "clientToken": one["token"] if world.settings["token_shown"] else None,
            "tagSet": [{"key": key, "value": value} for key, value in one["tags"].items()]}


def _reservation(world, one):
    return {"reservationId": "r-" + one["id"][2:], "ownerId": "fleet", "groupSet": [],
            "instancesSet": [_shown(world, one)]}


def _DescribeInstances(world, form):
    rows = world.known()
    named = {value for _, value in _members(form, "InstanceId")}
    missing = named - {one["id"] for one in rows}
    if missing:
        raise _unknown(sorted(missing)[0])
    for name, values in _filters(form).items():
        if name == "instance-state-name":
            rows = [one for one in rows if one["state"] in values]
        elif name == "client-token":
            rows = [one for one in rows if one["token"] in values]
        elif name.startswith("tag:"):
            rows = [one for one in rows if one["tags"].get(name[4:]) in values]
        else:
            raise Refused("InvalidParameterValue", f"The filter '{name}' is invalid")
    rows, token = _page(world, form, [one for one in rows if not named or one["id"] in named], 5, 1000)
    return {"reservationSet": [_reservation(world, one) for one in rows], "nextToken": token}


def _order(form):
    """What a ClientToken stands for."""
    return sorted((name, value) for name, value in form.items()
                  if not re.fullmatch(SIGNED, name) and name != "ClientToken")


def _RunInstances(world, form):
    token = form.get("ClientToken") if world.settings["token_known"] else None
    again = next((one for one in world.instances.values() if token and one["token"] == token), None)
    if again:
        if again["order"] is not None and again["order"] != _order(form):
            raise Refused("IdempotentParameterMismatch", "The client token was used with other parameters")
        return _reservation(world, again)
    if (form.get("MinCount"), form.get("MaxCount")) != ("1", "1"):
        raise Refused("InvalidParameterValue", "MinCount and MaxCount must be 1 here")
    one = _checked(world, form)
    _check_quotas(world, one["type"])
    made = world.add_instance(token=form.get("ClientToken"), order=_order(form), **one)
    return _reservation(world, made)


def _checked(world, form):
    """The members of the new instance."""
    if form.get("ImageId") not in worlds.IMAGES:
        raise Refused("InvalidAMIID.NotFound", f"The image id '[{form.get('ImageId')}]' does not exist")
    kind = form.get("InstanceType", "m1.small")
    if kind not in worlds.TYPES:
        raise Refused("InvalidParameterValue", f"Invalid value '{kind}' for InstanceType.")
    if "KeyName" in form and form["KeyName"] not in world.keys:
        raise Refused("InvalidKeyPair.NotFound", f"The key pair '{form['KeyName']}' does not exist")
    zone, subnet = form.get("Placement.AvailabilityZone"), form.get("SubnetId")
    if subnet is not None and subnet not in worlds.SUBNETS:
        raise Refused("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    if (zone or worlds.ZONES[0]) not in worlds.ZONES:
        raise Refused("InvalidParameterValue", f"Invalid availability zone: [{zone}]")
    if subnet and zone and worlds.SUBNETS[subnet] != zone:
        raise Refused("InvalidParameterValue", f"The subnet is not in the zone {zone}")
    return {"image": form["ImageId"], "type": kind, "zone": worlds.SUBNETS[subnet] if subnet else zone or worlds.ZONES[0],
            "subnet": subnet, "key_name": form.get("KeyName"), "groups": _groups(form, subnet),
            "user_data": _user_data(form), "tags": _tags_at_creation(form)}


def _groups(form, subnet):
    names = [value for _, value in _members(form, "SecurityGroup")]
    ids = [value for _, value in _members(form, "SecurityGroupId")]
    if names and (ids or subnet):
        raise Refused("InvalidParameterCombination", "The parameter groupName cannot be used with the parameter subnet")
    by_id = {number: name for name, number in worlds.GROUPS.items()}
    for name in names:
        if name not in worlds.GROUPS:
            raise Refused("InvalidGroup.NotFound", f"The security group '{name}' does not exist")
    for number in ids:
        if number not in by_id:
            raise Refused("InvalidGroup.NotFound", f"The security group '{number}' does not exist")
    return names + [by_id[number] for number in ids]


def _user_data(form):
    try:
        data = base64.b64decode(form.get("UserData", ""), validate=True)
    except ValueError:
        raise Refused("InvalidParameterValue", "Invalid BASE64 encoding of user data: " + form["UserData"]) from None
    if form["Version"] >= MODERN and len(data) > 16384:
        raise Refused("InvalidParameterValue", "User data is limited to 16384 bytes")
    return data.decode("latin-1")


def _tags(form, prefix=""):
    out = {}
    for at, key in _members(form, f"{prefix}Tag", ".Key"):
        value = form.get(at + ".Value", "")
        if not key or len(key) > 127 or len(value) > 255 or key.startswith("aws:"):
            raise Refused("InvalidParameterValue", f"Tag keys and values cannot be so: {key}")
        out[key] = value
    return out


def _tags_at_creation(form):
    out = {}
    for at, kind in _members(form, "TagSpecification", ".ResourceType"):
        if kind != "instance":
            raise Refused("InvalidParameterValue", f"'{kind}' is not a valid taggable resource type for this operation.")
        out.update(_tags(form, at + "."))
    return out


def _check_quotas(world, kind):
    living, most = world.living(), world.settings
    if 0 <= most["instances"] <= len(living):
        raise Refused("InstanceLimitExceeded", f"You have requested more instances ({len(living) + 1}) than your "
                                               f"current instance limit of {most['instances']} allows")
    taken = sum(worlds.TYPES[one["type"]][0] for one in living) + worlds.TYPES[kind][0]
    if 0 <= most["vcpus"] < taken:
        raise Refused("VcpuLimitExceeded", f"You have requested more vCPU capacity than your current vCPU limit of "
                                           f"{most['vcpus']} allows for the instance bucket")


def _unknown(number):
    kind = "NotFound" if re.fullmatch(r"i-[0-9a-f]{8,17}", number) else "Malformed"
    return Refused(f"InvalidInstanceID.{kind}", f"The instance ID '{number}' does not exist")


def _instance(world, number):
    found = next((one for one in world.known() if one["id"] == number), None)
    if found is None:
        raise _unknown(number)
    return found


def _TerminateInstances(world, form):
    ended = []
    for one in [_instance(world, number) for _, number in _members(form, "InstanceId")]:
        before = _state(one)
        world.terminate(one)
        ended.append({"instanceId": one["id"], "currentState": _state(one), "previousState": before})
    return {"instancesSet": ended}


def _CreateTags(world, form):
    found = [_instance(world, number) for _, number in _members(form, "ResourceId")]
    tags = _tags(form)
    if not found or not tags:
        raise Refused("MissingParameter", "The request must contain resources and tags")
    for one in found:
        if len({**one["tags"], **tags}) > 50:
            raise Refused("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
        one["tags"].update(tags)
    return {"return": "true"}


# --- types and keys ---

def _DescribeInstanceTypes(world, form):
    wanted = [value for _, value in _members(form, "InstanceType")]
    strange = [name for name in wanted if name not in worlds.TYPES]
    if strange:
        raise Refused("InvalidInstanceType", f"The following supplied instance types do not exist: [{strange[0]}]")
    filters = _filters(form)
    if set(filters) - {"instance-type"}:
        raise Refused("InvalidParameterValue", f"The filter '{sorted(filters)[0]}' is invalid")
    allowed = filters.get("instance-type")
    rows = [name for name in worlds.TYPES if (not wanted or name in wanted) and (allowed is None or name in allowed)]
    rows, token = _page(world, form, rows, 5, 100)
    return {"instanceTypeSet": [{"instanceType": name, "vCpuInfo": {"defaultVCpus": worlds.TYPES[name][0]},
                                 "memoryInfo": {"sizeInMiB": worlds.TYPES[name][1]}} for name in rows],
            "nextToken": token}


def _DescribeKeyPairs(world, form):
    named = {value for _, value in _members(form, "KeyName")}
    if named - set(world.keys):
        raise Refused("InvalidKeyPair.NotFound", f"The key pair '{sorted(named - set(world.keys))[0]}' does not exist")
    return {"keySet": [{"keyName": name, "keyFingerprint": fingerprint} for name, fingerprint in world.keys.items()
                       if not named or name in named]}


def _ImportKeyPair(world, form):
    name = form.get("KeyName", "")
    if name in world.keys:
        raise Refused("InvalidKeyPair.Duplicate", f"The key pair '{name}' already exists.")
    try:
        words = base64.b64decode(form.get("PublicKeyMaterial", ""), validate=True).decode().split()
        digest = hashlib.md5(base64.b64decode(words[1], validate=True)).hexdigest()
    except (ValueError, IndexError):
        raise Refused("InvalidKey.Format", "Key is not in valid OpenSSH public key format") from None
    world.keys[name] = ":".join(digest[at:at + 2] for at in range(0, 32, 2))
    return {"keyName": name, "keyFingerprint": world.keys[name]}
