# SPDX-License-Identifier: Apache-2.0
"""Several processes and nodes on one database: one drives machines, the others take requests. Whatever dies, the rest
goes on and nothing is lost or doubled."""

import secrets
import subprocess
import threading
import time
import uuid

import httpx
import pytest

import cloud as houses
from cloud import MINIMAL, PATIENCE, wait_for
from postgres import Postgres

PASSWORD = "correct-horse-battery"
REQUEST_LIMIT = 35  # seconds: RUNTIMES_TIMEOUT is 30, and a little for a busy machine


def prepared(house, database, key, **settings):
    """A node's data directory before its first start."""
    house.data.mkdir(mode=0o700)
    house.data.joinpath("nephele.conf").write_text(
        f"DATABASE = '{database}'\nSECRET_KEY_FILE = '{key}'\n"
        + "".join(f"{name} = {value!r}\n" for name, value in settings.items()))
    house.data.joinpath("demo-auth").write_text(f"demo:{PASSWORD}\n")
    house.data.joinpath("demo-auth").chmod(0o600)
    return house


def new_key(folder):
    key = folder / "installation.key"
    key.write_text(secrets.token_hex(32) + "\n")
    key.chmod(0o600)
    return key


class Installation:
    """PostgreSQL, one node that drives machines, two that have no QEMU."""

    def __init__(self):
        self.made = []
        try:
            self.database = Postgres()
            self.made.append(self.database)
            self.driver = self.house("driver", ["compute"])
            self.key = new_key(self.driver.directory)
            prepared(self.driver, self.database.url, self.key)
            self.a, self.b = (self.listener(name) for name in ("lista", "listb"))
        except BaseException:
            self.close()
            raise

    def house(self, name, services):
        house = houses.Cloud(name=name, services=services)
        self.made.append(house)
        return house

    def listener(self, name):
        return prepared(self.house(name, ["runtimes"]), self.database.url, self.key, COMPUTE_QEMU="/no/such/qemu")

    def close(self):
        for thing in reversed(self.made):
            thing.close()

    def servers(self):
        return self.database.rows("SELECT id, driver, address, observed FROM compute_server ORDER BY id")

    def everything_runs(self, ids):
        """All of these are RUNNING, each once, and nothing else is there."""
        shown = [self.b.wait_state(id, "RUNNING", 150) for id in ids]
        assert len({runtime["FAAS"]["VM_ID"] for runtime in shown}) == len(ids)
        assert len({runtime["FAAS"]["ENDPOINT"] for runtime in shown}) == len(ids)
        wait_for("a machine each", lambda: len(self.driver.machines()) == len(ids), 30)
        assert [row[0] for row in self.servers()] == sorted((str(r["FAAS"]["VM_ID"]) for r in shown), key=int)
        for runtime in shown:
            assert self.driver.guest(runtime).status_code == 200
        return shown

    def nothing_runs(self):
        for row in self.b.list()["SERVERLESS_RUNTIMES"]:
            assert self.b.delete(row["ID"]).status_code == 204
        wait_for("no machine is left", lambda: not self.driver.machines(), 60)
        wait_for("no server is left", lambda: not self.servers(), 30)


@pytest.fixture(scope="module")
def nodes():
    made = Installation()
    try:
        yield made
    finally:
        made.close()


class Load:
    """Requests without pause on threads; every answer is kept: (start, seconds, status, body)."""

    def __init__(self, calls):
        self.answers = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(call,), daemon=True) for call in calls]

    def _ask(self, call):
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                answer = call()
                self.answers.append((begun, time.monotonic() - begun, answer.status_code, answer))
            except httpx.HTTPError as error:
                self.answers.append((begun, time.monotonic() - begun, None, error))
            self._stop.wait(0.05)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(REQUEST_LIMIT * 2 * PATIENCE)
            assert not thread.is_alive(), "a request hangs"

    def statuses(self):
        return {status for _, _, status, _ in self.answers}


