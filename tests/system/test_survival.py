# SPDX-License-Identifier: Apache-2.0
"""What must survive: deaths of machines and of the control plane, stops, missing parts."""

import os
import signal
import subprocess
import time

import pytest

from cloud import can_connect, wait_for


@pytest.fixture(scope="module")
def runtime(cloud):
    return cloud.running()


def test_a_killed_machine_shows_error_at_once_and_recovers(cloud, runtime):
    [pid] = cloud.machines()
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    shown = cloud.wait_state(runtime["ID"], "ERROR", 10)
    assert time.monotonic() - killed < 5
    assert shown["FAAS"]["ERROR"]
    answer = cloud.put(runtime["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": 140}})
    if cloud.states(runtime["ID"]) == ["ERROR"]:
        assert answer.status_code == 500, answer.text
        assert answer.json()["error"] == (
            "Cannot update Serverless Runtime Function VM FAAS on an error state. A recovery was attempted")
    again = cloud.wait_state(runtime["ID"], "RUNNING")
    assert "ERROR" not in again["FAAS"]
    assert again["FAAS"]["ENDPOINT"] == runtime["FAAS"]["ENDPOINT"]
    assert cloud.guest(runtime).status_code == 200
    assert len(cloud.machines()) == 1 and cloud.machines() != [pid]


def test_machines_outlive_a_killed_control_plane_and_are_adopted(cloud, runtime):
    machines = cloud.machines()
    address = cloud.get(runtime["ID"])["FAAS"]["ENDPOINT"]
    cloud.kill()
    assert can_connect(address, 8000) and cloud.machines() == machines
    cloud.start()
    assert cloud.wait_state(runtime["ID"], "RUNNING", 30)["FAAS"]["ENDPOINT"] == address
    assert cloud.machines() == machines, "adopted, not started anew"


def test_the_adopted_machine_is_watched_like_any_other(cloud, runtime):
    [pid] = cloud.machines()
    os.kill(pid, signal.SIGKILL)
    cloud.wait_state(runtime["ID"], "ERROR", 10)
    cloud.wait_state(runtime["ID"], "RUNNING")


def test_a_machine_that_died_while_nobody_watched_is_found(cloud, runtime):
    cloud.kill()
    [pid] = cloud.machines()
    os.kill(pid, signal.SIGKILL)
    cloud.start()
    cloud.wait_state(runtime["ID"], "RUNNING")
    assert len(cloud.machines()) == 1


def test_a_second_control_plane_on_the_same_directory_is_refused(cloud):
    second = subprocess.run(cloud.command("up", "--port", "0"), capture_output=True, text=True, timeout=60,
                            stdin=subprocess.DEVNULL, cwd=cloud.directory, env=cloud.environment)
    assert second.returncode not in (0, 2) or "already" in second.stdout + second.stderr
    assert cloud.request("GET", "/readyz", auth=False).status_code == 200


def test_stop_with_vms_ends_the_machines_and_up_starts_what_should_run(cloud, runtime):
    cloud.run("stop", "--vms")
    assert cloud.process.wait(30) == 0
    wait_for("no machine runs", lambda: not cloud.machines(), 30)
    cloud.start()
    again = cloud.wait_state(runtime["ID"], "RUNNING")
    assert cloud.guest(again).status_code == 200


def test_backup_and_restore(cloud, runtime):
    copy = cloud.directory / "backup"
    cloud.run("backup", str(copy))
    assert copy.exists()
    cloud.run("stop")
    cloud.process.wait(30)
    cloud.run("restore", str(copy))
    cloud.start()
    assert cloud.get(runtime["ID"])["ID"] == runtime["ID"]


def test_destroy_leaves_no_process_no_file_and_no_listener(cloud, runtime):
    cloud.run("destroy", "--yes")
    wait_for("the control plane has ended", lambda: cloud.process.poll() is not None, 30)
    assert not cloud.machines()
    assert not can_connect(runtime["FAAS"]["ENDPOINT"], 8000)
    assert not cloud.data.exists() or not list(cloud.data.iterdir())


def test_a_damaged_database_is_told_and_left_alone(new_cloud):
    house = new_cloud(name="corrupt")
    house.data.mkdir(mode=0o700)
    rubbish = b"this is no database" * 1000
    (house.data / "nephele.db").write_bytes(rubbish)
    ended = subprocess.run(house.command("up", "--port", str(house.port)), capture_output=True, text=True, timeout=60,
                           stdin=subprocess.DEVNULL, cwd=house.directory, env=house.environment)
    assert ended.returncode != 0
    assert "restore" in ended.stderr, ended.stderr
    assert (house.data / "nephele.db").read_bytes() == rubbish


def test_without_qemu_the_start_says_so_and_works_when_it_is_back(new_cloud):
    house = new_cloud(name="noqemu")
    qemu = house.directory / "qemu"
    house.data.mkdir(mode=0o700)
    (house.data / "nephele.conf").write_text(f"COMPUTE_QEMU = '{qemu}'\n")
    ended = subprocess.run(house.command("up", "--port", str(house.port)), capture_output=True, text=True, timeout=60,
                           stdin=subprocess.DEVNULL, cwd=house.directory, env=house.environment)
    assert ended.returncode != 0
    assert str(qemu) in ended.stderr and "install" in ended.stderr, ended.stderr
    (house.data / "nephele.conf").unlink()
    house.start()
    house.running()
