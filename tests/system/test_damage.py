# SPDX-License-Identifier: Apache-2.0
"""A database that cannot be used: damaged, of a newer release, on a disk that cannot be written. Nothing is changed, the
sentence says what to do, and what it says works."""

import hashlib
import os
import shutil
import signal
import sqlite3
import subprocess

import pytest

import private
from cloud import Cloud


@pytest.fixture(scope="module")
def house():
    """A cloud with a runtime and a backup, stopped; its machine goes on."""
    made = Cloud(name="damage")
    try:
        made.start().running()
        made.run("backup", str(made.directory / "backup"))
        made.stop()
        yield made
    finally:
        made.close()


def content(house):
    """What must not change: everything but the log, and what processes say of themselves while they live."""
    return {path.relative_to(house.data): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in house.data.rglob("*")
            if path.is_file() and path.parent.name not in ("log", "processes") and "servers" not in path.parts
            and not path.name.endswith((".lock", "-shm"))}


def refused(house, *words):
    before = content(house)
    said = house.refuses_to_start()
    assert all(word in said for word in words), said
    after = content(house)
    # A log without content is no change.
    assert {k: v for k, v in after.items() if not str(k).endswith("-wal")} == \
           {k: v for k, v in before.items() if not str(k).endswith("-wal")}
    assert len(house.machines()) == 1, "the machine goes on whatever becomes of the database"


def goes_on(house):
    """What the sentence advised."""
    house.run("restore", str(house.directory / "backup"))
    house.start()
    [runtime] = house.runtimes()
    assert house.guest(house.wait_state(runtime["ID"], "RUNNING")).status_code == 200
    assert len(house.machines()) == 1, "the same machine"
    house.stop()


def overwrite(path, offset, length):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(os.urandom(length))


def test_garbage_in_the_header(house):
    overwrite(house.data / "nephele.db", 0, 64)
    refused(house, "nephele.db", "damaged", "`nephele restore DIRECTORY`")
    goes_on(house)


def test_garbage_in_the_middle(house):
    path = house.data / "nephele.db"
    size = path.stat().st_size
    assert size > 65536, size
    overwrite(path, 8192, size - 16384)
    refused(house, "nephele.db", "damaged", "`nephele restore DIRECTORY`")
    goes_on(house)


def test_a_file_that_was_cut_off(house):
    path = house.data / "nephele.db"
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)
    refused(house, "nephele.db", "damaged", "`nephele restore DIRECTORY`")
    goes_on(house)


def test_damage_beside_a_log_that_was_not_written_back(house):
    house.start()
    house.process.send_signal(signal.SIGKILL)
    house.process.wait(10)
    log = house.data / "nephele.db-wal"
    assert log.stat().st_size > 0
    path = house.data / "nephele.db"
    overwrite(path, 8192, path.stat().st_size - 16384)
    before = log.read_bytes()
    refused(house, "damaged")
    assert log.read_bytes() == before, "the log is kept as it was"
    goes_on(house)
    assert (house.data / "nephele.db.before-restore-wal").read_bytes() == before, "set aside with its database"


def test_other_verbs_say_the_same(house):
    overwrite(house.data / "nephele.db", 0, 64)
    for verb in (["account", "list"], ["operations", "list"], ["migrate"], ["backup", str(house.directory / "b2")]):
        ended = house.run(*verb, check=False)
        assert ended.returncode == 1 and "restore DIRECTORY" in ended.stderr, (verb, ended.stderr)
    assert not (house.directory / "b2").exists() and not (house.directory / "b2.partial").exists()
    goes_on(house)


def test_a_newer_schema(house):
    path = house.data / "nephele.db"
    shutil.copy(path, house.directory / "kept.db")
    with sqlite3.connect(path) as database:
        version = database.execute("SELECT max(version) FROM nephele_schema WHERE service = 'compute'").fetchone()[0]
        database.execute("INSERT INTO nephele_schema VALUES ('compute', ?, 'a step of tomorrow', 'x', 0)", [version + 1])
    database.close()
    refused(house, "newer release", "run that release", "backup")
    goes_on(house)


def test_a_damaged_backup_is_refused_before_anything_is_changed(house):
    bad = house.directory / "bad"
    shutil.copytree(house.directory / "backup", bad)
    overwrite(bad / "nephele.db", 8192, 40000)
    before = content(house)
    ended = house.run("restore", str(bad), check=False)
    assert ended.returncode == 1 and "nothing was changed" in ended.stderr, ended.stderr
    now = content(house)
    assert {name: now[name] for name in before} == before
    for missing in ("secret.key", "nephele.db"):
        (bad / missing).unlink()
        ended = house.run("restore", str(bad), check=False)
        assert ended.returncode == 3 and missing in ended.stderr, ended.stderr
    ended = house.run("restore", str(house.directory / "nowhere"), check=False)
    assert ended.returncode == 3 and "nowhere" in ended.stderr, ended.stderr
    house.start()
    house.wait_state(house.runtimes()[0]["ID"], "RUNNING")
    house.stop()


def test_a_data_directory_that_cannot_be_written(house):
    private.own_mounts()
    subprocess.run(["mount", "--bind", str(house.data), str(house.data)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(house.data)], check=True)
    try:
        said = house.refuses_to_start()
        assert str(house.data) in said and "Read-only" in said and "must be writable" in said, said
    finally:
        subprocess.run(["umount", str(house.data)], check=True)
    house.start()
    house.wait_state(house.runtimes()[0]["ID"], "RUNNING")
    house.stop()


def test_somebody_elses_data_directory(new_cloud):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    other = new_cloud(name="other", user=65534)
    other.data.mkdir(mode=0o755)
    said = other.refuses_to_start()
    assert str(other.data) in said and "belong to the user that runs the cloud" in said, said
    os.chown(other.data, 65534, 65534)
    other.start()


@pytest.mark.parametrize("kept", ["servers/list", "secret.key"])
def test_a_directory_of_something_else_is_not_destroyed(new_cloud, kept):
    other = new_cloud(name="other")
    (other.data / kept).parent.mkdir(parents=True, exist_ok=True)
    (other.data / kept).write_text("somebody's work")
    done = other.run("destroy", "--yes", check=False)
    assert done.returncode == 3 and "there is no cloud in" in done.stderr, done.stderr
    assert (other.data / kept).read_text() == "somebody's work"


def test_a_directory_that_everybody_writes_to_is_not_taken(new_cloud):
    other = new_cloud(name="other")
    other.data.mkdir()
    other.data.chmod(0o1777)
    done = other.run("up", "--port", "0", "--detach", check=False)
    assert done.returncode == 1 and "that everybody writes to" in done.stderr, done.stderr
    assert other.data.stat().st_mode & 0o7777 == 0o1777 and list(other.data.iterdir()) == []
