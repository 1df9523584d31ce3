# SPDX-License-Identifier: Apache-2.0
"""vcycled on Debian's Keystone, Glance, Nova and Neutron: whole lives of machines, long lists, and what goes wrong there."""

import base64
import hashlib
import json
import os

import configurations
import population
from cloud import wait_for
from factory import HOST

SPACE = "s.example.com"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUBj6mEJqOAlYRPhkiJyEkXLlDIm5cwKXSn2WFEB4ra me"


def by_password():
    password = base64.b64encode(population.MEMBERS_PASSWORD.encode()).decode()
    return f"username = {population.USER}\npassword_base64 = {password}\nproject_name = {population.PROJECT}\n"


def configure(factory, owner, machines, who=None, space="", flavor="small", **more):
    """A space with one type of machine. `machines`: how many it is to have."""
    (factory.root / "template").write_text("#!/bin/sh\n# ##user_data_machine_hostname##\n")
    if not (factory.root / "img.raw").exists():
        (factory.root / "img.raw").write_bytes(os.urandom(300_000))
    (factory.root / "key.pub").write_text(KEY + "\n")
    limit = "" if machines is None else f"processors_limit = {machines}\n"
    options = {"root_image": "/img.raw", "flavor_names": flavor, "root_public_key": "/key.pub", "user_data": "/template",
               "backoff_seconds": 0, "fizzle_seconds": 0, "target_share": 1, **more}
    factory.conf.write_text(
        f"[space {SPACE}]\napi = openstack\nurl = {owner.debian.url('identity')}\napi_version = 3\n"
        f"region = {configurations.REGION}\n{who or by_password()}{limit}{space}\n[machinetype {SPACE} a]\n"
        + "".join(f"{name} = {value}\n" for name, value in options.items() if value is not None))
    assert "in order" in factory.vcycle("check-config").stdout


def once(factory):
    report = factory.once()[SPACE]
    assert not report.get("error"), report
    return report


def until(factory, what, condition, seconds=120):
    """Cycles until the condition holds after one of them."""
    return wait_for(what, lambda: once(factory) and condition(), seconds)


def running(factory):
    return [name for name, one in factory.seen().items() if one["state"] == "Running"]


def current(factory):
    """{id in the cloud: name} of the machines that the factory has files of."""
    folders = (factory.lib / f"shared/spaces/{SPACE}/current").iterdir()
    return {path.read_text(): path.parent.parent.name for one in folders for path in one.glob("jobfeatures/job_id")}


def report(factory):
    """What the daemon's last cycle left behind."""
    return json.loads((factory.lib / f"status/{SPACE}.json").read_text())


def another_cycle(factory, count=1):
    """So many of the space's cycles that began after now: the one that is under way does not count."""
    path = factory.lib / f"status/{SPACE}.json"
    for _ in range(count + 1):
        before = path.stat().st_mtime_ns
        wait_for("another cycle", lambda before=before: path.stat().st_mtime_ns != before, 120)


def no_secret_told(factory, *secrets):
    told = factory.log() + factory.vcycle("explain", check=False).stdout + factory.report()
    for secret in secrets:
        assert secret not in told and base64.b64encode(secret.encode()).decode() not in told


