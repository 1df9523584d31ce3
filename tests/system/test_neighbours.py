# SPDX-License-Identifier: Apache-2.0
"""Two clouds side by side on one machine, one of them an ordinary user's."""

import os
import pathlib

import pytest

from cloud import can_connect, wait_for

NOBODY = 65534


@pytest.fixture(scope="module")
def both(request):
    import cloud as houses

    first = houses.Cloud(name="first")
    second = houses.Cloud(name="second", user=NOBODY if os.geteuid() == 0 else None)
    try:
        yield first.start(), second.start()
    finally:
        first.close()
        second.close()


@pytest.fixture(scope="module")
def runtimes(both):
    created = [house.create() for house in both]
    return [house.wait_state(runtime["ID"], "RUNNING") for house, runtime in zip(both, created)]


def test_each_has_addresses_of_its_own(both, runtimes):
    first, second = (runtime["FAAS"]["ENDPOINT"] for runtime in runtimes)
    assert first.startswith("127.") and second.startswith("127.") and first != second
    for house, runtime in zip(both, runtimes):
        assert house.guest(runtime).status_code == 200
        assert len(house.machines()) == 1


def test_every_process_of_an_ordinary_user_is_his(both, runtimes):
    second = both[1]
    if second.user is None:
        pytest.skip("we are an ordinary user ourselves")
    for pid in [second.process.pid, *second.machines()]:
        uids = pathlib.Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split("\n")[0].split()
        assert set(uids) == {str(NOBODY)}


def test_machines_of_root_run_under_an_unprivileged_user(both, runtimes):
    if os.geteuid() != 0:
        pytest.skip("we are no root")
    [pid] = both[0].machines()
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    assert "0" not in status.split("Uid:")[1].split("\n")[0].split()
    assert "NoNewPrivs:\t1" in status
    assert set(status.split("CapEff:")[1].split()[0]) == {"0"}


def test_the_private_files_are_private(both, runtimes):
    for house, runtime in zip(both, runtimes):
        server = house.data / "servers" / str(runtime["FAAS"]["VM_ID"])
        # Root's directories may be passed through by the machines' group, so that their user reaches his files.
        assert house.data.stat().st_mode & 0o066 == 0 and server.stat().st_mode & 0o066 == 0
        context = list(server.rglob("*.iso"))
        assert context
        for path in [house.data / "demo-auth", house.data / "nephele.db", house.data / "secret.key", *context]:
            assert path.stat().st_mode & 0o077 == 0, (path, oct(path.stat().st_mode))


def test_ending_one_leaves_the_other_alone(both, runtimes):
    first, second = both
    second.run("destroy", "--yes")
    wait_for("its control plane has ended", lambda: second.process.poll() is not None, 30)
    assert not second.machines() and not can_connect(runtimes[1]["FAAS"]["ENDPOINT"], 8000)
    assert first.guest(runtimes[0]).status_code == 200
    assert first.states(runtimes[0]["ID"]) == ["RUNNING"]
