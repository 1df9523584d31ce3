# SPDX-License-Identifier: Apache-2.0
"""The quirks of a runtime's life (contract 13): what a GET, a PUT and a DELETE do and leave alone, and machines and
services that change or vanish behind the engine's back."""

import json

import pytest
from checks import (ITEMS, create, created, error_of, nothing_left, put, read, remove, runtime_of, spec, until_state)
from engine import wait_for
from opennebula.control_client import ADMIN, ALICE, BOB

NOW = {"FAAS": {"FLAVOUR": ""}}


def changed(**members):
    return {**NOW, **{name: value for name, value in members.items() if name != "FAAS"},
            "FAAS": {"FLAVOUR": "", **members.get("FAAS", {})}}


def calls_of(one, request):
    one.clear_journal()
    answer = request()
    return answer, one.calls()


def share(one, number, service, *bits):
    """Rights on the runtime's document and on its service and VMs' documents."""
    for document in (number, service):
        one.change_document(document, permissions=list(bits))


# --- the sequence of calls (5.7) --------------------------------------------------------------------------------------

def test_calls_of_a_get_when_nothing_changed(one, alice):
    for wanted, machines in ((spec(), 1), (spec("Function", "Data"), 2)):
        shown = created(alice, wanted)
        read(alice, shown["ID"])
        _, calls = calls_of(one, lambda: read(alice, shown["ID"]))
        # One for the document, one for its service, one per VM; none to OneFlow, no write (Q5, Q40).
        assert calls == ["one.document.info"] * 2 + ["one.vm.info"] * machines
        remove(alice, shown["ID"])


def test_calls_of_a_post(one, alice):
    _, first = calls_of(one, lambda: create(alice))
    _, calls = calls_of(one, lambda: create(alice))
    assert "one.system.version" not in calls  # it is asked for once
    # A caller's second create of the same flavours reads the VM template beside the service templates.
    assert sorted(calls[:2]) == ["one.documentpool.info", "one.template.info"]
    assert calls[2] == "POST /service_template/{id}/action instantiate"
    assert [call for call in first if call in calls[:3]] == ["one.documentpool.info", "one.template.info", calls[2]]
    assert calls[-2:] == ["one.vm.info", "one.document.allocate"]
    assert set(calls[3:-2]) == {"one.document.info"}


def test_another_template_since_the_last_create(one, alice):
    """What the engine remembers of a caller's last create is compared with what OpenNebula says now."""
    assert created(alice)["FAAS"]["MEMORY"] == 128
    one.add_service_template("Function", [["FAAS", "data"]])  # the newest of a name is taken
    assert created(alice)["FAAS"]["MEMORY"] == 192
    # Nor does it outlive the credentials.
    one.change_password(ALICE[0], "another")
    error_of(alice.post(ITEMS, json=spec()), 401)


def test_calls_of_a_put_that_changes_nothing(one, alice):
    shown = created(alice, spec(SCHEDULING={"POLICY": "x"}, DEVICE_INFO={"LATENCY_TO_PE": 1}))
    same = {name: shown[name] for name in ("NAME", "SCHEDULING", "DEVICE_INFO")}
    for wanted in (NOW, {**NOW, **same}, {**same, "FAAS": {name: shown["FAAS"][name] for name in (
            "FLAVOUR", "CPU", "MEMORY", "DISK_SIZE")}}):  # Q11: absent is unchanged
        answer, calls = calls_of(one, lambda body=wanted: runtime_of(put(alice, shown["ID"], body), 200))
        assert answer == shown
        assert set(calls) == {"one.document.info", "one.vm.info"}  # no resize, update, resched (Q38), write
    odd = created(alice, spec(SCHEDULING={"POLICY": "]]>"}))  # stored in another spelling
    _, calls = calls_of(one, lambda: runtime_of(put(alice, odd["ID"], NOW), 200))
    assert set(calls) == {"one.document.info", "one.vm.info"}


def test_calls_of_a_delete(one, alice):
    shown = created(alice)
    _, calls = calls_of(one, lambda: remove(alice, shown["ID"]))
    acting = [call for call in calls if not call.endswith(".info")]
    assert acting[:2] == ["DELETE /service/{id}", "one.document.delete"]
    nothing_left(one)
    assert {call for call in one.calls() if call.startswith(("POST", "DELETE", "GET"))} == {"DELETE /service/{id}"}