def test_machines_live_end_and_are_followed(factory, owner):
    configure(factory, owner, 3, space=f"network_uuid = {owner.debian.network}\nsecurity_groups = default vc\nzones = nova\n")
    until(factory, "three run", lambda: len(running(factory)) == 3)
    assert once(factory)["running_machines"] == 3
    made = current(factory)
    rows = owner.command("server", "list", "--long")
    assert {one["ID"]: one["Name"] for one in rows} == made and {one["Status"] for one in rows} == {"ACTIVE"}
    assert {one["Flavor Name"] for one in rows} == {"small"} and {one["Availability Zone"] for one in rows} == {"nova"}
    number, name = next(iter(made.items()))
    shown = owner.command("server", "show", number)
    assert shown["properties"] | {"name": name, "machinetype": "a", "space": SPACE} == shown["properties"]
    assert sorted(one["name"] for one in shown["security_groups"]) == ["default", "vc"]
    (address,) = shown["addresses"]["net"]
    assert factory.seen()[name]["ip"] == address
    # What only the admin is shown.
    details = owner.admins_compute.session.get(owner.admins_compute.url + f"/servers/{number}",
                                               headers={"OpenStack-API-Version": "compute 2.3"}).json()["server"]
    assert base64.b64decode(details["OS-EXT-SRV-ATTR:user_data"]).decode() == f"#!/bin/sh\n# {name}"
    (key,) = owner.command("keypair", "list")
    assert key["Name"] == shown["key_name"]
    # The image came once, whole.
    data = (factory.root / "img.raw").read_bytes()
    (image,) = [one for one in owner.command("image", "list", "--long") if one["Name"].endswith(f"{factory.root.name}/img.raw")]
    assert image["Checksum"] == hashlib.md5(data).hexdigest() and image["Status"] == "active"
    detailed = owner.images.get(f"/v2/images/{image['ID']}")
    assert detailed["os_hash_value"] == hashlib.new(detailed["os_hash_algo"], data).hexdigest()
    assert detailed["visibility"] == "private" and detailed["size"] == len(data) and shown["image"].endswith(f"({image['ID']})")
    # One shuts itself down: gone, accounted, followed.
    owner.stop_server(number)
    until(factory, "the next one runs", lambda: number not in owner.servers() and len(running(factory)) == 3)
    assert factory.records() == [number] and len(owner.ever() & {*made, *current(factory)}) == 4
    no_secret_told(factory, population.MEMBERS_PASSWORD)


def test_an_application_credential(factory, owner):
    number, secret = owner.credential(factory.root.name)
    configure(factory, owner, 1, who=f"cred_id = {number}\ncred_secret = {secret}\n", root_public_key=None,
              root_image=f"image:{factory.root.name}")
    (factory.root / "root/.ssh").mkdir(parents=True)
    (factory.root / "root/.ssh/id_rsa.pub").write_text(KEY + "\n")
    owner.add_image(factory.root.name)
    until(factory, "it runs", lambda: running(factory))
    assert set(owner.servers()) == set(current(factory))
    no_secret_told(factory, secret)
    configure(factory, owner, 1, who=f"cred_id = {number}\ncred_secret = wrong\n")
    done = factory.run("vcycled", "--once", "--host", HOST, check=False)
    assert done.returncode == 1 and "requires authentication" in done.stdout + done.stderr + factory.log()
    assert set(owner.servers()) == set(current(factory))


def test_lists_of_many_pages(factory, owner):
    """Servers of others count, those on the last page too; an image that stands far down the list is not sent again."""
    most = 3 * configurations.SERVERS_PAGE
    image = owner.add_image("others")
    others = {owner.add_server(f"other{number}", image) for number in range(configurations.SERVERS_PAGE + 1)}
    configure(factory, owner, most)
    once(factory)
    for number in range(2 * configurations.IMAGES_PAGE):
        owner.add_image(f"newer{number}")
    until(factory, "all that may be", lambda: len(owner.servers()) == most and len(running(factory)) == most - len(others), 300)
    for _ in range(3):
        once(factory)
    assert len(owner.ever() & set(current(factory))) == most - len(others)
    assert set(owner.servers()) == {*others, *current(factory)}
    sent = [one for one in owner.command("image", "list") if one["Name"].endswith(f"{factory.root.name}/img.raw")]
    assert len(sent) == 1
    # Its own go when the space is given up; the others' stay.
    factory.conf.write_text(factory.conf.read_text().replace("target_share = 1", "target_share = 0\nmax_wallclock_seconds = 1"))
    until(factory, "its own are gone", lambda: set(owner.servers()) == others, 300)


