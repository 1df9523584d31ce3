# SPDX-License-Identifier: Apache-2.0
"""provision-engine-server as a command: its verbs and exit codes (contract 7.1) and engine.conf (6.1)."""

import json
import os
import signal
import socket
import stat
import subprocess
import threading

import httpx
import pytest
import yaml
from checks import ITEMS, create, nothing_left, read, remove, spec
from engine import wait_for
from open_folder import open_folder
from opennebula.control_client import ALICE

USAGE = "Usage: provision-engine-server {start|stop|restart|status|run|version|check-config} <debug>\n"


def said(done):
    return done.returncode, done.stdout, done.stderr


# --- verbs ------------------------------------------------------------------------------------------------------------

def test_start_status_stop(new_engine):
    engine = new_engine(start=False)
    pid_file = engine.directory / "engine.pid"
    assert said(engine.command("stop")) == (1, "", "Could not find server pid file\n")
    assert engine.command("status").returncode == 3
    assert said(engine.command("start")) == (0, "provision-engine-server started\n", "")
    pid = engine.pid
    assert pid and pid_file.read_text() == f"{pid}\n"
    # Who said "started" answers at once.
    assert engine.client().get("/server/version").status_code == 200
    status = engine.command("status")
    assert status.returncode == 0 and str(pid) in status.stdout and f"127.0.0.1:{engine.port}" in status.stdout
    assert said(engine.command("start")) == (
        1, "", f"Found pid {pid} at {pid_file}\nProvision Engine is already running or wasn't stopped cleanly\n")
    assert engine.pid == pid
    assert said(engine.command("stop")) == (0, "provision-engine-server stopped\n", "")
    assert not pid_file.exists()
    engine.until_gone(pid)
    assert engine.command("status").returncode == 3


def test_restart(new_engine):
    engine = new_engine(start=False)
    done = engine.command("restart")
    assert done.returncode == 0 and done.stdout == "provision-engine-server started\n"
    first = engine.pid
    done = engine.command("restart")
    assert said(done) == (0, "provision-engine-server stopped\nprovision-engine-server started\n", "")
    assert engine.pid not in (None, first)


@pytest.mark.parametrize("words", [[], ["strat"], ["1"]])
def test_usage(new_engine, words):
    assert said(new_engine(start=False).command(*words)) == (1, "", USAGE)


def test_version_and_help(new_engine):
    engine = new_engine(start=False)
    engine.write("this: [is broken")
    version = engine.command("version")
    assert version.returncode == 0 and version.stdout.count(".") >= 2
    assert engine.command("--help").returncode == 0


def test_a_stale_pid_file_does_not_hinder(new_engine):
    engine = new_engine(start=False)
    pid_file = engine.directory / "engine.pid"
    # Of a process that is gone, of one that lives and is another, and of nothing at all.
    for content in ("999999\n", f"{os.getpid()}\n", "", "words"):
        pid_file.write_text(content)
        status = engine.command("status")
        assert status.returncode == 3 and "stale" in status.stdout
        engine.start()
        assert engine.command("stop").returncode == 0
        pid_file.write_text(content)
        assert engine.command("stop").returncode == 0 and not pid_file.exists()


def test_a_pid_file_that_is_a_link_is_not_followed(new_engine):
    engine = new_engine(start=False)
    precious = engine.directory / "precious"
    precious.write_text("keep this")
    (engine.directory / "engine.pid").symlink_to(precious)
    done = engine.command("start")
    assert done.returncode == 1 and ":pid_file:" in done.stderr
    assert precious.read_text() == "keep this"
    (engine.directory / "engine.pid").unlink()


