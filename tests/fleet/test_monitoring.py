# SPDX-License-Identifier: Apache-2.0
"""What factories tell each other and VacMon, over UDP: two vcycled on loopback, each with a cloud of its own, and
clients that are written from the contract alone."""

import base64
import contextlib
import hashlib
import json
import os
import socket
import time

import pytest
from cloud import alive, processes_below, wait_for
from factory import Factory
from openstack.control_client import PASSWORD, PROJECT, USER, StandIn
from ports import free_port

SPACE = "s.example.com"
HOSTS = ("factory1.example.com", "factory2.example.com")
COMMON = {"message_type", "daemon_version", "vacquery_version", "cookie", "space", "site", "factory", "time_sent"}


@pytest.fixture(scope="module")
def houses():
    """Clouds are slow to start, and each test is content with an empty one."""
    with StandIn() as first, StandIn() as second:
        yield first, second


@pytest.fixture
def clouds(houses):
    for cloud in houses:
        cloud.reset()
        cloud.add_images("img")
    yield houses
    for cloud in houses:
        assert cloud.troubles() == []


def configure(factory, cloud, port, factories="", more="", space=""):
    password = base64.b64encode(PASSWORD.encode()).decode()
    (factory.root / "template").write_text("#!/bin/sh\n")
    factory.conf.write_text(
        f"[settings]\nresponder_port = {port}\nfactories = {factories}\nudp_timeout_seconds = 2\n{more}"
        f"[space {SPACE}]\napi = openstack\nurl = {cloud.api}/identity/v3\nusername = {USER}\n"
        f"password_base64 = {password}\nproject_name = {PROJECT}\nregion = RegionOne\nprocessors_limit = 20\n{space}"
        f"[machinetype {SPACE} a]\nuser_data = /template\nroot_image = image:img\nflavor_names = small\nmax_machines = 3\n"
        "backoff_seconds = 600\nfizzle_seconds = 0\ntarget_share = 1\naccounting_fqan = /gridpp/Role=NULL\n"
        f"[machinetype {SPACE} b]\nuser_data = /template\nroot_image = image:img\nflavor_names = small\n"
        "backoff_seconds = 600\nfizzle_seconds = 600\n")


def running(factory):
    """Names of the machines that run, by its own files."""
    return sorted(name for name, one in factory.seen().items() if one["state"] == "Running")


def responder_of(factory):
    """Process ids."""
    return [pid for pid, command in processes_below(factory.root) if " --responder " in command and alive(pid)]


def responder_log(factory):
    path = factory.root / "var/log/vcycle/vcycled-responder"
    return path.read_text() if path.exists() else ""


def listens(factory):
    return wait_for("the responder listens", lambda: "Listens at UDP port" in responder_log(factory), 30)


class Client:
    """VacQuery as the contract has it."""

    def __init__(self, port, host="127.0.0.1", source=None):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        if source:
            self.socket.bind((source, 0))
        self.peer = (host, port)
        self.salt = base64.b64encode(os.urandom(32)).decode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def cookie(self, factory=HOSTS[0]):
        return hashlib.sha256((self.salt + factory).encode()).hexdigest()

    def send(self, kind, space=SPACE, **more):
        self.socket.sendto(json.dumps({"vac_version": "Vac 3 test", "vacquery_version": "VacQuery 01.02", "space": space,
                                       "cookie": self.cookie(), "message_type": kind, **more}).encode(), self.peer)

    def receive(self, count, seconds=5.0):
        """So many answers; fewer when the time is over."""
        answers, deadline = [], time.monotonic() + seconds
        while len(answers) < count and time.monotonic() < deadline:
            self.socket.settimeout(max(0.01, deadline - time.monotonic()))
            with contextlib.suppress(TimeoutError):
                answers.append(json.loads(self.socket.recv(10240)))
        return answers

    def ask(self, kind, count, **more):
        self.send(kind, **more)
        return self.receive(count)


