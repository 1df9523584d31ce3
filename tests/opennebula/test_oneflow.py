# SPDX-License-Identifier: Apache-2.0
"""OneFlow's side: routes, merging, the life of a service, in the dialects of 6.8, 6.10 and 7."""

import json

import httpx
import pytest

from .conftest import info, state, tag, wait_for
from .control_client import NOTHING_LEFT

RUNNING, UNDEPLOYING, WARNING, FAILED_UNDEPLOYING, FAILED_DEPLOYING, DEPLOYING_NETS = 2, 3, 4, 6, 7, 11


def gone(client, service_id):
    wait_for(f"service {service_id} gone",
             lambda: client.flow("oneadmin", "GET", f"/service/{service_id}").status_code == 404)


def test_who_asks_must_say_so(client, standin):
    answer = httpx.get(standin.oneflow + "/service", trust_env=False)
    assert (answer.status_code, answer.text) == (401, "A username and password must be provided")
    answer = httpx.get(standin.oneflow + "/service", auth=("alice", "wrong"), trust_env=False)
    assert (answer.status_code, answer.text) == (401, "Invalid credentials")
    assert client.flow("bob", "GET", "/service").status_code == 200


def test_json_is_pretty_and_says_it_is_html(client):
    answer = client.flow("alice", "GET", "/service")
    assert answer.headers["content-type"] == "text/html;charset=utf-8"
    assert answer.text == '{\n  "DOCUMENT_POOL": {}\n}'
    pool = client.flow("alice", "GET", "/service_template").json()["DOCUMENT_POOL"]["DOCUMENT"]
    numbers = [int(one["ID"]) for one in pool]
    assert numbers == sorted(numbers, reverse=True)
    names = [one["NAME"] for one in pool]
    assert "Hidden" not in names and names.count("Twice") == 2
    function = next(one for one in pool if one["NAME"] == "Function")
    assert function["TYPE"] == "101" and function["PERMISSIONS"]["OTHER_U"] == "1"
    role = function["TEMPLATE"]["BODY"]["roles"][0]
    assert (role["name"], role["cardinality"], role["vm_template"]) == ("FAAS", 1, 0)


@pytest.mark.parametrize("path, status, text", [
    ("/service/999", 404, "[one.document.info] Error getting document [999]."),
    ("/service/0", 500, "[DocumentInfo] Error getting document [0]."),
    ("/service/abc", 500, "[DocumentInfo] Error getting document [0]."),
    ("/service_template/999", 404, "[one.document.info] Error getting document [999]."),
    ("/elsewhere", 404, "<h1>Not Found</h1>")])
def test_what_is_not_there(client, path, status, text):
    answer = client.flow("alice", "GET", path)
    assert (answer.status_code, answer.text) == (status, text)


def test_a_foreign_service_is_a_401(client):
    service_id, _ = client.running()
    for method, path in (("GET", ""), ("DELETE", "")):
        answer = client.flow("bob", method, f"/service/{service_id}{path}")
        assert answer.status_code == 401
        assert answer.text == f"[one.document.info] User [3] : Not authorized to perform USE DOCUMENT [{service_id}]."


def test_the_life_of_a_service(client, standin):
    standin.set(pending=None, flow_deploy=None)
    service_id = client.instantiate("alice", "Function")
    body = client.body(service_id)
    assert body["state"] == DEPLOYING_NETS and body["roles"][0]["nodes"] == []
    standin.set(pending=0.02, flow_deploy=0.02)
    service_id = client.instantiate("alice", "Function-Data")
    body = client.until_state(service_id, RUNNING)
    assert [entry["message"] for entry in body["log"]] == [f"New state: {name}" for name in (
        "DEPLOYING_NETS", "DEPLOYING", "RUNNING")] and body["log"][0]["severity"] == "I"
    assert [(role["name"], role["state"], len(role["nodes"])) for role in body["roles"]] == [("FAAS", 2, 1),
                                                                                             ("DAAS", 2, 1)]
    node = body["roles"][0]["nodes"][0]
    assert node["vm_info"]["VM"] == {"ID": str(node["deploy_id"]), "UID": "2", "GID": "1", "UNAME": "alice",
                                     "GNAME": "users", "NAME": f"FAAS_0_(service_{service_id})"}
    assert body["roles"][0]["cooldown"] == 300 and body["roles"][0]["last_vmname"] == 1
    xml = info(client, node["deploy_id"])
    assert tag(xml, "VM/USER_TEMPLATE/SERVICE_ID") == str(service_id)
    assert tag(xml, "VM/USER_TEMPLATE/ROLE_NAME") == "FAAS"

    assert client.flow("alice", "DELETE", f"/service/{service_id}").status_code == 204
    gone(client, service_id)
    assert state(client, node["deploy_id"]) == (6, 0)


