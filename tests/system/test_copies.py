# SPDX-License-Identifier: Apache-2.0
"""kill -9 in the middle of `nephele backup` and `nephele restore`: the target is whole or plainly refused, the source is
never harmed, and doing it once more finishes the work."""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

import cloud as houses
from cloud import Cloud

pytestmark = pytest.mark.skipif(not os.path.exists(houses.FAULTS_PROGRAM), reason="nephele-faults is not built")
TURNS = 10


@pytest.fixture(scope="module")
def house():
    """A cloud that runs, with a runtime; enough accounts that a copy takes a moment."""
    made = Cloud(program=houses.FAULTS_PROGRAM, name="copies")
    try:
        made.start().running()
        yield made
    finally:
        made.close()


def sound(path):
    """None, or what SQLite says of a database."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return database.execute("PRAGMA integrity_check").fetchone()[0]
    finally:
        database.close()


def grow(house, rows=60_000):
    """Rows that nobody looks at, so that the database has some tens of MB."""
    with contextlib.closing(sqlite3.connect(house.data / "nephele.db", timeout=30)) as database:
        database.execute("CREATE TABLE ballast (id INTEGER PRIMARY KEY, text TEXT)")
        database.executemany("INSERT INTO ballast (text) VALUES (?)", ((os.urandom(200).hex(),) for _ in range(rows)))
        database.commit()


def start(house, *arguments, fault=None):
    return subprocess.Popen(house.command(*arguments), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, cwd=house.directory,
                            env={**house.environment, **({"NEPHELE_FAULT": fault} if fault else {})})


def killed(house, *arguments, after):
    process = start(house, *arguments)
    time.sleep(after)  # the moment is the point
    process.send_signal(signal.SIGKILL)
    return process.wait(10) == -signal.SIGKILL


MARK = """
import os, signal, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA wal_autocheckpoint=0")
database.execute("CREATE TABLE marked (a)")
database.commit()
os.kill(os.getpid(), signal.SIGKILL)
"""


def mark_in_log(house):
    """A table that stands only in the log, as when a control plane was killed."""
    path = house.data / "nephele.db"
    assert subprocess.run([sys.executable, "-c", MARK, str(path)], timeout=30).returncode == -signal.SIGKILL
    assert path.with_name("nephele.db-wal").stat().st_size > 0


def tables(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return [row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]


def places(house, *arguments):
    log = house.directory / f"places-{arguments[0]}"
    began = time.monotonic()
    house.run(*arguments, environment={"NEPHELE_FAULT_LOG": str(log)})
    took = time.monotonic() - began
    passed = log.read_text().split()
    named = [f"{place}#{passed[:i].count(place) + 1}" for i, place in enumerate(passed)]
    assert len(named) > 1, named
    return named, took


def ids(house):
    return [runtime["ID"] for runtime in house.runtimes()]


def whole_or_refused(house, target):
    """A copy that is there is complete; what is left of an unfinished one is refused."""
    if target.exists():
        assert sound(target / "nephele.db") == "ok"
        assert all((target / name).stat().st_size > 0 for name in ("secret.key", "demo-auth"))
    partial = target.with_name(target.name + ".partial")
    if partial.exists():
        assert partial.stat().st_mode & 0o077 == 0
        other = house.directory / "elsewhere"
        ended = subprocess.run([house.program, "restore", str(partial), "--data", str(other)], capture_output=True,
                               text=True, timeout=60, env=house.environment, stdin=subprocess.DEVNULL)
        assert ended.returncode == 2 and "interrupted" in ended.stderr, ended.stderr
        assert not (other / "nephele.db").exists()


def test_backup(house):
    grow(house)
    runtimes = ids(house)
    named, took = places(house, "backup", str(house.directory / "first"))
    for place in named:
        target = house.directory / "at-a-place"
        assert start(house, "backup", str(target), fault=place).wait(60) == -signal.SIGKILL, place
        assert not target.exists(), place
        whole_or_refused(house, target)
    hits = 0
    for turn in range(TURNS):
        target = house.directory / f"copy-{turn}"
        hits += killed(house, "backup", str(target), after=random.uniform(0, took))
        whole_or_refused(house, target)
        assert ids(house) == runtimes, "the cloud goes on"
        if not target.exists():
            house.run("backup", str(target))  # what is left over is in nobody's way
            whole_or_refused(house, target)
        assert not target.with_name(target.name + ".partial").exists()
        shutil.rmtree(target)
    assert hits > 0, "every copy was made before it could be hit"
    house.stop()
    assert sound(house.data / "nephele.db") == "ok"
    house.start()
    house.wait_state(runtimes[0], "RUNNING")


def test_restore(house):
    runtimes = ids(house)
    source = house.directory / "first"
    if house.process.poll() is None:
        house.kill()  # with a log that is not written back
    (house.data / "nephele.conf").write_text("OPERATIONS_KEEP = 100\n")  # not in the copy
    wanted = {path.name: path.read_bytes() for path in source.iterdir()}
    named, took = places(house, "restore", str(source))
    # Where the process dies, and the moments in between.
    deaths = [(place, None) for place in named] + [(None, random.uniform(0, took)) for _ in range(TURNS)]
    hits = refusals = 0
    for place, moment in deaths:
        mark_in_log(house)
        if place:
            assert start(house, "restore", str(source), fault=place).wait(60) == -signal.SIGKILL, place
            hits += 1
        else:
            hits += killed(house, "restore", str(source), after=moment)
        assert {path.name: path.read_bytes() for path in source.iterdir()} == wanted, "the source is as it was"
        if (house.data / "restore.unfinished").exists():
            refusals += 1
            said = house.refuses_to_start()
            assert f"`nephele restore {source}`" in said and "interrupted" in said, said
            assert house.run("account", "list", check=False).returncode == 1
        else:
            assert sound(house.data / "nephele.db") == "ok", (place, moment)
        finished = not (house.data / "restore.unfinished").exists() and "marked" not in tables(house.data / "nephele.db")
        house.run("restore", str(source))
        assert not (house.data / "restore.unfinished").exists()
        assert (house.data / "secret.key").read_bytes() == wanted["secret.key"]
        kept = tables(house.data / "nephele.db.before-restore")
        assert "compute_server" in kept and (finished or "marked" in kept), "all of the database of before is kept"
    assert hits > len(named) and refusals >= 3, (hits, refusals)
    house.start()
    assert ids(house) == runtimes
    running = house.wait_state(runtimes[0], "RUNNING")
    assert house.guest(running).status_code == 200 and len(house.machines()) == 1
    left = [path.name for path in house.data.iterdir() if ".restored" in path.name]
    assert left == []


def test_what_a_restore_sets_aside_is_complete(house):
    """Also what stood only in the log, because the control plane was killed."""
    created = house.create()
    house.kill()
    assert (house.data / "nephele.db-wal").stat().st_size > 0
    house.run("restore", str(house.directory / "first"))
    aside = house.data / "nephele.db.before-restore"
    with contextlib.closing(sqlite3.connect(aside)) as database:
        known = [row[0] for row in database.execute("SELECT id FROM runtimes_runtime")]
    assert created["ID"] in known
    assert sound(aside) == "ok"
