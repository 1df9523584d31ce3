# SPDX-License-Identifier: Apache-2.0
"""The systemd unit and the TLS proxy, read by the programs that they are written for."""

import json
import re
import shutil
import socket
import ssl
import urllib.error
import urllib.request

import pytest
import tls_proxy
import yaml
from conftest import SOURCE, run
from ports import free_port

PACKAGING = SOURCE / "packaging"


def test_the_unit_is_understood_by_systemd(tmp_path):
    server = tmp_path / "provision-engine-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    unit = tmp_path / "provision-engine.service"
    text = (PACKAGING / "provision-engine.service").read_text()
    unit.write_text(text.replace("/usr/local/bin/provision-engine-server", str(server)))
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed here")
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    assert done.returncode == 0 and str(unit) not in done.stderr, done.stderr
    unit.write_text(unit.read_text().replace("Restart=on-failure", "Restart=now-and-then"))
    assert "now-and-then" in run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit).stderr


def test_the_drop_in_of_the_embedded_cloud_is_understood_by_systemd(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd is not installed here")
    unit, drop_in = tmp_path / "provision-engine.service", tmp_path / "provision-engine.service.d" / "embedded.conf"
    drop_in.parent.mkdir()
    unit.write_text((PACKAGING / unit.name).read_text().replace("/usr/local/bin/provision-engine-server", "/bin/true"))
    shipped = (PACKAGING / "provision-engine-embedded.conf").read_text()
    drop_in.write_text(shipped)
    done = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit)
    assert done.returncode == 0 and str(tmp_path) not in done.stderr, done.stderr
    for right, wrong in (("KillMode=process", "KillMode=nobody"), ("DevicePolicy=closed", "DevicePolicy=ajar"), ("OOMPolicy=", "OOMPolitics=")):
        assert right in shipped
        drop_in.write_text(shipped.replace(right, wrong))
        assert str(drop_in) in run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit).stderr, wrong


def test_the_unit_runs_the_program_in_the_foreground_and_restarts_it():
    text = (PACKAGING / "provision-engine.service").read_text()
    for line in ("ExecStart=/usr/local/bin/provision-engine-server run", "Restart=on-failure", "RestartSec=5", "Type=simple"):
        assert line in text.splitlines()


def test_systemd_waits_as_long_as_stop_does():
    """Neither kills a server that still answers requests under way; ending.h says what is below that."""
    header = (SOURCE / "src/apps/provision_engine/ending.h").read_text()
    patience = re.search(r"stop_patience\{(\d+)\}", header)[1]
    assert f"TimeoutStopSec={patience}" in (PACKAGING / "provision-engine.service").read_text().splitlines()


def test_the_compose_file_is_the_guides():
    compose = yaml.safe_load((PACKAGING / "nginx-proxy-manager.compose.yaml").read_text())
    assert compose == {"version": "3.8", "services": {"app": {
        "image": "jc21/nginx-proxy-manager:latest", "restart": "unless-stopped",
        "ports": ["80:80", "127.0.0.1:81:81", "443:443", "1337:1337"],
        "volumes": ["./data:/data", "./letsencrypt:/etc/letsencrypt"]}}}


class Proxy(tls_proxy.Nginx):
    """nginx with the shipped site; its ports, names and files are this test's, everything else is as shipped."""

    def __init__(self, folder, engine):
        self.ports = ports = dict(zip(("443", "1337", "80", "81"), (free_port() for _ in range(4))))
        authority = tls_proxy.Authority(folder / "authority")
        self.ca = authority.certificate
        certificate = authority.issue("engine.example.org", "DNS:localhost", "IP:127.0.0.1", "IP:::1")
        site = tls_proxy.SITE.read_text()
        site = site.replace("10.10.10.4:1337", engine.removeprefix("http://"))
        site = site.replace("/etc/letsencrypt/live/engine.example.org", str(certificate))
        site = re.sub(r"(?m)^(\s+listen (?:127\.0\.0\.1:|\[::1?\]:)?)(443|1337|80|81)\b", lambda m: m[1] + str(ports[m[2]]), site)
        if not socket.has_ipv6 or not self.ipv6():
            site = re.sub(r"(?m)^\s+listen \[::.*\n", "", site)
        super().__init__(folder, {"provision-engine": site}, ports["443"])

    @staticmethod
    def ipv6():
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", 0))
            except OSError:
                return False
        return True


@pytest.fixture
def proxy(tmp_path, endpoint):
    (tmp_path / "nginx").mkdir()
    one = Proxy(tmp_path / "nginx", endpoint.url)
    try:
        yield one.start()
    finally:
        one.stop()


