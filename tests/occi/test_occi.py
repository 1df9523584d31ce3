# SPDX-License-Identifier: Apache-2.0
"""The stand-in judged over plain HTTP, by what ooi's and keystone-voms' sources say."""

import base64

import httpx
import pytest
from waiting import wait_for

from . import world as worlds

JSON = "application/occi+json"
TEXT = "text/plain"


@pytest.fixture
def api(standin):
    standin.set(certificate_needed=False)
    token = keystone(standin, "/v2.0/tokens", {"voms": True, "tenantName": "fleet"}).json()["access"]["token"]["id"]
    with httpx.Client(base_url=standin.api + "/occi1.1", headers={"X-Auth-Token": token}, trust_env=False) as client:
        yield client


def keystone(standin, path, auth, **headers):
    return httpx.post(standin.keystone + path, json={"auth": auth}, headers=headers, trust_env=False)


def body(image=next(iter(worlds.IMAGES)), size="1", user_data="aGk=", **more):
    lines = [f'Category: compute; scheme="{worlds.INFRA}"; class="kind"',
             f'Category: {image}; scheme="{worlds.SCHEMES["os"]}"; class="mixin"',
             f'Category: {size}; scheme="{worlds.SCHEMES["size"]}"; class="mixin"',
             f'Category: {worlds.OS_USER_DATA[0]}; scheme="{worlds.OS_USER_DATA[1]}"; class="mixin"',
             'X-OCCI-Attribute: occi.core.title="vcycle-a-1"',
             f'X-OCCI-Attribute: org.openstack.compute.user_data="{user_data}"']
    return "\n".join(lines + [f"{name}: {value}" for name, value in more.items()])


def post(api, text, kind=TEXT):
    return api.post("/compute/", content=text, headers={"Content-Type": kind, "Accept": TEXT})


def test_who_may_ask(standin, api):
    refused = httpx.head(standin.api + "/occi1.1/-/", trust_env=False)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == f"Keystone uri='{standin.keystone}/v2.0'"
    standin.set(certificate_needed=True)
    for auth, status in (({"voms": True}, 400), ({"voms": "true"}, 400), ({}, 400),
                         ({"passwordCredentials": {"username": "vcycle", "password": "wrong"}}, 401),
                         ({"passwordCredentials": dict(zip(("username", "password"), worlds.USER))}, 200),
                         ({"passwordCredentials": dict(zip(("username", "password"), worlds.USER)),
                           "tenantName": "elsewhere"}, 401)):
        assert keystone(standin, "/v2.0/tokens", auth).status_code == status, auth
    assert httpx.get(standin.keystone + "/v2.0/tenants/", trust_env=False).status_code == 401
    assert api.get("/-/").status_code == 200
    standin.expire()
    assert api.get("/-/").status_code == 401
    path = f"/v3/OS-FEDERATION/identity_providers/{worlds.PROVIDER}/protocols/{worlds.PROTOCOL}/auth"
    assert keystone(standin, path, {}).status_code == 401
    token = keystone(standin, path, {}, Authorization=f"Bearer {worlds.ACCESS_TOKEN}").headers["x-subject-token"]
    assert api.get("/-/", headers={"X-Auth-Token": token}).status_code == 401, "it is for no project"
    identity = {"methods": ["token"], "token": {"id": token}}
    for project, status in (("elsewhere", 401), ("fleet", 201)):
        scoped = keystone(standin, "/v3/auth/tokens", {"identity": identity, "scope": {"project": {"id": "id-" + project}}})
        assert scoped.status_code == status
    assert api.get("/-/", headers={"X-Auth-Token": scoped.headers["x-subject-token"]}).status_code == 200


def test_the_life_of_a_machine(standin, api):
    standin.set(boot=0.2)
    made = post(api, body(user_data=base64.b64encode(b"#!/bin/sh\n").decode()))
    assert made.status_code == 200 and made.text.startswith("X-OCCI-Location: ")
    place = made.text.split(": ", 1)[1]
    assert api.get("/compute/", headers={"Accept": TEXT}).text == made.text
    assert api.get("/compute/", headers={"Accept": "text/uri-list"}).text == place
    assert api.get("/compute/", headers={"Accept": "text/occi"}).headers["x-occi-location"] == place
    resources = api.get("/compute/", headers={"Accept": JSON}).json()["resources"]
    assert [one["title"] for one in resources] == ["vcycle-a-1"] and "attributes" not in resources[0]

    def state():
        return api.get(place, headers={"Accept": JSON}).json()["attributes"]["occi.compute.state"]
    assert state() == "inactive"
    wait_for("it runs", lambda: state() == "active", 10)
    assert standin.machines()[0]["user_data"] == "#!/bin/sh\n"
    shown = api.get(place, headers={"Accept": TEXT}).text
    assert 'X-OCCI-Attribute: occi.compute.cores=1\n' in shown and 'occi.networkinterface.address="10.2.0.0"' in shown
    assert api.delete(place).status_code == 204
    assert api.delete(place).status_code == api.get(place).status_code == 404
    assert api.get("/compute/", headers={"Accept": JSON}).json() == {}


def test_what_it_refuses(standin, api):
    good = body()
    key = f'\nCategory: public_key; scheme="{worlds.OS_KEY[1]}"; class="mixin"'
    attribute = '\nX-OCCI-Attribute: org.openstack.credentials.publickey.data="{}"'
    for text in ("", good.replace("Category: compute", "Category: storage"), body(image="none"), body(size="none"),
                 good.replace('"mixin"', "mixin", 1), body(user_data="%%"), good + '\nX-OCCI-Attribute: a.b="c"',
                 good + attribute.format("ssh-rsa AAAA x"), good + key + attribute.format("no key"),
                 good + attribute.format("ssh-rsa AAAA x").removeprefix("\n"),   # as Vcycle wrote it
                 good + '\nX-OCCI-Attribute: occi.core.id="1"', good + '\nX-OCCI-Attribute: occi.core.title=x'):
        assert post(api, text).status_code == 400, text
    assert post(api, good, JSON).status_code == 406
    assert api.get("/compute/", headers={"Accept": "text/html"}).status_code == 406
    assert api.get("/-/", headers={"User-Agent": "x OCCI/2.0"}).status_code == 501
    standin.set(cores=0)
    refused = post(api, good)
    assert refused.status_code == 403 and "Quota" in refused.text
    assert standin.machines() == []
    standin.set(cores=1)
    assert post(api, good + key + attribute.format("ssh-rsa AAAA x")).status_code == 200


def test_categories(standin, api):
    tree = api.get("/-/", headers={"Accept": JSON}).json()
    (size,) = [one for one in tree["mixins"] if one["term"] == "4"]
    assert size["attributes"]["occi.compute.cores"]["default"] == 4 and size["depends"] == [worlds.INFRA + "resource_tpl"]
    text = api.get("/-/", headers={"Accept": TEXT}).text
    assert 'title="CernVM 4, \\"the; new\\""' in text and "cores" not in text
    standin.set(formats=[TEXT], auth="basic")
    assert api.get("/-/").status_code == 401
    refused = httpx.get(standin.api + "/occi1.1/-/", auth=worlds.USER, headers={"Accept": JSON}, trust_env=False)
    assert refused.status_code == 406
    assert httpx.get(standin.api + "/occi1.1/-/", auth=worlds.USER, trust_env=False).status_code == 200
