# SPDX-License-Identifier: Apache-2.0
"""What the stand-in takes and what it refuses, seen by PyJWT and httpx."""

import time
import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from . import tokens

ZONE = "europe-west1-b"
ALL = "aggregated/instances"


def order(**changes):
    wanted = {"name": "vcycle-a-0123456789", "machineType": f"zones/{ZONE}/machineTypes/n2-standard-2",
              "labels": {"vcycle-space": "s_example_com"},
              "disks": [{"boot": True, "autoDelete": True, "type": "PERSISTENT", "initializeParams": {
                  "sourceImage": "projects/vcycle-project/global/images/cernvm4", "diskSizeGb": "80"}}],
              "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [
                  {"name": "External NAT", "type": "ONE_TO_ONE_NAT"}]}],
              "metadata": {"items": [{"key": "user-data", "value": "#!/bin/sh\n"}]}}
    return {**wanted, **changes}


def other_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize("claims, told", [
    ({"iss": "else@x.iam.gserviceaccount.com"}, "account not found"), ({"aud": "https://example.org/token"}, "audience"),
    ({"exp": int(time.time()) - 10}, "short-lived"), ({"exp": int(time.time()) + 7200}, "short-lived"),
    ({"iat": None}, "iat"), ({"scope": None}, "scope"), ({"scope": "https://www.googleapis.com/auth/drive"}, "scope")])
def test_claims_that_are_refused(nobody, claims, told):
    answer = nobody.ask_token(nobody.assertion(**claims))
    assert answer.status_code == 400 and told in answer.json()["error_description"], answer.text


def test_who_is_not_the_account(nobody):
    assert nobody.ask_token(nobody.assertion(key=other_key())).json()["error_description"] == "Invalid JWT Signature."
    assert nobody.ask_token(nobody.assertion(headers={"kid": "else"})).json()["error"] == "invalid_grant"
    assert nobody.ask_token(nobody.assertion(algorithm="RS512")).json()["error"] == "invalid_grant"
    assert nobody.ask_token(nobody.assertion(), grant="password").json()["error"] == "unsupported_grant_type"
    assert nobody.http.post("/token", json={"assertion": nobody.assertion()}).json()["error"] == "invalid_request"


def test_tokens_have_scopes_and_an_end(standin, nobody):
    assert nobody.call("GET", ALL).status_code == 401
    assert nobody.sign_in(scope="https://www.googleapis.com/auth/compute.readonly").call("GET", ALL).status_code == 403
    assert nobody.sign_in().call("GET", ALL).status_code == 200
    standin.forget_tokens()
    assert nobody.call("GET", ALL).json()["error"]["errors"][0]["reason"] == "authError"
    standin.set(token_seconds=0.05)
    nobody.sign_in()
    time.sleep(0.1)
    assert nobody.call("GET", ALL).status_code == 401