def test_factories_of_a_space_are_seen_from_each_other(clouds):
    ports = free_port(), free_port()
    names = f"{HOSTS[0]} 127.0.0.2:{ports[1]}", f"127.0.0.1:{ports[0]} {HOSTS[1]}"
    with Factory(HOSTS[0]) as one, Factory(HOSTS[1]) as two:
        for at, factory in enumerate((one, two)):
            configure(factory, clouds[at], ports[at], names[at], f"responder_address = 127.0.0.{at + 1}\n")
            factory.start()
        wait_for("six machines run", lambda: len(running(one)) == 6 and len(running(two)) == 6, 60)
        listens(two)

        seen = one.seen()
        assert {machine["factory"] for machine in seen.values()} == set(HOSTS)
        assert all(machine["space"] == SPACE and machine["ip"] for machine in seen.values())
        lines = one.vcycle("scan").stdout.splitlines()
        assert len(lines) == 7 and lines[-1].startswith("6 replies in ") and lines[-1].endswith("6 running; 0 starting.")
        for host in ("factory1", "factory2"):
            assert sorted(word for line in lines for word in line.split() if word.startswith(host + "-")) == [
                f"{host}-0{n}" for n in range(3)]
        assert len(one.vcycle("machines", ".").stdout.splitlines()) == 4
        assert len(one.vcycle("scan", f"127.0.0.2:{ports[1]}").stdout.splitlines()) == 4
        assert [line.split()[:2] for line in two.vcycle("machinetype", "a").stdout.splitlines()] == [[HOSTS[0], "3"], [HOSTS[1], "3"]]
        table = [line.split()[:3] for line in one.vcycle("factories").stdout.splitlines()]
        assert table == [[host, "3/20", "3/20"] for host in HOSTS]
        kinds = [json.loads(text)["message_type"] for text in
                 one.vcycle("raw", ".").stdout.replace("\n}\n{", "\n}\0{").split("\0")]
        assert sorted(kinds) == ["factory_status"] + 3 * ["machine_status"] + 2 * ["machinetype_status"]

        # A factory that is away is told, and the others are shown.
        two.stop()
        assert responder_of(two) == []
        began = time.monotonic()
        done = one.vcycle("scan")
        assert f"127.0.0.2:{ports[1]}, {SPACE}: it does not answer" in done.stderr
        assert len(done.stdout.splitlines()) == 4 and time.monotonic() - began < 10
        done = one.vcycle("scan", f"127.0.0.2:{ports[1]}", "--timeout", "0.2", check=False)
        assert done.returncode == 1 and "no factory has answered" in done.stderr


def test_a_client_of_the_contract_gets_its_answers(clouds, factory):
    port = free_port()
    configure(factory, clouds[0], port)
    factory.start()
    wait_for("three machines run", lambda: len(running(factory)) == 3, 60)
    listens(factory)
    for host in ("127.0.0.1", "::1"):
        with Client(port, host) as client:
            machines = client.ask("machines_query", 3)
            assert sorted(m["machine"] for m in machines) == running(factory)
            for answer in machines:
                # What Vac's own client looks for.
                assert set(answer) >= COMMON | {
                    "num_machines", "machine", "state", "uuid", "created_time", "started_time", "heartbeat_time", "cpu_seconds",
                    "cpu_percentage", "hs06", "machinetype", "shutdown_message", "shutdown_time", "num_cpus", "vac_version"}
                assert answer["cookie"] == client.cookie(answer["factory"]) and answer["space"] == SPACE
                assert (answer["num_machines"], answer["state"], answer["site"]) == (3, "Running", "example.com")
                assert answer["vac_version"] == answer["daemon_version"] and answer["daemon_version"].startswith("Vcycle ")
            types = client.ask("machinetypes_query", 2)
            assert {t["machinetype"]: t["running_machines"] for t in types} == {"a": 3, "b": 0}
            assert all(t["num_machinetypes"] == 2 and "shutdown_machine" in t for t in types)
            [status] = client.ask("factory_query", 1)
            assert (status["running_machines"], status["running_cpus"], status["max_processors"]) == (3, 3, 20)
            assert abs(status["factory_heartbeat_time"] - time.time()) < 60 and status["responder_heartbeat_time"]
            # As older clients ask.
            assert len(client.ask(None, 1, message_type="", method="factories")) == 1
    log = responder_log(factory)
    assert 'Received {"vac_version": "Vac 3 test"' in log and "from 127.0.0.1:" in log and "from [::1]:" in log
    assert f'"vac_version":"Vcycle' in log, "the factory asks it, too"
    assert "gives no answer" not in factory.log()
    wait_for("the heartbeats are seen", lambda: factory.run("check-vcycled", check=False).stdout.startswith(
        "Factory + responder ok (3/"), 10)


