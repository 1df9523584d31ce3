# SPDX-License-Identifier: Apache-2.0
"""The guide's transcript, typed over `nephele console` as a person would."""

import re

import pytest

from cloud import wait_for
from terminal import PROMPT, console


@pytest.fixture(scope="module")
def runtime(cloud):
    return cloud.running()


@pytest.fixture(scope="module")
def terminal(cloud, runtime):
    house = console(cloud, runtime)
    yield house
    house.close()


def answer(terminal, line):
    """What the shell prints between the typed line and its next prompt."""
    terminal.type(line)
    terminal.expect(re.escape(line.strip()[-20:]) + r"\n")
    return re.sub(PROMPT + r"$", "", terminal.expect(PROMPT + r"$"))


def test_lsblk_shows_the_context_disc_and_the_disk_of_the_size_asked_for(terminal, runtime):
    shown = answer(terminal, "lsblk")
    assert re.search(r"NAME\s+MAJ:MIN\s+RM\s+SIZE\s+RO\s+TYPE\s+MOUNTPOINTS", shown), shown
    assert re.search(r"sr0\s+11:0\s+1\s+\S+\s+[01]\s+rom", shown), shown
    disk = re.search(r"vda\s+\d+:0\s+0\s+([\d.]+)([MG])\s+0\s+disk", shown)
    assert disk, shown
    mebibytes = float(disk[1]) * (1024 if disk[2] == "G" else 1)
    assert abs(mebibytes - runtime["FAAS"]["DISK_SIZE"]) <= max(1, 0.05 * mebibytes), shown


def test_the_transcript_of_the_guide_prints_the_credentials_without_a_newline(terminal, cloud):
    answer(terminal, "mount /dev/sr0 /mnt/")
    terminal.type("""cat /mnt/context.sh | grep SR_AUTH | cut -d "'" -f 2 | base64 -d""")
    terminal.expect(r"base64 -d\n")
    credentials = (cloud.data / "demo-auth").read_text().strip()
    assert re.fullmatch(re.escape(credentials) + PROMPT, terminal.expect(PROMPT + "$"))
    assert answer(terminal, "umount /mnt; echo done").strip().endswith("done")


def test_a_reboot_from_inside_keeps_the_runtime_running(terminal, cloud, runtime):
    boot_id = cloud.guest(runtime).json()["boot_id"]
    [pid] = cloud.machines()
    terminal.type("reboot")

    def rebooted():
        try:
            return cloud.guest(runtime).json()["boot_id"] != boot_id
        except Exception:
            return False

    wait_for("the guest is back", rebooted, 60, every=0.5)
    assert cloud.machines() == [pid]
    assert cloud.states(runtime["ID"]) == ["RUNNING"]
    cloud.events(runtime["ID"], until=lambda event: "reboot" in event.get("data", "") + event.get("event", ""))


def test_a_guest_that_powers_itself_off_is_an_error_with_that_reason(terminal, cloud, runtime):
    terminal.expect(PROMPT, 60)
    terminal.type("poweroff")
    shown = cloud.wait_state(runtime["ID"], "ERROR", 60)
    assert "the guest shut itself down" in shown["FAAS"]["ERROR"]
    wait_for("its process is gone", lambda: not cloud.machines(), 30)


def test_the_log_verb_shows_the_console(cloud, runtime):
    assert "READY" in cloud.run("logs", str(runtime["FAAS"]["VM_ID"])).stdout
