# SPDX-License-Identifier: Apache-2.0
"""OpenStack's own clients find in the stand-in what they find in an OpenStack."""

import base64
import io
import json
import time

import pytest
from cinderclient import client as cinder
from glanceclient import client as glance
from glanceclient import exc
from keystoneauth1 import exceptions
from neutronclient.v2_0 import client as neutron
from novaclient import client as nova
from novaclient import exceptions as nova_exceptions

from waiting import wait_for

from . import world

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra me"


@pytest.fixture
def compute(client):
    return nova.Client("2.1", region_name="RegionOne", session=client.session())


@pytest.fixture
def images(client):
    return glance.Client("2", region_name="RegionOne", session=client.session())


def an_image(images, data=b"bytes"):
    made = images.images.create(name="img", disk_format="raw", container_format="bare")
    images.images.upload(made.id, io.BytesIO(data))
    return made.id


def test_tokens_of_all_kinds(client):
    for one in (client.session(), client.session_v2(), client.credential(),
                client.session(project_name=None, project_id=client.standin.world()["projects"]["fleet"],
                               project_domain_name=None)):
        assert one.get_token()
        limits = nova.Client("2.1", region_name="RegionOne", session=one).limits.get().to_dict()
        assert limits["absolute"]["maxTotalCores"] == 20
    # Without a version in the address: the client looks for one.
    bare = client.session()
    bare.auth.auth_url = client.root
    assert bare.get_token()


@pytest.mark.parametrize("wrong", [{"password": "no"}, {"username": "nobody"}, {"project_name": "none"},
                                   {"user_domain_name": "Elsewhere"}])
def test_a_wrong_sign_in(client, wrong):
    with pytest.raises(exceptions.Unauthorized, match="requires authentication"):
        client.session(**wrong).get_token()


def test_a_sign_in_without_domain_is_malformed(client):
    with pytest.raises(exceptions.BadRequest, match="Expecting to find domain in user"):
        client.session(user_domain_name=None).get_token()


def test_a_token_is_renewed_after_a_401(client, compute):
    assert compute.flavors.list()
    client.standin.expire()
    assert [one.vcpus for one in compute.flavors.list()] == [1, 2, 4, 8]
    assert client.standin.calls().count("POST /v3/auth/tokens") == 2


def test_a_token_without_a_project_opens_nothing(client, compute):
    unscoped = client.session(project_name=None, project_domain_name=None)
    assert unscoped.get_token() and unscoped.auth.get_access(unscoped).project_id is None
    with pytest.raises(exceptions.Unauthorized):
        unscoped.get(client.standin.api + "/compute/v2.1/servers")


def test_the_life_of_a_server(client, compute, images):
    client.standin.set(boot=0.3)
    compute.keypairs.create("k", public_key=KEY)
    network = client.standin.world()["networks"][0]["id"]
    made = compute.servers.create("vm", an_image(images), "f4", userdata="#!/bin/sh\n", key_name="k",
                                  nics=[{"net-id": network}], meta={"machinetype": "a"}, availability_zone="nova",
                                  security_groups=["default", "vc"])
    shown = compute.servers.get(made.id)
    assert (shown.status, shown.flavor["id"], shown.metadata) == ("BUILD", "f4", {"machinetype": "a"})
    wait_for("it is up", lambda: compute.servers.get(made.id).status == "ACTIVE")
    shown = compute.servers.get(made.id)
    assert shown.networks == {"net": ["10.0.0.0"]} and getattr(shown, "OS-EXT-STS:power_state") == 1
    assert getattr(shown, "OS-SRV-USG:launched_at").startswith("20")
    kept = client.standin.world()["servers"][0]
    assert base64.b64decode(kept["user_data"]) == b"#!/bin/sh\n"
    with pytest.raises(nova_exceptions.Conflict):
        compute.servers.start(made.id)
    compute.servers.stop(made.id)
    assert compute.servers.get(made.id).status == "SHUTOFF"
    client.standin.set(delete=0.2)
    compute.servers.delete(made.id)
    assert getattr(compute.servers.get(made.id), "OS-EXT-STS:task_state") == "deleting"

    def gone():
        try:
            compute.servers.get(made.id)
        except nova_exceptions.NotFound:
            return True
        return False
    wait_for("it is gone", gone)