@pytest.mark.parametrize("port", ["443", "1337"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_client_reaches_the_engine_through_tls(proxy, client, endpoint, tmp_path, port, host):
    if host == "[::1]" and not proxy.ipv6():
        pytest.skip("this machine has no IPv6")
    endpoint.answers(201, {"a": 1})
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"x": "y" * 1_000_000}))
    done = client("--ca-file", proxy.ca, "post", f"https://{host}:{proxy.ports[port]}/serverless-runtimes", spec)
    assert done.returncode == 0 and done.stdout.startswith("Response Code: 201\n"), done.stderr
    verb, path, headers, body = endpoint.last
    assert (verb, path) == ("POST", "/serverless-runtimes") and json.loads(body) == json.loads(spec.read_text())
    assert endpoint.credentials() == b"ada:lovelace"
    assert headers["X-Forwarded-Proto"] == "https" and headers["X-Forwarded-For"] in ("127.0.0.1", "::1")
    assert client("get", f"https://{host}:{proxy.ports[port]}/").returncode == 1  # its certificate is nobody's


def test_who_asks_cannot_say_that_he_is_somebody_else(proxy, endpoint):
    request = urllib.request.Request(f"https://127.0.0.1:{proxy.ports['443']}/server/version", headers={"X-Forwarded-For": "6.6.6.6"})
    context = ssl.create_default_context(cafile=proxy.ca)
    assert urllib.request.urlopen(request, timeout=20, context=context).status == 200
    assert endpoint.last[2]["X-Forwarded-For"] == "127.0.0.1"


def test_plain_http_on_a_tls_port_is_refused_before_the_engine(proxy, endpoint):
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{proxy.ports['1337']}/server/version", timeout=20)
    assert refused.value.code == 400 and "https" in json.loads(refused.value.read())["error"]
    assert endpoint.requests == []


def test_the_latency_probe_on_port_80_is_answered_without_the_engine(proxy, endpoint):
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.ports['80']}/", timeout=20) as answer:
        assert answer.status == 200 and json.loads(answer.read())["name"] == "provision-engine"
    assert endpoint.requests == []


def test_an_engine_that_is_down_is_a_502_in_the_engines_form(proxy, endpoint, client, tmp_path):
    endpoint.close()
    done = client("--ca-file", proxy.ca, "delete", f"https://localhost:{proxy.ports['443']}/x")
    assert done.returncode == 0 and done.stdout.startswith("Response Code: 502\n") and '"message": ""' in done.stdout


def test_what_the_engine_answers_passes_unchanged_errors_too(proxy, endpoint, client, tmp_path):
    for status in (400, 401, 404, 422, 423, 500, 502, 504):
        endpoint.answers(status, {"error": "ours", "message": [1]})
        done = client("--ca-file", proxy.ca, "get", f"https://localhost:{proxy.ports['1337']}/x")
        assert done.stdout.startswith(f'Response Code: {status}\n{{\n  "error": "ours"')


def test_a_body_beyond_the_engines_limit_stops_at_the_proxy(proxy, endpoint):
    context = ssl.create_default_context(cafile=proxy.ca)
    request = urllib.request.Request(f"https://127.0.0.1:{proxy.ports['443']}/x", data=b"x" * 3_000_000)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=20, context=context)
    assert refused.value.code == 413 and set(json.loads(refused.value.read())) == {"error", "message"}
    assert endpoint.requests == []


def test_management_listens_on_this_machine_alone(proxy):
    with urllib.request.urlopen(f"http://127.0.0.1:{proxy.ports['81']}/", timeout=20) as answer:
        assert "Active connections" in answer.read().decode()
    listens = re.findall(r"(?m)^\s+listen (\S*\b81);", tls_proxy.SITE.read_text())
    assert listens == ["127.0.0.1:81", "[::1]:81"]
    other = next((line.split()[0] for line in run("hostname", "-I").stdout.splitlines() if line.strip()), None)
    if other and not other.startswith("127."):
        with pytest.raises(OSError):
            socket.create_connection((other, proxy.ports["81"]), 5)


GUIDE = (SOURCE / "docs" / "guide" / "provision-engine.md").read_text()


def test_the_guide_prints_the_compose_file_that_is_shipped():
    printed = re.search(r"```yaml\n(.*?)```", GUIDE, re.S).group(1)
    shipped = (PACKAGING / "nginx-proxy-manager.compose.yaml").read_text()
    assert shipped.endswith(printed) and yaml.safe_load(printed) == yaml.safe_load(shipped)


def test_the_guide_names_files_and_words_that_exist():
    for path in re.findall(r"`((?:packaging|share|src|tests)/[\w./-]+)`", GUIDE):
        assert (SOURCE / path).exists(), path
    for words in re.findall(r"\./install\.sh((?: [a-z]+)*)", GUIDE):
        assert set(words.split()) <= {"copy", "clean", "purge", "update", "build"}, words
    conf = (SOURCE / "share" / "etc" / "engine.conf").read_text()
    for key in set(re.findall(r"`(:[a-z_]+:)", GUIDE)) - {":mapping:", ":capacity:"}:
        assert key in conf, key
