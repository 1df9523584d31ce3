# SPDX-License-Identifier: Apache-2.0
"""The cases of the original's own suite (contract 8.2), each verified against what OpenNebula itself holds (8.3), in
front of OpenNebula 6 and 7, with machines that are there at once and machines that take their time."""

import json
import random
import re
import string

import pytest
from checks import (FUNCTIONS, ITEMS, create, error_of, nothing_left, put, read, remove, runtime_of, spec, until_state,
                    verify)
from engine import SOURCE, wait_for

NOBODY = 2147483647
JOE = ("joe", "mama")
TEMPLATES = sorted((SOURCE / "tests" / "templates").glob("sr_*.json"))
FAST = {"pending": 0, "prolog": 0, "boot": 0, "resize": 0, "disk_resize": 0, "flow_deploy": 0}
SLOW = {"pending": 0.1, "prolog": 0.2, "boot": 0.6, "resize": 0.4, "disk_resize": 0.3, "flow_deploy": 0.4}


@pytest.fixture(params=[("6.8.0", FAST), ("6.8.0", SLOW), ("6.10.2", SLOW), ("7.0.0", FAST), ("7.4.0", SLOW)],
                ids=lambda param: f"{param[0]}-{'fast' if param[1] is FAST else 'slow'}")
def cloud(request, one):
    version, timing = request.param
    one.reset(version=version, **timing)
    return one


@pytest.fixture
def client(cloud, alice):
    return alice


def test_there_are_six_templates():
    assert len(TEMPLATES) == 6


def changed(shown):
    """C3: what a GET said, without what only the engine writes, everything a caller may change changed."""
    wanted = json.loads(json.dumps(shown))
    for name in ("ID", "SERVICE_ID"):
        wanted.pop(name)
    for name in FUNCTIONS:
        function = wanted.get(name, {})
        for member in ("VM_ID", "STATE"):
            function.pop(member, None)
        for member, more in (("CPU", 1), ("MEMORY", 64), ("DISK_SIZE", 128)):
            if member in function:
                function[member] += more
    wanted["NAME"] = "".join(random.choices(string.ascii_letters + string.digits, k=16))
    for section in ("SCHEDULING", "DEVICE_INFO"):
        for member, value in wanted.get(section, {}).items():
            wanted[section][member] = round(random.uniform(0.001, 9), 6) if isinstance(value, float) else \
                "".join(random.choices(string.ascii_letters, k=12))
    return wanted


@pytest.mark.parametrize("template", [*TEMPLATES, SOURCE / "tests" / "templates" / "_sr_sched.json"],
                         ids=lambda path: path.stem)
def test_crud(cloud, client, template):
    wanted = json.loads(template.read_text())
    shown = runtime_of(client.post(ITEMS, json=wanted), 201)  # C1
    number = shown["ID"]
    assert type(number) is int
    verify(cloud, client, wanted, read(client, number))  # C2
    update = changed(read(client, number))

    def updated():  # C3
        answer = put(client, number, update)
        if answer.status_code == 423:
            error_of(answer, 423)
            return None
        return runtime_of(answer, 200)
    verify(cloud, client, {"SERVERLESS_RUNTIME": update}, wait_for("the PUT is taken", updated, 60))
    verify(cloud, client, {"SERVERLESS_RUNTIME": update}, read(client, number))  # C4
    remove(client, number)  # C5
    nothing_left(cloud)


def test_auth(cloud, client, engine):
    assert error_of(client.post(ITEMS, json=spec("no-such-flavour")), 403, 422)  # A1
    error_of(client.post(ITEMS, json=spec("DenyVMTemplate")), 403, 422)  # A2
    number = create(client)["ID"]  # A3
    with engine.client(None) as nobody, engine.client(JOE) as joe:
        for answer in (nobody.post(ITEMS, json=spec()), nobody.get(f"{ITEMS}/{number}"),
                       nobody.delete(f"{ITEMS}/{number}"), put(nobody, number, {})):  # A4 to A6
            assert error_of(answer, 401) == {"error": "Authentication required", "message": ""}
            assert "WWW-Authenticate" not in answer.headers
        error_of(joe.post(ITEMS, json=spec()), 401)  # A7
        error_of(joe.get(f"{ITEMS}/{number}"), 401, 404)  # A8
        error_of(joe.delete(f"{ITEMS}/{number}"), 401, 404)  # A9
        # A schema violation is found before anybody asks OpenNebula who this is (contract 2.4).
        error_of(joe.post(ITEMS, json={"SERVERLESS_RUNTIME": {}}), 400)
    remove(client, number)  # A10
    nothing_left(cloud)