def test_kill_9_then_start(new_engine, one):
    engine = new_engine()
    with engine.client() as client:
        number = create(client)["ID"]
        engine.kill()
        assert engine.command("status").returncode == 3
        engine.start()
        read(client, number)
        remove(client, number)
    nothing_left(one)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_requests_under_way_finish_first(new_engine, one, number):
    engine = new_engine()
    held = one.fault("hold", server="oned", method="one.document.allocate")
    answers = []
    with engine.client() as client:
        request = threading.Thread(target=lambda: answers.append(client.post(ITEMS, json=spec())))
        request.start()
        wait_for("the call is held", lambda: one.faults()[0]["hits"])
        pid = engine.pid
        engine.signal(number)

        def closed():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", engine.port)) != 0
        wait_for("nobody new is let in", closed)
        assert os.path.exists(f"/proc/{pid}") and not answers
        one.clear_faults(held)
        request.join()
        assert answers[0].status_code == 201
        engine.until_gone(pid)
        engine.start()
        remove(client, answers[0].json()["SERVERLESS_RUNTIME"]["ID"])
    nothing_left(one)


def test_a_taken_port(new_engine):
    engine = new_engine(start=False)
    with socket.socket() as other:
        other.bind(("127.0.0.1", engine.port))
        other.listen()
        done = engine.command("start")
        assert done.returncode == 1 and done.stdout == ""
        assert f"port {engine.port}" in done.stderr and str(engine.logs / "api.log") in done.stderr
        assert f"port {engine.port}" in engine.log("api.log") and f"port {engine.port}" in engine.log()
        assert engine.pid is None and not (engine.directory / "engine.pid").exists()
        done = engine.command("run")
        assert done.returncode == 1 and f"port {engine.port}" in done.stderr
    engine.start()


def test_a_log_directory_that_cannot_be(new_engine):
    engine = new_engine({"log": {"directory": "/proc/nowhere"}}, start=False)
    done = engine.command("start")
    assert done.returncode == 1 and "/proc/nowhere" in done.stderr


def test_run_stays_in_the_foreground(new_engine):
    engine = new_engine(start=False).run()
    assert engine.command("status").returncode == 0
    child = engine.child
    assert engine.command("stop").returncode == 0
    assert child.wait(20) == 0
    # Its access lines go where its standard error goes.
    assert "method=GET path=/server/version status=200" in engine.log("api.log")


def test_debug_logs_everything(new_engine):
    engine = new_engine({"log": {"level": 3, "system": "pigeon"}}, start=False).start("debug")
    engine.client().get(ITEMS + "/1")
    assert "DEBUG -- : API Call: GET /serverless-runtimes/1" in engine.log()
    log = shown(engine)["log"]
    assert (log["level"], log["system"]) == (0, "file"), "what is in force"


# --- engine.conf ------------------------------------------------------------------------------------------------------

def complete(engine):
    """The file that is shipped, with the places of this test."""
    return {"one_xmlrpc": engine.conf["one_xmlrpc"], "oneflow_server": engine.conf["oneflow_server"],
            "host": "127.0.0.1", "port": engine.port, "timeout": 30,
            "capacity": {"disk": {"default": 1024}, "cpu": {"default": 2, "mult": 2},
                         "memory": {"default": 1024, "mult": 2, "resize_mode": "BALLOONING"}},
            "log": {"level": 1, "system": "file"}}


def conf_text(engine, conf, ruby=False):
    """With the keys that only a test needs behind it; as people write it or as Ruby dumps it."""
    extra = f":data: {engine.conf['data']}\n:pid_file: {engine.conf['pid_file']}\n"

    def lines(level, indent=""):
        out = ""
        for key, value in level.items():
            out += f"{indent}:{key}:" + (f"\n{lines(value, indent + '  ')}" if isinstance(value, dict)
                                         else f" {value}\n" if ruby else f"   {json.dumps(value)}   # a word\n")
        return out
    text = lines(conf).replace(":system:", f":directory: {engine.logs}\n  :system:")
    return ("---\n" if ruby else "# engine.conf\n\n") + text + extra


def shown(engine):
    with engine.client(None) as nobody:
        return nobody.get("/server/config").json()


@pytest.mark.parametrize("ruby", [False, True], ids=["by hand", "by Ruby"])
def test_config_equals_a_complete_file(new_engine, ruby):
    engine = new_engine(start=False)
    text = conf_text(engine, complete(engine), ruby)
    engine.write(text)
    engine.start()
    # Read by another's YAML; only the colons of the keys are taken away.
    def plain(value):
        return {key.strip(":"): plain(inner) for key, inner in value.items()} if isinstance(value, dict) else value
    assert shown(engine) == plain(yaml.safe_load(text))
    assert type(shown(engine)["port"]) is int


