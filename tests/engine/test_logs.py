# SPDX-License-Identifier: Apache-2.0
"""The logs of the guide's flow against the guide's own excerpts, at every level and over syslog; what turns when; and
that none of them ever holds a secret (contract 6.2)."""

import base64
import re
import socket
import threading

import pytest
from checks import ITEMS, create, created, error_of, nothing_left, put, read, remove, runtime_of, spec, until_state
from engine import wait_for
from opennebula.control_client import ALICE
from private import may_mount

LINE = r"{0}, \[\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d #\d+\] {1:>5} -- : "
INFO, WARN, ERROR, DEBUG = (LINE.format(name[0], name) for name in ("INFO", "WARN", "ERROR", "DEBUG"))
ANY = re.compile(r"[DIWE], \[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d #\d+\] (DEBUG| INFO| WARN|ERROR) -- : ")
CREATED = r"# Logfile created on \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4} by \S+/v?\d[\w.+-]*\n"
SPEC = spec("nature", DEVICE_INFO={"GEOGRAPHIC_LOCATION": "Madrid"})


def guide_flow(client):
    """The user guide's: create, look until it runs, update, delete."""
    shown = create(client, SPEC)
    until_state(client, shown["ID"])
    runtime_of(put(client, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}, "NAME": "changed"}), 200)
    remove(client, shown["ID"])
    return shown


def in_order(text, *patterns):
    """Each pattern is a line, and they come in this order."""
    at = 0
    for pattern in patterns:
        found = re.compile(f"^{pattern}$", re.M).search(text, at)
        assert found, f"no line {pattern!r} after {text[max(0, at - 300):at]!r}"
        at = found.end()


def levels_in(text):
    return {found.group(1).strip() for found in map(ANY.match, text.splitlines()) if found}


# --- the guide --------------------------------------------------------------------------------------------------------

def test_engine_log_is_the_guides(new_engine, one):
    engine = new_engine({"log": {"level": 0, "cloud_client": "file"}})
    with engine.client() as client:
        shown = guide_flow(client)
    nothing_left(one)
    text = engine.log()
    assert re.match(CREATED, text)
    in_order(text,
             f"{INFO}Initializing Provision Engine component: engine",
             f"{INFO}Using oned at {re.escape(one.oned)}", f"{INFO}Using oneflow at {re.escape(one.oneflow)}",
             f"{INFO}Received request to Create a Serverless Runtime", f"{INFO}Response HTTP Return Code: 201",
             rf"{DEBUG}Response Body: \{{.*\"ID\":{shown['ID']}.*", f"{INFO}Serverless Runtime created",
             f"{INFO}Received request to Retrieve a Serverless Runtime information",
             f"{INFO}Response HTTP Return Code: 200", f"{DEBUG}Response Body: .*",
             f"{INFO}Serverless Runtime retrieved",
             f"{INFO}Received request to Update a Serverless Runtime", f"{INFO}Response HTTP Return Code: 200",
             f"{INFO}Serverless Runtime updated",
             f"{INFO}Received request to Delete a Serverless Runtime", f"{INFO}Response HTTP Return Code: 204",
             f"{DEBUG}Response Body: ?", f"{INFO}Serverless Runtime deleted")
    # Every line has the form that people's tools read.
    assert all(ANY.match(line) for line in text.splitlines()[1:]), text


def test_cloud_client_log_is_the_guides(new_engine, one):
    engine = new_engine()
    with engine.client() as client:
        create(client, SPEC)
    text = engine.log("CloudClient.log")
    assert re.match(CREATED, text)
    in_order(text,
             f"{INFO}Initializing Provision Engine component: CloudClient",
             f"{INFO}Found matching flow template for tuple: nature",
             f"{INFO}Applying \"vm_template_contents\" to role FAAS",
             f"{INFO}Creating oneflow Service for Serverless Runtime", rf"{INFO}Instantiating service_template \d+",
             f"{INFO}with additional parameters",
             f"{INFO}Waiting 20 seconds for service role FAAS VMs", rf"{INFO}Serverless Runtime Service created.*",
             f"{INFO}Allocating Serverless Runtime Document", f"{INFO}Created Serverless Runtime Document")
    assert re.search(rf"^{DEBUG}one\.document\.allocate", text, re.M)


