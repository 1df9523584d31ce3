# SPDX-License-Identifier: Apache-2.0
"""What machines see of vcycled: features and joboutputs over HTTPS, asked for with Debian's curl."""

import hashlib
import os
import re
import socket
import ssl
import subprocess
import threading
import time

import grid
import pytest
from ports import free_port
from waiting import PATIENCE, wait_for

SPACE = "s.example.com"
NAME = "vcycle-a-0000000001"
OTHER = "vcycle-a-0000000002"
VM = "/DC=com/DC=example/CN=vm"
# Of a cloud that nobody here has: its machines stay as they are.
CONFIG = """[settings]
web_addresses = 127.0.0.1
web_http_port = {http}
web_https_port = {https}
{more}
[space {space}]
api = creamce
processors_limit = 5
[machinetype {space} a]
user_data = u
backoff_seconds = 600
fizzle_seconds = 600
target_share = 1
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return grid.Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def vm(authority):
    return authority.sign(VM)


class Web:
    """A factory with machines that are only files, and its web server."""

    def __init__(self, factory, authority, more="", certificate=True):
        self.factory, self.authority = factory, authority
        self.http, self.https = free_port(), free_port()
        self.security = factory.root / "etc/grid-security"
        self.revocations = authority.install(self.security / "certificates")
        self.configure(more)
        self.current = factory.lib / f"shared/spaces/{SPACE}/current"
        for name in (NAME, OTHER):
            self.machine(name)
        if certificate:
            self.certify()

    def configure(self, more=""):
        self.factory.conf.write_text(CONFIG.format(http=self.http, https=self.https, space=SPACE, more=more))

    def certify(self):
        return self.authority.certify(self.security)

    def machine(self, name, subject=VM, token=None, folder=None):
        folder = folder or self.current / name
        for part, files in {"machinefeatures": {"total_cpu": "8", "hs06": "84.0"}, "jobfeatures": {"allocated_CPU": "8"},
                            "joboutputs": {}, "": {"user_data": "hostkey", "created": "1000"}}.items():
            (folder / part).mkdir(parents=True, exist_ok=True)
            for key, value in files.items():
                (folder / part / key).write_text(value)
        if subject:
            (folder / "https_x509dn").write_text(subject)
        if token:
            (folder / "joboutputs_token").write_text(hashlib.sha256(token.encode()).hexdigest())
        return folder

    def start(self):
        self.factory.start()
        wait_for("it serves", lambda: f"https on 127.0.0.1 port {self.https}" in self.factory.log(), 20)
        wait_for("it serves", lambda: f"http on 127.0.0.1 port {self.http}" in self.factory.log(), 20)
        return self

    def url(self, path, tls=True):
        return f"https://localhost:{self.https}{path}" if tls else f"http://localhost:{self.http}{path}"

    def curl(self, path, *words, tls=True, stdin=b""):
        """Status, header fields and body; 0 when there was no answer."""
        done = subprocess.run(
            ["curl", "-sS", "-i", "--path-as-is", "-m", "30", "--cacert", str(self.authority.pem), *map(str, words),
             self.url(path, tls)], input=stdin, capture_output=True, timeout=60 * PATIENCE)
        if done.returncode:
            return 0, {}, done.stderr.decode()
        head, _, body = done.stdout.decode().partition("\r\n\r\n")
        while re.match(r"HTTP/1.1 100 ", head):
            head, _, body = body.partition("\r\n\r\n")
        lines = head.split("\r\n")
        return int(lines[0].split(" ")[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}, body

    def status(self, path, *words, **more):
        return self.curl(path, *words, **more)[0]

    def put(self, path, text, *words, **more):
        return self.curl(path, "-T", "-", *words, stdin=text.encode(), **more)

    def outputs(self, name=NAME):
        return {p.name: p.read_text() for p in (self.current / name / "joboutputs").iterdir()}

    def raw(self, source="127.0.0.1"):
        context = ssl.create_default_context(cafile=str(self.authority.pem))
        plain = socket.create_connection(("127.0.0.1", self.https), 30, source_address=(source, 0))
        return context.wrap_socket(plain, server_hostname="localhost")

    def access_log(self, tls=True):
        path = self.factory.root / "var/log/vcycle" / ("https-vcycle.log" if tls else "http--vcycle.log")
        return path.read_text() if path.exists() else ""


@pytest.fixture
def web(factory, authority):
    return Web(factory, authority)


def path_of(rest, name=NAME):
    return f"/machines/{SPACE}/{name}/{rest}"


def token(text):
    return ["-H", f"Authorization: Bearer {text}"]


@pytest.mark.parametrize("tls", [True, False])
def test_features_and_lists_are_read_by_anybody(web, tls):
    lists = web.factory.lib / f"shared/spaces/{SPACE}/heartbeatlists"
    lists.mkdir()
    (lists / "squid").write_text("1700000000 vcycle-squid-1 10.0.0.1\n")
    early = web.machine("vcycle-b-1", folder=web.factory.lib / "machines/vcycle-b-1")
    web.start()
    assert web.curl(path_of("machinefeatures/total_cpu"), tls=tls)[::2] == (200, "8")
    assert web.curl(path_of("jobfeatures/allocated_CPU"), tls=tls)[::2] == (200, "8")
    assert web.curl(path_of("machinefeatures/none"), tls=tls)[::2] == (404, "")
    assert web.curl("//machines//" + path_of("machinefeatures//hs06")[10:], tls=tls)[::2] == (200, "84.0")
    status, fields, body = web.curl(path_of("machinefeatures/"), tls=tls)
    assert (status, fields["content-type"]) == (200, "text/html; charset=utf-8")
    assert re.findall('href="(.*?)"', body) == ["hs06", "total_cpu"]
    status, fields, body = web.curl(path_of("jobfeatures"), tls=tls)
    assert (status, fields["location"], body) == (302, path_of("jobfeatures/"), "")
    assert web.curl(f"/heartbeatlists/{SPACE}/squid", tls=tls)[::2] == (200, "1700000000 vcycle-squid-1 10.0.0.1\n")
    # What information systems fetch, where it is written.
    assert web.curl(f"/spaces/{SPACE}/glue2.json", tls=tls)[::2] == (404, "")
    glue = web.factory.lib / f"spaces/{SPACE}/glue-2.0.json"
    glue.parent.mkdir(parents=True, exist_ok=True)
    glue.write_text('{"ComputingService": []}\n')
    status, fields, body = web.curl(f"/spaces/{SPACE}/glue2.json", tls=tls)
    assert (status, fields["content-type"], body) == (200, "application/json", '{"ComputingService": []}\n')
    assert web.curl(f"/spaces/{SPACE}/glue-2.0.json", tls=tls)[::2] == (404, "")
    # The first releases: no space in the URLs.
    assert web.curl(f"/spaces/{SPACE}/heartbeatmachines/squid", tls=tls)[0] == 200
    assert web.curl("/machines/vcycle-b-1/machinefeatures/total_cpu", tls=tls)[::2] == (200, "8")
    early.rename(web.current / "vcycle-b-1")  # taken over
    assert web.curl("/machines/vcycle-b-1/machinefeatures/total_cpu", tls=tls)[::2] == (200, "8")
    # Nothing else is there, whatever lies beside it.
    for path in (path_of("user_data"), path_of("machinefeatures/../user_data"), path_of("machinefeatures/%2e%2e/user_data"),
                 path_of(""), f"/heartbeatlists/{SPACE}/", f"/heartbeatlists/{SPACE}", "/", f"/{SPACE}/current/{NAME}/user_data",
                 path_of("joboutputs/"), path_of("joboutputs/x"), "/machines/", "/machines/..%2f..%2fetc/passwd/x"):
        assert web.curl(path, tls=tls)[::2] == (404, ""), path
    assert web.status(path_of("machinefeatures/total_cpu"), "-X", "DELETE", tls=tls) == 404
    assert web.status(path_of("machinefeatures/total_cpu"), "-X", "POST", "-d", "x", tls=tls) == 404
    # What a user of this host has put there leads nowhere.
    secret = web.factory.root / "secret"
    secret.write_text("s")
    (web.current / NAME / "machinefeatures/link").symlink_to(secret)
    assert web.status(path_of("machinefeatures/link"), tls=tls) == 404


def test_joboutputs_by_certificate(web, authority, vm, tmp_path):
    web.machine("vcycle-a-comma", subject="CN=vm,DC=example,DC=com")
    web.machine("vcycle-a-nodn", subject=None)
    proxy = authority.proxy(vm, VM, 123456)
    second = authority.proxy(proxy, f"{VM}/CN=123456", "limited proxy")
    web.start()
    status, _, body = web.put(path_of("joboutputs/hb"), "1", *vm.curl())
    assert (status, body) == (200, ""), body
    assert web.outputs() == {"hb": "1"}
    assert oct((web.current / NAME / "joboutputs/hb").stat().st_mode & 0o777) == "0o644"
    for number, shown in enumerate((vm, proxy, second)):
        assert web.put(path_of("joboutputs/hb"), f"by {number}", *shown.curl())[0] == 200
        assert web.outputs() == {"hb": f"by {number}"}
        assert web.put(path_of("joboutputs/hb", "vcycle-a-comma"), "x", *shown.curl())[0] == 200
    # Others.
    refused = {
        "a longer name": authority.sign(VM + "evil"),
        "a name below it that is no proxy": authority.sign(VM + "/CN=123456"),
        "one name that looks like it": authority.sign("/DC=com\\/DC=example\\/CN=vm"),
        "another's proxy": authority.proxy(authority.sign(VM + "evil"), VM + "evil", 1),
    }
    for what, shown in refused.items():
        assert web.put(path_of("joboutputs/hb"), what, *shown.curl())[0] == 403, what
    assert web.put(path_of("joboutputs/hb"), "none")[0] == 403
    assert web.put(path_of("joboutputs/hb", "vcycle-a-nodn"), "x", *vm.curl())[0] == 403
    # What no authority of ours has signed does not even connect; neither does a proxy of another's name.
    strange = grid.Authority(tmp_path / "strange")
    for shown in (strange.sign(VM), authority.proxy(vm, "/DC=com/DC=example/CN=other", 1),
                  authority.sign(f"{VM}/CN=1", by=vm)):
        assert web.put(path_of("joboutputs/hb"), "strange", *shown.curl())[0] == 0
    # The paths of the contract.
    assert web.put(path_of("joboutputs/q?x=1"), "q", *vm.curl())[0] == 200
    assert web.put("/" + path_of("/joboutputs//slashes"), "s", *vm.curl())[0] == 200
    for rest in ("joboutputs", "joboutputs/..", "joboutputs/a/b", "machinefeatures/x", "joboutputs/../machinefeatures/x",
                 "joboutputs/.x", "joboutputs/a%2Fb"):
        assert web.curl(path_of(rest), "-X", "PUT", "-d", "x", *vm.curl())[0] == 404, rest
    assert web.curl(path_of("joboutputs/"), "-X", "PUT", "-d", "x", *vm.curl())[0] == 404
    assert web.put(path_of("joboutputs/hb", "vcycle-a-nobody"), "x", *vm.curl())[0] == 404
    assert web.put(path_of("joboutputs/hb"), "x", *vm.curl(), tls=False)[0] != 200
    assert web.outputs() == {"hb": "by 2", "q": "q", "slashes": "s"}
    assert list(web.factory.lib.glob("shared/tmp/joboutput*")) == []
    # Its own log, as Apache wrote it.
    assert re.search(rf'(?m)^127\.0\.0\.1 "{VM}/CN=123456" - \[\d\d/[A-Z][a-z]{{2}}/\d{{4}}:\d\d:\d\d:\d\d \+0000\] '
                     rf'"PUT {path_of("joboutputs/hb")} HTTP/1\.1" 200 0 "-" "curl/[0-9.]+"$', web.access_log())
    assert oct((web.factory.root / "var/log/vcycle/https-vcycle.log").stat().st_mode & 0o777) == "0o640"


def test_a_revoked_certificate_is_none(web, authority):
    shown = authority.sign(VM)
    other = authority.sign(VM)
    authority.revoke(shown, web.revocations)
    proxy = authority.proxy(shown, VM, 1)
    web.start()
    assert web.put(path_of("joboutputs/x"), "x", *other.curl())[0] == 200
    assert web.put(path_of("joboutputs/x"), "y", *shown.curl())[0] == 0
    assert web.put(path_of("joboutputs/x"), "y", *proxy.curl())[0] == 0
    assert web.outputs() == {"x": "x"}


def test_a_token_writes_into_its_own_machine_only(web, vm):
    web.machine(NAME, token="one")
    web.machine(OTHER, token="two")
    web.machine("vcycle-a-old")
    web.machine("vcycle-a-nodn", subject=None, token="three")
    web.start()
    assert web.put(path_of("joboutputs/hb"), "1", *token("one"))[0] == 200
    assert web.put(path_of("joboutputs/hb", "vcycle-a-nodn"), "3", *token("three"))[0] == 200
    for words in (token("two"), token("on"), token("One"), token(hashlib.sha256(b"one").hexdigest()), token(""), [], vm.curl(),
                  [*vm.curl(), *token("two")]):
        assert web.put(path_of("joboutputs/hb"), "evil", *words)[0] == 403, words
    assert web.put(path_of("joboutputs/hb"), "evil", *token("one"), tls=False)[0] == 403
    assert web.put(path_of("joboutputs/hb", "vcycle-a-old"), "4", *vm.curl())[0] == 200
    assert (web.outputs(), web.outputs("vcycle-a-nodn")) == ({"hb": "1"}, {"hb": "3"})
    # The setting, read at the next cycle.
    web.configure("joboutputs_need_token = yes")
    wait_for("a token is needed", lambda: web.put(path_of("joboutputs/hb", "vcycle-a-old"), "5", *vm.curl())[0] == 403)
    assert web.put(path_of("joboutputs/hb"), "6", *token("one"))[0] == 200
    # A file that is there and says nothing lets nobody in.
    (web.current / NAME / "joboutputs_token").write_text("")
    assert web.put(path_of("joboutputs/hb"), "evil", *vm.curl())[0] == 403
    assert "one" not in web.access_log() + web.factory.log()


def test_limits_of_a_machine(factory, authority, vm):
    web = Web(factory, authority, "joboutputs_file_mb = 1\njoboutputs_machine_mb = 2\njoboutputs_files = 3\n"
              "joboutputs_free_mb = 1\njoboutputs_puts_per_minute = 600").start()
    mebi = "x" * 2**20
    plain = ["-H", "Transfer-Encoding:"]

    def put(name, text, *words):
        return web.put(path_of(f"joboutputs/{name}"), text, *vm.curl(), *words)[0]

    assert put("a", mebi) == 200
    assert put("b", mebi + "x") == 413
    file = factory.root / "long"
    file.write_text(mebi + "x")
    assert web.curl(path_of("joboutputs/b"), "-T", file, *vm.curl(), *plain)[0] == 413, "its length was told beforehand"
    assert put("b", mebi[1:]) == 200
    assert put("c", "xx") == 507
    assert put("b", mebi) == 200, "what it replaces counts no more"
    assert put("c", "x") == 507
    assert put("b", "short") == 200
    assert put("c", "x") == 200
    assert put("d", "") == 507, "three files"
    assert sorted(web.outputs()) == ["a", "b", "c"] and len(web.outputs()["a"]) == 2**20
    assert web.put(path_of("joboutputs/d", OTHER), "x", *vm.curl())[0] == 200, "the other has its own"
    web.configure(f"joboutputs_free_mb = {2**40}")
    wait_for("the disk is called full", lambda: put("a", "y") == 507)
    web.configure("joboutputs_puts_per_minute = 3")
    wait_for("its rate is limited", lambda: put("a", "z") == 429)
    status, fields, _ = web.put(path_of("joboutputs/a"), "z", *vm.curl())
    assert status == 429 and 1 <= int(fields["retry-after"]) <= 21
    assert web.put(path_of("joboutputs/d", OTHER), "y", *vm.curl())[0] == 200


def test_slow_clients_are_let_go(web):
    """One that says nothing, one that stops within a body: both are closed in time, and nobody waits for them."""
    web.machine(NAME, token="one")
    web.start()
    began = time.monotonic()
    silent = socket.create_connection(("127.0.0.1", web.https), 60)
    half = web.raw()
    half.settimeout(60)
    half.sendall(f"PUT {path_of('joboutputs/slow')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n"
                 "Content-Length: 100\r\n\r\nhalf".encode())
    wait_for("its bytes arrive", lambda: any(p.stat().st_size == 4 for p in web.factory.lib.glob("shared/tmp/joboutput*")))
    assert web.put(path_of("joboutputs/quick"), "q", *token("one"))[0] == 200
    assert silent.recv(1) == b""
    assert 5 < time.monotonic() - began < 15 * PATIENCE
    assert half.recv(100).startswith(b"HTTP/1.1 408 ")
    assert 15 < time.monotonic() - began < 30 * PATIENCE
    assert web.outputs() == {"quick": "q"}
    assert list(web.factory.lib.glob("shared/tmp/joboutput*")) == []


def test_half_a_file_is_never_seen(web, vm):
    """Killed in the middle of a PUT: the file before stays, and what came of the other goes at the next start."""
    web.start()
    assert web.put(path_of("joboutputs/log"), "before", *vm.curl())[0] == 200
    web.machine(NAME, token="one")

    def send_half():
        half = web.raw()
        half.sendall(f"PUT {path_of('joboutputs/log')} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n"
                     "Content-Length: 1000000\r\n\r\n".encode() + b"x" * 500000)
        return half

    def underway():
        return list(web.factory.lib.glob("shared/tmp/joboutput*"))

    half = send_half()
    wait_for("half of it is there", lambda: any(p.stat().st_size == 500000 for p in underway()))
    assert web.outputs() == {"log": "before"}
    web.factory.kill()
    assert web.outputs() == {"log": "before"} and len(underway()) == 1
    half.close()
    os.truncate(web.factory.root / "var/log/vcycle/vcycled", 0)
    web.start()
    assert underway() == []
    # The client goes away instead.
    half = send_half()
    wait_for("half of it is there", lambda: any(p.stat().st_size == 500000 for p in underway()))
    half.close()
    wait_for("it is forgotten", lambda: underway() == [])
    assert web.outputs() == {"log": "before"}
    assert web.put(path_of("joboutputs/log"), "after", *token("one"))[0] == 200
    assert web.outputs() == {"log": "after"}


def test_a_flood_takes_nothing_from_others(factory, authority):
    """One address floods: it writes with another machine's identity, opens connections, and asks without end."""
    web = Web(factory, authority, "web_requests_per_second = 5")  # few, so that slow hosts pass it too
    web.machine(NAME, token="one")
    web.machine(OTHER, token="two")
    web.start()
    ending, counts = threading.Event(), {}

    def flood(number):
        while not ending.is_set():
            try:
                with web.raw(source="127.0.0.66") as connection:
                    connection.settimeout(5)
                    for _ in range(200):
                        connection.sendall(f"PUT {path_of('joboutputs/hb')} HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                                           f"Authorization: Bearer {'two' if number % 2 else 'guess'}\r\n\r\nevil".encode())
                        answer = connection.recv(4096)
                        if not answer:
                            break
                        status = answer[9:12].decode(errors="replace")
                        counts[status] = counts.get(status, 0) + 1
            except OSError:
                counts["cut"] = counts.get("cut", 0) + 1

    idle = []
    for _ in range(100):
        idle.append(socket.create_connection(("127.0.0.1", web.https), 10, source_address=("127.0.0.67", 0)))
    threads = [threading.Thread(target=flood, args=(n,), daemon=True) for n in range(8)]
    for thread in threads:
        thread.start()
    try:
        wait_for("it is told to stop", lambda: counts.get("429", 0) > 20 or counts.get("cut", 0) > 200, 60)
        slowest = 0.0
        for number in range(20):
            began = time.monotonic()
            done = web.put(path_of("joboutputs/hb"), f"good {number}", *token("one"), "--interface", "127.0.0.2")
            assert done[0] == 200, done
            assert web.status(path_of("machinefeatures/total_cpu"), "--interface", "127.0.0.3") == 200
            slowest = max(slowest, time.monotonic() - began)
        assert slowest < 5 * PATIENCE
    finally:
        ending.set()
        for thread in threads:
            thread.join(30)
    assert set(counts) <= {"403", "429", "cut"}, counts
    assert web.outputs() == {"hb": "good 19"} and web.outputs(OTHER) == {}
    lines = web.access_log().splitlines()
    assert 0 < sum(line.startswith("127.0.0.66 ") for line in lines) < 1500, "a flood of requests is none of lines"
    # The cycles have gone on beside it.
    cycles = web.factory.log().count("End cycle")
    wait_for("a cycle ends", lambda: web.factory.log().count("End cycle") > cycles)


def test_a_renewed_certificate_needs_no_restart(web):
    web.start()

    def serial():
        text = ssl.get_server_certificate(("127.0.0.1", web.https))
        return grid.openssl("x509", "-noout", "-serial", text=text)
    before = serial()
    # A key that does not fit: the one before goes on.
    (web.security / "vcycle.key.pem").write_text(web.authority.host("localhost").key.read_text())
    # Connections make it look.
    wait_for("it is told", lambda: serial() == before and "vcycle.key.pem: key values mismatch" in web.factory.log())
    assert serial() == before
    web.certify()
    wait_for("the new one is shown", lambda: serial() != before)


def test_without_a_certificate_there_is_no_server(factory, authority):
    web = Web(factory, authority, certificate=False)
    factory.start()
    missing = f"No web server for machines: {web.security}/vcycle.cert.pem cannot be read"
    wait_for("it is told", lambda: missing in factory.log())
    wait_for("cycles go on", lambda: factory.log().count("End cycle") > 2)
    assert factory.log().count("No web server") == 1
    for port in (web.http, web.https):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
    web.certify()
    wait_for("it serves", lambda: web.status(path_of("machinefeatures/total_cpu")) == 200)
    # Settings are followed: other ports, and none without TLS.
    web.https, old = free_port(), web.http
    web.http = 0
    web.configure()
    wait_for("it serves there", lambda: web.status(path_of("machinefeatures/total_cpu")) == 200)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", old), 5)


def test_a_port_that_is_taken_is_told_once_and_had_later(factory, authority):
    web = Web(factory, authority)
    with socket.create_server(("127.0.0.1", web.https)):
        factory.start()
        wait_for("it is told", lambda: f"port {web.https} is taken" in factory.log())
        wait_for("cycles go on", lambda: factory.log().count("End cycle") > 2)
        assert factory.log().count("is taken") == 1
        assert web.status(path_of("machinefeatures/total_cpu"), tls=False) == 200
    wait_for("it serves", lambda: web.status(path_of("machinefeatures/total_cpu")) == 200)