def test_the_201_is_the_service_before_it_begins(client):
    answer = client.flow("alice", "POST", f"/service_template/{client.template_id('Function')}/action",
                         {"action": {"perform": "instantiate"}})
    document = answer.json()["DOCUMENT"]
    assert answer.status_code == 201 and document["TYPE"] == "100" and document["NAME"] == "Function"
    assert document["TEMPLATE"]["BODY"]["state"] == 0 and "nodes" not in document["TEMPLATE"]["BODY"]["roles"][0]


def test_roles_merge_by_position_before_7(client):
    text = 'CPU=2\nVCPU=2\nFLAVOURS="5"'
    _, body = client.running(name="Function-Data", roles=[{"name": "FAAS", "vm_template_contents": text},
                                                          {"name": "DAAS"}])
    machines = [info(client, role["nodes"][0]["deploy_id"]) for role in body["roles"]]
    assert [tag(xml, "VM/TEMPLATE/VCPU") for xml in machines] == ["2", "1"]
    # Names sent in the other order swap the machines' templates.
    _, body = client.running(name="Reversed-Data", roles=[{"name": "FAAS"}, {"name": "DAAS"}])
    assert [(role["name"], role["vm_template"]) for role in body["roles"]] == [("FAAS", 1), ("DAAS", 0)]
    # One element fewer than roles, and a name appears twice.
    assert client.instantiate("alice", "Extra", [{"name": "FAAS"}], expect=500) == "Role name 'FAAS' is repeated"
    _, body = client.running(name="Extra", roles=[{"name": "HELPER"}, {"name": "FAAS"}])
    assert len(body["roles"]) == 2
    # More elements than roles: the list is replaced, and the new elements lack their templates.
    assert client.instantiate("alice", "Function", [{"name": "FAAS"}, {"name": "DAAS"}],
                              expect=500) == "KEY: 'vm_template' is required;"


@pytest.mark.parametrize("delay", [0, None])
def test_a_service_that_cannot_be_deployed(client, standin, delay):
    standin.set(flow_deploy=delay)
    service_id = client.instantiate("alice", "FAILED_DEPLOY")
    if delay == 0:
        assert client.body(service_id)["state"] == FAILED_DEPLOYING
    else:
        assert client.body(service_id)["state"] == DEPLOYING_NETS
        standin.push_service(service_id)
    body = client.until_state(service_id, FAILED_DEPLOYING)
    assert body["roles"][0]["state"] == FAILED_DEPLOYING
    assert body["log"][-2]["severity"] == "E" and body["log"][-2]["message"] == (
        "Role FAAS : Instantiate failed for template 2; [one.template.instantiate] Error allocating a new virtual "
        "machine template. DISK 0: Image with ID: 999 does not exist")
    answer = client.flow("alice", "DELETE", f"/service/{service_id}")
    assert (answer.status_code, answer.text) == (500, "Service cannot be undeployed in state: FAILED_DEPLOYING")
    assert client.recover_delete("alice", service_id).status_code == 204
    gone(client, service_id)


def test_a_service_of_which_one_half_is_deployed(client, standin):
    standin.add_service_template("Half-Data", [["FAAS", "function"], ["DAAS", "broken"]])
    service_id = client.instantiate("alice", "Half-Data")
    body = client.until_state(service_id, FAILED_DEPLOYING)
    assert [len(role["nodes"]) for role in body["roles"]] == [1, 0]
    number = body["roles"][0]["nodes"][0]["deploy_id"]
    wait_for("the half runs", lambda: state(client, number) == (3, 3))
    assert client.body(service_id)["state"] == FAILED_DEPLOYING
    assert client.recover_delete("alice", service_id).status_code == 204
    gone(client, service_id)
    assert standin.leftovers() == NOTHING_LEFT


@pytest.mark.parametrize("strange", ["\ud800", "\u0001", "]]>", "\r\n"])
def test_strange_letters_break_nothing_but_their_own_service(client, strange):
    service_id = client.instantiate("alice", "Function", [{"vm_template_contents": f'A="{strange}\nx"'}])
    wait_for("the end", lambda: client.body(service_id)["state"] in (RUNNING, FAILED_DEPLOYING))
    assert client.recover_delete("alice", service_id).status_code == 204


def test_a_template_that_the_user_may_not_read(client):
    service_id = client.instantiate("alice", "DenyVMTemplate")
    body = client.until_state(service_id, FAILED_DEPLOYING)
    assert "Not authorized to perform USE TEMPLATE [3]" in body["log"][-2]["message"]


