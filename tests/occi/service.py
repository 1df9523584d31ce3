# SPDX-License-Identifier: Apache-2.0
"""OCCI's HTTP protocol as ooi has it before OpenStack, and where it differs, rOCCI before OpenNebula."""

import base64
import json
import re
import uuid

from . import world as worlds
from .errors import Refused

PREFIX = "/occi1.1"
MACHINE = re.compile(rf"{PREFIX}/compute/([^/]+)")


class Reply:
    def __init__(self, status, body=b"", kind="text/plain", headers=()):
        self.status, self.body, self.headers = status, body, [("Content-Type", kind), *headers]


def title_of(exchange):
    path = exchange.path.removeprefix(PREFIX)
    return f"{exchange.method} {'/compute/ID' if MACHINE.fullmatch(exchange.path) else path}"


def authenticate(world, exchange, keystone):
    how = world.settings["auth"]
    if how == "none":
        return
    if how == "basic":
        wanted = "Basic " + base64.b64encode(":".join(worlds.USER).encode()).decode()
        if exchange.headers.get("authorization") != wanted:
            raise Refused(401, "Not authorized", [("WWW-Authenticate", 'Basic realm="occi"')])
        return
    if world.tokens.get(exchange.headers.get("x-auth-token")) != worlds.TENANTS[-1]:
        raise Refused(401, "Not authorized",
                      [("WWW-Authenticate", f"Keystone uri='{world.settings['keystone_at'] or keystone}/{world.settings['keystone']}'")])


def accepted(world, exchange):
    """The kind of the answer: the first that is asked for and that there is."""
    for wanted in exchange.headers.get("accept", "*/*").split(","):
        kind = wanted.split(";")[0].strip()
        if kind == "*/*":
            return "text/plain" if "text/plain" in world.settings["formats"] else world.settings["formats"][0]
        if kind in world.settings["formats"]:
            return kind
    raise Refused(406, f"Invalid Accept {exchange.headers.get('accept')}.")


def call(world, exchange, url):
    kind = accepted(world, exchange)
    method, path = exchange.method, exchange.path
    if re.search(r"\bOCCI/\d\.\d\b", exchange.headers.get("user-agent", "")) and not re.search(
            r"\bOCCI/1\.[12]\b", exchange.headers["user-agent"]):
        raise Refused(501, "this version of OCCI is not supported")
    if path == f"{PREFIX}/-/" and method in ("GET", "HEAD"):
        return show_categories(world, kind, url)
    if path in (f"{PREFIX}/compute/", f"{PREFIX}/compute"):
        if method == "GET":
            return show_list(world, kind, url)
        if method == "POST":
            return create(world, exchange, kind, url)
    found = MACHINE.fullmatch(path)
    if found and method in ("GET", "DELETE"):
        world.all()
        if found.group(1) not in world.machines:
            raise Refused(404, f"Resource Not Found: '{found.group(1)}'")
        if method == "DELETE":
            del world.machines[found.group(1)]
            return Reply(204)
        return show_machine(world, world.machines[found.group(1)], kind, url)
    raise Refused(404, "Not Found")


# --- renderings ---

def rendered(kind, fields, tree=None, status=200):
    """fields: [(name, content)]"""
    if kind == "application/occi+json":
        return Reply(status, json.dumps(tree).encode(), kind)
    if kind == "text/occi":
        return Reply(status, b"", kind, fields)
    if kind == "text/uri-list":
        return Reply(status, "\n".join(content for name, content in fields if name == "X-OCCI-Location").encode(), kind)
    return Reply(status, "\n".join(f"{name}: {content}" for name, content in fields).encode(), kind)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def categories(world, url):
    """(term, scheme, class, title, location, related, defaults)"""
    yield "compute", worlds.INFRA, "kind", "compute resource", f"{url}/compute/", "http://schemas.ogf.org/occi/core#resource", {}
    for term, title in (("os_tpl", "OCCI OS Template"), ("resource_tpl", "OCCI Resource Template")):
        yield term, worlds.INFRA, "mixin", title, f"{url}/{term}/", None, {}
    for term, title in worlds.IMAGES.items():
        yield term, worlds.SCHEMES["os"], "mixin", title, f"{url}/os_tpl/{term}", worlds.INFRA + "os_tpl", {}
    for term, (name, cores, memory) in worlds.SIZES.items():
        told = {"occi.compute.cores": cores, "occi.compute.memory": memory} if world.settings["tells_cores"] else {}
        yield (term, worlds.SCHEMES["size"], "mixin", f"Flavor: {name}", f"{url}/resource_tpl/{term}",
               worlds.INFRA + "resource_tpl", told)
    for term, scheme in mixins(world):
        yield term, scheme, "mixin", "Contextualization extension", f"{url}/{term}/", None, {}
    yield ("start", "http://schemas.ogf.org/occi/infrastructure/compute/action#", "action", "start compute instance", None,
           None, {})


