# SPDX-License-Identifier: Apache-2.0
"""The host is restarted: every process is gone at once, sockets and locks too, and the kernel has another boot id. What
should run, runs again; what its guest stopped stays stopped; what was deleted stays deleted."""

import os
import pathlib
import signal
import subprocess
import uuid

import pytest

import private
from cloud import Cloud, wait_for
from terminal import console

BOOT_ID = pathlib.Path("/proc/sys/kernel/random/boot_id")


@pytest.fixture(scope="module")
def house():
    private.own_mounts()
    made = Cloud(name="reboot")
    try:
        yield made.start()
    finally:
        while str(BOOT_ID) in pathlib.Path("/proc/self/mounts").read_text():
            subprocess.run(["umount", str(BOOT_ID)], check=True)
        made.close()


def restart_host(house):
    """What a restart does to a data directory, seen from inside it."""
    house.kill()
    for pid in house.machines():
        os.kill(pid, signal.SIGKILL)
    wait_for("nothing runs", lambda: not house.processes(), 10)
    for path in house.data.rglob("*"):
        if path.is_socket():
            path.unlink()
    fresh = house.directory / f"boot-{uuid.uuid4()}"
    fresh.write_text(f"{uuid.uuid4()}\n")
    fresh.chmod(0o644)
    before = BOOT_ID.read_text()
    subprocess.run(["mount", "--bind", str(fresh), str(BOOT_ID)], check=True)
    assert BOOT_ID.read_text() != before


def power_off(house, runtime):
    terminal = console(house, runtime)
    terminal.type("poweroff")
    shown = house.wait_state(runtime["ID"], "ERROR", 60)
    terminal.close()
    assert "shut itself down" in shown["FAAS"]["ERROR"]


def test_a_restart_of_the_host(house):
    runs, sleeps, gone = [house.running() for _ in range(3)]
    function_before = house.guest(runs).json()
    power_off(house, sleeps)
    assert house.delete(gone["ID"]).status_code == 204
    house.gone(gone)
    fresh = house.create()  # its first step is under way, or not even that
    going = house.running()
    assert house.delete(going["ID"]).status_code == 204  # asked for, and the power fails

    restart_host(house)
    house.start()

    again = house.wait_state(runs["ID"], "RUNNING")
    assert again["FAAS"]["ENDPOINT"] == runs["FAAS"]["ENDPOINT"]
    about = house.guest(again).json()
    assert about["name"] == function_before["name"] and about["boot_id"] != function_before["boot_id"]
    house.wait_state(fresh["ID"], "RUNNING")
    house.gone(going)
    house.gone(gone, 1)
    asleep = house.get(sleeps["ID"])["FAAS"]
    assert asleep["STATE"] == "ERROR" and "shut itself down" in asleep["ERROR"], asleep
    assert sorted(row["ID"] for row in house.runtimes()) == sorted([runs["ID"], sleeps["ID"], fresh["ID"]])
    assert len(house.machines()) == 2


def test_a_second_one_right_after_the_first(house):
    """Also machines that were being started again when the power failed once more."""
    expected = sorted(row["ID"] for row in house.runtimes())
    restart_host(house)
    house.start()
    restart_host(house)
    house.start()
    states = {row["ID"]: row["FAAS"]["STATE"] for row in house.runtimes()}
    assert sorted(states) == expected
    wait_for("two run again", lambda: sorted(row["FAAS"]["STATE"] for row in house.runtimes()) ==
             ["ERROR", "RUNNING", "RUNNING"], 90)
    assert len(house.machines()) == 2
    [sleeps] = [row for row in house.runtimes() if row["FAAS"]["STATE"] == "ERROR"]
    assert house.put(sleeps["ID"], {"FAAS": {"FLAVOUR": ""}}).status_code == 500  # a recovery is attempted
    assert house.guest(house.wait_state(sleeps["ID"], "RUNNING")).status_code == 200
    assert len(house.machines()) == 3
