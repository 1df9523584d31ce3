# SPDX-License-Identifier: Apache-2.0
"""What is at the edge of what can be read, kept, sent on and waited for. Whatever a POST took can be read and removed
again; what it refuses is told whole."""

import json
import re
import uuid

import pytest
from checks import ITEMS, created, error_of, nothing_left, put, read, remove, spec

LEVELS_TAKEN = 100  # of a request's body
LEVELS_READ = 128  # of a document
NAME_BYTES = 128


def nested(levels):
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("pretty", [False, True])
def test_what_was_taken_is_read_again_however_deep(one, new_engine, pretty):
    engine = new_engine({"log": {"pretty": pretty}})
    with engine.client() as alice:
        shown = created(alice, spec(X=nested(LEVELS_TAKEN - 2)))
        assert shown["X"] == nested(LEVELS_TAKEN - 2) and read(alice, shown["ID"]) == shown
        deep = {"LATENCY_TO_PE": 1, "X": nested(LEVELS_TAKEN - 3)}
        assert put(alice, shown["ID"], {"FAAS": {"FLAVOUR": ""}, "DEVICE_INFO": deep}).status_code == 200
        assert read(alice, shown["ID"])["DEVICE_INFO"] == deep
        assert [each["ID"] for each in alice.get(ITEMS).json()["SERVERLESS_RUNTIMES"]] == [shown["ID"]]
        with alice.stream("GET", f"{ITEMS}/{shown['ID']}/events") as events:
            told = (line.strip() for line in events.iter_lines())
            assert next(line for line in told if line.startswith("event:")) == "event: state"
        remove(alice, shown["ID"])
    nothing_left(one)


def test_a_level_more_is_refused(one, alice):
    said = error_of(alice.post(ITEMS, json=spec(X=nested(LEVELS_TAKEN - 1))), 400)
    assert said["error"] == "Invalid JSON" and f"more than {LEVELS_TAKEN} levels" in said["message"]
    nothing_left(one)


@pytest.mark.parametrize("levels", [40, LEVELS_READ])
def test_a_deep_document_of_another_engine_is_removed_with_all_that_belongs_to_it(one, alice, levels):
    shown = created(alice)
    body = {"FAAS": {"FLAVOUR": "Function", "VM_ID": shown["FAAS"]["VM_ID"]}, "SERVICE_ID": shown["SERVICE_ID"],
            "X": nested(levels - 1)}
    one.change_document(shown["ID"], template=f"<TEMPLATE><BODY><![CDATA[{json.dumps(body)}]]></BODY></TEMPLATE>")
    assert read(alice, shown["ID"])["X"] == body["X"]
    remove(alice, shown["ID"])
    nothing_left(one)


@pytest.mark.parametrize("flavour", ["F" * 91, "F" * 92, "F" * 128, "é" * 60])
def test_a_long_flavour_makes_no_name_that_opennebula_refuses(one, alice, flavour):
    """Q37: without a NAME there is a default one, of the flavour and a UUID (5.6)."""
    one.add_service_template(flavour, [["FAAS", "function"]])
    shown = created(alice, spec(flavour))
    start, _, tail = shown["NAME"].rpartition("_")
    assert uuid.UUID(tail) and start and flavour.startswith(start) and len(shown["NAME"].encode()) <= NAME_BYTES
    assert shown["FAAS"]["FLAVOUR"] == flavour
    remove(alice, shown["ID"])
    nothing_left(one)


def test_a_service_that_fails_and_cannot_be_removed_at_once(one, alice):
    """Both are told, each in the form of its message (2.8); a worker removes it later."""
    def refused_twice(text):
        one.fault("error", server="oneflow", method="* recover", status=500, text=text, count=2)

    refused_twice("cannot recover")
    said = error_of(alice.post(ITEMS, json=spec("FAILED_DEPLOY")), 500)
    assert "entered FAILED state after creation" in said["error"]
    assert isinstance(said["message"][0], dict), "the service's log"
    assert re.fullmatch(r"Failed to delete Serverless Runtime Service \d+: cannot recover", said["message"][-1])
    refused_twice("nor this one")
    one.fault("error", server="oned", method="one.document.allocate", code=0x2000, text="no room", count=1)
    said = error_of(alice.post(ITEMS, json=spec()), 500)
    assert re.fullmatch(r"no room; Failed to delete Serverless Runtime Service \d+: nor this one", said["message"])
    nothing_left(one)


@pytest.mark.parametrize("version", ["6.8.0", "6.10.0"])
def test_a_machine_template_that_cannot_be_sent_along_is_nobodys_request(one, alice, version):
    """OpenNebula 6 gets the whole CONTEXT anew, in a text that cannot end a value with a backslash."""
    one.reset(version=version)
    one.add_vm_template("path", 'CPU=1\nVCPU=1\nMEMORY=200\nDISK=[IMAGE_ID="0"]\nCONTEXT=[X=C:\\,Y="1"]')
    one.add_service_template("Path", [["FAAS", "path"]])
    said = error_of(alice.post(ITEMS, json=spec("Path")), 500)
    assert said["error"] == "Failed to read VM Template for Function FAAS"
    assert re.match(r"the VM template \d+ cannot be sent along; .*the value of X ends with a backslash", said["message"])
    nothing_left(one)


@pytest.mark.parametrize("server, method, request_of", [
    ("oned", "one.document.info", lambda client, number: client.get(f"{ITEMS}/{number}")),
    ("oned", "one.documentpool.info", lambda client, _: client.get(ITEMS)),
    ("oned", "one.document.info", lambda client, number: client.delete(f"{ITEMS}/{number}")),
    ("oneflow", "DELETE /service/*", lambda client, number: client.delete(f"{ITEMS}/{number}"))],
    ids=["get", "list", "delete", "delete by oneflow"])
def test_the_wait_for_machines_cuts_off_no_other_call(one, new_engine, server, method, request_of):
    """4.9: `:timeout:` is the wait for machines; a call has its own 30 s."""
    with new_engine({"timeout": 1}).client() as client:
        number = created(client)["ID"]
        one.fault("slow", server=server, method=method, seconds=2, count=1)
        answer = request_of(client, number)
        assert answer.status_code in (200, 204), answer.text
        assert answer.elapsed.total_seconds() > 1.5
        if answer.status_code == 200:
            remove(client, number)
    nothing_left(one)