def create_call(node, ids=None, keys=None):
    """POSTs under a key of its own; remembers the ids that were answered and the keys that were used."""
    def call():
        key = str(uuid.uuid4())
        if keys is not None:
            keys.append(key)
        answer = node.request("POST", "/serverless-runtimes", json=MINIMAL, headers={"Idempotency-Key": key})
        if ids is not None and answer.status_code == 201:
            ids.append(answer.json()["SERVERLESS_RUNTIME"]["ID"])
        return answer

    return call


def test_without_a_driver_a_create_is_refused_with_what_to_do(nodes):
    nodes.a.start()
    nodes.a.run("account", "create", "demo", input=PASSWORD + "\n")
    answer = nodes.a.request("POST", "/serverless-runtimes", json=MINIMAL)
    assert answer.status_code == 504, answer.text
    assert answer.json()["error"] == "Failed to create Serverless Runtime Service"
    assert "start `nephele serve compute`" in answer.json()["message"]
    assert nodes.servers() == []


def test_a_create_on_one_node_is_built_by_another_and_seen_on_a_third(nodes):
    nodes.driver.start()
    nodes.b.start()
    locks = {lock.name for lock in nodes.a.data.glob("*.lock")}
    assert locks <= {"endpoints.lock"}, "a listener takes no lock of machines"
    created = nodes.a.create()
    events = nodes.b.events(created["ID"], until=lambda event: "RUNNING" in event.get("data", ""))
    ids = [int(event["id"]) for event in events]
    assert ids == sorted(set(ids))
    running = nodes.b.wait_state(created["ID"], "RUNNING")
    assert nodes.driver.guest(running).json()["flavour"] == "nature"
    [[_, driver, address, _]] = nodes.servers()
    assert address == running["FAAS"]["ENDPOINT"]
    assert driver == (nodes.driver.data / "driver-id").read_text().strip()

    wanted = running["FAAS"]["MEMORY"] + 5
    answer = nodes.b.put(created["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": wanted}})
    assert answer.status_code == 200, answer.text
    assert nodes.a.get(created["ID"])["FAAS"]["MEMORY"] == wanted

    assert nodes.a.delete(created["ID"]).status_code == 204
    assert nodes.b.request("GET", f"/serverless-runtimes/{created['ID']}").status_code == 404
    wait_for("the machine is gone", lambda: not nodes.driver.machines() and not nodes.servers(), 30)


def test_a_listener_refuses_what_does_not_fit_with_the_numbers_of_the_driver(nodes):
    spec = {"SERVERLESS_RUNTIME": {**MINIMAL["SERVERLESS_RUNTIME"], "FAAS": {"FLAVOUR": "nature", "MEMORY": 100_000_000}}}
    answer = nodes.a.request("POST", "/serverless-runtimes", json=spec)
    assert answer.status_code == 422, answer.text
    assert "not enough memory: 100000000 MiB asked" in answer.json()["message"]


def test_each_node_tells_its_own(nodes):
    assert [one["services"] for one in nodes.driver.status()] == ["compute"]
    [listener] = nodes.a.status()
    assert listener["services"] == "runtimes" and listener["url"] == nodes.a.url and listener["ready"]
    metrics = nodes.a.request("GET", "/metrics", auth=False).text
    assert "nephele_compute_driver_heard_timestamp_seconds{driver=" in metrics
    assert "nephele_operations_loop_age" not in metrics, "nobody works here"
    said = nodes.a.run("doctor", "runtimes").stdout
    assert "drives machines" in said and "can serve runtimes" in said
    refused = nodes.a.run("image", "add", "function", nodes.a.guest_image, check=False)
    assert refused.returncode == 1 and "add the image on" in refused.stderr


def test_a_node_with_another_key_is_refused(nodes):
    stranger = nodes.house("strange", ["runtimes"])
    prepared(stranger, nodes.database.url, new_key(stranger.directory))
    ended = stranger.run("serve", "runtimes", "--port", "0", check=False)
    assert ended.returncode == 1
    assert "SECRET_KEY_FILE" in ended.stderr and "copy" in ended.stderr, ended.stderr
    stranger.data.joinpath("nephele.conf").write_text(
        f"DATABASE = '{nodes.database.url}'\nSECRET_KEY_FILE = '/no/such/key'\n")
    ended = stranger.run("serve", "runtimes", "--port", "0", check=False)
    assert ended.returncode == 1 and "/no/such/key: does not exist" in ended.stderr, ended.stderr