def mixins(world):
    return {"openstack": (worlds.OS_USER_DATA, worlds.OS_KEY), "ogf": (worlds.OGF_USER_DATA, worlds.OGF_KEY),
            "": ()}[world.settings["user_data"]]


def show_categories(world, kind, url):
    fields, tree = [], {"kinds": [], "mixins": [], "actions": []}
    for term, scheme, name, title, location, related, defaults in categories(world, url):
        parts = [term, f'scheme="{scheme}"', f'class="{name}"', f"title={quoted(title)}"]
        parts += [f'rel="{related}"'] if related else []
        parts += [f'location="{location}"'] if location else []
        fields.append(("Category", "; ".join(parts)))
        one = {"term": term, "scheme": scheme, "title": title}
        if related:
            one.update({"parent": related} if name == "kind" else {"depends": [related]})
        if location:
            one["location"] = location
        if defaults:
            one["attributes"] = {key: {"type": "number", "mutable": False, "required": False, "default": value}
                                 for key, value in defaults.items()}
        tree[name + "s"].append(one)
    return rendered(kind, fields, tree)


def tree_of(world, one, url):
    return {"kind": worlds.INFRA + "compute", "id": one["id"], "title": one["name"],
            "mixins": [worlds.SCHEMES["os"] + one["image"], worlds.SCHEMES["size"] + one["size"]],
            "attributes": {"occi.compute.cores": worlds.SIZES[one["size"]][1], "occi.compute.hostname": one["name"],
                           "occi.compute.state": world.told_state(one)},
            "links": [{"kind": worlds.NETWORK, "attributes": {"occi.networkinterface.mac": "fa:16:3e:00:00:01",
                                                              "occi.networkinterface.address": one["ip"]},
                       "target": {"kind": worlds.INFRA + "network", "location": f"{url}/network/PUBLIC"}}]}


def show_list(world, kind, url):
    rows = world.all()
    rows = rows[:len(rows) - world.settings["drop_listed"]]
    fields = [("X-OCCI-Location", f"{url}/compute/{one['id']}") for one in rows]
    brief = [{"kind": worlds.INFRA + "compute", "id": one["id"], "title": one["name"]} for one in rows]
    whole = [tree_of(world, one, url) for one in rows]
    resources = whole if world.settings["whole_lists"] else brief
    if rows and world.settings["gone_after_list"]:
        del world.machines[rows[0]["id"]]
    return rendered(kind, fields, {"resources": resources} if rows else {})


def show_machine(world, one, kind, url):
    tree = tree_of(world, one, url)
    fields = [("Category", f'compute; scheme="{worlds.INFRA}"; class="kind"; title="compute resource"')]
    for part, title in (("image", worlds.IMAGES.get(one["image"], "")), ("size", "Flavor")):
        scheme = worlds.SCHEMES["os" if part == "image" else "size"]
        fields.append(("Category", f'{one[part]}; scheme="{scheme}"; class="mixin"; title={quoted(title)}'))
    attributes = {"occi.core.id": one["id"], "occi.core.title": one["name"], **tree["attributes"]}
    fields += [("X-OCCI-Attribute", f"{name}={value if isinstance(value, int) else quoted(value)}")
               for name, value in attributes.items()]
    fields.append(("Link", f'<{url}/compute/{one["id"]}?action=stop>; rel="http://schemas.ogf.org/occi/infrastructure/'
                           'compute/action#stop"'))
    fields.append(("Link", f'<{url}/networklink/{one["id"]}_PUBLIC_{one["ip"]}>; rel="{worlds.INFRA}network"; '
                           f'self="{url}/networklink/x"; category="{worlds.NETWORK}"; '
                           f'occi.networkinterface.mac="fa:16:3e:00:00:01"; '
                           f'occi.networkinterface.address="{one["ip"]}"'))
    return rendered(kind, fields, tree)


