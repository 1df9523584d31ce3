# SPDX-License-Identifier: Apache-2.0
"""PUT on a running runtime: live where it can be, reported where it cannot."""

import pytest

from cloud import Fetcher, wait_for


@pytest.fixture(scope="module")
def runtime(cloud):
    return cloud.running()


def sizes(cloud, runtime):
    """(cpus, MiB of memory given to it, MiB of disk), told by the guest itself."""
    about = cloud.guest(runtime).json()
    return about["cpus"], about["memory_mib"], about["disk_mib"]


def test_more_of_everything_live_without_a_missed_answer(cloud, runtime):
    faas = runtime["FAAS"]
    boot_id = cloud.guest(runtime).json()["boot_id"]
    wanted = {"CPU": faas["CPU"] + 1, "MEMORY": faas["MEMORY"] + 49, "DISK_SIZE": faas["DISK_SIZE"] + 313}
    with Fetcher(f"http://{faas['ENDPOINT']}:8000/") as fetcher:
        answer = cloud.put(runtime["ID"], {"NAME": "larger", "FAAS": {"FLAVOUR": "", **wanted},
                                           "SCHEDULING": {"POLICY": "energy"}})
        assert answer.status_code == 200, answer.text
        shown = answer.json()["SERVERLESS_RUNTIME"]
        wait_for("the guest has the exact MiB", lambda: sizes(cloud, runtime)[1] == wanted["MEMORY"], 15)
    assert fetcher.answers > 5 and fetcher.misses == []
    assert shown["NAME"] == "larger" and shown["SCHEDULING"] == {"POLICY": "energy"}
    assert {key: shown["FAAS"][key] for key in wanted} == wanted, "the runtime shows exactly what was asked for"
    assert shown["FAAS"]["STATE"] == "RUNNING" and shown["FAAS"]["FLAVOUR"] == faas["FLAVOUR"]
    wait_for("the guest has them all",
             lambda: sizes(cloud, runtime) == (wanted["CPU"], wanted["MEMORY"], wanted["DISK_SIZE"]), 15)
    assert cloud.guest(runtime).json()["boot_id"] == boot_id, "it was not restarted"


def test_less_memory_live(cloud, runtime):
    now = cloud.get(runtime["ID"])["FAAS"]["MEMORY"]
    with Fetcher(f"http://{runtime['FAAS']['ENDPOINT']}:8000/") as fetcher:
        answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": now - 33}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["SERVERLESS_RUNTIME"]["FAAS"]["MEMORY"] == now - 33
    assert fetcher.misses == []
    wait_for("the guest has the exact MiB", lambda: sizes(cloud, runtime)[1] == now - 33, 15)


def test_members_left_out_stay_as_they_are(cloud, runtime):
    before = cloud.get(runtime["ID"])
    answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": ""}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["SERVERLESS_RUNTIME"] == before


def test_a_disk_never_shrinks_and_nothing_else_changes_then(cloud, runtime):
    before = cloud.get(runtime["ID"])
    answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": before["FAAS"]["MEMORY"] + 1,
                                                "DISK_SIZE": before["FAAS"]["DISK_SIZE"] - 1}})
    assert answer.status_code == 500, answer.text
    assert answer.json()["error"] == "Failed to resize Serverless Runtime Function VM disk"
    assert cloud.get(runtime["ID"]) == before


def test_what_does_not_fit_the_machine_is_refused_with_numbers(cloud, runtime):
    before = cloud.get(runtime["ID"])
    answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": 900_000_000}})
    assert answer.status_code == 500, answer.text
    assert answer.json()["error"] == "Failed to resize Serverless Runtime Function VM capacity"
    assert any(c.isdigit() for c in answer.json()["message"])
    assert cloud.get(runtime["ID"]) == before
    spec = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature", "MEMORY": 900_000_000}}}
    answer = cloud.request("POST", "/serverless-runtimes", json=spec)
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"] == "Failed to create Serverless Runtime Service"


def test_fewer_cpus_come_by_a_restart_that_is_reported(cloud, runtime):
    boot_id = cloud.guest(runtime).json()["boot_id"]
    answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 1}})
    assert answer.status_code == 200, answer.text
    assert answer.json()["SERVERLESS_RUNTIME"]["FAAS"]["CPU"] == 1
    cloud.wait_state(runtime["ID"], "RUNNING")
    assert cloud.guest(runtime).json()["boot_id"] != boot_id
    assert sizes(cloud, runtime)[0] == 1
    events = cloud.events(runtime["ID"], until=lambda event: "restart" in event.get("data", "") + event.get("event", ""))
    assert events
