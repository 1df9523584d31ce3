# SPDX-License-Identifier: Apache-2.0
"""`nephele doctor` runs a guest of its own, and nothing of it remains, however it ends."""

import pathlib
import signal
import subprocess

import pytest

from cloud import PATIENCE, Cloud, processes_below, wait_for


@pytest.fixture(scope="module")
def house():
    made = Cloud(name="doctor")
    try:
        yield made
    finally:
        made.close()


def benches():
    return set(pathlib.Path("/tmp").glob("nephele-doctor-*"))


def test_a_machine_that_is_well(house):
    before = benches()
    said = house.run("doctor", "compute", timeout=300).stdout
    assert "ok  a test guest said READY after" in said and "ok  this machine can serve compute" in said, said
    assert benches() == before
    assert not house.data.exists(), "it does not touch the cloud's own directory"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["interrupted", "ended"])
def test_ended_in_the_middle_it_takes_its_guest_away(house, how):
    before = benches()
    doctor = subprocess.Popen(house.command("doctor", "compute"), env=house.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        [bench] = wait_for("its directory", lambda: benches() - before, 30)
        wait_for("its guest", lambda: any("-blockdev" in command or "server-1" in command
                                          for _, command in processes_below(bench)), 60)
        doctor.send_signal(how)
        said, _ = doctor.communicate(timeout=60 * PATIENCE)
        assert doctor.returncode == 1 and "NO  interrupted" in said, said
        assert processes_below(bench) == [] and not bench.exists()
    finally:
        doctor.kill()
        doctor.wait()