def test_every_message_that_an_operator_greps_for(new_engine, one):
    """The contract's table (6.2), at the shipped level; what a service is called stands behind its message (C1)."""
    engine = new_engine({"log": {"level": 1}})
    with engine.client() as client:
        shown = create(client, spec("Function", "Data"))
        number, service, vm = shown["ID"], shown["SERVICE_ID"], shown["FAAS"]["VM_ID"]
        until_state(client, number)
        change = {"FAAS": {"FLAVOUR": "", "CPU": 2, "DISK_SIZE": 1500}, "NAME": "changed"}
        runtime_of(put(client, number, change), 200)
        one.fault("error", server="oneflow", method="DELETE /service/*", status=500, text="not now", count=1)
        remove(client, number)  # by force
        nothing_left(one)
        gone = create(client)
        one.remove_service(gone["SERVICE_ID"])
        remove(client, gone["ID"])
        for status in (400, 422, 401, 403, 404, 500):
            with engine.client(("nobody", "nothing") if status == 401 else ALICE) as caller:
                if status in (403, 500):
                    one.fault("error", server="oneflow", method="* instantiate", status=status, text="no", count=1)
                error_of(caller.get(f"{ITEMS}/1") if status == 404 else
                         caller.post(ITEMS, json={400: {}, 422: spec("Nobody")}.get(status, spec())), status)
    text = engine.log()
    in_order(text, f"{INFO}Received request to Create a Serverless Runtime",
             f"{INFO}Found matching flow template for tuple: Function-Data",
             f"{INFO}Applying \"vm_template_contents\" to role FAAS",
             f"{INFO}Applying \"vm_template_contents\" to role DAAS",
             rf"{INFO}Instantiating service_template \d+", f"{INFO}with additional parameters",
             f"{INFO}Waiting 20 seconds for service role FAAS VMs", f"{INFO}Waiting 20 seconds for service role DAAS VMs",
             f"{INFO}Serverless Runtime Service created: {service}", f"{INFO}Creating Serverless Runtime Document",
             f"{INFO}Created Serverless Runtime Document", f"{INFO}Response HTTP Return Code: 201",
             f"{INFO}Serverless Runtime created",
             f"{INFO}Received request to Retrieve a Serverless Runtime information",
             f"{INFO}Updating Serverless Runtime Document {number}", f"{INFO}Serverless Runtime retrieved",
             f"{INFO}Received request to Update a Serverless Runtime",
             f"{INFO}Renaming Serverless Runtime Document {number}", f"{INFO}Looking for changes for function FAAS",
             f"{INFO}Updating Serverless Runtime Function VM {vm} capacity",
             f"{INFO}Resizing Serverless Runtime Function VM {vm} disk", f"{INFO}Serverless Runtime updated",
             f"{INFO}Received request to Delete a Serverless Runtime", f"{INFO}Deleting Serverless Runtime Service",
             f"{INFO}Deleting service {service}", f"{INFO}Forcing service {service} deletion",
             f"{INFO}Deleting Serverless Runtime Document", f"{INFO}Serverless Runtime Document deleted",
             f"{INFO}Serverless Runtime deleted",
             f"{WARN}Serverless Runtime Service not found.*", f"{INFO}Serverless Runtime deleted",
             f"{ERROR}Invalid Serverless Runtime definition.*", f"{ERROR}Unprocessable Serverless Runtime definition.*",
             f"{ERROR}Failed to authenticate in OpenNebula.*", f"{ERROR}Permission denied.*",
             f"{ERROR}Serverless Runtime not found.*", f"{ERROR}Failed to create Serverless Runtime.*")


def test_bodies_over_several_lines(new_engine):
    """As the guide prints them (M7); each line has its head, so that no body can forge one."""
    engine = new_engine({"log": {"level": 0, "pretty": True, "cloud_client": "file"}})
    with engine.client() as client:
        shown = create(client, spec("nature", NAME="a\nI, [2023-09-06 10:51:55 #1]  INFO -- : forged"))
        remove(client, shown["ID"])
    text = engine.log()
    in_order(text, rf"{DEBUG}Response Body: \{{", rf"{DEBUG}  \"SERVERLESS_RUNTIME\": \{{",
             rf"{DEBUG}    \"ID\": {shown['ID']},", rf"{DEBUG}\}}", f"{INFO}Serverless Runtime created",
             f"{DEBUG}Response Body: ", f"{INFO}Serverless Runtime deleted")
    assert all(ANY.match(line) for line in text.splitlines()[1:]), text
    assert not re.search("^I, .*forged", text, re.M)


@pytest.mark.parametrize("calls_to, in_file, in_engine", [("file", True, False), ("engine", False, True),
                                                          ("both", True, True)])
def test_where_the_calls_go(new_engine, calls_to, in_file, in_engine):
    engine = new_engine({"log": {"level": 1, "cloud_client": calls_to}})
    with engine.client() as client:
        create(client)
    words = "Creating oneflow Service for Serverless Runtime"
    assert (words in engine.log("CloudClient.log")) == in_file and (words in engine.log()) == in_engine


# --- levels -----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("level, there", [(0, {"DEBUG", "INFO", "WARN", "ERROR"}), (1, {"INFO", "WARN", "ERROR"}),
                                          (2, {"WARN", "ERROR"}), (3, {"ERROR"})])