# --- GET --------------------------------------------------------------------------------------------------------------

def test_who_may_only_look(one, engine, alice):
    """Q5: USE without MANAGE."""
    shown = created(alice)
    one.change_vm(shown["FAAS"]["VM_ID"], template="MEMORY=300")
    one.change_document(shown["ID"], permissions=[1, 1, 0, 0, 0, 0, 1, 0, 0])
    one.change_document(shown["SERVICE_ID"], permissions=[1, 1, 0, 0, 0, 0, 1, 0, 0])
    with engine.client(("oneadmin", "opennebula")) as admin:
        assert read(admin, shown["ID"])["FAAS"]["MEMORY"] == 300
    with engine.client(BOB) as bob:
        # Not his machine: OpenNebula says so, and it is a 403 (Q24), never a 401 or a crash.
        error_of(bob.get(f"{ITEMS}/{shown['ID']}"), 403)
        error_of(bob.delete(f"{ITEMS}/{shown['ID']}"), 403, 500)
    one.fault("error", server="oned", method="one.document.update", code=0x0200, text="not for you")
    one.change_vm(shown["FAAS"]["VM_ID"], template="MEMORY=310")
    assert read(alice, shown["ID"])["FAAS"]["MEMORY"] == 310
    one.clear_faults()
    assert read(alice, shown["ID"])["SERVICE_ID"] == shown["SERVICE_ID"]
    remove(alice, shown["ID"])
    nothing_left(one)


def test_somebody_elses(one, engine, alice):
    shown = created(alice)
    with engine.client(BOB) as bob:
        for answer in (bob.get(f"{ITEMS}/{shown['ID']}"), put(bob, shown["ID"], changed(NAME="mine")),
                       bob.delete(f"{ITEMS}/{shown['ID']}")):
            assert error_of(answer, 403)["error"] == "Failed to read Serverless Runtime Document"
    assert read(alice, shown["ID"]) == shown


def test_the_service_is_gone(one, alice):
    """Q18: it is shown, it says why, and it can be removed."""
    shown = created(alice, spec("Function", "Data"))
    one.remove_service(shown["SERVICE_ID"])
    for _ in range(2):
        seen = read(alice, shown["ID"])
        for name in ("FAAS", "DAAS"):
            assert seen[name]["STATE"] == "ERROR" and "no longer exists" in seen[name]["ERROR"]
            assert seen[name]["VM_ID"] == shown[name]["VM_ID"]
    remove(alice, shown["ID"])
    nothing_left(one)  # its machines too, which OneFlow would never have ended


