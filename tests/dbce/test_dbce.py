# SPDX-License-Identifier: Apache-2.0
"""The stand-in judged over plain HTTP, by what the clients of old sent and read."""

import base64

import httpx
import pytest

from . import world as worlds

WANTED = {"name": "vcycle-a-1", "platform": {"id": "platform-1"}, "image": {"id": "cernvm"}, "configuration": {"id": "y"},
          "network": {"id": "net-1"}, "cloudConfig": base64.b64encode(b"#!/bin/sh\n").decode()}


@pytest.fixture
def api(standin):
    headers = {"DBCE-ApiKey": worlds.KEY, "Accept": "application/json"}
    with httpx.Client(base_url=f"{standin.api}/{worlds.VERSION}", headers=headers, trust_env=False) as client:
        yield client


def test_the_life_of_a_machine(standin, api):
    standin.set(boot=None)
    made = api.post("/machines", json=WANTED)
    assert made.status_code == 201 and made.json()["data"]["state"] == "unknown"
    place = f"/machines/{made.json()['data']['id']}"
    assert api.post(place + "/actions/assign-public-ip", json={"empty": True}).status_code == 202
    assert api.post(place + "/actions/assign-public-ip", json={"empty": True}).status_code == 409
    standin.set(boot=0)
    (shown,) = api.get("/machines").json()["data"]
    assert (shown["name"], shown["state"], shown["cpu"]) == ("vcycle-a-1", "started", 4)
    assert standin.machines()[0]["cloud_config"] == "#!/bin/sh\n" and standin.machines()[0]["addresses"] == 1
    assert api.delete(place).status_code == 202
    assert api.delete(place).status_code == api.get(place).status_code == 404
    assert api.get("/machines").json() == {"data": []}


def test_what_it_refuses(standin, api):
    for changes in ({"name": "a b"}, {"platform": {"id": "x"}}, {"image": "cernvm"}, {"configuration": {}},
                    {"network": {"id": None}}, {"cloudConfig": "%%"}, {"more": 1}):
        assert api.post("/machines", json={**WANTED, **changes}).status_code == 400, changes
    assert api.post("/machines", content=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert api.post("/machines", content=b"{}").status_code == 415
    assert api.get("/machines", headers={"Accept": "text/html"}).status_code == 406
    assert api.get("/machines", headers={"DBCE-ApiKey": "x"}).status_code == 401
    standin.set(machines=0)
    refused = api.post("/machines", json=WANTED)
    assert refused.status_code == 403 and "Quota" in refused.json()["message"]
    standin.set(machines=-1, address_at_once=False, boot=None)
    made = api.post("/machines", json=WANTED).json()["data"]["id"]
    assert api.post(f"/machines/{made}/actions/assign-public-ip", json={}).status_code == 400


def test_pages(standin, api):
    standin.add_machines(5)
    standin.set(page=2)
    url, names = "/machines", []
    while url:
        page = api.get(url)
        names += [one["name"] for one in page.json()["data"]]
        url = page.links.get("next", {}).get("url")
    assert names == [f"machine-{number}" for number in range(1, 6)]