@pytest.mark.parametrize("change, status, text", [
    ({"flavor": "none"}, 400, "Invalid flavorRef provided."), ({"image": ""}, 400, "Can not find requested image"),
    ({"image": "no-uuid"}, 400, "is not a 'uuid'"), ({"name": "x" * 256}, 400, "too long"),
    ({"name": " x"}, 400, "whitespace"), ({"key_name": "none"}, 400, "Invalid key_name provided."),
    ({"nics": [{"net-id": "a1b2c3d4-0000-4000-8000-000000000000"}]}, 400, "could not be found"),
    ({"meta": {"a/b": "c"}}, 400, "does not match"), ({"meta": {"a": "c" * 256}}, 400, "too long"),
    ({"availability_zone": "mars"}, 400, "zone is not available"), ({"userdata": "x" * 60000}, 400, "too long"),
    ({"security_groups": ["none"]}, 400, "Unable to find security_group"), ({"flavor": "f8"}, 403, "Quota exceeded"),
])
def test_what_nova_refuses(client, compute, images, change, status, text):
    client.standin.set(cores=4)
    wanted = {"name": "vm", "image": an_image(images), "flavor": "1", **change}
    with pytest.raises(nova_exceptions.ClientException, match=text) as caught:
        compute.servers.create(**wanted)
    assert caught.value.code == status and client.standin.world()["servers"] == []


@pytest.mark.parametrize("body", [
    {}, {"server": {}}, {"server": {"name": "n"}}, {"server": {"name": 5, "flavorRef": "1", "imageRef": ""}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "colour": "red"}},
    {"server": {"name": "n", "flavorRef": True, "imageRef": ""}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "user_data": "not base64!"}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "networks": [{"uuid": "x"}]}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "networks": [{"net": "x"}]}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "metadata": {"a": 1}}},
    {"server": {"name": "n", "flavorRef": "1", "imageRef": "", "block_device_mapping_v2": [{"uuid": "x"}]}}])
def test_bodies_that_nova_does_not_look_at(client, body):
    answer = client.session().post(client.standin.api + "/compute/v2.1/servers", json=body, raise_exc=False)
    assert answer.status_code == 400 and "badRequest" in answer.json()


def test_pages_of_servers(client, compute):
    client.standin.set(servers_page=10, cores=-1)
    ids = client.standin.add_servers(25)
    client.standin.add_servers(2, other=True)
    assert len(compute.servers.list()) == 10
    assert [one.id for one in compute.servers.list(limit=-1)] == ids[::-1]
    assert [one.id for one in compute.servers.list(marker=ids[4], limit=3)] == [ids[3], ids[2], ids[1]]
    assert len(compute.servers.list(search_opts={"name": "^vcycle-a-0000[12]$"})) == 2
    compute.servers.delete(ids[4])  # a server that is gone is as good a marker as before
    assert [one.id for one in compute.servers.list(marker=ids[4], limit=2)] == [ids[3], ids[2]]
    page = client.session().get(client.standin.api + "/compute/v2.1/servers/detail?limit=3").json()
    assert len(page["servers"]) == 3 and page["servers_links"][0]["rel"] == "next"
    with pytest.raises(nova_exceptions.BadRequest, match="marker .* not found"):
        compute.servers.list(marker="none")
    with pytest.raises(nova_exceptions.BadRequest):
        compute.servers.list(limit="many")


