# SPDX-License-Identifier: Apache-2.0
"""Service templates: their validation, the merge at instantiation and the conversions of OpenNebula 7."""

import copy
import re


class Invalid(Exception):
    """The validator's sentence."""


SHUTDOWN = ("terminate", "terminate-hard", "shutdown", "shutdown-hard")
NAME = re.compile(r"^\w+$", re.M | re.A)


def _required(body, name):
    if not body.get(name) and body.get(name) not in (0, "", [], {}):
        raise Invalid(f"KEY: '{name}' is required;")


def _string(body, name, allowed=None):
    value = body.get(name)
    if value is None or value is False:
        return
    if not isinstance(value, str):
        raise Invalid(f"KEY: '{name}' must be a String;")
    if allowed and value not in allowed:
        raise Invalid(f"KEY: '{name}' must be one of {', '.join(allowed)};")


def _integer(body, name, minimum=None):
    value = body.get(name)
    if value is None or value is False:
        return
    try:
        if isinstance(value, (bool, list, dict)):
            raise ValueError
        value = int(value)
    except ValueError:
        raise Invalid(f"KEY: '{name}' must be an Integer;") from None
    if minimum is not None and value < minimum:
        raise Invalid(f"KEY: '{name}' must be greater than or equal to {minimum};")
    body[name] = value


def _object(body, name):
    if body.get(name) and not isinstance(body[name], dict):
        raise Invalid(f"KEY: {name} must be a Hash; SCHEMA:")


def _boolean(body, name):
    if body.get(name) not in (None, False, True):
        raise Invalid(f"KEY: '{name}' is not allowed;")


def _array(body, name):
    if body.get(name) and not isinstance(body[name], list):
        raise Invalid(f"KEY: '{name}' must be an Array;")


def validate(template, release):
    """Checks a service template as this release does, and sets its defaults. In 7 the old format becomes the new."""
    if not isinstance(template, dict):
        raise Invalid("KEY:  must be a Hash; SCHEMA:")
    objects = release >= (7, 0)
    if objects and _is_old(template):
        _convert(template)
    _required(template, "name")
    _string(template, "name")
    _string(template, "deployment", ("none", "straight"))
    template["deployment"] = template.get("deployment") or "none"
    _string(template, "description")
    template["description"] = template.get("description") or ""
    _string(template, "shutdown_action", SHUTDOWN)
    _required(template, "roles")
    _array(template, "roles")
    for name in ("ready_status_gate", "automatic_deletion", "on_hold"):
        _boolean(template, name)
    for name in ("networks",) + (("user_inputs", "user_inputs_values") if objects
                                 else ("custom_attrs", "custom_attrs_values")):
        _object(template, name)
    for role in template["roles"]:
        _validate_role(role, release)
    names = [role["name"] for role in template["roles"]]
    for name in names:
        if names.count(name) > 1:
            raise Invalid(f"Role name '{name}' is repeated")


def _validate_role(role, release):
    if not isinstance(role, dict):
        raise Invalid("KEY: roles must be a Hash; SCHEMA:")
    objects = release >= (7, 0)
    if objects and role.get("type", "vm") != "vm":
        raise Invalid(f"Unsupported role type \"{role['type']}\"")
    _required(role, "name")
    _string(role, "name")
    if not NAME.search(role["name"]):
        raise Invalid("KEY: 'name' must match regexp /^\\w+$/;")
    if objects:
        _required(role, "type")
    _integer(role, "cardinality", 0)
    if role.get("cardinality") is None:
        role["cardinality"] = 1 if release < (6, 10) else 0
    reference = "template_id" if objects else "vm_template"
    _required(role, reference)
    _integer(role, reference)
    if objects:
        _object(role, "template_contents")
    else:
        _string(role, "vm_template_contents")
    _array(role, "parents")
    _string(role, "shutdown_action", SHUTDOWN)
    for name in ("min_vms", "max_vms", "cooldown"):
        _integer(role, name, 0)
    _boolean(role, "on_hold")
    if role.get("min_vms") is not None and role["min_vms"] > role["cardinality"]:
        raise Invalid(f"Role '{role['name']}' 'cardinality' must be greater than or equal to 'min_vms'")
    if role.get("max_vms") is not None and role["max_vms"] < role["cardinality"]:
        raise Invalid(f"Role '{role['name']}' 'cardinality' must be lower than or equal to 'max_vms'")


