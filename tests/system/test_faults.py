# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the control plane at each border of each step of create, resize and delete.

A first run of `nephele-faults` writes down every place that it passes (NEPHELE_FAULT_LOG); then each place gets a run
of its own in which the process dies there (NEPHELE_FAULT). After the next start everything is as asked, nothing is lost
or doubled, and at the end nothing is left over.
"""

import os

import httpx
import pytest

import cloud as houses
from cloud import can_connect, wait_for

pytestmark = pytest.mark.skipif(not os.path.exists(houses.FAULTS_PROGRAM), reason="nephele-faults is not built")


@pytest.fixture(scope="module")
def house():
    made = houses.Cloud(program=houses.FAULTS_PROGRAM, name="faults")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def places(house):
    """{"create": [...], "resize": [...], "delete": [...]}: the places passed by each."""
    log = house.directory / "places"
    house.start(environment={"NEPHELE_FAULT_LOG": str(log)})
    passed = {}

    def lines():
        return log.read_text().split() if log.exists() else []

    before = len(lines())
    runtime = house.running()
    passed["create"] = lines()[before:]
    before = len(lines())
    assert house.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": runtime["FAAS"]["MEMORY"] + 5}}).status_code == 200
    passed["resize"] = lines()[before:]
    before = len(lines())
    assert house.delete(runtime["ID"]).status_code == 204
    house.gone(runtime)
    wait_for("no operation is under way", lambda: nothing_under_way(house), 20)
    passed["delete"] = lines()[before:]
    house.stop()
    unique = {what: list(dict.fromkeys(names)) for what, names in passed.items()}
    assert all(unique.values()), unique
    return unique


def nothing_under_way(house):
    listed = house.run("operations", "list").stdout
    return not any(word in listed for word in ("pending", "running"))


def died(house):
    wait_for("the control plane died at its place", lambda: house.process.poll() is not None, 60)
    assert house.process.returncode == -9, house.log()


def quietly(call):
    """A call during which the other side may die."""
    try:
        return call()
    except httpx.HTTPError:
        return None


def only_runtime(house):
    listed = house.request("GET", "/serverless-runtimes").json()
    rows = next(value for value in listed.values() if isinstance(value, list))
    return [row.get("SERVERLESS_RUNTIME", row) for row in rows]


def create_through_death(house, place):
    house.start(environment={"NEPHELE_FAULT": place})
    quietly(lambda: house.create(headers={"Idempotency-Key": f"create-at-{place}"}))
    died(house)
    house.start()
    # The client that got no answer asks again with the same key.
    runtime = house.create(headers={"Idempotency-Key": f"create-at-{place}"})
    assert [row["ID"] for row in only_runtime(house)] == [runtime["ID"]], "none lost, none doubled"
    running = house.wait_state(runtime["ID"], "RUNNING")
    assert len(house.machines()) == 1
    assert house.guest(running).status_code == 200
    return running


def delete_through_death(house, runtime, place):
    house.stop()
    house.start(environment={"NEPHELE_FAULT": place})
    quietly(lambda: house.delete(runtime["ID"]))
    died(house)
    house.start()
    quietly(lambda: house.delete(runtime["ID"]))
    nothing_left(house, runtime)


def nothing_left(house, runtime):
    house.gone(runtime)
    wait_for("no machine is left", lambda: not house.machines(), 30)
    assert only_runtime(house) == []
    left = [path for path in (house.data / "servers").rglob("*") if path.name.isdigit() or not path.is_dir()]
    assert left == []
    assert not can_connect(runtime["FAAS"]["ENDPOINT"], 8000)
    wait_for("no operation is under way", lambda: nothing_under_way(house), 20)


def test_create_and_delete(house, places):
    creates, deletes = list(places["create"]), list(places["delete"])
    for turn in range(max(len(creates), len(deletes))):
        at_create, at_delete = creates[turn % len(creates)], deletes[turn % len(deletes)]
        print(f"create dies at {at_create}, delete at {at_delete}")
        runtime = create_through_death(house, at_create)
        delete_through_death(house, runtime, at_delete)
        house.stop()


def test_resize(house, places):
    if house.process.poll() is None:
        house.stop()
    house.start()
    runtime = house.running()
    house.stop()
    wanted = runtime["FAAS"]["MEMORY"]
    for place in places["resize"]:
        print(f"resize dies at {place}")
        wanted += 3
        house.start(environment={"NEPHELE_FAULT": place})
        house.wait_state(runtime["ID"], "RUNNING")
        quietly(lambda: house.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": wanted}}))
        died(house)
        house.start()
        shown = house.wait_state(runtime["ID"], "RUNNING")
        wait_for("it has what was asked for", lambda: house.get(runtime["ID"])["FAAS"]["MEMORY"] == wanted, 20)
        assert house.guest(shown).status_code == 200 and len(house.machines()) == 1
        house.stop()
    house.start()
    assert house.delete(runtime["ID"]).status_code == 204
    nothing_left(house, runtime)