def test_microversions(client, compute):
    ids = client.standin.add_servers(2)
    client.standin.change_server(ids[0], cell_down=True)
    assert [one.id for one in compute.servers.list()] == [ids[1]]
    newer = nova.Client("2.69", region_name="RegionOne", session=client.session())
    assert [one.status for one in newer.servers.list()] == ["ACTIVE", "UNKNOWN"]
    assert newer.servers.list()[0].flavor["original_name"] == "small"
    url = client.standin.api + "/compute/v2.1/limits"
    for version, status in (("2.93", 200), ("latest", 200), ("2.94", 406), ("2.0", 406), ("new", 400)):
        answer = client.session().get(url, headers={"OpenStack-API-Version": f"compute {version}"}, raise_exc=False)
        assert answer.status_code == status, version


def test_key_pairs(compute):
    made = compute.keypairs.create("k", public_key=KEY)
    assert len(made.fingerprint) == 47 and compute.keypairs.get("k").public_key == KEY
    with pytest.raises(nova_exceptions.Conflict):
        compute.keypairs.create("k", public_key=KEY)
    for name, key in (("k/2", KEY), ("k2", "ssh-rsa AAAA"), ("k2", KEY.replace("ssh-ed25519", "ssh-rsa"))):
        with pytest.raises(nova_exceptions.BadRequest):
            compute.keypairs.create(name, public_key=key)
    compute.keypairs.delete("k")
    assert compute.keypairs.list() == []


def test_images_of_v2(client, images):
    client.standin.set(images_page=3)
    number = an_image(images)
    shown = images.images.get(number)
    assert (shown.status, shown.size, shown.checksum) == ("active", 5, "4b3a6218bb3e3a7303e8a171a60fcf92")
    assert len(shown.os_hash_value) == 128 and b"".join(images.images.data(number)) == b"bytes"
    client.standin.add_images("pub", count=7, public=True)
    assert len(list(images.images.list())) == 8
    answer = client.session().get(client.standin.api + "/image/v2/images").json()
    assert len(answer["images"]) == 3 and answer["next"].startswith("/v2/images?marker=")
    images.images.update(number, os_shutdown_timeout="60")
    assert images.images.get(number).os_shutdown_timeout == "60"
    images.images.update(number, remove_props=["os_shutdown_timeout"])
    with pytest.raises(exc.HTTPConflict):
        images.images.upload(number, io.BytesIO(b"again"))
    client.standin.change_image(number, in_use=True)
    with pytest.raises(exc.HTTPConflict, match="in use"):
        images.images.delete(number)
    with pytest.raises(exc.HTTPNotFound):
        images.images.get("none")


def test_a_name_with_a_colon_is_an_operator(client, images):
    images.images.create(name="https://h/i", disk_format="raw", container_format="bare")
    url = client.standin.api + "/image/v2/images?name="
    assert client.session().get(url + "https://h/i", raise_exc=False).status_code == 400
    assert len(client.session().get(url + "eq:https://h/i").json()["images"]) == 1
    assert client.session().get(url + "in:a,b").json()["images"] == []


@pytest.mark.parametrize("body, status", [
    ({"status": "active"}, 403), ({"disk_format": "floppy"}, 400), ({"visibility": "secret"}, 400),
    ({"tags": "x"}, 400), ({"tags": ["x" * 256]}, 400), ({"property": 5}, 400), ({"id": "x"}, 400)])
def test_what_glance_refuses(client, body, status):
    answer = client.session().post(client.standin.api + "/image/v2/images", json=body, raise_exc=False)
    assert answer.status_code == status and answer.text.startswith("<html>")