def test_what_is_absent_has_its_default(new_engine):
    engine = new_engine(start=False)
    engine.write(f":data: {engine.conf['data']}\n:pid_file: {engine.conf['pid_file']}\n:port: {engine.port}\n"
                 f":capacity:\n  :cpu:\n    :mult: 3\n:log:\n  :directory: {engine.logs}\n")
    engine.start()
    seen = shown(engine)
    assert seen["one_xmlrpc"] == "http://localhost:2633/RPC2" and seen["oneflow_server"] == "http://localhost:2474"
    assert seen["host"] == "127.0.0.1" and seen["timeout"] == 30
    assert seen["capacity"] == {"disk": {"default": 1024}, "cpu": {"default": 2, "mult": 3},
                                "memory": {"default": 1024, "mult": 2, "resize_mode": "BALLOONING"}}
    # Inside :log: an absent level is INFO.
    assert seen["log"]["level"] == 1 and seen["log"]["system"] == "file"
    assert "INFO -- : Initializing" in engine.log()


def test_unknown_and_old_keys_are_kept_shown_and_warned_of(new_engine):
    engine = new_engine({"flavour_of_the_day": "mint", "mapping": {"nature": 0},
                         "capacity": {"max": {"vcpu_mult": 2}, "default": {"vcpu": 1}}}, start=False)
    done = engine.command("start")
    assert done.returncode == 0
    for key, advice in (("flavour_of_the_day", "not a known setting"), ("mapping", "found by their names"),
                        ("max", "use capacity.cpu.mult"), ("default", "use capacity.cpu.default")):
        assert any(line.startswith(f"warning: {engine.conf_path}:") and f" :{key}: " in line and advice in line
                   for line in done.stderr.splitlines()), (key, done.stderr)
        # Also for who sees no terminal.
        assert any(f" WARN -- : {engine.conf_path}:" in line and f" :{key}: " in line and advice in line
                   for line in engine.log().splitlines()), (key, engine.log())
    assert shown(engine)["flavour_of_the_day"] == "mint" and shown(engine)["mapping"] == {"nature": 0}


def test_both_spellings_and_the_symbol_wins(new_engine):
    engine = new_engine({"timeout": None}, start=False)
    engine.write(engine.conf_path.read_text() + "timeout: 11\nverify_tls: false\n:timeout: 12\n")
    engine.start()
    assert shown(engine)["timeout"] == 12 and shown(engine)["verify_tls"] is False


def test_an_unknown_logging_system_becomes_a_file(new_engine):
    engine = new_engine({"log": {"system": "pigeon"}}, start=False)
    done = engine.command("start")
    assert done.returncode == 0
    for told in (done.stderr, engine.log()):
        assert "Invalid logging system: pigeon. Fallback to file logging" in told
    assert "Initializing Provision Engine component: engine" in engine.log()


def test_a_database_with_a_password_is_not_shown(new_engine):
    secret = "postgresql://engine:hush-hush@127.0.0.1:1/engine"
    engine = new_engine({"database": secret}, start=False)
    for verb in ("check-config", "start", "run"):
        done = engine.command(verb)
        assert "hush-hush" not in done.stdout + done.stderr
    assert done.returncode == 1
    engine.check_no_secret(more=["hush-hush"])


@pytest.mark.parametrize("mode, told", [(0o644, True), (0o604, True), (0o640, False), (0o600, False)])
def test_a_password_that_everybody_may_read_is_warned_of(new_engine, mode, told):
    engine = new_engine({"database": "postgresql://engine:hush-hush@127.0.0.1:1/engine"}, start=False)
    engine.conf_path.chmod(mode)
    done = engine.command("check-config")
    assert done.returncode == 0 and (f"chmod o= {engine.conf_path}" in done.stderr) == told, done.stderr
    assert stat.S_IMODE(engine.conf_path.stat().st_mode) == mode