# --- a new machine ---

CATEGORY = re.compile(r'([A-Za-z0-9_.-]+); ?scheme="([^"]+)"; ?class="(kind|mixin)"(?:; ?(?:location|title|rel)="[^"]*")*')
ATTRIBUTE = re.compile(r'([a-z0-9_.]+)="((?:[^"\\]|\\.)*)"')


def request_of(exchange):
    """([(term, scheme, class)], {attribute: value})"""
    if exchange.headers.get("content-type") != "text/plain":
        raise Refused(406, f"Invalid Content-type {exchange.headers.get('content-type')}.")
    wanted, attributes = [], {}
    for line in exchange.body.decode().splitlines():
        name, _, content = line.partition(": ")
        pattern = {"Category": CATEGORY, "X-OCCI-Attribute": ATTRIBUTE}.get(name)
        found = pattern and pattern.fullmatch(content)
        if not found:
            raise Refused(400, f"Found invalid schema: 'cannot parse {name}'.")
        if name == "Category":
            wanted.append(found.groups())
        elif found.group(1) in attributes:
            raise Refused(400, f"Found invalid schema: '{found.group(1)} twice'.")
        else:
            attributes[found.group(1)] = re.sub(r"\\(.)", r"\1", found.group(2))
    return wanted, attributes


def create(world, exchange, kind, url):
    wanted, attributes = request_of(exchange)
    known = {(term, scheme, name) for term, scheme, name, *_ in categories(world, url)}
    for one in wanted:
        if one not in known:
            raise Refused(400, f"Schema does not match. Found '{one[1]}{one[0]}'.")
    if [one for one in wanted if one[2] == "kind"] != [("compute", worlds.INFRA, "kind")]:
        raise Refused(400, "Schema does not match. Expecting 'compute'.")
    chosen = {}
    for part, scheme in worlds.SCHEMES.items():
        terms = [term for term, of, _ in wanted if of == scheme]
        if len(terms) != 1:
            raise Refused(400, f"Missing OCCI types: '{scheme}'.")
        chosen[part] = terms[0]
    allowed = {"occi.core.id": None, "occi.core.title": None, "occi.compute.hostname": None,
               "org.openstack.compute.user_data": worlds.OS_USER_DATA, "occi.compute.userdata": worlds.OGF_USER_DATA,
               "org.openstack.credentials.publickey.data": worlds.OS_KEY, "occi.credentials.ssh.publickey": worlds.OGF_KEY}
    for name in attributes:
        if name not in allowed or (allowed[name] and (*allowed[name], "mixin") not in wanted):
            raise Refused(400, f"Unexpected attribute {name}")
    made = {"image": chosen["os"], "size": chosen["size"], "name": attributes.get("occi.core.title", "OCCI_VM"),
            "core_id": attributes.get("occi.core.id"), "user_data": user_data_of(attributes), "key": key_of(attributes)}
    if made["core_id"]:
        try:
            uuid.UUID(made["core_id"])
        except ValueError:
            raise Refused(400, "occi.core.id is no UUID") from None
    taken = sum(worlds.SIZES[one["size"]][1] for one in world.all())
    more, most = worlds.SIZES[made["size"]][1], world.settings["cores"]
    if 0 <= most < taken + more:
        raise Refused(403, f"Quota exceeded for cores: Requested {more}, but already used {taken} of {most} cores")
    one = world.add_machine(**made)
    place = f"{url}/compute/{one['id']}"
    return rendered(kind, [("X-OCCI-Location", place)], {"resources": [{"id": one["id"], "title": one["name"]}]},
                    200 if world.settings["style"] == "ooi" else 201)


def user_data_of(attributes):
    text = attributes.get("org.openstack.compute.user_data", attributes.get("occi.compute.userdata", ""))
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        raise Refused(400, "User data needs to be valid base 64.") from None


def key_of(attributes):
    text = attributes.get("org.openstack.credentials.publickey.data", attributes.get("occi.credentials.ssh.publickey"))
    if text is not None and not re.fullmatch(r"ssh-[a-z0-9-]+ [A-Za-z0-9+/]+=* \S+", text):
        raise Refused(400, "Keypair data is invalid: failed to generate fingerprint")
    return text
