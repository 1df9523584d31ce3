# SPDX-License-Identifier: Apache-2.0
"""What vcycled fetches and vcycle makes for others: pipes, proxies, signatures, the configuration of caches."""

import json
import os
import subprocess
from urllib.parse import quote

import pytest
from factory import HOST
from web import web_server

SPACE = "s.example.com"
PIPE = {"cache_seconds": 60, "machinetypes": [
    {"suffix": "prod", "target_share": 3, "user_data": "u", "backoff_seconds": 600, "fizzle_seconds": 600},
    {"suffix": "test", "target_share": 1, "user_data": "u", "backoff_seconds": 600, "fizzle_seconds": 600}]}


@pytest.fixture
def web(tmp_path):
    """A web server over a folder: its address, and the folder."""
    folder = tmp_path / "www"
    folder.mkdir()
    with web_server(folder) as url:
        yield url, folder


def openssl(folder, *words):
    done = subprocess.run(["openssl", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def certified(folder):
    """A CA with a folder for those who trust it, and a user of its."""
    (folder / "x.cnf").write_text("[req]\ndistinguished_name=dn\n[dn]\n[user]\nbasicConstraints=critical,CA:false\n"
                                  "keyUsage=critical,digitalSignature\n[ca]\nbasicConstraints=critical,CA:true\n")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=ca", "-config", "x.cnf", "-extensions", "ca")
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", "key.pem", "-out", "cert.pem", "-days", "2",
            "-subj", "/DC=org/CN=robot", "-config", "x.cnf", "-extensions", "user", "-CA", "ca.pem", "-CAkey", "ca.key")
    (folder / "signers").mkdir()
    (folder / "signers/ca.pem").write_text((folder / "ca.pem").read_text())
    openssl(folder, "rehash", "signers")


def types(factory):
    told = json.loads(factory.vcycle("check-config", "--json", check=False).stdout)
    return {row["machinetype"]: row["target_share"] for row in told["machinetypes"]}, told["problems"]


def cycle(factory, now):
    return factory.run("vcycled", "--once", "--host", HOST, "--now", str(now), check=False)


def test_a_pipe_becomes_machinetypes_and_what_it_said_last_goes_on(factory, web):
    url, folder = web
    # No machines: there is no way to this cloud.
    factory.conf.write_text(f"[space {SPACE}]\napi = creamce\nprocessors_limit = 5\n[vacuum_pipe {SPACE} p]\n"
                            f"vacuum_pipe_url = {url}/pipe\ntarget_share = 8\n")
    cycle(factory, 1_000_000)
    shares, problems = types(factory)
    assert shares == {} and "has not been fetched yet" in problems[0]
    assert "HTTP code 404; asked again in 60 s" in factory.log()

    (folder / "pipe").write_text(json.dumps(PIPE))
    cycle(factory, 1_000_060)
    assert types(factory) == ({"p-prod": 6, "p-test": 2}, [])
    assert [p.name for p in (factory.lib / "pipescache").iterdir()] == [
        quote(f"{url}/pipe", safe="")]

    (folder / "pipe").write_text("<html>Down for maintenance</html>")
    cycle(factory, 1_000_119)
    assert "maintenance" not in factory.log() and factory.log().count("Fetching") == 2, "it is not old enough"
    cycle(factory, 1_000_120)
    assert "what it said last goes on" in factory.log()
    assert types(factory) == ({"p-prod": 6, "p-test": 2}, [])

    changed = dict(PIPE, machinetypes=[dict(PIPE["machinetypes"][0], suffix="new", heartbeat_file="../x"),
                                       PIPE["machinetypes"][1]])
    (folder / "pipe").write_text(json.dumps(changed))
    cycle(factory, 1_000_200)
    shares, problems = types(factory)
    assert shares == {"p-test": 2} and "no machines are made of it" in problems[0]


def test_proxy_init_makes_what_openssl_takes(factory, tmp_path):
    certified(tmp_path)
    words = ("proxy-init", "--cert", str(tmp_path / "cert.pem"), "--key", str(tmp_path / "key.pem"))
    proxy = factory.vcycle(*words).stdout
    (tmp_path / "proxy.pem").write_text(proxy)
    assert "OK" in openssl(tmp_path, "verify", "-allow_proxy_certs", "-CAfile", "ca.pem", "-untrusted", "proxy.pem", "proxy.pem")
    assert proxy.count("BEGIN CERTIFICATE") == 2 and proxy.count("PRIVATE KEY-----") == 2
    legacy = factory.vcycle(*words, "-l").stdout
    (tmp_path / "legacy.pem").write_text(legacy)
    assert "limited proxy" in openssl(tmp_path, "x509", "-in", "legacy.pem", "-noout", "-subject")
    done = factory.vcycle("proxy-init", "-c", str(tmp_path / "cert.pem"), "-k", str(tmp_path / "ca.key"), check=False)
    assert done.returncode == 1 and "is not that of the first certificate" in done.stderr and not done.stdout
    assert factory.vcycle("proxy-init", check=False).returncode == 1


def test_cernvm_signature_tells_who_signed_and_whether_it_is_still_so(factory, tmp_path):
    certified(tmp_path)
    image = tmp_path / "image.iso"
    signed = os.urandom(100_000) + json.dumps({"ucernvm-version": "2.8"}).encode().ljust(32768, b"\0")
    image.write_bytes(signed)
    openssl(tmp_path, "dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "image.iso")
    base64 = {name: openssl(tmp_path, "base64", "-A", "-in", file) for name, file in
              (("certificate", "cert.pem"), ("signature", "signature"))}
    image.write_bytes(signed + json.dumps(base64).encode().ljust(32768, b"\0"))
    words = ("cernvm-signature", str(image), "--ca-path", str(tmp_path / "signers"))
    done = factory.vcycle(*words)
    assert "signed by /DC=org/CN=robot" in done.stdout and "The signature is good." in done.stdout
    assert json.loads(factory.vcycle(*words, "--json").stdout)["verified"] is True
    untrusted = factory.vcycle("cernvm-signature", str(image), check=False)
    assert untrusted.returncode == 1 and "nobody vouches for the signer" in untrusted.stderr
    image.write_bytes(b"x" + image.read_bytes()[1:])
    changed = factory.vcycle(*words, check=False)
    assert changed.returncode == 1 and "does not fit" in changed.stderr


def test_squid_conf_lets_the_factories_know_each_other(factory, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    factory.conf.write_text(f"[settings]\nfactories = localhost nowhere.invalid {HOST}\n")
    template, made = tmp_path / "in", tmp_path / "out"
    template.write_text("http_port 3128")
    done = factory.vcycle("squid-conf", str(template), str(made))
    assert made.read_text() == ("http_port 3128\nacl localnet src 127.0.0.1/32\n"
                                "cache_peer 127.0.0.1 sibling 3128 3130 default\n")
    assert "nowhere.invalid has no address" in done.stderr
    os.utime(made, (1, 1))
    factory.vcycle("squid-conf", str(template), str(made))
    assert made.stat().st_mtime == 1, "nothing has changed"
    factory.run("vcycle", "squid-conf", "in", "out", "--host", "localhost")
    assert "cache_peer" not in made.read_text(), "nobody is his own peer"
    factory.conf.write_text("[settings]\nfactories = localhost:9951 [::1]:995\n")
    factory.vcycle("squid-conf", str(template), str(made))
    assert made.read_text() == ("http_port 3128\nacl localnet src ::1/128\ncache_peer ::1 sibling 3128 3130 default\n"
                                "acl localnet src 127.0.0.1/32\ncache_peer 127.0.0.1 sibling 3128 3130 default\n")
    factory.run("vcycle", "squid-conf", "in", "out", "--host", "localhost.example.com")
    assert "cache_peer 127" not in made.read_text(), "nor under a name without its domain"
    assert factory.vcycle("squid-conf", str(tmp_path / "no"), str(made), check=False).returncode == 2
    assert factory.vcycle("squid-conf", str(template), str(tmp_path / "no/out"), check=False).returncode == 1
