# SPDX-License-Identifier: Apache-2.0
"""Two engines, each with a directory of its own and the same key, remember in one PostgreSQL: turns, keys and what must be
cleaned up are everybody's."""

import concurrent.futures
import secrets
import sys

import pytest
from checks import ITEMS, create, created, error_of, nothing_left, put, read, remove, runtime_of, spec, until_state
from engine import SOURCE, secrets_of, wait_for
from opennebula.control_client import ALICE

sys.path.append(str(SOURCE / "tests" / "system"))
from postgres import PROGRAMS, Postgres  # noqa: E402

NOW = {"FAAS": {"FLAVOUR": ""}}
KEY = secrets.token_hex(32)


@pytest.fixture(scope="module")
def postgres():
    if not (PROGRAMS / "initdb").exists():
        pytest.skip(f"no PostgreSQL in {PROGRAMS}")
    server = Postgres()
    yield server
    server.close()


def with_key(engine):
    """An operator copies the key of the first one into the directory of each other."""
    folder = engine.directory / "var"
    folder.mkdir(mode=0o700)
    (folder / "secret.key").touch(mode=0o600)
    (folder / "secret.key").write_text(KEY + "\n")
    return engine


@pytest.fixture
def two(postgres, new_engine):
    postgres.begin_anew()  # the numbers of a new cloud begin at 0: another test's rows would speak of its machines
    return tuple(with_key(new_engine({"database": postgres.url, "timeout": 5}, start=False)).start() for _ in range(2))


def test_one_sees_what_the_other_made(two, one, postgres):
    with two[0].client() as here, two[1].client() as there:
        shown = created(here)
        assert read(there, shown["ID"]) == shown
        assert runtime_of(put(there, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}}), 200)["FAAS"]["CPU"] == 2
        key = {"Idempotency-Key": "both"}
        made = here.post(ITEMS, json=spec(), headers=key)
        assert made.status_code == 201 and there.post(ITEMS, json=spec(), headers=key).json() == made.json()
        remove(there, shown["ID"])
        remove(here, made.json()["SERVERLESS_RUNTIME"]["ID"])
    nothing_left(one)
    wait_for("nobody's credentials are kept", lambda: postgres.rows(
        "SELECT count(*) FROM operations_operation WHERE sealed <> ''") == [["0"]], 60)


def test_another_key_is_refused_at_the_start(two, postgres, new_engine):
    stranger = new_engine({"database": postgres.url}, start=False)
    done = stranger.command("start")
    assert done.returncode == 1 and f"secret.key to {stranger.directory}/var" in done.stderr, done.stderr


def test_one_change_at_a_time_among_both(two, one):
    one.set(resize=None)
    with two[0].client() as here, two[1].client() as there, concurrent.futures.ThreadPoolExecutor(1) as thread:
        shown = created(here)
        vm = shown["FAAS"]["VM_ID"]
        first = thread.submit(put, here, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}})
        wait_for("it resizes", lambda: one.vm(vm)["lcm_name"] == "HOTPLUG_RESIZE")
        one.clear_journal()
        assert put(there, shown["ID"], NOW).status_code == 423
        assert not [call for call in one.calls() if call.startswith("one.vm.") and call != "one.vm.info"]
        error_of(first.result(), 500)  # the resize does not end in time
        one.push_vm(vm)
        until_state(there, shown["ID"])
        remove(there, shown["ID"])
    nothing_left(one)


def test_what_a_dead_engine_left_is_the_others_to_remove(two, one, postgres):
    """It never comes back: the other takes its row over when the lease has run out."""
    dies, lives = two
    hung = one.fault("hang", server="oneflow", method="* instantiate", execute=True, count=1)
    with dies.client() as client, concurrent.futures.ThreadPoolExecutor(1) as thread:
        asked = thread.submit(client.post, ITEMS, json=spec("Function", "Data"))
        wait_for("OneFlow is at it", lambda: one.faults()[0]["hits"])
        [[sealed, payload]] = postgres.rows("SELECT sealed, payload FROM operations_operation WHERE state = 'running'"
                                            " AND object LIKE 'request:%'")
        assert '"boot"' not in payload  # another machine's says nothing (decision 0018)
        assert sealed and not any(secret in sealed for secret in secrets_of(ALICE))
        dies.kill()
        with pytest.raises(Exception):
            asked.result()
    one.clear_faults(hung)
    with lives.client() as client:
        shown = create(client)  # meanwhile it serves
        wait_for("only that one is left", lambda: one.leftovers()["services"] == [shown["SERVICE_ID"]] and
                 one.leftovers()["machines"] == [shown["FAAS"]["VM_ID"]], 120)
        remove(client, shown["ID"])
    nothing_left(one)


def test_without_the_database_nothing_is_begun_and_it_comes_back(two, one, postgres):
    with two[0].client() as client:
        shown = created(client)
        postgres.stop()
        assert client.get("/readyz").status_code == 503
        one.clear_journal()
        error_of(client.post(ITEMS, json=spec()), 500)
        assert not [call for call in one.calls() if call.startswith("POST")]  # OneFlow was not asked
        assert read(client, shown["ID"]) == shown  # nothing has changed: nothing to write down
        postgres.start()
        wait_for("it is ready", lambda: client.get("/readyz").status_code == 200, 60)
        remove(client, shown["ID"])
        remove(client, create(client)["ID"])
    nothing_left(one)
