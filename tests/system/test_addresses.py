# SPDX-License-Identifier: Apache-2.0
"""Addresses that other programs hold: one of them costs nothing, all of them are told, and waited for."""

import contextlib
import os
import signal

import httpx
import pytest

import cloud as houses
import private
from cloud import Cloud, wait_for

PORT = 8000


def following(address, count):
    """The next addresses of a pool."""
    head, _, last = address.rpartition(".")
    return [f"{head}.{int(last) + i}" for i in range(1, count + 1)]


@pytest.fixture(scope="module", autouse=True)
def nobody_else():
    private.own_network()


@pytest.fixture(scope="module")
def house():
    made = Cloud(name="address")
    try:
        yield made
    finally:
        made.close()


def test_a_first_start_beside_a_listener_on_all_addresses_says_so(house):
    with private.listener("0.0.0.0", PORT):
        said = house.refuses_to_start()
        assert f":{PORT}" in said and "0.0.0.0" in said, said
    house.start()


def test_a_taken_address_is_passed_over(house):
    runtime = house.running()
    first = runtime["FAAS"]["ENDPOINT"]
    held = [private.listener(address, PORT) for address in following(first, 3)]
    try:
        created = house.create()
        assert created["FAAS"]["ENDPOINT"] in [s.getsockname()[0] for s in held], "the one that it would have got"
        running = house.wait_state(created["ID"], "RUNNING")
        assert running["FAAS"]["ENDPOINT"] not in [s.getsockname()[0] for s in held]
        assert house.guest(running).json()["name"] == created["NAME"]
        assert house.guest(runtime).status_code == 200, "the other one's address is as it was"
        assert house.delete(created["ID"]).status_code == 204
        house.gone(running)
    finally:
        for s in held:
            s.close()


def test_an_address_that_was_taken_while_its_machine_was_down_is_exchanged(house):
    runtime = house.runtimes()[0]
    [pid] = house.machines()
    os.kill(pid, signal.SIGKILL)
    house.wait_state(runtime["ID"], "ERROR", 10)
    with private.listener(runtime["FAAS"]["ENDPOINT"], PORT):
        again = house.wait_state(runtime["ID"], "RUNNING")
        assert again["FAAS"]["ENDPOINT"] != runtime["FAAS"]["ENDPOINT"]
        assert house.guest(again).status_code == 200
    assert house.delete(runtime["ID"]).status_code == 204
    house.gone(again)


def test_when_every_address_is_taken_the_runtime_says_so_and_goes_on_when_they_are_free(house):
    with private.listener("0.0.0.0", PORT):
        created = house.create()
        address = created["FAAS"]["ENDPOINT"]
        shown = house.wait_state(created["ID"], "ERROR", 30)
        assert f"{address}:{PORT}" in shown["FAAS"]["ERROR"] and "0.0.0.0" in shown["FAAS"]["ERROR"]
        listed = house.run("operations", "list").stdout
        assert "pending" in listed or "running" in listed, listed
        assert house.machines() == []
    running = house.wait_state(created["ID"], "RUNNING")
    assert "ERROR" not in running["FAAS"]
    assert running["FAAS"]["ENDPOINT"] == address, "it waited for its own"
    assert house.guest(running).status_code == 200


def test_a_machine_that_is_restarted_by_its_resize_waits_too(house):
    runtime = house.runtimes()[0]
    assert house.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}}).status_code == 200
    house.stop()
    # The control plane dies between the machine's end and its new start, and somebody else is quicker.
    house.start(program=houses.FAULTS_PROGRAM, environment={"NEPHELE_FAULT": "compute.resize/stop:after"})
    with contextlib.suppress(httpx.HTTPError):
        house.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 1}})
    wait_for("it died there", lambda: house.process.poll() is not None, 60)
    assert house.machines() == []
    with private.listener("0.0.0.0", PORT):
        house.start()
        wait_for("it is told why it does not start",
                 lambda: "0.0.0.0" in house.get(runtime["ID"])["FAAS"].get("ERROR", ""), 30)
    again = house.wait_state(runtime["ID"], "RUNNING")
    assert (again["FAAS"]["ENDPOINT"], again["FAAS"]["CPU"]) == (runtime["FAAS"]["ENDPOINT"], 1)
    assert house.guest(again).json()["cpus"] == 1


def test_the_port_of_the_api_itself_is_named(house):
    house.stop()
    with private.listener("127.0.0.1", house.port):
        said = house.refuses_to_start()
        assert f"127.0.0.1 port {house.port} is taken by python" in said and "choose another port" in said, said
    house.start()
