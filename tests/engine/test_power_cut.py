# SPDX-License-Identifier: Apache-2.0
"""A power cut in the moment after a create (decision 0018): the end of its row may not have reached the disk."""

import contextlib
import json
import pathlib
import threading

import httpx
from checks import nothing_left, read, remove, spec
from engine import wait_for


def rows(engine):
    """(state, sealed, payload) of the creates that the engine's database knows."""
    with engine.database() as database:
        found = database.execute("SELECT state, sealed, payload FROM operations_operation"
                                 " WHERE kind = 'runtimes.leftover' ORDER BY id").fetchall()
    return [(state, sealed, json.loads(payload)) for state, sealed, payload in found]


def cut_off(one, engine, method):
    """A create that dies with the engine when OpenNebula has done this call; its row is as it was at the start."""
    one.fault("hang", server="*" if " " in method else "oned", method=method, execute=True, count=1)

    def send():
        with engine.client() as client, contextlib.suppress(httpx.TransportError):
            client.post("/serverless-runtimes", json=spec("Function"))
    sender = threading.Thread(target=send)
    sender.start()
    wait_for("the call hangs", lambda: one.faults()[0]["hits"])
    engine.kill()
    sender.join()
    (state, sealed, payload), = rows(engine)
    assert state == "running" and sealed
    assert payload["boot"] == pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def another_boot(engine):
    """What the disk holds after the power came back: the same row, of an earlier boot of this machine."""
    with engine.database() as database:
        changed = database.execute("UPDATE operations_operation SET payload = replace(payload, ?, ?)", (
            pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip(), "0" * 32))
        assert changed.rowcount == 1


def test_a_runtime_that_may_have_been_promised_stays(one, new_engine):
    engine = new_engine()
    cut_off(one, engine, "one.document.allocate")
    another_boot(engine)
    engine.start()
    wait_for("it is kept", lambda: "leftover.kept" in engine.log("engine.log"))
    wait_for("the row ends", lambda: rows(engine)[0][:2] == ("done", ""))
    with engine.client() as client:
        (shown,) = client.get("/serverless-runtimes").json()["SERVERLESS_RUNTIMES"]
        number = shown["ID"]
        read(client, number)
        remove(client, number)
    nothing_left(one)
    engine.check_no_secret()


def test_what_never_became_a_runtime_goes(one, new_engine):
    engine = new_engine()
    cut_off(one, engine, "* instantiate")
    another_boot(engine)
    engine.start()
    nothing_left(one, 60)


def test_a_kill_promises_nothing(one, new_engine):
    engine = new_engine()
    cut_off(one, engine, "one.document.allocate")
    engine.start()
    nothing_left(one, 60)


def test_what_was_handed_over_to_a_worker_was_not_promised(one, new_engine):
    """A worker that was at it when the power went goes on."""
    engine = new_engine()
    with engine.client() as client:
        assert client.post("/serverless-runtimes", json=spec("FAILED_DEPLOY")).status_code == 500
    (_, _, payload), = rows(engine)
    assert "boot" not in payload
    nothing_left(one, 60)
