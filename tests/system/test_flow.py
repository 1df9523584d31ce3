# SPDX-License-Identifier: Apache-2.0
"""The user guide from top to bottom, by plain curl, and what came on top of it."""

import base64
import json
import uuid

import httpx
import pytest

from cloud import MINIMAL, PATIENCE, UUID_NAME, can_connect, curl, parse, wait_for

FULL = {
    "SERVERLESS_RUNTIME": {
        "NAME": "Example Serverless Runtime",
        "FAAS": {"CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024, "FLAVOUR": "nature"},
        "DAAS": {"CPU": 1, "MEMORY": 128, "DISK_SIZE": 1024, "FLAVOUR": "s3"},
        "SCHEDULING": {},
        "DEVICE_INFO": {},
    }
}


@pytest.fixture(scope="module")
def credentials(cloud):
    return ["-u", (cloud.data / "demo-auth").read_text().strip()]


@pytest.fixture(scope="module")
def minimal(cloud, credentials):
    """The minimal runtime, as the guide creates it, once it runs; and the answer to its POST."""
    status, body = curl(*credentials, f"{cloud.url}/serverless-runtimes", "-d", json.dumps(MINIMAL))
    assert status == 201, body
    created = parse(body)["SERVERLESS_RUNTIME"]
    return created, cloud.wait_state(created["ID"], "RUNNING")


@pytest.fixture(scope="module")
def pair(cloud, minimal, credentials):
    """The guide's second specification: a function VM and a data VM."""
    status, body = curl(*credentials, f"{cloud.url}/serverless-runtimes", "-d", json.dumps(FULL))
    assert status == 201, body
    created = parse(body)["SERVERLESS_RUNTIME"]
    return created, cloud.wait_state(created["ID"], "RUNNING", 120)


def test_the_minimal_specification_answers_as_the_guide_shows(minimal):
    created, _ = minimal
    assert list(created)[:2] == ["NAME", "ID"]
    assert UUID_NAME.match(created["NAME"]) and created["NAME"].startswith("nature_")
    assert created["ID"] == created["SERVICE_ID"] + 1
    assert created["SCHEDULING"] == {} and created["DEVICE_INFO"] == {}
    faas = created["FAAS"]
    assert faas["FLAVOUR"] == "nature" and faas["STATE"] == "PENDING"
    assert all(isinstance(faas[size], int) and faas[size] > 0 for size in ("CPU", "MEMORY", "DISK_SIZE"))
    assert isinstance(faas["VM_ID"], int)


def test_it_goes_from_pending_to_running_and_the_events_tell_it(cloud, minimal):
    created, _ = minimal
    events = cloud.events(created["ID"], until=lambda event: "RUNNING" in event.get("data", ""))
    text = " ".join(event.get("data", "") for event in events)
    assert text.index("PENDING") < text.index("RUNNING") and "ERROR" not in text
    ids = [int(event["id"]) for event in events]
    assert ids == sorted(set(ids))
    again = cloud.events(created["ID"], until=lambda event: True, last=ids[-2])
    assert int(again[0]["id"]) == ids[-1], "Last-Event-ID continues where the reader stopped"


def test_the_guest_answers_at_its_endpoint(cloud, minimal):
    _, running = minimal
    assert running["FAAS"]["ENDPOINT"].startswith("127.") and ":" not in running["FAAS"]["ENDPOINT"]
    status, body = curl(f"http://{running['FAAS']['ENDPOINT']}:8000/")
    about = parse(body)
    assert status == 200 and about["flavour"] == "nature" and about["uptime"] > 0, body


def test_what_the_guest_tells_is_what_the_runtime_shows(cloud, minimal):
    _, running = minimal
    about, faas = cloud.guest(running).json(), running["FAAS"]
    assert (about["cpus"], about["memory_mib"], about["disk_mib"]) == (faas["CPU"], faas["MEMORY"], faas["DISK_SIZE"])


def test_the_credentials_are_told_to_nobody_over_the_network(cloud, minimal):
    _, running = minimal
    secret = (cloud.data / "demo-auth").read_text().strip()
    encoded = base64.b64encode(secret.encode()).decode()
    for path in ("/", "/health", "/context.sh", "/../context.sh", "/mnt/context.sh", "/objects/", "/peer", "/env"):
        answer = cloud.guest(running, path).text
        assert secret not in answer and encoded not in answer and secret.split(":")[1] not in answer, path


def test_the_password_is_in_no_log_no_process_list_and_no_database(cloud, minimal):
    password = (cloud.data / "demo-auth").read_text().strip().split(":", 1)[1].encode()
    encoded = base64.b64encode((cloud.data / "demo-auth").read_bytes().strip())
    for path in cloud.data.rglob("*"):
        if not path.is_file() or path.name in ("demo-auth",) or path.suffix in (".iso", ".qcow2"):
            continue
        content = path.read_bytes()
        assert password not in content and encoded not in content, path
    assert oct((cloud.data / "demo-auth").stat().st_mode)[-3:] == "600"
    for pid, command in cloud.processes():
        assert password.decode() not in command


def test_both_machines_of_a_pair_run_and_the_data_machine_keeps_objects(cloud, pair):
    created, running = pair
    assert created["NAME"] == "Example Serverless Runtime"
    assert created["FAAS"]["VM_ID"] != created["DAAS"]["VM_ID"]
    for role in ("FAAS", "DAAS"):
        assert (running[role]["CPU"], running[role]["MEMORY"], running[role]["DISK_SIZE"]) == (1, 128, 1024)
    blob = uuid.uuid4().bytes * 4096
    assert cloud.guest(running, "/objects/a/b", "DAAS", "PUT", content=blob).status_code in (200, 201, 204)
    assert cloud.guest(running, "/objects/a/b", "DAAS").content == blob
    assert "a/b" in cloud.guest(running, "/objects?prefix=a/", "DAAS").text
    assert cloud.guest(running, "/objects/a/b", "DAAS", "DELETE").status_code in (200, 204)
    assert cloud.guest(running, "/objects/a/b", "DAAS").status_code == 404


def test_the_function_machine_reaches_the_data_machine_over_their_link(cloud, pair):
    _, running = pair
    answer = cloud.guest(running, "/peer")
    assert answer.status_code == 200 and "ready" in answer.text


def test_listing_is_paged_and_shows_only_ones_own(cloud, minimal, pair):
    seen, after = [], None
    for _ in range(10):
        page = cloud.request("GET", "/serverless-runtimes" + ("?limit=1" if after is None else f"?limit=1&after={after}"))
        assert page.status_code == 200, page.text
        rows = next(value for value in page.json().values() if isinstance(value, list))
        if not rows:
            break
        assert len(rows) == 1
        seen.append(rows[0].get("SERVERLESS_RUNTIME", rows[0])["ID"])
        after = seen[-1]
    assert {minimal[0]["ID"], pair[0]["ID"]} <= set(seen) and len(seen) == len(set(seen))


def test_somebody_elses_runtime_is_refused(cloud, minimal):
    cloud.run("account", "create", "mallory", input="another-password\n")
    answer = cloud.request("GET", f"/serverless-runtimes/{minimal[0]['ID']}", auth=("mallory", "another-password"))
    assert answer.status_code == 403, answer.text
    assert answer.json()["error"] == "Failed to read Serverless Runtime Document"
    for method in ("PUT", "DELETE"):
        answer = cloud.request(method, f"/serverless-runtimes/{minimal[0]['ID']}", json=MINIMAL if method == "PUT" else None,
                               auth=("mallory", "another-password"))
        assert answer.status_code == 403, (method, answer.text)


def test_a_disabled_account_is_out_at_once(cloud):
    cloud.run("account", "create", "trent", input="another-password\n")
    auth = ("trent", "another-password")
    answer = cloud.request("POST", "/serverless-runtimes", json=MINIMAL, auth=auth)
    assert answer.status_code == 201, answer.text
    path = f"/serverless-runtimes/{answer.json()['SERVERLESS_RUNTIME']['ID']}"
    with httpx.stream("GET", f"{cloud.url}{path}/events", auth=auth, timeout=60 * PATIENCE) as stream:
        lines = stream.iter_lines()
        assert next(lines), "it tells what happens"
        cloud.run("account", "disable", "trent")
        for _ in lines:
            pass  # until the stream ends
    assert cloud.request("GET", "/serverless-runtimes", auth=auth).status_code == 401
    cloud.run("account", "enable", "trent")
    assert cloud.request("DELETE", path, auth=auth).status_code == 204


def test_an_idempotency_key_makes_one_runtime_of_many_posts(cloud):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = cloud.create(headers=headers)
    assert cloud.create(headers=headers)["ID"] == first["ID"]
    other = {"SERVERLESS_RUNTIME": {**MINIMAL["SERVERLESS_RUNTIME"], "NAME": "another"}}
    answer = cloud.request("POST", "/serverless-runtimes", json=other, headers=headers)
    assert answer.status_code == 422, answer.text
    assert cloud.delete(first["ID"]).status_code == 204


def test_a_runtime_may_be_deleted_while_it_is_built(cloud):
    """And an update in that state is refused: its machine is PENDING."""
    created = cloud.create({"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "Function-Data"}, "DAAS": {"FLAVOUR": "Data"},
                                                   "SCHEDULING": {}, "DEVICE_INFO": {}}})
    if cloud.states(created["ID"]) == ["PENDING", "PENDING"]:
        answer = cloud.put(created["ID"], {"FAAS": {"FLAVOUR": "", "MEMORY": 160}})
        assert answer.status_code == 423, answer.text
        assert answer.json() == {
            "error": "Cannot update Serverless Runtime Function VM FAAS on a transient state", "message": "PENDING"}
    assert cloud.delete(created["ID"]).status_code == 204
    assert cloud.request("GET", f"/serverless-runtimes/{created['ID']}").status_code == 404
    cloud.gone(created)


