# SPDX-License-Identifier: Apache-2.0
"""What the stand-in takes and what it refuses, seen by httpx."""

import base64
import copy
import time

import pytest

from . import world

NAME = "vcycle-a-0123456789"
ALL = f"/subscriptions/{world.SUBSCRIPTION}/providers/Microsoft.Compute/virtualMachines"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra me"
ORDER = {
    "location": "westeurope", "tags": {"space": "s.example.com"}, "zones": ["2"],
    "properties": {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {"publisher": "Debian", "offer": "debian-12", "sku": "12-gen2", "version": "latest"},
            "osDisk": {"createOption": "FromImage", "deleteOption": "Delete", "diskSizeGB": 40,
                       "managedDisk": {"storageAccountType": "StandardSSD_LRS"}}},
        "osProfile": {"computerName": NAME, "adminUsername": "vcycle", "customData": base64.b64encode(b"#!/bin/sh\n").decode(),
                      "linuxConfiguration": {"disablePasswordAuthentication": True, "ssh": {"publicKeys": [
                          {"path": "/home/vcycle/.ssh/authorized_keys", "keyData": KEY}]}}},
        "networkProfile": {"networkApiVersion": "2022-11-01", "networkInterfaceConfigurations": [
            {"name": f"{NAME}-nic", "properties": {"primary": True, "deleteOption": "Delete", "ipConfigurations": [
                {"name": "c", "properties": {"subnet": {"id": world.SUBNETS[0]}}}]}}]}}}


def order(path=(), value=None):
    """The order with one member changed; None: without it."""
    wanted = copy.deepcopy(ORDER)
    if path:
        at = wanted
        for name in path[:-1]:
            at = at[name]
        if value is None:
            del at[path[-1]]
        else:
            at[path[-1]] = value
    return wanted


@pytest.mark.parametrize("changes, status, told", [
    ({"tenant": "else"}, 400, "AADSTS90002"), ({"client_id": "else"}, 400, "AADSTS700016"),
    ({"client_secret": "else"}, 401, "AADSTS7000215"), ({"client_secret": None}, 400, "AADSTS900144"),
    ({"scope": "https://graph.microsoft.com/.default"}, 400, "AADSTS70011"), ({"grant_type": "password"}, 400, "AADSTS70003"),
    ({"resource": "https://management.azure.com/"}, 400, "AADSTS")])
def test_who_gets_no_token(nobody, changes, status, told):
    answer = nobody.ask_token(**changes)
    assert answer.status_code == status and told in answer.json()["error_description"], answer.text


def test_tokens_have_an_end(standin, nobody):
    assert nobody.machines().json()["error"]["code"] == "InvalidAuthenticationToken"
    assert nobody.http.get(ALL).json()["error"]["code"] == "AuthenticationFailed"
    assert nobody.sign_in().machines().json() == {"value": []}
    standin.forget_tokens()
    assert nobody.machines().status_code == 401
    standin.set(token_seconds=0.05)
    nobody.sign_in()
    time.sleep(0.1)
    assert nobody.machines().json()["error"]["code"] == "ExpiredAuthenticationToken"


def test_the_life_of_a_machine(standin, api):
    standin.set(create=0.2, delete=0.2)
    made = api.machines(NAME, "PUT", body=ORDER, headers={"If-None-Match": "*"})
    assert made.status_code == 201 and made.json()["properties"]["provisioningState"] == "Creating"
    assert api.machines(NAME, "PUT", body=ORDER, headers={"If-None-Match": "*"}).status_code == 412
    assert api.machines(NAME, "PUT", body=ORDER).status_code == 200
    assert api.machines(NAME, "PUT", body=order(["zones"])).json()["error"]["code"] == "PropertyChangeNotAllowed"
    time.sleep(0.3)
    (shown,) = api.machines().json()["value"]
    assert "instanceView" not in shown["properties"] and shown["tags"] == ORDER["tags"] and shown["zones"] == ["2"]
    (status,) = api.call("GET", ALL, statusOnly="true").json()["value"]
    assert "tags" not in status and status["id"] != shown["id"] and status["id"].lower() == shown["id"].lower()
    assert [one["code"] for one in status["properties"]["instanceView"]["statuses"]] == [
        "ProvisioningState/succeeded", "PowerState/running"]
    assert api.machines(f"{NAME}/instanceView").json() == status["properties"]["instanceView"]
    (one,) = standin.machines()
    assert one["user_data"] == "#!/bin/sh\n" and standin.world()["disks"] == {f"{NAME}-disk": NAME}
    standin.shut_down(one["id"])
    assert api.machines(f"{NAME}/instanceView").json()["statuses"][1]["code"] == "PowerState/stopped"
    assert api.machines(NAME.upper(), "DELETE", group=world.GROUP.upper()).status_code == 202
    assert api.machines(NAME).json()["properties"]["provisioningState"] == "Deleting"
    time.sleep(0.3)
    assert api.machines(NAME, "DELETE").status_code == 204 and api.machines(NAME).status_code == 404
    assert standin.world() == {"machines": [], "interfaces": {}, "disks": {}, "addresses": {}}