def test_a_killed_listener_takes_nothing_along(nodes):
    ids, keys = [], []
    posts = [0]

    def few(call, most=3):
        """Some POSTs, then reads: more machines than memory would make this a test of admission."""
        def ask(node=nodes.a):
            posts[0] += 1
            return call() if posts[0] <= most else node.request("GET", "/serverless-runtimes")

        return ask

    reads = Load([lambda: nodes.b.request("GET", "/serverless-runtimes"), create_call_once(nodes.b, ids)])
    under_way = Load([few(create_call(nodes.a, keys=keys)) for _ in range(3)])
    with reads:
        with under_way:
            wait_for("requests are answered", lambda: len(under_way.answers) >= 2, 20, every=0.01)
            nodes.a.kill()
        wait_for("the other goes on", lambda: len(reads.answers) > 20, 30)
    assert reads.statuses() <= {200, 201}, "who asked the other noticed nothing"
    # Who got no answer asks the other with the same key: each key is one runtime.
    for key in keys:
        again = nodes.b.request("POST", "/serverless-runtimes", json=MINIMAL, headers={"Idempotency-Key": key})
        assert again.status_code == 201, again.text
        ids.append(again.json()["SERVERLESS_RUNTIME"]["ID"])
    nodes.everything_runs(ids)
    nodes.a.start()
    assert {row["ID"] for row in nodes.a.list()["SERVERLESS_RUNTIMES"]} == set(ids)
    nodes.nothing_runs()


def create_call_once(node, ids):
    """One POST, then reads of what it made."""
    create = create_call(node, ids)
    return lambda: node.request("GET", f"/serverless-runtimes/{ids[0]}") if ids else create()


def test_a_driver_killed_in_the_middle_of_creates_goes_on_at_its_next_start(nodes):
    ids = [(nodes.a, nodes.b)[turn % 2].create()["ID"] for turn in range(4)]
    wait_for("the first machines start", lambda: nodes.driver.machines(), 30, every=0.01)
    nodes.driver.kill()
    ids += [node.create()["ID"] for node in (nodes.a, nodes.b)]  # nobody drives for a moment: these wait
    assert nodes.a.states(ids[-1]) == ["PENDING"]
    nodes.driver.start()
    nodes.everything_runs(ids)


def test_postgresql_stops_under_load_and_everything_goes_on_by_itself(nodes):
    before = {row["ID"] for row in nodes.b.list()["SERVERLESS_RUNTIMES"]}
    machines = nodes.driver.machines()
    assert before and len(machines) == len(before), "of the test before"
    some = min(before)

    def read(node):
        return lambda: node.request("GET", f"/serverless-runtimes/{some}")

    with Load([read(nodes.a), read(nodes.b), create_call_when(nodes, lambda: nodes.database.process.poll() is not None),
               *[lambda node=node: node.request("GET", "/serverless-runtimes") for node in (nodes.a, nodes.b)]]) as load:
        wait_for("requests are answered", lambda: len(load.answers) >= 10, 20)
        stopping = time.monotonic()
        nodes.database.stop()
        for node in (nodes.a, nodes.b):
            answer = node.request("GET", "/readyz", auth=False)
            assert answer.status_code == 503, answer.text
            assert answer.json()["checks"]["database"] == "failing"
            assert node.request("GET", "/healthz", auth=False).status_code == 200
        wait_for("each kind was refused", lambda: len([1 for one in load.answers if one[2] in (500, 503)]) >= 5, 60)
        nodes.database.start()
        back = time.monotonic()
        for node in (nodes.a, nodes.b):
            wait_for("it is ready again", lambda n=node: n.request("GET", "/readyz", auth=False).status_code == 200, 30)
        wait_for("requests succeed again",
                 lambda: [1 for begun, _, status, _ in load.answers if begun > back and status == 200], 30)
    for begun, took, status, answer in load.answers:
        assert status is not None, f"a connection was dropped: {answer!r}"
        assert took < REQUEST_LIMIT * PATIENCE, (took, status)
        if status >= 500:
            assert begun + took > stopping and set(answer.json()) == {"error", "message"}, answer.text
            assert "postgres" not in answer.text.lower(), "nothing of our insides"
        else:
            assert status in (200, 201), answer.text
    assert {status for begun, took, status, _ in load.answers if begun + took < stopping} == {200}

    assert nodes.driver.process.poll() is None
    assert set(machines) <= set(nodes.driver.machines()), "machines do not care"
    fresh = nodes.a.create()["ID"]
    nodes.b.events(fresh, until=lambda event: "RUNNING" in event.get("data", ""))
    # What was posted while the database was away is either there as a whole or not at all.
    present = {row["ID"] for row in nodes.b.list()["SERVERLESS_RUNTIMES"]}
    assert before | {fresh} <= present
    nodes.everything_runs(sorted(present))
    nodes.nothing_runs()


