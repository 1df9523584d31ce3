# SPDX-License-Identifier: Apache-2.0
"""What Nova refuses of a request's body, before it looks at anything else."""

import base64
import binascii
import re

from .service import Refused, is_uuid


def wrong(field, value, why):
    # Nova quotes the value whole, whatever it holds.
    return Refused(400, f"Invalid input for field/attribute {field}. Value: {value}. {why}")


def _text(field, value, least=0, most=255):
    if not isinstance(value, str):
        raise wrong(field, value, f"{value!r} is not of type 'string'")
    if not least <= len(value) <= most:
        raise wrong(field, value, f"{value!r} is too {'long' if len(value) > most else 'short'}")


def _only(where, value, names):
    if not isinstance(value, dict):
        raise wrong(where, value, f"{value!r} is not of type 'object'")
    strange = sorted(set(value) - set(names))
    if strange:
        raise wrong(where, value, f"Additional properties are not allowed ({strange[0]!r} was unexpected)")


def _list(field, value):
    if not isinstance(value, list):
        raise wrong(field, value, f"{value!r} is not of type 'array'")


SERVER = ("name", "imageRef", "flavorRef", "adminPass", "metadata", "networks", "OS-DCF:diskConfig", "accessIPv4",
          "accessIPv6", "availability_zone", "block_device_mapping", "block_device_mapping_v2", "config_drive",
          "key_name", "max_count", "min_count", "return_reservation_id", "security_groups", "user_data")
MAPPING = ("source_type", "uuid", "image_id", "destination_type", "guest_format", "device_type", "disk_bus",
           "boot_index", "delete_on_termination", "volume_size", "device_name", "no_device", "connection_info")


def check_server(body, version):
    _only("body", body, ("server", "os:scheduler_hints", "OS-SCH-HNT:scheduler_hints"))
    if "server" not in body:
        raise Refused(400, "Invalid input for field/attribute body. 'server' is a required property")
    wanted = body["server"]
    _only("server", wanted, SERVER + (("personality",) if version < (2, 57) else ()) +
          (("description",) if version >= (2, 19) else ()) + (("tags",) if version >= (2, 52) else ()))
    for name in ("name", "flavorRef"):
        if name not in wanted:
            raise wrong("server", wanted, f"{name!r} is a required property")
    _text("name", wanted["name"], 1)
    if wanted["name"] != wanted["name"].strip():
        raise wrong("name", wanted["name"], "cannot start or end with whitespace")
    if isinstance(wanted["flavorRef"], bool) or not isinstance(wanted["flavorRef"], (str, int)):
        raise wrong("flavorRef", wanted["flavorRef"], "is not valid")
    if wanted.get("imageRef", "") != "" and not is_uuid(wanted["imageRef"]):
        raise wrong("imageRef", wanted["imageRef"], f"{wanted['imageRef']!r} is not a 'uuid'")
    _metadata(wanted.get("metadata", {}))
    for each in _items(wanted, "networks"):
        _only("networks", each, ("fixed_ip", "port", "uuid"))
        if not is_uuid(each.get("uuid")):
            raise wrong("uuid", each.get("uuid"), f"{each.get('uuid')!r} is not a 'uuid'")
    for each in _items(wanted, "security_groups"):
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise wrong("security_groups", each, "is not valid")
    for each in _items(wanted, "block_device_mapping_v2"):
        _only("block_device_mapping_v2", each, MAPPING)
        if not is_uuid(each.get("uuid")):
            raise wrong("uuid", each.get("uuid"), f"{each.get('uuid')!r} is not a 'uuid'")
        if each.get("source_type") not in ("volume", "image", "snapshot", "blank"):
            raise wrong("source_type", each.get("source_type"),
                        "is not one of ['volume', 'image', 'snapshot', 'blank']")
    for name in ("availability_zone", "key_name"):
        if wanted.get(name) is not None:
            _text(name, wanted[name], 1)
    if "user_data" in wanted and wanted["user_data"] is not None:
        _user_data(wanted["user_data"])
    return wanted


def _items(wanted, name):
    value = wanted.get(name, [])
    _list(name, value)
    return value


def _metadata(value):
    if not isinstance(value, dict):
        raise wrong("metadata", value, f"{value!r} is not of type 'object'")
    for name, text in value.items():
        if not re.match(r"^[a-zA-Z0-9-_:. ]{1,255}$", name):
            raise wrong("metadata", value, f"{name!r} does not match any of the regexes: '^[a-zA-Z0-9-_:. ]{{1,255}}$'")
        _text(name, text)


def _user_data(value):
    _text("user_data", value, 0, 65535)
    try:
        base64.b64decode(value.encode(), validate=True)
    except (binascii.Error, ValueError):
        raise wrong("user_data", value, f"{value!r} is not a 'base64'") from None


def check_keypair(body, version):
    _only("body", body, ("keypair",))
    if "keypair" not in body:
        raise Refused(400, "Invalid input for field/attribute body. 'keypair' is a required property")
    wanted = body["keypair"]
    _only("keypair", wanted, ("name", "public_key") + (("type",) if version >= (2, 2) else ()))
    _text("name", wanted.get("name"), 1)
    if not re.match(r"^[a-zA-Z0-9 _-]+$", wanted["name"]):
        raise Refused(400, "Keypair data is invalid: Keypair name contains unsafe characters")
    _text("public_key", wanted.get("public_key"), 1, 1 << 14)
    return wanted
