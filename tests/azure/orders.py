# SPDX-License-Identifier: Apache-2.0
"""What the order for a machine may hold, and what it must."""

import base64
import re

from . import world as worlds
from .errors import Refused

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?")
COMPUTER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,62}[A-Za-z0-9])?")
TAG_KEY_WRONG = re.compile(r"[<>%&\\?/]")
USERS_RESERVED = ("root", "admin", "administrator", "user", "test", "guest")
NETWORK_VERSIONS = ("2020-11-01", "2022-11-01")
KEY = re.compile(r"(ssh-rsa|ssh-ed25519) [A-Za-z0-9+/=]{40,}( .*)?\s*")
CUSTOM_DATA_MAX = 65_535


def _wrong(name, value="", code="InvalidParameter"):
    return Refused(400, code, f"The value '{value}' of parameter '{name}' is invalid.")


def _only(value, what, *names):
    if not isinstance(value, dict):
        raise Refused(400, "InvalidRequestContent", f"'{what}' is no object")
    strange = set(value) - set(names)
    if strange:
        raise Refused(400, "InvalidRequestContent", f"Could not find member '{sorted(strange)[0]}' on object of type '{what}'.")
    return value


def _one(value, what):
    if not isinstance(value, list) or len(value) != 1:
        raise _wrong(what, value)
    return value[0]


def checked(name, body):
    """The members of the new machine."""
    _only(body, "virtualMachine", "location", "tags", "zones", "properties")
    if not NAME.fullmatch(name):
        raise _wrong("vmName", name)
    if str(body.get("location", "")).lower().replace(" ", "") != worlds.LOCATION:
        raise Refused(400, "LocationRequired" if "location" not in body else "InvalidLocation", "The location is not valid.")
    zone = _one(body["zones"], "zones") if "zones" in body else None
    if zone is not None and zone not in worlds.ZONES:
        raise _wrong("zones", zone)
    properties = _only(body.get("properties"), "properties", "hardwareProfile", "storageProfile", "osProfile", "networkProfile")
    size = _only(properties.get("hardwareProfile"), "hardwareProfile", "vmSize").get("vmSize")
    known = {one.lower(): one for one in worlds.SIZES}
    if str(size).lower() not in known:
        raise _wrong("vmSize", size)
    disk, disk_goes = _disk(properties.get("storageProfile"))
    system = _system(properties.get("osProfile"))
    subnet, public, goes = _network(properties.get("networkProfile"))
    return {"size": known[size.lower()], "zone": zone, "tags": _tags(body.get("tags", {})), "disk_gb": disk, "subnet": subnet,
            "public": public, "goes_with_it": goes + disk_goes, **system}


def _tags(tags):
    for key, value in tags.items():
        if not key or len(key) > 512 or TAG_KEY_WRONG.search(key) or not isinstance(value, str) or len(value) > 256:
            raise _wrong("tags", key, "InvalidTagNameCharacters")
    if len(tags) > 50:
        raise _wrong("tags", len(tags), "TooManyTags")
    return tags


def _disk(profile):
    _only(profile, "storageProfile", "imageReference", "osDisk")
    image = profile.get("imageReference") or {}
    number = image.get("id") or tuple(image.get(part) for part in ("publisher", "offer", "sku", "version"))
    found = next((size for one, size in worlds.IMAGES.items()
                  if one == number or isinstance(one, str) and one.lower() == str(number).lower()), None)
    if found is None:
        raise Refused(404, "NotFound", f"The image {number} was not found.")
    disk = _only(profile.get("osDisk"), "osDisk", "createOption", "deleteOption", "managedDisk", "diskSizeGB", "name", "caching")
    if disk.get("createOption") != "FromImage" or disk.get("deleteOption", "Detach") not in ("Delete", "Detach"):
        raise _wrong("osDisk", disk)
    if _only(disk.get("managedDisk", {}), "managedDisk", "storageAccountType").get("storageAccountType",
                                                                                   "Standard_LRS") not in worlds.DISK_TYPES:
        raise _wrong("storageAccountType", disk["managedDisk"])
    size = disk.get("diskSizeGB", found)
    if not isinstance(size, int) or size < found:
        raise Refused(400, "ResizeDiskError", f"Disk size {size} GB is smaller than the image's, {found} GB.")
    return size, ["disk"] if disk.get("deleteOption") == "Delete" else []