def test_a_syntax_error_shows_only_when_it_is_deployed(client):
    service_id = client.instantiate("alice", "Function", [{"name": "FAAS", "vm_template_contents": '="energy"'}])
    assert "Parse error: syntax error" in client.until_state(service_id, FAILED_DEPLOYING)["log"][-2]["message"]


def test_a_machine_that_does_not_boot_fails_the_service_after_the_wait(client, standin):
    standin.set(flow_wait_timeout=0.3)
    standin.driver_fails("boot")
    service_id = client.instantiate("alice", "Function")
    body = client.until_state(service_id, 1)
    number = body["roles"][0]["nodes"][0]["deploy_id"]
    wait_for("BOOT_FAILURE", lambda: state(client, number) == (3, 36))
    client.until_state(service_id, FAILED_DEPLOYING)
    assert client.flow("alice", "POST", f"/service/{service_id}/action",
                       {"action": {"perform": "recover"}}).status_code == 204
    assert client.recover_delete("alice", service_id).status_code == 204


def test_deploying_cannot_be_undeployed_and_boot_cannot_be_ended(client, standin):
    standin.set(boot=None)
    service_id = client.instantiate("alice", "Function")
    number = client.until_state(service_id, 1)["roles"][0]["nodes"][0]["deploy_id"]
    wait_for("BOOT", lambda: state(client, number) == (3, 2))
    answer = client.flow("alice", "DELETE", f"/service/{service_id}")
    assert (answer.status_code, answer.text) == (500, "Service cannot be undeployed in state: DEPLOYING")
    # The first forced delete fails at the machine; the second finds no role left and just removes the document.
    answer = client.recover_delete("alice", service_id)
    assert answer.status_code == 500 and "Error undeploying role FAAS" in answer.text
    assert client.body(service_id)["state"] == FAILED_UNDEPLOYING
    assert client.recover_delete("alice", service_id).status_code == 204
    gone(client, service_id)
    assert state(client, number) == (3, 2)  # and the machine goes on for ever
    assert standin.leftovers() == {"services": [], "machines": [number], "runtimes": []}
    standin.push_vm(number)
    client.ok("alice", "one.vm.action", "terminate", number)
    wait_for("nothing left", lambda: standin.leftovers()["machines"] == [])


def test_roles_with_parents_wait(client, standin):
    standin.set(boot=None)
    service_id = client.instantiate("alice", "Parents-Data")
    body = client.until_state(service_id, 1)
    assert [len(role["nodes"]) for role in body["roles"]] == [1, 0]
    number = body["roles"][0]["nodes"][0]["deploy_id"]
    wait_for("BOOT", lambda: state(client, number) == (3, 2))
    standin.set(boot=0.01)
    standin.push_vm(number)
    body = client.until_state(service_id, RUNNING)
    assert [len(role["nodes"]) for role in body["roles"]] == [1, 1]
    assert client.flow("alice", "DELETE", f"/service/{service_id}").status_code == 204
    gone(client, service_id)
    assert standin.leftovers()["machines"] == []


def test_the_ready_gate(client, standin):
    service_id = client.instantiate("alice", "ReportReady")
    number = client.until_state(service_id, 1)["roles"][0]["nodes"][0]["deploy_id"]
    wait_for("the machine runs", lambda: state(client, number) == (3, 3))
    assert client.body(service_id)["state"] == 1
    assert tag(info(client, number), "VM/TEMPLATE/CONTEXT/REPORT_READY") == "YES"
    standin.change_vm(number, user_template="READY=YES")
    client.until_state(service_id, RUNNING)


def test_the_watchdog(client, standin):
    service_id, body = client.running()
    number = body["roles"][0]["nodes"][0]["deploy_id"]
    for lcm in ("UNKNOWN", "BOOT_FAILURE"):
        standin.change_vm(number, state=3, lcm_state=lcm)
        assert client.until_state(service_id, WARNING)["roles"][0]["state"] == WARNING
        standin.change_vm(number, state="ACTIVE", lcm_state="RUNNING")
        assert client.until_state(service_id, RUNNING)["roles"][0]["state"] == RUNNING
    standin.end_vm(number)
    body = client.body(service_id)
    assert body["state"] == RUNNING and body["roles"][0]["cardinality"] == 0 and body["roles"][0]["nodes"] == []
    assert body["log"][-1]["message"] == "Role FAAS scaling down from 1 to 0 nodes"
    assert client.flow("alice", "DELETE", f"/service/{service_id}").status_code == 204
    gone(client, service_id)


def test_a_second_delete_does_not_wait(client, standin):
    standin.set(shutdown=None)
    service_id, body = client.running()
    assert client.flow("alice", "DELETE", f"/service/{service_id}").status_code == 204
    assert client.body(service_id)["state"] == UNDEPLOYING
    assert client.flow("alice", "DELETE", f"/service/{service_id}").status_code == 204
    gone(client, service_id)
    assert state(client, body["roles"][0]["nodes"][0]["deploy_id"]) == (3, 12)


