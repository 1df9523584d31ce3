# SPDX-License-Identifier: Apache-2.0
"""The API, as its clients have left it: its own documents are not to be had any more."""

import base64
import json
import re
import time
import urllib.parse

from . import world as worlds
from .errors import Refused

ROOT = f"/{worlds.VERSION}/machines"
MACHINE = re.compile(rf"{ROOT}/([^/]+)(/actions/assign-public-ip)?")


def title_of(exchange):
    found = MACHINE.fullmatch(exchange.path)
    if found:
        return f"{exchange.method} machines/ID{found.group(2) or ''}"
    return f"{exchange.method} {'machines' if exchange.path == ROOT else exchange.path}"


def call(world, exchange, url):
    """(status, object, headers)"""
    if exchange.headers.get("dbce-apikey") != worlds.KEY:
        raise Refused(401, "No valid API key provided")
    if exchange.headers.get("accept") != "application/json":
        raise Refused(406, "Not Acceptable")
    if exchange.method == "POST" and exchange.headers.get("content-type") != "application/json":
        raise Refused(415, "Unsupported Media Type")
    if exchange.path == ROOT and exchange.method == "GET":
        return show_list(world, exchange, url)
    if exchange.path == ROOT and exchange.method == "POST":
        return create(world, exchange)
    found = MACHINE.fullmatch(exchange.path)
    world.all()
    if not found or found.group(1) not in world.machines:
        raise Refused(404, "No resource found")
    one, action = world.machines[found.group(1)], found.group(2)
    if action and exchange.method == "POST":
        return assign(world, exchange, one)
    if not action and exchange.method == "DELETE":
        del world.machines[one["id"]]
        return 202, {"message": "Request has been successfully accepted"}, ()
    if not action and exchange.method == "GET":
        return 200, {"data": shown(world, one)}, ()
    raise Refused(405, "Method Not Allowed")


def shown(world, one):
    told = world.settings["told_processors"]
    processors = worlds.CONFIGURATIONS[one["configuration"]] if told < 0 else told
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(one["since"]))
    return {"id": int(one["id"]), "name": one["name"], "description": "", "created": moment, "updated": moment,
            "state": one["state"], "cpu": processors, "memory": 2048,
            "disks": [{"id": 1, "capacity": 20480}], "networkInterfaces": [{"id": 1, "addresses": []}]}


def show_list(world, exchange, url):
    rows = world.all()
    told = rows[:len(rows) - world.settings["drop_listed"]]
    size = world.settings["page"] or len(told) or 1
    page = int(dict(urllib.parse.parse_qsl(exchange.query)).get("page", "0"))
    part = told[page * size:(page + 1) * size]
    more = (page + 1) * size < len(told)
    headers = [("Link", f'<{url}{ROOT}?page=0>; rel="first", <{url}{ROOT}?page={page + 1}>; rel="next"')] if more else []
    tree = {"data": [shown(world, one) for one in part]}
    if world.settings["tells_total"]:
        tree["total"] = len(rows)
    return 200, tree, headers


def tree_of(exchange):
    try:
        tree = json.loads(exchange.body)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise Refused(400, "Problem with request syntax")
    return tree


def create(world, exchange):
    wanted = tree_of(exchange)
    if set(wanted) - {"name", "platform", "image", "configuration", "network", "cloudConfig", "publicKey", "description"}:
        raise Refused(400, "Problem with request syntax")
    for member, known in (("platform", worlds.PLATFORMS), ("image", worlds.IMAGES),
                          ("configuration", tuple(worlds.CONFIGURATIONS)), ("network", worlds.NETWORKS)):
        if not isinstance(wanted.get(member), dict) or set(wanted[member]) != {"id"}:
            raise Refused(400, f"{member} must have an id")
        if wanted[member]["id"] not in known:
            raise Refused(400, f"There is no {member} {wanted[member]['id']}")
    if not re.fullmatch(r"[A-Za-z0-9-]{1,63}", wanted.get("name", "")):
        raise Refused(400, "name must be a host name")
    try:
        text = base64.b64decode(wanted.get("cloudConfig", ""), validate=True).decode()
    except ValueError:
        raise Refused(400, f"cloudConfig is no Base64: {wanted['cloudConfig']}") from None
    if 0 <= world.settings["machines"] <= len(world.machines):
        raise Refused(403, "Quota exceeded: no more machines")
    one = world.add_machine(name=wanted["name"], image=wanted["image"]["id"], configuration=wanted["configuration"]["id"],
                            cloud_config=text)
    return 201, {"data": shown(world, one)}, ()


def assign(world, exchange, one):
    tree_of(exchange)
    if one["addresses"]:
        raise Refused(409, "The machine has a public address")
    if one["state"] != "started" and not world.settings["address_at_once"]:
        raise Refused(400, "The machine is not running")
    one["addresses"] += 1
    return 202, {"message": "Request has been successfully accepted"}, ()