def _strong(password):
    kinds = sum(bool(re.search(kind, password)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[^A-Za-z0-9]"))
    return 12 <= len(password) <= 72 and kinds >= 3


def _system(profile):
    _only(profile, "osProfile", "computerName", "adminUsername", "adminPassword", "customData", "linuxConfiguration")
    if not COMPUTER.fullmatch(str(profile.get("computerName", ""))):
        raise _wrong("computerName", profile.get("computerName"))
    user = profile.get("adminUsername", "")
    if not re.fullmatch(r"[a-z_][A-Za-z0-9_.-]{0,63}", user) or user in USERS_RESERVED:
        raise _wrong("adminUsername", user)
    try:
        data = base64.b64decode(profile.get("customData", ""), validate=True)
    except ValueError:
        raise _wrong("customData", "no Base64") from None
    if len(data) > CUSTOM_DATA_MAX:
        raise _wrong("customData", len(data))
    system = _only(profile.get("linuxConfiguration", {}), "linuxConfiguration", "disablePasswordAuthentication", "ssh")
    keys = []
    for key in _only(system.get("ssh", {}), "ssh", "publicKeys").get("publicKeys", []):
        _only(key, "publicKeys", "path", "keyData")
        if key.get("path") != f"/home/{user}/.ssh/authorized_keys" or not KEY.fullmatch(key.get("keyData", "")):
            raise _wrong("linuxConfiguration.ssh.publicKeys", key.get("path"))
        keys.append(key["keyData"])
    password, closed = profile.get("adminPassword"), system.get("disablePasswordAuthentication", False)
    if closed and password is not None or closed and not keys or not closed and password is None:
        raise Refused(400, "InvalidParameter", "Authentication using either SSH or by user name and password must be enabled in "
                                               "Linux profile.")
    if password is not None and not _strong(password):
        raise _wrong("adminPassword", "***")
    return {"user": user, "keys": keys, "has_password": password is not None, "user_data": data.decode("latin-1")}


def _network(profile):
    _only(profile, "networkProfile", "networkApiVersion", "networkInterfaceConfigurations")
    if profile.get("networkApiVersion") not in NETWORK_VERSIONS:
        raise _wrong("networkProfile.networkApiVersion", profile.get("networkApiVersion"))
    one = _only(_one(profile.get("networkInterfaceConfigurations"), "networkInterfaceConfigurations"), "interface", "name",
                "properties")
    inner = _only(one.get("properties"), "interface.properties", "primary", "deleteOption", "ipConfigurations",
                  "networkSecurityGroup")
    if not one.get("name") or inner.get("primary") is not True:
        raise _wrong("networkInterfaceConfigurations", one.get("name"))
    group = _only(inner.get("networkSecurityGroup", {}), "networkSecurityGroup", "id").get("id")
    if group is not None and group not in worlds.SECURITY_GROUPS:
        raise Refused(400, "InvalidResourceReference", f"Resource {group} referenced by resource {one['name']} was not found.")
    address = _only(_one(inner.get("ipConfigurations"), "ipConfigurations"), "ipConfiguration", "name", "properties")
    inside = _only(address.get("properties"), "ipConfiguration.properties", "primary", "subnet", "publicIPAddressConfiguration")
    subnet = _only(inside.get("subnet"), "subnet", "id").get("id")
    if subnet not in worlds.SUBNETS:
        raise Refused(400, "InvalidResourceReference", f"Resource {subnet} referenced by resource {one['name']} was not found.")
    goes = ["interface"] if inner.get("deleteOption") == "Delete" else []
    public = inside.get("publicIPAddressConfiguration")
    if public is not None:
        _only(public, "publicIPAddressConfiguration", "name", "sku", "properties")
        of_it = _only(public.get("properties"), "publicIPAddressConfiguration.properties", "deleteOption",
                      "publicIPAllocationMethod")
        if public.get("sku", {}).get("name") == "Standard" and of_it.get("publicIPAllocationMethod") != "Static":
            raise _wrong("publicIPAllocationMethod", of_it.get("publicIPAllocationMethod"))
        goes += ["address"] if of_it.get("deleteOption") == "Delete" else []
    return subnet, public is not None, goes