@pytest.mark.parametrize("service", [{}, {"SERVICE_ID": -1}, {"SERVICE_ID": "none"}], ids=["absent", "-1", "a word"])
def test_a_document_that_names_no_service(one, alice, service):
    """SERVICE_ID and VM_ID are optional (contract, 3.1): what is not known is left out, never -1."""
    number = one.add_document(ALICE[0], 1337, "<TEMPLATE><BODY><![CDATA[" + json.dumps(
        {"FAAS": {"FLAVOUR": "Function", "CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024}, **service}) + "]]></BODY></TEMPLATE>")
    for _ in range(3):  # the first look writes the document
        seen = read(alice, number)
        assert "SERVICE_ID" not in seen and "VM_ID" not in seen["FAAS"]
        assert seen["FAAS"]["STATE"] == "ERROR" and seen["FAAS"]["ERROR"] == "its document does not say which service it is"
    assert "-1" not in json.dumps(one.document(number)["template"])
    listed = next(each for each in alice.get(ITEMS).json()["SERVERLESS_RUNTIMES"] if each["ID"] == number)
    assert "SERVICE_ID" not in listed
    assert calls_of(one, lambda: read(alice, number))[1] == ["one.document.info"], "a service -1 is asked for"
    updated = runtime_of(put(alice, number, changed(FAAS={"CPU": 2})), 200)  # no VM, no change (contract, 4.4)
    assert "SERVICE_ID" not in updated and updated["FAAS"]["CPU"] == 1
    remove(alice, number)
    nothing_left(one)


def test_a_machine_is_gone(one, alice):
    shown = created(alice, spec("Function", "Data"))
    one.end_vm(shown["DAAS"]["VM_ID"])
    seen = read(alice, shown["ID"])
    assert seen["FAAS"]["STATE"] == "RUNNING" and "ERROR" not in seen["FAAS"]
    assert seen["DAAS"]["STATE"] == "ERROR" and seen["DAAS"]["ERROR"]
    assert seen["DAAS"]["VM_ID"] == shown["DAAS"]["VM_ID"]
    remove(alice, shown["ID"])
    nothing_left(one)


def test_old_documents(one, alice):
    """As early engines wrote them: numbers as text, an address as URL, members of their own (5.6)."""
    shown = created(alice)
    one.change_document(shown["ID"], template="<TEMPLATE><BODY><![CDATA[" + json.dumps({
        "FAAS": {"FLAVOUR": "Function", "VM_ID": str(shown["FAAS"]["VM_ID"]), "STATE": "ACTIVE", "CPU": "1",
                 "MEMORY": "128", "DISK_SIZE": "256", "ENDPOINT": "http://10.0.0.10:1339"},
        "SERVICE_ID": str(shown["SERVICE_ID"]), "registration_time": 1694019124, "ID": 1, "NAME": "old"}) +
        "]]></BODY></TEMPLATE>")
    listed = next(each for each in alice.get(ITEMS).json()["SERVERLESS_RUNTIMES"] if each["ID"] == shown["ID"])
    assert listed["FAAS"]["ENDPOINT"] == "10.0.0.10" and listed["FAAS"]["STATE"] == "RUNNING"
    seen = read(alice, shown["ID"])
    assert seen["FAAS"] == shown["FAAS"] and seen["SERVICE_ID"] == shown["SERVICE_ID"]
    assert seen["ID"] == shown["ID"] and seen["NAME"] == shown["NAME"] and seen["registration_time"] == 1694019124
    remove(alice, shown["ID"])


def written_by_hand(one, user, service, vm):
    """A document's number. Its owner may write into it what he likes."""
    return one.add_document(user, 1337, "<TEMPLATE><BODY><![CDATA[" + json.dumps(
        {"SERVICE_ID": service, "FAAS": {"FLAVOUR": "Function", "CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024, "VM_ID": vm}}) +
        "]]></BODY></TEMPLATE>")


def test_a_document_that_names_somebody_elses_machine(one, engine, alice):
    """Neither a PUT nor a DELETE of it, not even by an administrator, does anything to that machine."""
    shown = created(alice)
    vm = shown["FAAS"]["VM_ID"]
    nobodys = 99999
    number = written_by_hand(one, BOB[0], nobodys, vm)
    with engine.client(ADMIN) as admin:
        error_of(put(admin, number, changed(FAAS={"CPU": 2})), 500)
        calls = calls_of(one, lambda: remove(admin, number))[1]
        wait_for("the clean-up has looked at it", lambda: f"VM {vm} is not of this Serverless Runtime" in engine.log())
    assert "one.vm.action" not in calls + one.calls() and "one.vm.recover" not in one.calls()
    assert read(alice, shown["ID"]) == shown
    remove(alice, shown["ID"])
    nothing_left(one)


def test_a_document_whose_service_is_none(one, alice):
    """OneFlow answers 500 where the number is another kind of document's, and would do so for ever."""
    other = created(alice)
    number = written_by_hand(one, ALICE[0], other["ID"], 0)
    assert "no longer exists" in read(alice, number)["FAAS"]["ERROR"]
    remove(alice, number)
    assert read(alice, other["ID"]) == other
    remove(alice, other["ID"])
    nothing_left(one)


@pytest.mark.parametrize("template", ["<TEMPLATE/>", "<TEMPLATE><BODY>no JSON</BODY></TEMPLATE>"])
def test_a_document_that_nobody_can_read_can_be_removed(one, engine, alice, template):
    shown = created(alice)
    one.change_document(shown["ID"], template=template)
    assert error_of(alice.get(f"{ITEMS}/{shown['ID']}"), 500)["error"] == "Failed to read Serverless Runtime Document"
    remove(alice, shown["ID"])
    assert alice.get(f"{ITEMS}/{shown['ID']}").status_code == 404
    assert f"Serverless Runtime Document {shown['ID']} cannot be read" in engine.log()


def test_what_others_wrote_into_the_document_stays(one, alice):
    """An update writes the body, and nothing else (5.6)."""
    shown = created(alice)
    body = one.document(shown["ID"])["template"]["BODY"]
    one.change_document(shown["ID"], template=f"<TEMPLATE><LABELS>mine</LABELS><BODY><![CDATA[{body}]]></BODY></TEMPLATE>")
    assert put(alice, shown["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": 192}}).status_code == 200
    written = one.document(shown["ID"])["template"]
    assert written["LABELS"] == "mine" and json.loads(written["BODY"])["FAAS"]["MEMORY"] == 192
    remove(alice, shown["ID"])
    nothing_left(one)


@pytest.mark.parametrize("state, lcm, shown_as", [
    ("POWEROFF", 0, "PENDING"), ("SUSPENDED", 0, "PENDING"), ("DONE", 0, "ERROR"), ("CLONING_FAILURE", 0, "ERROR"),
    ("ACTIVE", "BOOT", "PENDING"), ("ACTIVE", "UNKNOWN", "ERROR"), ("ACTIVE", "HOTPLUG_RESIZE", "UPDATING"),
    ("ACTIVE", "EPILOG_FAILURE", "ERROR"), ("ACTIVE", "MIGRATE", "UPDATING"), ("ACTIVE", 70, "UPDATING")])
def test_states(one, alice, state, lcm, shown_as):
    """Q30, 4.8."""
    shown = created(alice)
    vm = shown["FAAS"]["VM_ID"]
    one.change_vm(vm, state=state, lcm_state=lcm)
    function = read(alice, shown["ID"])["FAAS"]
    assert function["STATE"] == shown_as and ("ERROR" in function) == (shown_as == "ERROR")
    if shown_as == "ERROR" and state == "ACTIVE":
        # Q17: what the machine itself says, and no longer than it says so.
        one.change_vm(vm, error="Tue Nov 1: no such host")
        assert "no such host" in read(alice, shown["ID"])["FAAS"]["ERROR"]
        one.change_vm(vm, lcm_state="RUNNING", state="ACTIVE")
        assert read(alice, shown["ID"])["FAAS"] == shown["FAAS"]


def test_ready_only_when_it_says_so(one, alice):
    shown = create(alice, spec("ReportReady"))
    vm = shown["FAAS"]["VM_ID"]
    wait_for("it runs", lambda: one.vm(vm)["lcm_name"] == "RUNNING")
    assert read(alice, shown["ID"])["FAAS"]["STATE"] == "PENDING"
    error_of(put(alice, shown["ID"], NOW), 423)
    one.change_vm(vm, user_template="READY=YES")
    assert read(alice, shown["ID"])["FAAS"]["STATE"] == "RUNNING"
    remove(alice, shown["ID"])
    nothing_left(one)


def test_sizes_while_a_resize_is_under_way(one, alice):
    """Q16."""
    shown = created(alice)
    one.change_vm(shown["FAAS"]["VM_ID"], template='RESIZE=[CPU="9",VCPU="9",MEMORY="999"]',
                  lcm_state="HOTPLUG_RESIZE", state="ACTIVE")
    function = read(alice, shown["ID"])["FAAS"]
    assert (function["STATE"], function["CPU"], function["MEMORY"]) == ("UPDATING", 1, 128)


# --- POST -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("timeout", [1, 3])
def test_machines_that_do_not_come(one, new_engine, timeout):
    """Q6, Q7: a 504 after the configured time, and nothing left."""
    one.set(flow_deploy=None)
    with new_engine({"timeout": timeout}).client() as client:
        answer = client.post(ITEMS, json=spec())
        said = error_of(answer, 504)
        assert said["error"].startswith("OpenNebula did not create VMs for the Serverless Runtime Service ")
        assert isinstance(said["message"], list)
        assert answer.elapsed.total_seconds() >= timeout - 1
    nothing_left(one)


def test_a_service_that_fails_a_moment_later(one, alice):
    """Q8: 500 with its log, at once."""
    for flow_deploy in (0, 0.8):
        one.set(flow_deploy=flow_deploy)
        answer = alice.post(ITEMS, json=spec("FAILED_DEPLOY"))
        assert "entered FAILED state after creation" in error_of(answer, 500)["error"]
        assert answer.elapsed.total_seconds() < 10
    nothing_left(one)


@pytest.mark.parametrize("status", [401, 403, 404, 500])
@pytest.mark.parametrize("version", ["6.8.0", "7.4.0"])
def test_a_service_that_oneflow_refuses_and_leaves_behind(one, alice, version, status):
    """It writes the service down before it asks for its networks; when there are none to be had it says no, and the
    service stays."""
    one.set(version=version)
    text = "Not authorized to perform USE NET [3]." if status == 401 else "no such network"
    one.fault("error", server="oneflow", method="* instantiate", status=status, text=text, execute=True)
    wanted = {401: 403}.get(status, 500 if status == 404 else status)
    said = error_of(alice.post(ITEMS, json=spec("Function", "Data")), wanted)
    assert said == {"error": "Failed to create Serverless Runtime Service", "message": text}
    nothing_left(one)


def test_what_oneflow_refuses_outright_is_looked_for_once(one, alice):
    one.fault("error", server="oneflow", method="* instantiate", status=500, text="no")
    _, calls = calls_of(one, lambda: error_of(alice.post(ITEMS, json=spec()), 500))
    at = calls.index("POST /service_template/{id}/action instantiate")
    assert calls[at + 1:] == ["one.documentpool.info"]


# --- PUT --------------------------------------------------------------------------------------------------------------

def test_states_come_before_names(one, alice):
    """Q10, Q12: nothing is changed when something cannot be."""
    one.set(boot=None)
    shown = create(alice, spec("Function", "Data"))
    name = shown["NAME"]
    for kind in ("FAAS", "DAAS"):
        wait_for("it boots", lambda vm=shown[kind]["VM_ID"]: one.vm(vm)["lcm_name"] == "BOOT")
    one.push_vm(shown["FAAS"]["VM_ID"])
    until_state(alice, shown["ID"], functions=["FAAS"])
    one.clear_journal()
    said = error_of(put(alice, shown["ID"], changed(NAME="new", FAAS={"CPU": 2}, DAAS={"FLAVOUR": "", "CPU": 2})), 423)
    assert said == {"error": "Cannot update Serverless Runtime Function VM DAAS on a transient state",
                    "message": "PENDING"}
    assert read(alice, shown["ID"])["NAME"] == name
    assert not {"one.document.rename", "one.vm.resize"} & set(one.calls())
    one.push_vm(shown["DAAS"]["VM_ID"])
    runtime_of(put(alice, until_state(alice, shown["ID"])["ID"], changed(NAME="new")), 200)
    said = error_of(put(alice, shown["ID"], changed(NAME="newer", FAAS={"CPU": 2, "DISK_SIZE": 1})), 500)
    assert said["error"] == "Failed to resize Serverless Runtime Function VM disk"
    after = read(alice, shown["ID"])
    assert after["NAME"] == "new" and after["FAAS"]["CPU"] == 1
    remove(alice, shown["ID"])
    nothing_left(one)


@pytest.mark.parametrize("action, wanted, error", [
    ("resize", {"CPU": 2}, "Failed to resize Serverless Runtime Function VM capacity"),
    ("disk_resize", {"DISK_SIZE": 3000}, "Failed to resize Serverless Runtime Function VM disk")])
def test_a_resize_that_fails_later(one, alice, action, wanted, error):
    """Q13."""
    shown = created(alice)
    one.driver_fails(action, text="the driver says no")
    said = error_of(put(alice, shown["ID"], changed(FAAS=wanted)), 500)
    assert said["error"] == error and "the driver says no" in said["message"]
    seen = until_state(alice, shown["ID"])
    assert {**seen["FAAS"]} == shown["FAAS"]
    done = runtime_of(put(alice, shown["ID"], changed(FAAS=wanted)), 200)
    assert all(done["FAAS"][name] == value for name, value in wanted.items())
    remove(alice, shown["ID"])


def test_a_resize_without_end(one, new_engine):
    one.set(resize=None)
    with new_engine({"timeout": 2}).client() as client:
        shown = created(client)
        said = error_of(put(client, shown["ID"], changed(FAAS={"CPU": 2})), 500, 504)
        assert said == {"error": "Serverless Runtime Function VM FAAS stuck while updating capabilities",
                        "message": "UPDATING"}
        assert error_of(put(client, shown["ID"], NOW), 423)["message"] == "UPDATING"
        one.push_vm(shown["FAAS"]["VM_ID"])
        assert until_state(client, shown["ID"])["FAAS"]["CPU"] == 2
        remove(client, shown["ID"])
    nothing_left(one)


def test_a_put_on_what_is_broken(one, alice, engine):
    """Q14, Q15: the machine's own words; that recovering was refused is said; an administrator's works."""
    shown = created(alice)
    vm = shown["FAAS"]["VM_ID"]
    one.change_vm(vm, state="ACTIVE", lcm_state="BOOT_FAILURE", error="no such kernel")
    said = error_of(put(alice, shown["ID"], changed(FAAS={"CPU": 2})), 500)
    assert said["error"] == ("Cannot update Serverless Runtime Function VM FAAS on an error state. A recovery was "
                             "attempted")
    assert "no such kernel" in said["message"] and "refused" in said["message"]
    assert "WARN -- : Failed to recover VM" in engine.log()
    one.set(vm_admin_operations=["resched"])
    error_of(put(alice, shown["ID"], NOW), 500)
    assert until_state(alice, shown["ID"])["FAAS"] == shown["FAAS"]
    runtime_of(put(alice, shown["ID"], changed(FAAS={"CPU": 2})), 200)
    # Q38: flagged for the scheduler where there was a change; refused to ordinary users, and only logged.
    assert "could not be flagged for rescheduling" in engine.log() and not one.vm(vm)["resched"]
    one.set(vm_admin_operations=[])
    runtime_of(put(alice, shown["ID"], changed(SCHEDULING={"POLICY": "energy"})), 200)
    assert one.vm(vm)["resched"]
    remove(alice, shown["ID"])


def test_not_on_the_host(one, alice):
    one.set(host_cpu=200)
    shown = created(alice)
    said = error_of(put(alice, shown["ID"], changed(FAAS={"CPU": 100})), 500)
    assert said["error"] == "Failed to resize Serverless Runtime Function VM capacity" and "CPU" in said["message"]
    assert read(alice, shown["ID"]) == shown


# --- DELETE -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("died", [False, True], ids=["", "the engine dies"])
def test_delete_while_it_boots(one, new_engine, died):
    """Q39: no machine runs on for ever, whatever the engine's fate."""
    one.set(boot=None)
    engine = new_engine()
    with engine.client() as client:
        shown = create(client, spec("Function", "Data"))
        machines = [shown[name]["VM_ID"] for name in ("FAAS", "DAAS")]
        for vm in machines:
            wait_for("it boots", lambda vm=vm: one.vm(vm)["lcm_name"] == "BOOT")
        remove(client, shown["ID"])
        error_of(client.get(f"{ITEMS}/{shown['ID']}"), 404)
    assert one.leftovers()["machines"] == machines
    if died:
        engine.kill()
        engine.start()
    for vm in machines:
        one.push_vm(vm)
    nothing_left(one, 60)
    engine.check_no_secret()


def test_a_clean_up_that_is_refused_goes_on_later(one, new_engine):
    """The directory that knows the passwords may be away for a moment, and a user may be let in again."""
    one.set(boot=None)
    engine = new_engine()
    with engine.client() as client:
        shown = create(client)
        vm = shown["FAAS"]["VM_ID"]
        wait_for("it boots", lambda: one.vm(vm)["lcm_name"] == "BOOT")
        remove(client, shown["ID"])
        one.fault("error", server="oned", method="*", code=256, text="User couldn't be authenticated, aborting call.")
        wait_for("the clean-up is refused", lambda: "couldn't be authenticated" in engine.log(), 60)
    assert "leftover.stays" not in engine.log()
    one.clear_faults()
    one.push_vm(vm)
    assert engine.command("stop").returncode == 0
    with engine.database() as database:  # some minutes later
        assert database.execute("UPDATE operations_operation SET not_before_ms = 0 WHERE state = 'pending'").rowcount == 1
    engine.start()
    nothing_left(one, 60)


def test_a_service_that_cannot_be_deleted(one, alice):
    shown = created(alice)
    one.fault("error", server="oneflow", method="DELETE /service/*", status=500, text="not now")
    one.fault("error", server="oneflow", method="* recover", status=500, text="not that either")
    said = error_of(alice.delete(f"{ITEMS}/{shown['ID']}"), 500)
    assert said == {"error": f"Failed to delete Serverless Runtime Service {shown['SERVICE_ID']}",
                    "message": "not that either"}
    one.clear_faults()
    assert read(alice, shown["ID"]) == shown
    remove(alice, shown["ID"])
    nothing_left(one)