def create_call_when(nodes, down):
    """POSTs while PostgreSQL is down, reads otherwise."""
    create = create_call(nodes.a)
    return lambda: create() if down() else nodes.a.request("GET", "/serverless-runtimes")


def test_two_data_directories_of_one_host_drive_side_by_side(nodes):
    """They have the same host name, so it cannot be the name that tells them apart."""
    second = prepared(nodes.house("second", ["compute"]), nodes.database.url, nodes.key)
    ids, shown = [], []
    # What a host has left changes with whatever else it does, so each in turn is the only one that drives.
    for on, off in ((second, nodes.driver), (nodes.driver, second)):
        if off.process and off.process.poll() is None:
            off.stop()
        on.start()
        ids += [nodes.a.create()["ID"] for _ in range(2)]
        shown += [nodes.b.wait_state(id, "RUNNING", 150) for id in ids[-2:]]
        assert len(on.machines()) == 2
    second.start()
    assert len({runtime["FAAS"]["ENDPOINT"] for runtime in shown}) == 4
    assert len({row[1] for row in nodes.servers()}) == 2

    machines = second.machines()
    second.kill()
    nodes.driver.stop()
    nodes.driver.start()
    assert second.machines() == machines, "the other one's start leaves its machines alone"
    for id in ids:
        assert nodes.b.delete(id).status_code == 204
    wait_for("its own are gone", lambda: not nodes.driver.machines(), 30)
    assert second.machines() == machines, "they wait for their own driver"
    second.start()
    wait_for("all are gone", lambda: not second.machines() and not nodes.servers(), 30)
    second.stop()
    assert nodes.driver.guest(nodes.b.wait_state(nodes.a.create()["ID"], "RUNNING")).status_code == 200
    nodes.nothing_runs()


def test_a_stopped_driver_is_told_at_once(nodes):
    nodes.driver.stop()
    answer = nodes.a.request("POST", "/serverless-runtimes", json=MINIMAL)
    assert answer.status_code == 504 and "was stopped" in answer.json()["message"], answer.text


def test_one_data_directory_with_several_processes_and_sqlite(new_cloud):
    driver = new_cloud(name="sqlite", services=["compute"]).start()
    first, second = (new_cloud(name=name, data=driver.data, services=["runtimes"]).start() for name in ("one", "two"))
    first.run("account", "create", "demo", input=PASSWORD + "\n")
    (driver.data / "demo-auth").write_text(f"demo:{PASSWORD}\n")
    assert sorted(one["services"] for one in driver.status()) == ["compute", "runtimes", "runtimes"]
    assert {one["url"] for one in driver.status()} == {"", first.url, second.url}
    third = subprocess.run(driver.command("serve", "compute"), capture_output=True, text=True, timeout=60,
                           stdin=subprocess.DEVNULL, cwd=driver.directory, env=driver.environment)
    assert third.returncode == 1 and "already" in third.stderr, third.stderr

    created = first.create()
    running = second.wait_state(created["ID"], "RUNNING")
    assert driver.guest(running).status_code == 200
    assert second.delete(created["ID"]).status_code == 204
    second.gone(running)

    driver.run("stop")
    for house in (driver, first, second):
        assert house.process.wait(30) == 0
    assert driver.run("status", check=False).returncode == 1
    assert "nothing runs" in driver.run("status", check=False).stdout