def test_what_is_no_question_of_its_space_gets_no_answer(clouds, factory):
    port = free_port()
    configure(factory, clouds[0], port)
    factory.start()
    listens(factory)
    with Client(port) as client:
        client.send("factory_query", space="t.example.com")
        client.send("factory_query", space="../status/" + SPACE)
        client.send("machine_status")
        client.send("factory_query", padding="x" * 1024)
        for junk in (b"", b"\xff" * 1024, b"{", b"[" * 1024, b"null", b'{"space": 1}', os.urandom(65000)):
            client.socket.sendto(junk, client.peer)
        assert client.receive(1, 1) == []
        [status] = client.ask("factory_query", 1)
        assert status["factory"] == HOSTS[0]


def own_address():
    """One of this host that is not loopback, if there is one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("198.51.100.1", 9))
        return probe.getsockname()[0]
    return None


def test_a_flood_gets_nothing_and_hinders_nobody(clouds, factory):
    address = own_address()
    if address is None:
        pytest.skip("this host has no address but loopback")
    port = free_port()
    configure(factory, clouds[0], port)
    factory.start()
    listens(factory)
    with Client(port, address, source=address) as stranger, Client(port) as friend:
        for _ in range(20):
            for _ in range(500):
                stranger.send("machines_query")
            [status] = friend.ask("factory_query", 1)
            assert status["factory"] == HOSTS[0]
        assert stranger.receive(1, 1) == []
        wait_for("it is told", lambda: f"the last of {address}" in responder_log(factory), 20)
        assert f"from {address}" not in responder_log(factory), "and does not fill the log"
        # Named in the configuration it is answered, and so often.
        configure(factory, clouds[0], port, more=f"responder_networks = 192.0.2.77 {address}/32\nresponder_requests_per_minute = 30\n")
        wait_for("the configuration is read", lambda: f"192.0.2.77 {address}/32" in responder_log(factory), 20)
        for _ in range(300):
            stranger.send("factory_query")
        assert 30 <= len(stranger.receive(300, 2)) <= 33
        assert len(friend.ask("factory_query", 1)) == 1


def test_factory_and_responder_outlive_each_other(clouds, factory):
    port = free_port()
    configure(factory, clouds[0], port)
    factory.start()
    wait_for("three machines run", lambda: len(running(factory)) == 3, 60)
    [first] = wait_for("there is one", lambda: responder_of(factory), 10)
    os.kill(first, 9)
    [second] = wait_for("another follows", lambda: [pid for pid in responder_of(factory) if pid != first], 30)
    assert "The responder has ended (signal 9); it is started again" in factory.log()
    with Client(port) as client:
        wait_for("it answers", lambda: client.ask("factory_query", 1), 20)
        factory.kill()
        assert [m["state"] for m in client.ask("machines_query", 3)] == 3 * ["Running"]
        assert responder_of(factory) == [second]
        factory.start()
        wait_for("the next one takes its place", lambda: responder_of(factory) not in ([], [second]) and not alive(second), 30)
        wait_for("it answers", lambda: client.ask("factory_query", 1), 20)
        # Not wanted any more, it goes and leaves nothing to miss.
        configure(factory, clouds[0], 0)
        wait_for("it ends", lambda: not responder_of(factory) and not (factory.lib / "responder-heartbeat").exists(), 20)
        assert factory.run("check-vcycled").stdout.startswith("Factory ok")
        configure(factory, clouds[0], port)
        wait_for("it answers", lambda: client.ask("factory_query", 1), 20)
    factory.stop()
    assert responder_of(factory) == []


def test_a_port_that_is_taken_is_told_and_hinders_nothing(clouds, factory):
    port = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("0.0.0.0", port))
        configure(factory, clouds[0], port)
        factory.start()
        wait_for("three machines run", lambda: len(running(factory)) == 3, 60)
        assert f"Cannot listen at UDP port {port}: Address already in use; set responder_port" in responder_log(factory)
        wait_for("the factory tells", lambda: f"gives no answer at port {port}" in factory.log(), 20)
        assert factory.run("check-vcycled").stdout.startswith("Factory + responder ok"), "for ten minutes"
        wait_for("it is missed", lambda: "No vcycled responder heartbeat in" in
                 factory.run("check-vcycled", "2", check=False).stdout, 30)
    wait_for("it listens", lambda: f"Listens at UDP port {port}" in responder_log(factory), 20)


class Listener:
    def __init__(self, host):
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.hostport = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.heard = []

    @property
    def port(self):
        return self.socket.getsockname()[1]

    def messages(self, kind):
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self.heard.append(json.loads(self.socket.recv(65536)))
        return [message for message in self.heard if message["message_type"] == kind]


def test_vacmon_hears_of_each_cycle_and_of_each_end(clouds, factory):
    listeners = Listener("127.0.0.1"), Listener("::1")
    hosts = " ".join(["no-such-host.invalid:8884", *(listener.hostport for listener in listeners)])
    configure(factory, clouds[0], 0, space=f"vacmon_hostport = {hosts}\nwrite_glue = yes\n")
    factory.start()
    wait_for("three machines run", lambda: len(running(factory)) == 3, 60)
    for listener in listeners:
        wait_for("three running machines are heard of", lambda listener=listener: any(
            message["running_machines"] == 3 for message in listener.messages("factory_status")), 60)
        status = listener.messages("factory_status")[-1]
        assert set(status) == COMMON | {
            "running_processors", "running_machines", "max_processors", "max_machines", "root_disk_avail_kb",
            "root_disk_avail_inodes", "daemon_disk_avail_kb", "daemon_disk_avail_inodes", "load_average", "kernel_version",
            "os_issue", "boot_time", "factory_heartbeat_time", "mjf_heartbeat_time", "metadata_heartbeat_time",
            "swap_used_kb", "swap_free_kb", "mem_used_kb", "mem_total_kb"}
        assert (status["cookie"], status["vacquery_version"], status["factory"]) == ("0", "VacQuery 01.02", HOSTS[0])
        assert status["mem_total_kb"] > status["mem_used_kb"] > 0 and status["kernel_version"] == os.uname().release
        assert {m["machinetype"] for m in listener.messages("machinetype_status")} == {"a", "b"}
        assert listener.messages("machine_status") == []
    server = clouds[0].world()["servers"][0]
    clouds[0].change_server(server["id"], status="SHUTOFF", power_state=4)
    for listener in listeners:
        [ended] = wait_for("the end is heard of", lambda listener=listener: listener.messages("machine_status"), 60)
        assert (ended["machine"], ended["state"], ended["num_machines"]) == (server["name"], "Shut down", 1)
        assert ended["fqan"] == "/gridpp/Role=NULL" and ended["uuid"] == server["id"] and ended["cpu_percentage"] == 100.0
    wait_for("the host without a name is told of", lambda: "Sending VacMon messages to no-such-host.invalid:8884 fails" in
             factory.log(), 60)
    cycles = factory.log().count("End cycle")
    wait_for("cycles go on", lambda: factory.log().count("End cycle") > cycles + 2, 30)
    assert all(len(listener.messages("machine_status")) == 1 for listener in listeners), "once"
    folder = factory.lib / "spaces" / SPACE
    old, new = (json.loads((folder / f"glue-{version}.json").read_text()) for version in ("2.0", "2.1"))
    assert [share["Name"] for share in old["ComputingShare"]] == ["a", "b"]
    assert old["MappingPolicy"][0]["Rule"] == ["VO:gridpp", "VOMS:/gridpp/Role=NULL"]
    assert new["CloudComputingService"][0]["ID"] == f"urn:glue2:CloudComputingService:{SPACE}"
    assert sorted(path.name for path in folder.glob("glue-*")) == ["glue-2.0.json", "glue-2.1.json"]
