# SPDX-License-Identifier: Apache-2.0
"""QEMU's programs disappear while the cloud runs: the runtime says which package it is, and goes on when it is back."""

import os
import shutil
import signal

import pytest

from cloud import Cloud, wait_for


@pytest.fixture(scope="module")
def house():
    """Its tools are links of its own, in a directory that the machines' user can pass through."""
    made = Cloud(name="missing")
    made.directory.chmod(0o711)
    tools = made.directory / "tools"
    tools.mkdir()
    tools.chmod(0o755)
    for name in ("qemu-system-x86_64", "qemu-img"):
        (tools / name).symlink_to(shutil.which(name))
    made.data.mkdir(mode=0o711)
    (made.data / "nephele.conf").write_text(f"COMPUTE_QEMU = '{tools}/qemu-system-x86_64'\n")
    made.environment["PATH"] = f"{tools}:/usr/sbin:/sbin"
    try:
        yield made
    finally:
        made.close()


class Removed:
    """A program that is not there for a while."""

    def __init__(self, house, name):
        self.path = house.directory / "tools" / name

    def __enter__(self):
        self.real = os.readlink(self.path)
        self.path.unlink()

    def __exit__(self, *_):
        self.path.symlink_to(self.real)


def test_at_the_start(house):
    with Removed(house, "qemu-system-x86_64"):
        said = house.refuses_to_start()
        assert "tools/qemu-system-x86_64" in said and "install the Debian package qemu-system-x86" in said, said
    house.start()


def test_when_a_runtime_is_created(house):
    with Removed(house, "qemu-system-x86_64"):
        created = house.create()
        shown = house.wait_state(created["ID"], "ERROR", 30)["FAAS"]["ERROR"]
        assert "tools/qemu-system-x86_64" in shown and "install the Debian package qemu-system-x86" in shown, shown
        assert house.machines() == []
    assert house.guest(house.wait_state(created["ID"], "RUNNING")).status_code == 200


def test_when_a_machine_has_to_be_started_again(house):
    [runtime] = house.runtimes()
    [pid] = house.machines()
    with Removed(house, "qemu-system-x86_64"):
        os.kill(pid, signal.SIGKILL)
        house.wait_state(runtime["ID"], "ERROR", 10)

        def says_why():
            return "install the Debian package qemu-system-x86" in house.get(runtime["ID"])["FAAS"]["ERROR"]

        wait_for("the reason is told", says_why, 20)
        failed = house.run("operations", "list").stdout
        assert "compute.start" in failed, failed
    again = house.wait_state(runtime["ID"], "RUNNING")
    assert "ERROR" not in again["FAAS"] and house.guest(again).status_code == 200


def test_the_tool_that_makes_disks(house):
    with Removed(house, "qemu-img"):
        created = house.create()
        shown = house.wait_state(created["ID"], "ERROR", 30)["FAAS"]["ERROR"]
        assert "qemu-img" in shown and "install the Debian package qemu-utils" in shown, shown
    assert house.guest(house.wait_state(created["ID"], "RUNNING")).status_code == 200