def test_levels_and_secrets(new_engine, one, level, there):
    engine = new_engine({"log": {"level": level}})
    with engine.client() as client:
        guide_flow(client)
        shown = created(client, spec(SCHEDULING={"STRANGE": "x"}))  # a warning
        error_of(client.post(ITEMS, json=spec("FAILED_DEPLOY")), 500)
        error_of(client.post(ITEMS, content='{"password": "no json'), 400)
        error_of(client.get(f"{ITEMS}/1", headers={"Authorization": "Bearer token-of-somebody"}, auth=None), 401)
        garbage = one.fault("garbage", server="oned", method="one.vm.info", object=shown["FAAS"]["VM_ID"])
        error_of(client.get(f"{ITEMS}/{shown['ID']}"), 500)
        one.clear_faults(garbage)
        remove(client, shown["ID"])
    with engine.client(("alice", "wrong-password")) as stranger:
        error_of(stranger.post(ITEMS, json=spec()), 401)
    nothing_left(one)
    for name in ("engine.log", "CloudClient.log"):
        assert levels_in(engine.log(name)) <= there
    assert levels_in(engine.log()) == there
    if level == 0:
        assert "API Call: POST /serverless-runtimes {" in engine.log()
    engine.check_no_secret([ALICE, ("alice", "wrong-password")], more=["token-of-somebody"])
    # The credentials as VMs get them, too, are struck out wherever a template is written.
    for name, text in engine.all_logs().items():
        assert not re.search(r'SR_AUTH\\*"?\s*[=:]\s*\\*"(?!\*\*\*)', text), name


def test_a_password_in_every_spelling(new_engine, one):
    """Not as XML, JSON or a URL would spell it either."""
    password = "p\"q'r<s>&t %u\\v"
    one.add_user("odd", password)
    engine = new_engine()
    with engine.client(("odd", password)) as client:
        shown = created(client)
        one.fault("error", server="oned", method="one.vm.info", code=0x2000, text="nothing of odd's", count=1)
        error_of(client.get(f"{ITEMS}/{shown['ID']}"), 500)
        remove(client, shown["ID"])
    nothing_left(one)
    escaped = ["p&quot;q", "p\\\"q'r", "p%22q"]
    engine.check_no_secret([("odd", password)], more=escaped)


@pytest.mark.parametrize("server, method, path", [("oneflow", "* instantiate", "POST"),
                                                  ("oned", "one.document.allocate", "POST"),
                                                  ("oned", "one.vm.info", "GET")])
def test_an_error_that_quotes_what_was_sent(new_engine, one, server, method, path):
    """A parser's complaint holds what it could not read: of a create, the credentials for the machine's context."""
    engine = new_engine()
    credentials = ":".join(ALICE)
    quoted = base64.b64encode(credentials.encode()).decode()
    with engine.client() as client:
        number = create(client)["ID"]
        rule = one.fault("error", server=server, method=method,
                         text=f"unexpected token at 'SR_AUTH=\\\"{quoted}\\\"' of {credentials}")
        answer = client.post(ITEMS, json=spec()) if path == "POST" else client.get(f"{ITEMS}/{number}")
        said = error_of(answer, 500)
        assert said["message"].startswith("unexpected token at 'SR_AUTH=") and "***" in said["message"]
        assert quoted not in answer.text and ALICE[1] not in answer.text
        one.clear_faults(rule)
        remove(client, number)
    nothing_left(one)


# --- files that turn --------------------------------------------------------------------------------------------------

def names(engine, stem):
    return sorted(path.name for path in engine.logs.iterdir() if path.name.startswith(stem))


def test_every_start_begins_engine_log_and_api_log_anew(new_engine):
    engine = new_engine()
    engine.client(None).get("/server/version")
    first = engine.log()
    wait_for("its access line", lambda: "GET" in engine.log("api.log"))
    engine.stop()
    engine.start()
    old = names(engine, "engine.log.")
    assert len(old) == 1 and re.fullmatch(r"engine\.log\.\d{10}", old[0])
    assert engine.log(old[0]).startswith(first) and engine.log().count("Initializing") == 1
    assert engine.log("api.log") == ""


def test_every_call_begins_cloud_client_log_anew(new_engine, one):
    engine = new_engine()
    with engine.client() as client:
        for _ in range(9):
            create(client)
    # Some of the old ones are kept, and not for ever.
    old = names(engine, "CloudClient.log.")
    assert 1 < len(old) <= 5 and all(re.fullmatch(r"CloudClient\.log\.\d{10}(\.\d+)?", name) for name in old)
    for name in [*old, "CloudClient.log"]:
        assert engine.log(name).count("Instantiating service_template") == 1, name