def test_the_life_of_an_instance(standin, api):
    standin.set(operation=0.3, boot=0.2)
    request = str(uuid.uuid4())
    made = api.call("POST", f"zones/{ZONE}/instances", order(), requestId=request).json()
    assert (made["operationType"], made["status"]) == ("insert", "RUNNING")
    assert api.call("POST", f"zones/{ZONE}/instances", order(), requestId=request).json()["name"] == made["name"]
    assert api.call("POST", f"zones/{ZONE}/instances", order(), requestId=str(uuid.uuid4())).status_code == 409
    assert api.call("POST", f"zones/{ZONE}/instances", order(name="b"), requestId=request).status_code == 400
    (one,) = standin.instances()
    assert one["id"] == made["targetId"]
    shown = api.call("GET", f"zones/{ZONE}/instances/{one['name']}").json()
    assert (shown["status"], shown["labels"]) == ("PROVISIONING", {"vcycle-space": "s_example_com"})
    time.sleep(0.4)
    assert api.call("GET", f"zones/{ZONE}/operations/{made['name']}").json()["status"] == "DONE"
    rows = api.call("GET", ALL, fields="items/*/instances(name,status),items/*/warning").json()["items"]
    assert rows[f"zones/{ZONE}"] == {"instances": [{"name": one["name"], "status": "RUNNING"}]}
    assert rows["zones/us-central1-a"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"
    assert api.call("DELETE", f"zones/{ZONE}/instances/{one['name']}").json()["operationType"] == "delete"
    assert api.call("DELETE", f"zones/{ZONE}/instances/{one['name']}").status_code == 404 and standin.instances() == []


def change(path, value):
    wanted = order()
    at = wanted
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return wanted


@pytest.mark.parametrize("body, told", [
    (order(name="Vcycle_a"), "name"), (order(name="a" * 64), "name"), (order(strange=1), "strange"), (order(disks=[]), "disks"),
    (change(["disks", 0, "boot"], False), "Boot disk"), (order(networkInterfaces=[]), "network interface"),
    (order(machineType="n2-standard-2"), "machineType"), (order(labels={"Space": "x"}), "labels"),
    (order(labels={"space": "a.b"}), "labels"),
    (change(["disks", 0, "initializeParams", "diskSizeGb"], "10"), "smaller than the image"),
    (change(["networkInterfaces", 0, "network"], "global/networks/none"), "network"),
    (change(["networkInterfaces", 0, "subnetwork"], "projects/vcycle-project/regions/europe-west1/subnetworks/grid-a"), "network"),
    (change(["metadata", "items"], [{"key": "a", "value": "b"}] * 2), "Duplicate"),
    (change(["metadata", "items"], [{"key": "a", "value": "b" * 262_145}]), "metadata")])
def test_orders_that_are_refused(standin, api, body, told):
    answer = api.call("POST", f"zones/{ZONE}/instances", body)
    assert answer.status_code == 400 and told in answer.json()["error"]["message"], answer.text
    assert standin.instances() == []


def test_what_is_not_there(api):
    missing = change(["disks", 0, "initializeParams", "sourceImage"], "projects/vcycle-project/global/images/none")
    assert api.call("POST", f"zones/{ZONE}/instances", missing).status_code == 404
    assert api.call("POST", "zones/mars-a/instances", order()).status_code == 400
    assert api.call("POST", f"zones/{ZONE}/instances", order(), requestId="no-uuid").status_code == 400
    assert api.call("GET", ALL, project="else").status_code == 403
    assert api.call("GET", ALL, maxResult=1).status_code == 400
    assert api.call("GET", ALL, fields="items(").status_code == 400
    assert api.call("GET", f"zones/{ZONE}/machineTypes/n2-standard-8").status_code == 404
    assert api.call("GET", f"zones/{ZONE}/machineTypes/n2-standard-4").json()["guestCpus"] == 4
    assert api.call("GET", "global/images/family/debian-12", project="debian-cloud").json()["name"] == "debian-12-v2"


def test_pages_and_zones_that_are_away(standin, api):
    standin.add_instances(5)
    standin.set(page=2)
    names, token = [], None
    while True:
        answer = api.call("GET", ALL, **({"pageToken": token} if token else {})).json()
        names += [one["name"] for scope in answer["items"].values() for one in scope.get("instances", ())]
        token = answer.get("nextPageToken")
        if not token:
            break
    assert len(names) == len(set(names)) == 5
    standin.set(page=0, unreachable=[ZONE])
    assert api.call("GET", ALL).json()["items"][f"zones/{ZONE}"]["warning"]["code"] == "UNREACHABLE"
    standin.set(unreachable_told="unreachables")
    assert api.call("GET", ALL).json()["unreachables"][0].endswith(ZONE)


def test_quotas_are_told_by_the_operation_or_at_once(standin, api):
    standin.set(cpus=2)
    first = api.call("POST", f"zones/{ZONE}/instances", order()).json()
    assert "error" not in first
    second = api.call("POST", f"zones/{ZONE}/instances", order(name="b")).json()
    assert second["error"]["errors"][0]["code"] == "QUOTA_EXCEEDED" and second["httpErrorStatusCode"] == 403
    assert len(standin.instances()) == 1
    standin.set(cpus_at_once=True)
    assert api.call("POST", f"zones/{ZONE}/instances", order(name="c")).json()["error"]["errors"][0]["reason"] == "quotaExceeded"
    assert tokens.PROJECT in standin.key()["client_email"]
