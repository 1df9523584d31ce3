# SPDX-License-Identifier: Apache-2.0
"""GET …/events in front of an OpenNebula, which tells nobody anything: the engine looks, the reader listens."""

import contextlib
import json
import queue
import socket
import threading

import httpx
import pytest
from checks import ITEMS, create, created, error_of, nothing_left, put, remove, spec
from engine import wait_for
from opennebula.control_client import ALICE, BOB
from waiting import PATIENCE

SOON = 20 * PATIENCE


class Listener:
    """Reads a stream in a thread of its own: (id, type, data) in order, None at its end."""

    def __init__(self, client, number, last=None):
        self.told = queue.Queue()
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self.stream = client.stream("GET", f"{ITEMS}/{number}/events", headers=headers)
        answer = self.stream.__enter__()
        assert answer.status_code == 200, answer.read()
        self.socket = answer.extensions["network_stream"].get_extra_info("socket")
        assert answer.headers["Content-Type"] == "text/event-stream"
        self.thread = threading.Thread(target=self._read, args=(answer,))
        self.thread.start()

    def _read(self, answer):
        event = {}
        with contextlib.suppress(httpx.HTTPError):
            for line in answer.iter_lines():
                line = line.rstrip("\r\n")
                name, _, value = line.partition(": ")
                if name:
                    event[name] = value
                elif not line and event:  # else a comment, by which the engine shows that it is there
                    self.told.put((int(event["id"]), event["event"], json.loads(event["data"])))
                    event = {}
        self.told.put(None)

    def next(self):
        return self.told.get(timeout=SOON)

    def close(self):
        """As if the reader's machine went away."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join(SOON)
        assert not self.thread.is_alive()
        self.stream.__exit__(None, None, None)


@pytest.fixture
def listen(engine):
    opened = []

    def begin(number, user=ALICE, last=None):
        client = engine.client(user)
        opened.append((client, Listener(client, number, last)))
        return opened[-1][1]
    yield begin
    for client, listener in opened:
        listener.close()
        client.close()


@pytest.mark.parametrize("version", ["6.8.0", "7.4.0"])
def test_the_life_of_a_runtime(one, engine, alice, listen, version):
    one.reset(version=version, boot=None)
    shown = create(alice, spec("Function", "Data"))
    listener = listen(shown["ID"])
    for at, name in enumerate(("FAAS", "DAAS"), 1):
        number, kind, data = listener.next()
        assert (number, kind, data["ID"], data["FUNCTION"]) == (at, "state", shown["ID"], name)
        assert (data["STATE"], data["ENDPOINT"]) == ("PENDING", shown[name]["ENDPOINT"]) and data["TIME"]
    for at, name in enumerate(("DAAS", "FAAS"), 3):
        vm = shown[name]["VM_ID"]
        wait_for("it boots", lambda vm=vm: one.vm(vm)["lcm_name"] == "BOOT")
        one.push_vm(vm)
        number, kind, data = listener.next()
        assert (number, kind, data["FUNCTION"], data["STATE"]) == (at, "state", name, "RUNNING")
    assert put(alice, shown["ID"], {"FAAS": {"FLAVOUR": ""}, "NAME": "new"}).status_code == 200
    number, kind, data = listener.next()
    assert (number, kind, data["NAME"]) == (5, "updated", "new")
    one.change_vm(shown["FAAS"]["VM_ID"], state="ACTIVE", lcm_state="UNKNOWN", error="the host is gone")
    number, kind, data = listener.next()
    assert (number, kind, data["FUNCTION"], data["STATE"]) == (6, "state", "FAAS", "ERROR")
    assert data["ERROR"].endswith("the host is gone")
    remove(alice, shown["ID"])
    number, kind, data = listener.next()
    assert (number, kind, data["ID"]) == (7, "deleted", shown["ID"])
    assert listener.next() is None
    nothing_left(one)


def test_a_reader_who_comes_back(one, engine, alice, listen):
    """The present is told first, under ids that go on."""
    shown = created(alice)
    first = listen(shown["ID"])
    assert first.next()[0] == 1
    one.change_vm(shown["FAAS"]["VM_ID"], state="POWEROFF", lcm_state=0)
    number, _, data = listen(shown["ID"], last=41).next()
    assert (number, data["STATE"]) == (42, "PENDING")
    error_of(alice.get(f"{ITEMS}/{shown['ID']}/events", headers={"Last-Event-ID": "x"}), 400)
    remove(alice, shown["ID"])
    error_of(alice.get(f"{ITEMS}/{shown['ID']}/events"), 404)
    nothing_left(one)


def test_an_opennebula_that_is_away_is_no_news(one, engine, alice, listen):
    shown = created(alice)
    listener = listen(shown["ID"])
    assert listener.next()[2]["STATE"] == "RUNNING"
    rule = one.fault("http", server="oned", method="one.document.info")
    wait_for("it was asked", lambda: one.faults()[0]["hits"])
    one.clear_faults(rule)
    remove(alice, shown["ID"])
    assert listener.next()[1] == "deleted"
    nothing_left(one)


def test_who_is_let_in(one, engine, alice, listen):
    """Nobody hears of a runtime that he may not read, nor for longer than he may."""
    shown = created(alice)
    with engine.client(BOB) as bob, engine.client(None) as nobody:
        error_of(bob.get(f"{ITEMS}/{shown['ID']}/events"), 403)
        error_of(nobody.get(f"{ITEMS}/{shown['ID']}/events"), 401)
    listener = listen(shown["ID"])
    assert listener.next()[1] == "state"
    one.change_password("alice", "another")
    assert listener.next() is None
    one.change_password(*ALICE)
    remove(alice, shown["ID"])
    nothing_left(one)


def test_a_server_that_stops_lets_its_readers_go(one, engine, alice, listen):
    listener = listen(created(alice)["ID"])
    assert listener.next()[1] == "state"
    assert engine.stop().returncode == 0
    assert listener.next() is None