def test_the_quota_is_the_limit(factory, owner):
    owner.quota(cores=2)
    configure(factory, owner, None)
    until(factory, "two run", lambda: len(running(factory)) == 2)
    # The file promises more than there is: Nova's refusal ends the cycle's creations.
    configure(factory, owner, 40)
    before = owner.ever()
    for _ in range(2):
        factory.run("vcycled", "--once", "--host", HOST, check=False)
    assert len(owner.servers()) == 2 and owner.ever() == before and len(current(factory)) == 2
    assert "Quota exceeded" in factory.log() + factory.vcycle("explain", check=False).stdout


def test_tokens_that_are_revoked(factory, owner):
    """Wherever in a cycle it happens. Not while machines are made: Nova makes them with the token of who ordered them."""
    most = configurations.SERVERS_PAGE + 1
    configure(factory, owner, most)
    until(factory, "all run", lambda: len(running(factory)) == most, 300)
    before = set(owner.servers())
    factory.start()
    another_cycle(factory)
    for _ in range(4):
        old = owner.debian.member.get_token()
        owner.revoke_all()
        assert owner.compute.session.get(owner.compute.url + "/servers", authenticated=False, raise_exc=False,
                                         headers={"X-Auth-Token": old}).status_code == 401
        another_cycle(factory)
        assert set(owner.servers()) == before
    # The daemon has a good token again, and goes on.
    wait_for("a whole cycle", lambda: not report(factory).get("error"), 60)
    gone = min(before)
    owner.stop_server(gone)
    wait_for("the next one runs", lambda: gone not in owner.servers() and len(running(factory)) == most, 200)
    factory.stop()
    assert set(owner.servers()) == set(current(factory)) and len(set(owner.servers()) & before) == most - 1
    no_secret_told(factory, population.MEMBERS_PASSWORD)


def test_nova_goes_away_and_comes_back(factory, owner):
    before_all = owner.ever()
    configure(factory, owner, 4)
    factory.start()
    wait_for("the first two", lambda: len(owner.servers()) >= 2, 120)
    owner.debian.stop("nova-api")
    try:
        told = len(factory.log())
        wait_for("cycles that see nothing", lambda: factory.log()[told:].count(f"Skipping {SPACE} this cycle: the cloud's") > 2, 120)
    finally:
        owner.debian.start_compute_api()
    wait_for("all run", lambda: len(running(factory)) == 4, 300)
    another_cycle(factory, 2)
    factory.stop()
    # None was deleted, none is there twice, and none was made that nobody knows.
    assert set(owner.servers()) == set(current(factory)) == owner.ever() - before_all and len(current(factory)) == 4


def test_killed_again_and_again(factory, owner):
    """Killed before the order, a machine is only a folder, which counts for ten minutes; after it, it is found again."""
    before_all = owner.ever()
    configure(factory, owner, 4)
    for count in range(1, 4):
        factory.start()
        wait_for(f"{count} servers", lambda count=count: len(owner.servers()) >= count, 120)
        factory.kill()
    factory.start()
    another_cycle(factory)
    folders = factory.lib / f"shared/spaces/{SPACE}/current"
    wait_for("four are known", lambda: len(list(folders.iterdir())) == 4, 120)
    wait_for("all that were ordered run", lambda: len(running(factory)) == len(owner.servers()) >= 3, 300)
    another_cycle(factory)
    factory.stop()
    assert set(owner.servers()) == set(current(factory)) == owner.ever() - before_all
    assert len(list(folders.iterdir())) == 4


def test_machines_that_find_no_host(factory, owner):
    """Nova takes the order and cannot carry it out: the server is in ERROR, in the cell of those without a host."""
    if "huge" not in {one["name"] for one in owner.compute.get("/flavors")["flavors"]}:
        owner.admins_compute.post("/flavors", flavor={"name": "huge", "vcpus": 1, "ram": 9_000_000, "disk": 1})
    configure(factory, owner, 2, flavor="huge", backoff_seconds=600)
    before = owner.ever()
    until(factory, "it has failed and is gone", lambda: owner.ever() - before and not owner.servers(), 120)
    before = owner.ever()
    for _ in range(3):
        once(factory)
    assert owner.ever() == before and owner.servers() == {}