def test_images_of_v1(client):
    api = client.session()
    url = client.standin.api + "/image/v1/images"
    fields = {"x-image-meta-name": "one", "x-image-meta-disk_format": "raw", "x-image-meta-container_format": "bare",
              "x-image-meta-property-last-modified": "5", "Content-Type": "application/octet-stream"}
    made = api.post(url, data=b"bytes", headers=fields).json()["image"]
    assert (made["status"], made["properties"], made["is_public"]) == ("active", {"last_modified": "5"}, False)
    assert "properties" not in api.get(url).json()["images"][0]
    assert api.get(url + "/detail").json()["images"][0]["properties"] == {"last_modified": "5"}
    assert api.get(url + f"/detail?marker={made['id']}").json()["images"] == []
    assert api.head(f"{url}/{made['id']}").headers["x-image-meta-property-last_modified"] == "5"
    wrong = api.post(url, data=b"b", headers={**fields, "x-image-meta-disk_format": "?"}, raise_exc=False)
    assert wrong.status_code == 400


def test_networks(client):
    client.standin.set(networks_page=1)
    api = neutron.Client(region_name="RegionOne", session=client.session())
    assert [one["name"] for one in api.list_networks()["networks"]] == ["net", "twice", "twice", "ext"]
    assert api.list_networks(name="ext")["networks"][0]["router:external"] is True
    answer = client.session().get(client.standin.api + "/network/v2.0/networks?colour=red", raise_exc=False)
    assert answer.status_code == 400 and "NeutronError" in answer.json()


def test_volumes(client, compute, images):
    client.standin.set(volume_delay=0.2, volumes=1)
    api = cinder.Client("3", region_name="RegionOne", session=client.session())
    image = an_image(images)
    made = api.volumes.create(1, imageRef=image, name="v", metadata={"space": "s"})
    assert made.status == "creating"
    wait_for("it is there", lambda: api.volumes.get(made.id).status == "available")
    assert api.volumes.get(made.id).metadata == {"space": "s"}
    with pytest.raises(Exception, match="VolumeLimitExceeded"):
        api.volumes.create(1)
    mapping = [{"source_type": "volume", "uuid": made.id, "boot_index": 0, "destination_type": "volume",
                "delete_on_termination": True}]
    with pytest.raises(nova_exceptions.BadRequest, match="Boot sequence"):  # its client maps the image as well
        compute.servers.create("vm", image, "1", block_device_mapping_v2=list(mapping))
    server = compute.servers.create("vm", None, "1", block_device_mapping_v2=list(mapping))
    with pytest.raises(Exception, match="Volume status must be available"):
        api.volumes.delete(made.id)
    compute.servers.delete(server.id)
    api.volumes.delete(made.id)
    assert api.volumes.list() == []


def test_the_command(client):
    client.standin.add_servers(2)
    code, text = client.command("server", "list", "-f", "json")
    assert code == 0 and len(json.loads(text)) == 2, text
    code, text = client.command("image", "show", "none")
    assert code == 1 and "No Image found for none" in text


def test_faults(client, compute):
    api, url = client.session(), client.standin.api + "/compute/v2.1/limits"
    client.standin.fault("http", server="compute", method="GET /v2.1/limits", status=429, count=1,
                         headers={"Retry-After": "7"})
    answer = api.get(url, raise_exc=False)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    client.standin.fault("http", server="compute", status=401, text="{}", count=1)
    assert compute.limits.get()
    for kind in ("close", "reset"):
        client.standin.fault(kind, server="compute", count=1)
        with pytest.raises(exceptions.ConnectFailure):
            api.get(url)
        client.standin.clear_faults()
    client.standin.fault("cut", server="compute", count=1, bytes=300)
    answer = api.get(url)
    assert 0 < len(answer.content) < int(answer.headers["Content-Length"])
    client.standin.clear_faults()
    client.standin.fault("slow", server="compute", seconds=0.3, count=1)
    begun = time.monotonic()
    assert api.get(url).status_code == 200 and time.monotonic() - begun >= 0.3


def test_no_secret_is_remembered(client):
    client.session().get_token()
    client.session_v2().get_token()
    journal = json.dumps(client.standin.journal())
    assert world.PASSWORD not in journal and "gAAAA" not in journal and "tokens" in journal