def test_the_open_pages_answer_without_credentials(cloud):
    for path in ("/", "/serverless-runtimes/schema", "/server/version", "/server/config", "/openapi.json", "/healthz",
                 "/readyz", "/metrics"):
        answer = cloud.request("GET", path, auth=False)
        assert answer.status_code == 200, (path, answer.text)
        assert cloud.request("HEAD", path, auth=False).text == ""
    assert isinstance(cloud.request("GET", "/server/version", auth=False).json(), str)
    assert cloud.request("GET", "/openapi.json", auth=False).json()["openapi"].startswith("3.1")
    for path in ("/serverless-runtimes", "/serverless-runtimes/1"):
        assert cloud.request("GET", path, auth=False).json() == {"error": "Authentication required", "message": ""}


def test_deletion_ends_the_events_and_leaves_nothing(cloud, minimal, pair):
    created, running = minimal
    before = cloud.machines()
    assert cloud.delete(created["ID"]).status_code == 204
    answer = cloud.request("GET", f"/serverless-runtimes/{created['ID']}")
    assert answer.status_code == 404 and answer.json() == {"error": "Serverless Runtime not found", "message": ""}
    cloud.gone(running)
    wait_for("one machine fewer", lambda: len(cloud.machines()) == len(before) - 1, 30)
    assert can_connect(pair[1]["FAAS"]["ENDPOINT"], 8000), "the neighbours go on"
    assert cloud.delete(created["ID"]).status_code == 404


def test_stopping_is_orderly(cloud, pair):
    machines = cloud.machines()
    cloud.run("stop")
    assert cloud.process.wait(30) == 0
    assert cloud.machines() == machines, "stop ends the control plane only"
    assert can_connect(pair[1]["FAAS"]["ENDPOINT"], 8000)
