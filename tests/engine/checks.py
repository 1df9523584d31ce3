# SPDX-License-Identifier: Apache-2.0
"""What an answer must be: the published schemas, and verify_sr_spec of the original's suite (contract 8.3)."""

import base64
import decimal
import json

from engine import wait_for
from opennebula.control_client import ALICE, NOTHING_LEFT

ITEMS = "/serverless-runtimes"
FUNCTIONS = ("FAAS", "DAAS")
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}


def spec(flavour="Function", data=None, **members):
    """spec("Function", "Data", FAAS={"CPU": 2}, SCHEDULING={...})"""
    body = {"FAAS": {"FLAVOUR": flavour, **members.pop("FAAS", {})}}
    if data is not None:
        body["DAAS"] = {"FLAVOUR": data, **members.pop("DAAS", {})}
    return {"SERVERLESS_RUNTIME": {**body, **members}}


def unique(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a member twice: {names}"
    return dict(pairs)


def body_of(answer):
    return json.loads(answer.text, object_pairs_hook=unique)


def fits(value, schema, path="#"):
    """JSON Schema draft 4, as far as the published files use it."""
    wanted = schema.get("type")
    if wanted:
        good = isinstance(value, TYPES[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
        assert good, f"{path}: {value!r} is no {wanted}"
    assert "enum" not in schema or value in schema["enum"], f"{path}: {value!r}"
    if isinstance(value, dict):
        for name in schema.get("required", ()):
            assert name in value, f"{path} has no {name}"
        for name, inner in schema.get("properties", {}).items():
            if name in value:
                fits(value[name], inner, f"{path}/{name}")


def error_of(answer, *statuses):
    """The members of an error of one of these statuses; whatever it says, it has the published form."""
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/json"
    body = body_of(answer)
    assert isinstance(body["error"], str) and body["error"] and isinstance(body["message"], (str, dict, list)), body
    return body


def runtime_of(answer, status):
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["Content-Type"] == "application/json"
    return body_of(answer)["SERVERLESS_RUNTIME"]


def create(client, wanted=None, status=201):
    return runtime_of(client.post(ITEMS, json=wanted or spec()), status)


def read(client, number):
    return runtime_of(client.get(f"{ITEMS}/{number}"), 200)


def put(client, number, wanted):
    return client.put(f"{ITEMS}/{number}", json={"SERVERLESS_RUNTIME": wanted})


def remove(client, number):
    answer = client.delete(f"{ITEMS}/{number}")
    assert answer.status_code == 204 and answer.content == b"" and "Content-Type" not in answer.headers, answer.text


def until_state(client, number, state="RUNNING", functions=FUNCTIONS):
    def all_there():
        seen = read(client, number)
        return all(seen[name]["STATE"] == state for name in functions if "VM_ID" in seen.get(name, {})) and seen
    return wait_for(f"runtime {number} is {state}", all_there, 30)


def created(client, wanted=None):
    """A runtime that runs."""
    return until_state(client, create(client, wanted)["ID"])


def nothing_left(one, seconds=40):
    try:
        wait_for("nothing is left", lambda: one.leftovers() == NOTHING_LEFT, seconds)
    except AssertionError:
        raise AssertionError(f"left: {one.leftovers()}") from None


def upper_case(text):
    return "".join(c.upper() if c.isascii() else c for c in text)


def written(value):
    """A member of DEVICE_INFO as OpenNebula stores it."""
    return value if isinstance(value, str) else str(decimal.Decimal(repr(value))) if isinstance(value, float) \
        else str(value)


def verify(one, client, wanted, shown, caller=ALICE):
    """Contract 8.3: what the engine shows is what was asked for, and what OpenNebula itself holds."""
    schema = client.get(f"{ITEMS}/schema").json()
    fits(wanted, schema)
    fits({"SERVERLESS_RUNTIME": shown}, schema)
    asked = wanted["SERVERLESS_RUNTIME"]
    document = one.document(shown["ID"])
    assert document["type"] == 1337 and document["user"] == caller[0]
    assert document["name"] == shown["NAME"] == asked.get("NAME", shown["NAME"])
    stored = json.loads(document["template"]["BODY"])
    assert {"NAME": shown["NAME"], "ID": shown["ID"], **stored} == shown
    service = next(each for each in one.services() if each["id"] == shown["SERVICE_ID"])
    for name in FUNCTIONS:
        if not asked.get(name, {}).get("FLAVOUR") and not shown.get(name, {}).get("VM_ID"):
            assert name not in asked or shown[name] == asked[name]
            continue
        _verify_function(one, asked, name, shown[name], service, caller)


def _verify_function(one, asked, name, shown, service, caller):
    wanted = asked[name]
    assert {"FLAVOUR", "VM_ID", "STATE", "ENDPOINT"} <= set(shown)
    assert shown["VM_ID"] in service["nodes"]
    vm = one.vm(shown["VM_ID"])
    template, user_template = vm["template"], vm["user_template"]
    # Not "lenient": no line break anywhere.
    assert base64.b64decode(template["CONTEXT"]["SR_AUTH"], validate=True).decode() == ":".join(caller)
    disk = template["DISK"][0] if isinstance(template["DISK"], list) else template["DISK"]
    for member, there in (("CPU", template["VCPU"]), ("CPU", template["CPU"]), ("MEMORY", template["MEMORY"]),
                          ("DISK_SIZE", disk["SIZE"])):
        assert shown[member] == wanted.get(member, shown[member]) == float(there), (member, wanted, shown, there)
    nics = template.get("NIC", [])
    nic = (nics[0] if nics else {}) if isinstance(nics, list) else nics
    assert shown["ENDPOINT"] == next((nic[key] for key in ("EXTERNAL_IP", "IP6", "IP") if key in nic), "")
    if "ERROR" in user_template and shown["STATE"] == "ERROR":
        assert shown["ERROR"] == user_template["ERROR"]
    assert int(user_template["FLAVOURS"]) >= 0
    for member, attribute in (("POLICY", "SCHED_RANK"), ("REQUIREMENTS", "SCHED_REQUIREMENTS")):
        if member in asked.get("SCHEDULING", {}):
            assert user_template.get(attribute, "") == upper_case(asked["SCHEDULING"][member])
    for member, value in asked.get("DEVICE_INFO", {}).items():
        assert user_template["DEVICE_INFO"][member] == written(value)
