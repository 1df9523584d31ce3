# SPDX-License-Identifier: Apache-2.0
"""The data directory's file system is full: of bytes, then of files. What can be refused is refused with its reason, what
runs is paused and told, reading works, nothing is damaged; with room again everything goes on by itself."""

import errno
import json
import os
import signal
import sqlite3

import pytest

import private
from cloud import Cloud, can_connect, wait_for
from terminal import console

MEGABYTES, FILES = 420, 1500
SMALL = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature", "DISK_SIZE": 128}, "SCHEDULING": {}, "DEVICE_INFO": {}}}


@pytest.fixture(scope="module")
def house():
    private.own_mounts()
    made = Cloud(name="full")
    try:
        private.small_disk(made.data, MEGABYTES, FILES)
        yield made.start()
    finally:
        made.close()


@pytest.fixture(scope="module")
def runtime(house):
    return house.running(SMALL)


class Full:
    """The file system without a byte left, to the end of the block."""

    def __init__(self, house, spare=0):
        self.house, self.spare, self.path = house, spare, house.data / "filler"

    def __enter__(self):
        with open(self.path, "wb", buffering=0) as filler:
            self._write(filler, b"x" * (1 << 20))
            self._write(filler, b"x" * 4096)
            if self.spare:
                filler.truncate(filler.tell() - self.spare)
        return self

    @staticmethod
    def _write(filler, block):
        try:
            while filler.write(block) == len(block):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC

    def __exit__(self, *_):
        self.path.unlink()


class NoMoreFiles:
    def __init__(self, house):
        self.directory = house.data / "many"

    def __enter__(self):
        self.directory.mkdir()
        with pytest.raises(OSError) as full:
            for i in range(FILES):
                (self.directory / str(i)).touch()
        assert full.value.errno == errno.ENOSPC

    def __exit__(self, *_):
        for path in self.directory.iterdir():
            path.unlink()
        self.directory.rmdir()


def sound(house):
    database = sqlite3.connect(f"file:{house.data}/nephele.db?mode=ro", uri=True)
    try:
        return database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    finally:
        database.close()


def fill_database(house):
    """Uses up what the database keeps for itself; what is said then."""
    flavour = json.loads(house.run("flavour", "show", "nature").stdout)
    for size in (200_000, 4_000, 10):
        flavour["environment"] = {"BALLAST": "x" * size}
        for i in range(200):
            name = f"ballast-{size}-{i}"
            done = house.run("flavour", "add", name, "--file", "-", input=json.dumps(flavour), check=False)
            if done.returncode != 0:
                break
        else:
            raise AssertionError("the database never became full")
    return done.stderr


def test_without_room_new_ones_are_refused_and_old_ones_can_be_read(house, runtime):
    with Full(house):
        answer = house.request("POST", "/serverless-runtimes", json=SMALL)
        assert answer.status_code == 422, (answer.status_code, answer.text)
        assert answer.json()["error"] == "Failed to create Serverless Runtime Service"
        assert "disk" in answer.json()["message"] and any(c.isdigit() for c in answer.json()["message"]), answer.text
        for _ in range(150):  # more lines than the log's last block has room for
            assert house.get(runtime["ID"])["NAME"] == runtime["NAME"]
        said = fill_database(house)
        assert "the disk is full; make room there, then the work goes on by itself" in said, said
        answer = house.put(runtime["ID"], {"NAME": "renamed", "FAAS": {"FLAVOUR": ""}})
        assert answer.status_code == 500 and str(house.data) not in answer.text, "the client is told no insides"
        assert house.get(runtime["ID"])["NAME"] == runtime["NAME"]
        assert house.request("GET", "/healthz", auth=False).status_code == 200
        assert house.process.poll() is None
    assert sound(house)
    assert house.guest(house.wait_state(runtime["ID"], "RUNNING", 30)).status_code == 200
    told = (house.data / "log" / "nephele.log").read_text(errors="replace")
    assert "log.lines_lost" in told
    second = house.create(SMALL)
    house.wait_state(second["ID"], "RUNNING")
    assert house.delete(second["ID"]).status_code == 204
    house.gone(second)


def test_a_machine_that_dies_on_a_full_disk_is_started_when_there_is_room(house, runtime):
    with Full(house):
        [pid] = house.machines()
        os.kill(pid, signal.SIGKILL)

        def shown():
            part = house.get(runtime["ID"])["FAAS"]
            return part["STATE"] == "ERROR" and any(word in part["ERROR"] for word in ("No space left", "disk is full"))

        wait_for("the reason is told", shown, 30)
        assert house.process.poll() is None
    again = house.wait_state(runtime["ID"], "RUNNING")
    assert "ERROR" not in again["FAAS"] and house.guest(again).status_code == 200
    assert sound(house)


def test_a_guest_that_writes_more_than_there_is_is_paused_and_goes_on(house, runtime):
    terminal = console(house, runtime)
    with Full(house, spare=24 << 20):
        terminal.type("dd if=/dev/urandom of=/root/big bs=1M count=40; sync; echo written-$?")
        shown = house.wait_state(runtime["ID"], "ERROR", 60)
        assert "no room left" in shown["FAAS"]["ERROR"], shown
        [pid] = house.machines()
    house.wait_state(runtime["ID"], "RUNNING", 30)
    terminal.expect("written-0", 60)
    terminal.close()
    assert house.machines() == [pid], "it was paused, not restarted"


def test_without_room_for_another_file_a_new_one_waits(house, runtime):
    with NoMoreFiles(house):
        created = house.create(SMALL)
        shown = house.wait_state(created["ID"], "ERROR", 30)
        assert "No space left" in shown["FAAS"]["ERROR"], shown
        assert house.get(runtime["ID"])["FAAS"]["STATE"] == "RUNNING"
        assert house.guest(runtime).status_code == 200
    running = house.wait_state(created["ID"], "RUNNING")
    assert house.guest(running).status_code == 200
    assert house.delete(created["ID"]).status_code == 204
    house.gone(running)


def test_a_restart_of_the_control_plane_on_a_full_disk(house, runtime):
    with Full(house):
        house.kill()
        ended = house.start(ready=False)
        # It comes up, or says that there is no room; what runs is not touched either way.

        def settled():
            if house.process.poll() is not None:
                return "refused"
            answers = house.request("GET", "/readyz", auth=False) if listening() else None
            return "up" if answers is not None and answers.status_code == 200 else None

        def listening():
            return can_connect("127.0.0.1", house.port)

        how = wait_for("it is up or refuses", settled, 30)
        if how == "refused":
            assert ended.process.returncode == 1
            said = house.output.read_text().splitlines()[-1]
            assert "No space left" in said or "disk is full" in said, said
        assert len(house.machines()) == 1 and house.guest(runtime).status_code == 200
    if how == "refused":
        house.start()
    assert house.guest(house.wait_state(runtime["ID"], "RUNNING")).status_code == 200
    assert sound(house)


def test_what_was_lost_of_the_log_is_counted(house):
    lines = (house.data / "log" / "nephele.log").read_text().splitlines()
    assert any("log.lines_lost" in line for line in lines)
    # A line that was torn does not swallow the next one.
    assert all(line.count("Z INFO ") + line.count("Z WARN ") + line.count("Z ERROR ") <= 1 for line in lines)