def test_what_is_not_told_to_go_stays(standin, api):
    storage = ["properties", "storageProfile", "osDisk", "deleteOption"]
    assert api.machines(NAME, "PUT", body=order(storage, "Detach")).status_code == 201
    assert api.machines(NAME, "DELETE").status_code == 202
    assert standin.world()["disks"] == {f"{NAME}-disk": NAME} and standin.world()["interfaces"] == {}


SYSTEM, STORAGE, NETWORK = (["properties", name] for name in ("osProfile", "storageProfile", "networkProfile"))
INTERFACE = [*NETWORK, "networkInterfaceConfigurations", 0, "properties"]


@pytest.mark.parametrize("path, value, told", [
    (["location"], "mars", "InvalidLocation"), (["location"], None, "LocationRequired"), (["zones"], ["4"], "zones"),
    (["strange"], 1, "strange"), (["tags"], {"a/b": "c"}, "InvalidTagNameCharacters"), (["tags"], {"a": "b" * 257}, "tags"),
    (["properties", "hardwareProfile", "vmSize"], "Large", "vmSize"), ([*STORAGE, "osDisk", "createOption"], "Empty", "osDisk"),
    ([*STORAGE, "osDisk", "diskSizeGB"], 5, "smaller"), ([*STORAGE, "osDisk", "diskSizeGB"], "40", "smaller"),
    ([*STORAGE, "imageReference"], {"id": "/none"}, "not found"), ([*SYSTEM, "adminUsername"], "root", "adminUsername"),
    ([*SYSTEM, "computerName"], "a_b", "computerName"), ([*SYSTEM, "customData"], "no base64!", "customData"),
    ([*SYSTEM, "linuxConfiguration", "ssh"], None, "Authentication using"), ([*SYSTEM, "adminPassword"], "Aa1-" * 4, "SSH"),
    ([*SYSTEM, "linuxConfiguration", "ssh", "publicKeys", 0, "path"], "/root/.ssh/authorized_keys", "publicKeys"),
    ([*NETWORK, "networkApiVersion"], None, "networkApiVersion"), ([*NETWORK, "networkInterfaceConfigurations"], [], "network"),
    ([*INTERFACE, "ipConfigurations", 0, "properties", "subnet", "id"], "/none", "was not found"),
    ([*INTERFACE, "networkSecurityGroup"], {"id": "/none"}, "was not found"), ([*INTERFACE, "primary"], False, "network")])
def test_orders_that_are_refused(standin, api, path, value, told):
    answer = api.machines(NAME, "PUT", body=order(path, value))
    assert answer.status_code in (400, 404) and told in answer.text, answer.text
    assert standin.machines() == []


def test_calls_that_are_refused(api):
    assert api.machines(version=None).json()["error"]["code"] == "MissingApiVersionParameter"
    assert api.machines(version="2015-01-01").json()["error"]["code"] == "NoRegisteredProviderFound"
    assert api.machines(group="none").json()["error"]["code"] == "ResourceGroupNotFound"
    assert api.machines(**{"$expand": "instanceView"}).status_code == 400
    assert api.call("GET", ALL, strange="1").status_code == 400
    assert api.call("GET", "/subscriptions/else/providers/Microsoft.Compute/virtualMachines").status_code == 404
    assert api.call("GET", "/subscriptions").json()["error"]["code"] == "InvalidResourceType"
    sizes = api.call("GET", f"/subscriptions/{world.SUBSCRIPTION}/providers/Microsoft.Compute/locations/WestEurope/vmSizes")
    assert {one["name"]: one["numberOfCores"] for one in sizes.json()["value"]}["Standard_D4s_v5"] == 4


def test_pages_quotas_and_what_may_not_be_read(standin, api):
    standin.add_machines(5)
    standin.set(page=2)
    names, answer = [], api.machines()
    while True:
        names += [one["name"] for one in answer.json()["value"]]
        if "nextLink" not in answer.json():
            break
        answer = api.http.get(answer.json()["nextLink"], headers={"Authorization": f"Bearer {api.token}"})
    assert len(names) == len(set(names)) == 5
    standin.set(page=0, cores=11)
    answer = api.machines(NAME, "PUT", body=ORDER)
    assert answer.status_code == 409 and answer.json()["error"]["code"] == "OperationNotAllowed"
    standin.set(cores=-1, full=True)
    assert api.machines(NAME, "PUT", body=ORDER).status_code == 201
    assert api.machines(NAME).json()["properties"]["provisioningState"] == "Failed"
    assert "sufficient capacity" in api.machines(f"{NAME}/instanceView").json()["statuses"][0]["message"]
    standin.set(may_read_subscription=False)
    assert api.call("GET", ALL, statusOnly="true").json()["error"]["code"] == "AuthorizationFailed"