@pytest.mark.parametrize("timeout, told", [(30, False), (31, False), (32, True), (300, True)])
def test_a_timeout_beyond_the_patience_of_clients_is_warned_of(new_engine, timeout, told):
    engine = new_engine({"timeout": timeout}, start=False)
    done = engine.command("check-config")
    warning = f":timeout: is {timeout}, so that a create may take {timeout + 28} s"
    assert done.returncode == 0 and (warning in done.stderr) == told and (told or done.stderr == "")
    engine.write(engine.conf_path.read_text() + ":cloud: embedded\n")
    assert warning not in engine.command("check-config").stderr


def test_without_a_password_everybody_may_read_the_file(new_engine):
    engine = new_engine(start=False)
    engine.conf_path.chmod(0o644)
    assert engine.command("check-config").stderr == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes somebody else")
def test_who_may_not_read_the_file_is_told_who_may(new_engine):
    with open_folder() as folder:
        engine = new_engine(start=False, wrap=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
        engine.conf_path = folder / "engine.conf"
        engine.write()
        engine.conf_path.chmod(0o640)
        done = engine.command("check-config")
        assert done.returncode == 1 and f"chgrp GROUP {engine.conf_path}" in done.stderr, done


BROKEN = {
    "missing": None, "empty": "", "no map": "- 1\n- 2\n", "bad YAML": ":port: [1\n",
    "a tab": ":log:\n\t:level: 1\n", "a word for a port": ":port: many\n", "a port too large": ":port: 70000\n",
    "port as text": ':port: "1337"\n', "no timeout": ":timeout: 0\n", "half a timeout": ":timeout: 1.5\n",
    "a URL of nothing": ":one_xmlrpc: localhost\n", "a URL without host": ":oneflow_server: http:///\n",
    "ftp": ":one_xmlrpc: ftp://localhost/RPC2\n", "a port of nobody": ":one_xmlrpc: http://localhost:99999/RPC2\n",
    "a port of letters": ":oneflow_server: http://localhost:abc\n", "half an IPv6": ":oneflow_server: http://[::1\n",
    "a password in a URL": ":one_xmlrpc: http://user:hush-hush@localhost/RPC2\n",
    "a name for an address": ":host: engine.example.org\n", "an address with a port": ":host: 127.0.0.1:1337\n",
    "half an address": ":host: 10.0.0\n", "no address": ":host: ''\n",
    "half of TLS": ":tls_key: /etc/hostname\n",
    "no such certificate": ":tls_certificate: /nowhere/chain.pem\n:tls_key: /etc/hostname\n",
    "no such authority": ":ca_file: /nowhere/authority.pem\n", "level 4": ":log:\n  :level: 4\n",
    "level word": ":log:\n  :level: x\n",
    "a mode of nobody": ":capacity:\n  :memory:\n    :resize_mode: RUBBER\n", "capacity a number": ":capacity: 5\n",
    "no cpu": ":capacity:\n  :cpu:\n    :default: 0\n", "cloud nine": ":cloud: nine\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_a_wrong_file_is_told_at_once(new_engine, text):
    engine = new_engine(start=False)
    if text is None:
        engine.conf_path.unlink()
    else:
        # Should it be taken after all, nothing outside of the test's directory is touched.
        engine.write(text and text + "".join(f":{key}: {engine.conf[key]}\n" for key in ("data", "pid_file")))
    for verb in ("start", "run", "check-config"):
        done = engine.command(verb)
        assert done.returncode == 1 and done.stdout == "", (verb, done)
        assert done.stderr.startswith(f"Failed to load configuration at {engine.conf_path}\n"), (verb, done.stderr)
        assert len(done.stderr.splitlines()) > 1 and "hush-hush" not in done.stderr
    assert not engine.log()


RELATIVE = [("data", ":data: var\n"), ("data", ":data: ''\n"), ("data", ":data: ~/var\n"),
            ("pid_file", ":pid_file: ./engine.pid\n"), ("log: :directory", ":log:\n  :directory: log\n"),
            ("ca_file", ":ca_file: hostname\n"), ("tls_key", ":tls_certificate: /etc/hostname\n:tls_key: hostname\n")]


@pytest.mark.parametrize("key, text", RELATIVE, ids=[text.split(" ")[-1].strip() for _, text in RELATIVE])
def test_a_path_that_depends_on_the_working_directory_is_refused(new_engine, key, text):
    """It would be one place for `start`, another for `status`, and a third for systemd."""
    engine = new_engine(start=False)
    engine.write("".join(f":{one}: {engine.conf[one]}\n" for one in ("data", "pid_file") if one != key) + text)
    line = len(engine.conf_path.read_text().splitlines())
    before = set(os.listdir(engine.directory))
    for verb in ("start", "run", "check-config"):
        done = engine.command(verb)
        assert done.returncode == 1 and done.stdout == "", (verb, done)
        reason = done.stderr.splitlines()[1]
        assert reason.startswith(f"{engine.conf_path}:{line}: :{key}: is "), reason
        assert "write the whole path, from the root: /" in reason
    assert set(os.listdir(engine.directory)) == before and not os.path.exists("var")


@pytest.mark.parametrize("broken", [":port: many\n", ":log:\n  :level: 4\n"])
def test_a_file_that_was_broken_since_the_start_does_not_keep_its_server(new_engine, broken):
    engine = new_engine()
    pid = engine.pid
    engine.write(broken + f":pid_file: {engine.conf['pid_file']}\n")
    done = engine.command("restart")
    assert done.returncode == 1 and engine.pid == pid  # the new one could not start
    done = engine.command("status")
    assert done.returncode == 0 and str(pid) in done.stdout and done.stderr.startswith("Failed to load configuration")
    done = engine.command("stop")
    assert (done.returncode, done.stdout) == (0, "provision-engine-server stopped\n")
    assert done.stderr.startswith("Failed to load configuration")
    engine.until_gone(pid)
    assert engine.command("status").returncode == 3 and engine.command("stop").returncode == 1


def test_check_config(new_engine):
    engine = new_engine({"strange": 1}, start=False)
    engine.write(engine.conf_path.read_text() + ":timeout: 7\n")
    done = engine.command("check-config")
    assert done.returncode == 0 and "one_timeout" in done.stdout and f"{engine.conf_path} is in order" in done.stdout
    assert "strange" in done.stderr and ":timeout: stands twice; the last wins" in done.stderr


@pytest.mark.parametrize("host", ["203.0.113.9", "2001:db8::9"])
def test_an_address_of_another_machine_is_told_before_and_at_the_start(new_engine, host):
    engine = new_engine({"host": host}, start=False)
    for verb in ("check-config", "start", "run"):
        done = engine.command(verb)
        assert done.returncode == 1 and f"{host} is no address of this machine" in done.stderr, (verb, done)
        assert "is in order" not in done.stdout and (verb != "check-config" or ":host: cannot be used" in done.stderr)
    assert engine.pid is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "0.0.0.0"])