def merged(body, merge_template, release):
    """The template that is instantiated. Before 7 roles merge by position, from 7 on by name."""
    body, merge_template = copy.deepcopy(body), copy.deepcopy(merge_template)
    if release < (7, 0):
        return _merge_by_position(body, merge_template)
    extra = merge_template.get("roles") or []
    if extra:
        for at, role in enumerate(body.get("roles", [])):
            found = next((one for one in extra if isinstance(one, dict) and one.get("name") == role["name"]), None)
            if found:
                body["roles"][at] = deep_merge(role, found)
        del merge_template["roles"]
    return deep_merge(body, merge_template)


def _merge_by_position(base, other):
    target = dict(base)
    for key, value in other.items():
        current = base.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            target[key] = _merge_by_position(current, value)
        elif isinstance(value, list) and isinstance(current, list):
            for at, element in enumerate(value):
                mine = current[at] if at < len(current) else None
                if isinstance(mine, dict) and isinstance(element, dict):
                    target[key][at] = _merge_by_position(mine, element)
                else:
                    target[key] = value  # one element that does not fit, and the whole list is the other's
        else:
            target[key] = value
    return target


def deep_merge(base, other, merge_arrays=True):
    """OpenNebula 7's merge; only the outermost level can be told to replace arrays."""
    target = dict(base)
    for key, value in other.items():
        current = target.get(key)
        if isinstance(value, dict) and isinstance(current, dict):
            target[key] = deep_merge(current, value)
        elif merge_arrays and isinstance(value, list) and isinstance(current, list):
            target[key] = current + value
        else:
            target[key] = value
    return target


def _is_old(body):
    roles = body.get("roles")
    return isinstance(roles, list) and all(
        isinstance(role, dict) and ("vm_template" in role or "vm_template_contents" in role) for role in roles)


def _convert(body):
    for role in body["roles"]:
        # Ruby's to_i: what is absent or no number is template 0.
        found = re.match(r"\s*[+-]?\d+", str(role.get("vm_template", "")))
        role["template_id"] = int(found.group()) if found else 0
        role["type"] = "vm"
        if role.get("custom_attrs"):
            role["user_inputs"] = role.pop("custom_attrs")
        if role.get("vm_template_contents"):
            role["template_contents"] = _object_from(role["vm_template_contents"])
        for old in ("vm_template", "vm_template_contents", "custom_attrs_values"):
            role.pop(old, None)
    for old, new in (("custom_attrs", "user_inputs"), ("custom_attrs_values", "user_inputs_values")):
        if body.get(old):
            body[new] = body.pop(old)


def _object_from(text):
    """OpenNebula 7's reading of the old string: quotes vanish, and vectors break at every comma."""
    result = {}
    for line in re.split(r"\n(?![^\[]*\])", text):
        if "=" not in line:
            continue
        key, value = (part.strip() for part in line.split("=", 1))
        value = value.replace('"', "")
        if value.startswith("[") and value.endswith("]"):
            members = {}
            for element in re.split(r"\s*,\s*", value[1:-1]):
                name, equals, inner = element.partition("=")
                members[name.strip()] = inner.strip() if equals else None
            value = members
        if key not in result:
            result[key] = value
        elif isinstance(result[key], list):
            result[key].append(value)
        else:
            result[key] = [result[key], value]
    return result


def raw(content):
    """OpenNebula 7's text of an object. Lines inside vectors get commas, also those inside a value."""
    text = ""
    for key, value in content.items():
        if isinstance(value, dict):
            inner = raw(value).split("\n")
            while inner and not inner[-1]:
                inner.pop()
            text += f"{key} = [\n" + ",\n".join(inner) + "\n]\n"
        elif isinstance(value, list):
            text += "".join(raw({key: element}) for element in value)
        else:
            shown = {None: "", True: "true", False: "false"}[value] if value is None or isinstance(value, bool) else \
                str(value)
            shown = shown.replace('"', '\\"')
            text += f"{key} = \"{shown}\"\n"
    return text
