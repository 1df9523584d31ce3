# SPDX-License-Identifier: Apache-2.0
"""Many callers at once, callers who change one runtime at the same time, and an OpenNebula that does not answer
(contract 13, Q25, Q29, Q32, Q35, Q36; 14; 15)."""

import concurrent.futures
import json
import re
import subprocess
import time

import pytest
from checks import (ITEMS, body_of, create, created, error_of, nothing_left, put, read, remove, runtime_of, spec,
                    until_state)
from engine import wait_for
from opennebula.control_client import ALICE, BOB, StandIn

NOW = {"FAAS": {"FLAVOUR": ""}}


def at_once(*calls):
    """The results of all, begun together."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as threads:
        return [each.result() for each in [threads.submit(call) for call in calls]]


def test_100_posts_in_parallel(one, engine, alice):
    one.set(flow_deploy=0.5)
    answers = at_once(*[lambda number=number: alice.post(ITEMS, json=spec(NAME=f"n{number}"))
                        for number in range(100)])
    shown = [runtime_of(answer, 201) for answer in answers]
    assert [each["NAME"] for each in shown] == [f"n{number}" for number in range(100)]
    for member in ("ID", "SERVICE_ID"):
        assert len({each[member] for each in shown}) == 100
    assert len({each["FAAS"]["VM_ID"] for each in shown}) == 100
    assert all(each["FAAS"]["STATE"] in ("PENDING", "RUNNING") for each in shown)
    gone = at_once(*[lambda number=each["ID"]: alice.delete(f"{ITEMS}/{number}") for each in shown])
    assert {answer.status_code for answer in gone} == {204}
    nothing_left(one, 90)


def test_the_engine_answers_while_opennebula_hangs(one, new_engine):
    engine = new_engine({"one_timeout": 3, "timeout": 5})
    with engine.client() as client:
        number = created(client)["ID"]
        rule = one.fault("hang")
        with concurrent.futures.ThreadPoolExecutor(30) as threads:
            waiting = [threads.submit(client.get, f"{ITEMS}/{number}") for _ in range(28)]
            waiting += [threads.submit(client.post, ITEMS, json=spec())]
            wait_for("they wait", lambda: one.faults()[0]["hits"] >= 20)
            with engine.client(None) as nobody:
                for path in ("/server/version", "/server/config", "/", f"{ITEMS}/schema"):
                    begun = time.monotonic()
                    assert nobody.get(path).status_code == 200
                    assert time.monotonic() - begun < 2
                assert not any(each.done() for each in waiting)
                for path in (f"{ITEMS}/1",):
                    error_of(nobody.get(path), 401)
            for each in waiting[:-1]:
                error_of(each.result(), 500)  # Q25
            error_of(waiting[-1].result(), 500, 504)
        one.clear_faults(rule)
        remove(client, number)
    nothing_left(one)


def test_opennebula_is_not_there(one, alice):
    number = created(alice)["ID"]
    one.listen(oned=False, oneflow=False)
    for answer in (alice.get(f"{ITEMS}/{number}"), alice.post(ITEMS, json=spec()), put(alice, number, NOW),
                   alice.delete(f"{ITEMS}/{number}")):
        assert error_of(answer, 500)["message"]
    one.listen(oned=True, oneflow=True)
    remove(alice, number)
    nothing_left(one)


def test_two_puts_both_count(one, alice):
    """Q29, Q32: what one of them writes, the other does not lose; who cannot have his turn is told 423."""
    number = created(alice)["ID"]
    for turn in range(5):
        wishes = {"SCHEDULING": {"POLICY": f"p{turn}"}, "DEVICE_INFO": {"LATENCY_TO_PE": turn}}
        put_all = [lambda name=name: put(alice, number, {**NOW, name: wishes[name]}) for name in wishes]
        look = [lambda: alice.get(f"{ITEMS}/{number}")] * 3
        for answer in at_once(*put_all, *look):
            runtime_of(answer, 200)
        seen = read(alice, number)
        stored = json.loads(one.document(number)["template"]["BODY"])
        for name, value in wishes.items():
            assert seen[name] == stored[name] == value
    remove(alice, number)
    nothing_left(one)


def test_a_get_does_not_write_over_a_put(one, alice):
    """A GET that began before a PUT and writes after it writes only what the machines say."""
    shown = created(alice)
    number, vm = shown["ID"], shown["FAAS"]["VM_ID"]
    one.change_vm(vm, template="MEMORY=300")
    held = one.fault("hold", server="oned", method="one.vm.info", count=1)
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        late = thread.submit(read, alice, number)
        wait_for("the GET waits", lambda: one.faults()[0]["hits"])
        runtime_of(put(alice, number, {**NOW, "DEVICE_INFO": {"LATENCY_TO_PE": 7}}), 200)
        one.clear_faults(held)
        late.result()
    assert json.loads(one.document(number)["template"]["BODY"])["DEVICE_INFO"] == {"LATENCY_TO_PE": 7}
    remove(alice, number)


def test_put_get_and_delete_of_one_runtime(one, alice):
    for _ in range(4):
        number = created(alice)["ID"]
        calls = [lambda: put(alice, number, {"FAAS": {"FLAVOUR": "", "CPU": 2}})] * 3
        calls += [lambda: alice.get(f"{ITEMS}/{number}")] * 3 + [lambda: alice.delete(f"{ITEMS}/{number}")] * 3
        answers = at_once(*calls)
        for answer in answers[:3]:
            assert answer.status_code == 200 or error_of(answer, 404, 423, 500)
        for answer in answers[3:6]:
            assert answer.status_code == 200 or error_of(answer, 404)
        for answer in answers[6:]:
            assert answer.status_code == 204 or error_of(answer, 404, 423)
        if not any(answer.status_code == 204 for answer in answers[6:]):
            remove(alice, number)
        nothing_left(one)


def test_a_turn_that_does_not_come(one, new_engine):
    """423 for the second PUT and for a DELETE while the first PUT resizes on and on."""
    one.set(resize=None)
    with new_engine({"timeout": 4}).client() as client, concurrent.futures.ThreadPoolExecutor(3) as threads:
        shown = created(client)
        first = threads.submit(put, client, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}})
        wait_for("it resizes", lambda: one.vm(shown["FAAS"]["VM_ID"])["lcm_name"] == "HOTPLUG_RESIZE")
        assert read(client, shown["ID"])["FAAS"]["STATE"] == "UPDATING"
        others = [threads.submit(put, client, shown["ID"], NOW),
                  threads.submit(client.delete, f"{ITEMS}/{shown['ID']}")]
        for each in others:
            assert each.result().status_code in (204, 423), each.result().text
        error_of(first.result(), 500)
        one.push_vm(shown["FAAS"]["VM_ID"])
        if others[1].result().status_code == 423:
            until_state(client, shown["ID"])
            remove(client, shown["ID"])
    nothing_left(one)


def test_who_may_not_see_it_neither_waits_nor_keeps_others_waiting(one, new_engine):
    one.set(resize=None)
    engine = new_engine()
    with engine.client() as client, concurrent.futures.ThreadPoolExecutor(1) as threads:
        shown = created(client)
        first = threads.submit(put, client, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}})
        wait_for("it resizes", lambda: one.vm(shown["FAAS"]["VM_ID"])["lcm_name"] == "HOTPLUG_RESIZE")
        for who, status in (((ALICE[0], "wrong"), 401), (BOB, 403)):
            with engine.client(who) as other:
                error_of(put(other, shown["ID"], NOW), status)
        assert not first.done()
        one.push_vm(shown["FAAS"]["VM_ID"])
        runtime_of(first.result(), 200)
        remove(client, shown["ID"])
    nothing_left(one)


def test_a_delete_that_waited_has_time_enough(one, new_engine):
    """Its time begins with its turn."""
    with new_engine({"timeout": 4}).client() as client, concurrent.futures.ThreadPoolExecutor(2) as threads:
        shown = created(client)
        held = one.fault("hold", server="oned", method="one.vm.resize", count=1)
        first = threads.submit(put, client, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}})
        wait_for("it resizes", lambda: one.faults()[0]["hits"])
        one.fault("slow", server="oneflow", method="DELETE /service/*", seconds=2.5)
        begun = time.monotonic()
        erased = threads.submit(client.delete, f"{ITEMS}/{shown['ID']}")
        wait_for("it has waited", lambda: time.monotonic() > begun + 2)
        one.clear_faults(held)
        assert first.result().status_code == 200
        assert erased.result().status_code == 204, erased.result().text
    nothing_left(one)


def test_machines_that_still_end_keep_nobody_waiting(one, new_engine):
    """The second of two DELETEs finds the runtime gone, and does not wait for its machine that boots."""
    one.set(boot=None)
    with new_engine().client() as client, concurrent.futures.ThreadPoolExecutor(1) as threads:
        shown = create(client)
        wait_for("it boots", lambda: one.vm(shown["FAAS"]["VM_ID"])["lcm_name"] == "BOOT")
        held = one.fault("hold", server="oned", method="one.document.info", object=shown["SERVICE_ID"], count=1)
        late = threads.submit(client.delete, f"{ITEMS}/{shown['ID']}")
        wait_for("it looks for its machines", lambda: one.faults()[0]["hits"])
        remove(client, shown["ID"])
        one.clear_faults(held)
        assert late.result().status_code == 204 and late.result().elapsed.total_seconds() < 15
        one.push_vm(shown["FAAS"]["VM_ID"])
    nothing_left(one, 60)


def test_a_caller_who_leaves(one, engine, alice):
    """Nobody waits for the answer any more: what was begun is finished or taken back."""
    one.set(flow_deploy=None)
    with engine.client() as hasty:
        hasty.timeout = 1
        try:
            hasty.post(ITEMS, json=spec(NAME="hasty"))
            raise AssertionError("an answer without a machine")
        except Exception as error:  # noqa: BLE001
            assert "timed out" in str(error)
    one.push_service(one.services()[0]["id"])

    def settled():
        made = [each for each in one.documents(1337) if each["name"] == "hasty"]
        return made or not one.services()
    wait_for("it is there or it is gone", settled, 40)
    for made in one.documents(1337):
        remove(alice, made["id"])
    nothing_left(one, 60)


def test_the_list_and_health(one, engine, alice):
    """Q35: additions that need nobody to change."""
    numbers = [create(alice)["ID"] for _ in range(3)]
    one.add_document("alice", 1338, '<TEMPLATE><BODY>{"mine":1}</BODY></TEMPLATE>')
    answer = body_of(alice.get(ITEMS))
    assert [each["ID"] for each in answer["SERVERLESS_RUNTIMES"]] == numbers and answer["NEXT"] is None
    page = body_of(alice.get(ITEMS, params={"limit": 2}))
    rest = body_of(alice.get(ITEMS, params={"after": page["NEXT"]}))
    assert [each["ID"] for part in (page, rest) for each in part["SERVERLESS_RUNTIMES"]] == numbers
    with engine.client(None) as nobody:
        assert nobody.get("/healthz").status_code == 200 and nobody.get("/readyz").status_code == 200
        error_of(nobody.get(ITEMS), 401)
    for number in numbers:
        remove(alice, number)
    assert body_of(alice.get(ITEMS))["SERVERLESS_RUNTIMES"] == []
    # Documents of other kinds are none of its business.
    assert len(one.documents(1338)) == 1
    nothing_left(one)


# --- OpenNebula's own refusals and its certificate --------------------------------------------------------------------

def test_oneflow_says_401_and_means_403(one, engine, alice):
    """Q24: its 401 is "not authorized" as well as "who are you"; oned knows which."""
    one.fault("error", server="oneflow", method="* instantiate", status=401, count=1,
              text="[one.document.info] User [2] : Not authorized to perform USE DOCUMENT [5].")
    assert error_of(alice.post(ITEMS, json=spec()), 403)["error"] == "Failed to create Serverless Runtime Service"
    one.fault("error", server="oneflow", method="* instantiate", status=401, count=1,
              text="User couldn't be authenticated")
    error_of(alice.post(ITEMS, json=spec()), 401)
    for status in (400, 422, 504):
        one.fault("error", server="oneflow", method="* instantiate", status=status, text="as it is", count=1)
        assert error_of(alice.post(ITEMS, json=spec()), status)["message"] == "as it is"
    # Whoever may see a runtime may not delete it for that.
    shown = created(alice)
    for number in (shown["ID"], shown["SERVICE_ID"]):
        one.change_document(number, permissions=[1, 1, 0, 0, 0, 0, 1, 0, 0])
    with engine.client(BOB) as bob:
        said = error_of(bob.delete(f"{ITEMS}/{shown['ID']}"), 500)  # contract 2.8
        assert said["error"].startswith("Failed to delete Serverless Runtime Service")
        error_of(put(bob, shown["ID"], {**NOW, "NAME": "mine"}), 403)
    assert read(alice, shown["ID"]) == shown
    remove(alice, shown["ID"])
    nothing_left(one)


@pytest.fixture
def certificate(tmp_path):
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", files[1], "-out", files[0], "-subj", "/CN=localhost", "-days", "2",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True, timeout=60)
    return files


def test_tls(new_engine, certificate):
    """Q27: who OpenNebula is, is checked unless somebody says that it need not be."""
    with StandIn(tls_certificate=certificate[0], tls_key=certificate[1], oneflow_prefix="/flow") as one:
        conf = {"one_xmlrpc": one.oned, "oneflow_server": one.oneflow}
        assert one.oned.startswith("https://") and one.oneflow.startswith("https://")
        with new_engine(conf).client() as client:
            error_of(client.post(ITEMS, json=spec()), 500)
            assert one.journal() == []  # not even a password went there
        for more in ({"verify_tls": False}, {"ca_file": str(certificate[0])}):
            engine = new_engine({**conf, **more})
            with engine.client() as client:
                remove(client, created(client)["ID"])
            assert (re.search("WARN -- : .*:verify_tls: is false", engine.log()) is not None) == ("verify_tls" in more)
        nothing_left(one)


def test_an_upgrade_of_opennebula(one, new_engine):
    """The engine that saw a 6 meets a 7: nothing is deployed with what 7 would take apart."""
    with new_engine().client() as client:
        remove(client, created(client)["ID"])
        nothing_left(one)
        one.reset(version="7.0.0")
        shown = created(client, spec("Function", "Data", FAAS={"MEMORY": 300}, DAAS={"MEMORY": 400}))
        assert [one.vm(shown[name]["VM_ID"])["template"]["MEMORY"] for name in ("FAAS", "DAAS")] == ["300", "400"]
        remove(client, shown["ID"])
    nothing_left(one)