def test_an_address_of_this_machine_is_in_order_also_while_the_server_has_it(new_engine, host):
    engine = new_engine({"host": host})
    done = engine.command("check-config")
    assert done.returncode == 0 and "is in order" in done.stdout, done
    assert engine.command("status").returncode == 0


def test_a_slash_behind_the_address_of_oneflow(new_engine, one):
    engine = new_engine({"oneflow_server": one.oneflow + "/"})
    with engine.client() as client:
        remove(client, create(client)["ID"])
    nothing_left(one)


def test_it_may_speak_tls_itself(new_engine, one, tmp_path):
    """Without a proxy before it (contract 7.5)."""
    files = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", files[1], "-out", files[0], "-subj", "/CN=localhost", "-days", "2",
                    "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True, timeout=60)
    engine = new_engine({"tls_certificate": str(files[0]), "tls_key": str(files[1])})
    with httpx.Client(base_url=engine.url.replace("http:", "https:"), auth=ALICE, verify=str(files[0]),
                      trust_env=False, timeout=60) as client:
        remove(client, create(client)["ID"])
    with pytest.raises(httpx.TransportError):
        engine.client(None).get("/server/version")
    nothing_left(one)
    files[1].write_text("no key")
    done = engine.command("restart")
    assert done.returncode == 1 and str(files[1]) in done.stderr


def test_localhost_is_an_address(new_engine):
    engine = new_engine({"host": "localhost"})
    assert shown(engine)["host"] == "localhost"