def test_other_actions(client):
    service_id, _ = client.running()
    url = f"/service/{service_id}/action"
    answer = client.flow("alice", "POST", url, {"action": {"perform": "recover"}})
    assert (answer.status_code, answer.text) == (500, "Service cannot be recovered in state: RUNNING")
    answer = client.flow("alice", "POST", url, {"action": {"perform": "dance"}})
    assert (answer.status_code, answer.text) == (500, "Action dance not supported")
    assert client.flow("alice", "POST", url,
                       {"action": {"perform": "rename", "params": {"name": "other"}}}).status_code == 204
    assert "<NAME>other</NAME>" in client.ok("alice", "one.document.info", service_id)


def test_a_service_is_a_document_of_oned(client):
    service_id, body = client.running()
    xml = client.ok("alice", "one.document.info", service_id, False)
    assert "<TYPE>100</TYPE>" in xml and json.loads(tag(xml, "DOCUMENT/TEMPLATE/BODY")) == body
    assert client.refused("bob", "one.document.info", service_id, False)[0] == 512
    pool = client.ok("bob", "one.documentpool.info", -2, -1, -1, 101)
    assert pool.count("<DOCUMENT>") == 22


def test_service_templates_are_validated(client):
    good = {"name": "mine", "roles": [{"name": "FAAS", "vm_template": 0}]}
    answer = client.flow("alice", "POST", "/service_template", good)
    assert answer.status_code == 201
    body = answer.json()["DOCUMENT"]["TEMPLATE"]["BODY"]
    assert body["roles"][0]["cardinality"] == 1 and body["deployment"] == "none" and body["registration_time"]
    for change, text in (({"name": None}, "KEY: 'name' is required;"), ({"roles": 5}, "KEY: 'roles' must be an Array;"),
                         ({"deployment": "odd"}, "KEY: 'deployment' must be one of none, straight;"),
                         ({"roles": [{"name": "a b", "vm_template": 0}]}, "KEY: 'name' must match regexp /^\\w+$/;"),
                         ({"roles": [{"name": "A"}]}, "KEY: 'vm_template' is required;"),
                         ({"roles": [{"name": "A", "vm_template": "x"}]}, "KEY: 'vm_template' must be an Integer;")):
        answer = client.flow("alice", "POST", "/service_template", {**good, **change})
        assert (answer.status_code, answer.text) == (400, text)


def test_custom_attributes_must_have_values(client, standin):
    standin.add_service_template("Custom", [["FAAS", "function"]], more={"custom_attrs": {"X": "M|text"}})
    assert "specifies custom attributes" in client.instantiate("alice", "Custom", expect=400)
    _, body = client.running(name="Function", roles=[{"vm_template_contents": 'A="${x}b"'}])
    xml = info(client, body["roles"][0]["nodes"][0]["deploy_id"])
    assert tag(xml, "VM/USER_TEMPLATE/A") == "b"


@pytest.mark.parametrize("version, form", [("6.8.0", "trace"), ("6.10.0", "json"), ("7.0.0", "json")])
def test_what_nobody_catches(client, standin, version, form):
    standin.set(version=version)
    answer = client.flow("alice", "POST", f"/service_template/{client.template_id('Function')}/action", [])
    assert answer.status_code == 500
    if form == "json":
        assert json.loads(answer.text)["message"] == "Internal server error"
    else:
        assert "oneflow-server.rb" in answer.text


def test_a_prefix_and_doubled_slashes(client):
    assert client.flow("alice", "GET", "//service").status_code == 200
    assert client.flow("alice", "GET", "/service/").status_code == 404
    answer = client.flow("alice", "HEAD", "/service")
    assert answer.status_code == 200 and answer.content == b""


@pytest.mark.parametrize("version, cardinality", [("6.8.3", 1), ("6.10.2", 0)])
def test_6_10_merges_as_6_8_but_counts_nobody_by_default(client, standin, version, cardinality):
    standin.reset(version=version)
    wanted = {"name": "x", "roles": [{"name": "A", "vm_template": 0}]}
    answer = client.flow("alice", "POST", "/service_template", wanted)
    assert answer.json()["DOCUMENT"]["TEMPLATE"]["BODY"]["roles"][0]["cardinality"] == cardinality
    _, body = client.running(name="Reversed-Data", roles=[{"name": "FAAS"}, {"name": "DAAS"}])
    assert [(role["name"], role["vm_template"]) for role in body["roles"]] == [("FAAS", 1), ("DAAS", 0)]