@pytest.mark.parametrize("level", [1, 2])
def test_cloud_client_log_always_names_its_component(new_engine, level):
    """Also before the first call, and during calls of which it has no line; those begin no new file."""
    engine = new_engine({"log": {"level": level}})
    first = f"{INFO}Initializing Provision Engine component: CloudClient\n" if level == 1 else ""
    fresh = re.compile(CREATED + first)
    assert fresh.fullmatch(engine.log("CloudClient.log"))
    with engine.client() as client:
        shown = created(client)
        assert read(client, shown["ID"]) == shown  # what was there to be written is written
        kept = len(names(engine, "CloudClient.log."))
        for _ in range(3):
            assert read(client, shown["ID"]) == shown
            assert fresh.fullmatch(engine.log("CloudClient.log"))
        assert len(names(engine, "CloudClient.log.")) == kept
        remove(client, shown["ID"])


def test_other_peoples_files_beside_the_logs_stay(new_engine):
    engine = new_engine(start=False)
    theirs = {f"CloudClient.log.{end}" for end in ("1.gz", "bak", "2024-01-01", "1700000000.", "1700000000.1.2", "1700000000x",
                                                   ".1", "")} | {"CloudClient.logs.1"}
    ours = {f"CloudClient.log.{end}" for end in ("1700000000", "1700000001.1", *map(str, range(1700000002, 1700000008)))}
    for name in theirs | ours:
        (engine.logs / name).write_text(name)
    engine.start()
    assert theirs <= set(names(engine, "CloudClient.log"))
    assert len(ours & set(names(engine, "CloudClient.log."))) == 5


def test_a_crash_is_told_in_api_log(new_engine):
    engine = new_engine({"data": "/proc/nowhere"}, start=False)
    done = engine.command("start")
    assert done.returncode == 1 and str(engine.logs / "api.log") in done.stderr
    assert "/proc/nowhere" in engine.log("api.log")


def test_the_log_section_as_pasted_from_the_guide(new_engine):
    """Its copies have lost the indentation."""
    engine = new_engine(start=False)
    text = engine.conf_path.read_text()
    head, _, _ = text.partition(":log:")
    engine.write(head + "# Log debug level\n# 3 = ERROR, 2 = WARNING, 1 = INFO, 0 = DEBUG\n:log:\n:level: 0\n"
                 f":system: 'file'\n:directory: {engine.logs}\n")
    engine.start()
    engine.client().get(ITEMS + "/1")
    assert "DEBUG -- : API Call: GET /serverless-runtimes/1" in engine.log()
    assert engine.client(None).get("/server/config").json()["log"]["level"] == 0


# --- syslog -----------------------------------------------------------------------------------------------------------

class Syslog:
    """What comes to a /dev/log that only the engine sees."""

    def __init__(self, directory):
        self.path = directory / "log-socket"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.messages = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        while piece := self.socket.recv(65536):
            self.messages.append(piece.decode(errors="replace"))

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(self.path))
        self.thread.join()
        self.socket.close()


@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_syslog(new_engine, one, tmp_path, level):
    if not may_mount():
        pytest.skip("a /dev/log of its own needs root and mount namespaces")
    syslog = Syslog(tmp_path)
    try:
        mount = f'mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && ' \
                f'mknod -m 666 /dev/urandom c 1 9 && ln -s {syslog.path} /dev/log && exec "$@"'
        engine = new_engine({"log": {"system": "syslog", "level": level}}, start=False,
                            wrap=["unshare", "-m", "sh", "-c", mount, "sh"])
        engine.run()
        with engine.client() as client:
            number = create(client)["ID"]
            error_of(client.get(f"{ITEMS}/{number}x"), 404)
            read(client, number)
            remove(client, number)
        nothing_left(one)
        pid = engine.pid
        engine.stop()
        wait_for("messages", lambda: syslog.messages)
    finally:
        syslog.close()
    form = re.compile(r"<(\d+)>.*?\bengine\[(\d+)\]: (.*)", re.S)
    parsed = [form.match(message) for message in syslog.messages]
    assert all(parsed), syslog.messages
    assert {int(each.group(2)) for each in parsed} == {pid}
    user = 1 << 3
    priorities = {int(each.group(1)) for each in parsed}
    # Q28: the level counts here as well. 3 err, 4 warning, 6 info, 7 debug.
    wanted = {0: {7, 6, 3}, 1: {6, 3}, 2: {3}, 3: {3}}[level]
    assert {each - user for each in priorities} - {4} == wanted, priorities
    assert level < 3 or priorities == {user + 3}
    texts = [each.group(3) for each in parsed]
    assert ("Initializing Provision Engine component: engine" in texts) == (level <= 1)
    for secret in (ALICE[1], base64.b64encode(":".join(ALICE).encode()).decode()):
        assert not any(secret in text for text in texts)
    # Nothing goes to the files then.
    assert engine.log() == "" and engine.log("CloudClient.log") == ""