def test_invalid(cloud, client):
    error_of(client.post(ITEMS, json=spec(DAAS={}) | {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "Function"},
                                                                           "DAAS": {}}}), 400)  # I1
    said = error_of(client.post(ITEMS, json=spec("Nothing-like-it")), 422)  # I2
    assert said["error"] == "Cannot find a valid service template for the specified flavours: Nothing-like-it"
    said = error_of(client.post(ITEMS, json=spec("FAILED_DEPLOY")), 500)  # I3
    assert re.fullmatch(r"Serverless Runtime Service \d+ entered FAILED state after creation", said["error"])
    assert said["message"] and all({"timestamp", "severity", "message"} == set(line) for line in said["message"])
    nothing_left(cloud)
    for answer in (client.get(f"{ITEMS}/{NOBODY}"), put(client, NOBODY, {}), client.put(f"{ITEMS}/{NOBODY}", json={}),
                   client.delete(f"{ITEMS}/{NOBODY}")):  # I4 to I6
        assert error_of(answer, 404) == {"error": "Serverless Runtime not found", "message": ""}
    shown = create(client)  # I7
    error_of(client.get(f"{ITEMS}/{shown['SERVICE_ID']}"), 404)
    error_of(client.delete(f"{ITEMS}/{shown['SERVICE_ID']}"), 404)
    assert any(each["id"] == shown["SERVICE_ID"] for each in cloud.services())
    remove(client, shown["ID"])  # I8
    nothing_left(cloud)


def test_intended(cloud, client):
    """What the original's suite names and never tries: PUT of a wrong schema, another flavour, a DaaS beside a FaaS, less
    disk, more than the driver gives."""
    number = create(client)["ID"]
    before = until_state(client, number)
    error_of(put(client, number, {"FAAS": {"FLAVOUR": "", "CPU": "2"}}), 400)
    assert runtime_of(put(client, number, {"FAAS": {"FLAVOUR": "Other"}}), 200) == before
    assert runtime_of(put(client, number, spec("Function", "Data")["SERVERLESS_RUNTIME"]), 200) == before
    vm = cloud.vm(before["FAAS"]["VM_ID"])
    less = put(client, number, {"FAAS": {"FLAVOUR": "", "DISK_SIZE": before["FAAS"]["DISK_SIZE"] - 1}})
    assert "disk" in error_of(less, 500)["error"]
    # Beyond VCPU_MAX oned says yes and the driver says no; the machine goes on as it was.
    cloud.driver_fails("resize", text="cannot set vcpus beyond the maximum")
    more = error_of(put(client, number, {"FAAS": {"FLAVOUR": "", "CPU": 64}}), 500)
    assert more["error"] == "Failed to resize Serverless Runtime Function VM capacity"
    assert "beyond the maximum" in more["message"]
    after = read(client, number)
    assert (after["FAAS"]["STATE"], after["FAAS"]["CPU"]) == ("RUNNING", 1) and after == before
    assert cloud.vm(vm["id"])["template"]["VCPU"] == vm["template"]["VCPU"]
    remove(client, number)
    nothing_left(cloud)


def test_server_info(cloud, client, engine):
    assert re.fullmatch(r"\d+\.\d+\.\d+([-+].*)?", client.get("/server/version").json())
    assert client.get("/server/config").status_code == 200
    with engine.client(None) as nobody:
        schema = nobody.get(f"{ITEMS}/schema")
    assert schema.status_code == 200 and schema.headers["Content-Type"] == "application/json"
    shipped = SOURCE / "share" / "schemas" / "serverless_runtime.json"
    assert schema.json() == json.loads(shipped.read_text())
