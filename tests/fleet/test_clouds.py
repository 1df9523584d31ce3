# SPDX-License-Identifier: Apache-2.0
"""vcycled, the built program, on other people's clouds: whole cycles before the stand-ins, and kill -9 in the middle of a
creation."""

import base64
import contextlib
import json

import boto3
import pytest
from azure import tokens as azure_tokens
from azure import world as azure_world
from azure.control_client import StandIn as AzureStandIn
from botocore.config import Config
from cloud import wait_for
from dbce import world as dbce_world
from dbce.control_client import StandIn as DbceStandIn
from ec2 import signatures
from ec2.control_client import StandIn as Ec2StandIn
from factory import HOST
from google.control_client import StandIn as GoogleStandIn
from grid import Authority
from occi import world as occi_world
from occi.control_client import StandIn as OcciStandIn
from opennebula.control_client import ALICE
from opennebula.control_client import StandIn as OneStandIn

SPACE = "s.example.com"
MACHINES = f"""
[machinetype {SPACE} a]
user_data = /template
backoff_seconds = 0
fizzle_seconds = 0
target_share = 1
"""


class Ec2:
    """Seen through boto3, as its owner sees it."""

    create = "RunInstances"

    def __init__(self, version):
        self.standin = Ec2StandIn()
        self.version = version

    def options(self):
        flavors = "" if self.version >= "2016" else "flavor_processors = small:1\n"
        return (f"api = ec2\nurl = {self.standin.api}/services/Cloud\nversion = {self.version}\n{flavors}"
                f"access_key = {signatures.ACCESS}\nsecret_key = {signatures.SECRET}\n")

    machinetype = "root_image = image:ami-00000001\nflavor_names = small\n"
    secret = signatures.SECRET

    def api(self):
        return boto3.session.Session(aws_access_key_id=signatures.ACCESS, aws_secret_access_key=signatures.SECRET).client(
            "ec2", region_name="us-east-1", endpoint_url=self.standin.api, config=Config(proxies={}))

    def machines(self):
        """{id: (name, whether it lives)}"""
        rows = [one for reservation in self.api().describe_instances()["Reservations"] for one in reservation["Instances"]]
        tags = {one["InstanceId"]: {tag["Key"]: tag["Value"] for tag in one.get("Tags", ())} for one in rows}
        return {one["InstanceId"]: (tags[one["InstanceId"]].get("name"),
                                    one["State"]["Name"] in ("pending", "running", "stopping", "stopped")) for one in rows}

    def shut_down(self, number):
        self.standin.shut_down(number)


class OpenNebula:
    create = "one.template.instantiate"

    def __init__(self):
        self.standin = OneStandIn()

    def options(self):
        password = base64.b64encode(ALICE[1].encode()).decode()
        return f"api = opennebula\nurl = {self.standin.oned}\nusername = {ALICE[0]}\npassword_base64 = {password}\n"

    machinetype = "flavor_names = function\n"
    secret = ALICE[1]

    def machines(self):
        return {str(one["id"]): (one["name"], one["state_name"] != "DONE") for one in self.standin.vms()}

    def shut_down(self, number):
        self.standin.change_vm(number, state="POWEROFF")


class Google:
    create = "instances.insert"

    def __init__(self):
        self.standin = GoogleStandIn()

    def options(self):
        key = self.standin.key()
        self.secret = key["private_key"].splitlines()[1]
        pem = key["private_key"].strip().replace("\n", "\n ")
        return (f"api = google\nurl = {self.standin.api}/compute/v1\ntoken_url = {self.standin.api}/token\n"
                f"zones = europe-west1-b\nproject_id = {key['project_id']}\nclient_email = {key['client_email']}\n"
                f"private_key = {pem}\n")

    machinetype = "root_image = image:cernvm4\nflavor_names = n1-standard-1\n"

    def machines(self):
        return {one["id"]: (one["name"], one["status"] != "TERMINATED") for one in self.standin.instances()}

    def shut_down(self, number):
        self.standin.shut_down(number)


class Azure:
    create = "virtualMachines.createOrUpdate"

    def __init__(self):
        self.standin = AzureStandIn()

    def options(self):
        return (f"api = azure\nurl = {self.standin.api}\nlogin_url = {self.standin.api}\ntenant_id = {azure_tokens.TENANT}\n"
                f"client_id = {azure_tokens.CLIENT}\nclient_secret = {azure_tokens.SECRET}\nlocation = West Europe\n"
                f"subscription = {azure_world.SUBSCRIPTION}\nresource_group = {azure_world.GROUP}\nsubnets = grid/a\n")

    machinetype = "root_image = image:cernvm4\nflavor_names = Standard_B1s\n"
    secret = azure_tokens.SECRET

    def machines(self):
        return {one["id"]: (one["name"], one["power"] != "stopped") for one in self.standin.machines()}

    def shut_down(self, number):
        self.standin.shut_down(number)


class Occi:
    """With a password; VOMS has a test of its own."""

    create = "POST /compute/"
    machinetype = "root_image = image:other\nflavor_names = m1.small\n"
    secret = occi_world.USER[1]

    def __init__(self):
        self.standin = OcciStandIn()

    def options(self):
        password = base64.b64encode(self.secret.encode()).decode()
        return (f"api = occi\nurl = {self.standin.api}/occi1.1\nusername = {occi_world.USER[0]}\n"
                f"password_base64 = {password}\n")

    def machines(self):
        return {one["id"]: (one["name"], True) for one in self.standin.machines()}

    def shut_down(self, number):
        self.standin.change_machine(number, state="off")


class Dbce:
    create = "POST machines"
    machinetype = "root_image = cernvm\nflavor_names = small\n"
    secret = dbce_world.KEY

    def __init__(self):
        self.standin = DbceStandIn()

    def options(self):
        return (f"api = dbce\nurl = {self.standin.api}\nversion = {dbce_world.VERSION}\nkey = {self.secret}\n"
                "project_name = platform-1\nnetwork = net-1\nflavor_processors = small:1\n")

    def machines(self):
        return {one["id"]: (one["name"], True) for one in self.standin.machines()}

    def shut_down(self, number):
        self.standin.change_machine(number, state="stopped")


CLOUDS = {"ec2": lambda: Ec2("2016-11-15"), "ec2_of_old": lambda: Ec2("2010-08-31"),
          "google": Google, "azure": Azure, "occi": Occi, "dbce": Dbce, "opennebula": OpenNebula}


@pytest.fixture(params=CLOUDS)
def cloud(request, factory):
    made = CLOUDS[request.param]()
    with made.standin:
        (factory.root / "template").write_text("#!/bin/sh\n# ##user_data_machine_hostname##\n")
        factory.conf.write_text(f"[space {SPACE}]\n{made.options()}processors_limit = 1\n{MACHINES}{made.machinetype}")
        yield made
        assert made.standin.troubles() == []


def once(factory):
    report = factory.once()[SPACE]
    assert not report.get("error"), report
    return report


def living(cloud):
    return {number: name for number, (name, lives) in cloud.machines().items() if lives}


def test_a_machine_lives_and_the_next_one_follows(factory, cloud):
    assert "in order" in factory.vcycle("check-config").stdout
    once(factory)
    (first,) = living(cloud)
    wait_for("it runs", lambda: once(factory) and [m["state"] for m in factory.seen().values()] == ["Running"], 20)
    (name,) = factory.seen()
    assert living(cloud) == {first: name}
    folder = factory.lib / f"shared/spaces/{SPACE}/current/{name}"
    assert (folder / "jobfeatures/job_id").read_text() == first
    assert (folder / "instance_id").exists() == ("ec2" in type(cloud).__name__.lower())
    cloud.shut_down(first)
    wait_for("the next one lives", lambda: once(factory) and living(cloud) and first not in living(cloud), 20)
    assert factory.records() == [first] and len(living(cloud)) == 1
    told = factory.log() + factory.vcycle("explain", check=False).stdout
    assert cloud.secret not in told and base64.b64encode(cloud.secret.encode()).decode() not in told


def test_killed_between_the_order_and_its_record(factory, cloud):
    # The cloud has carried it out, and nobody hears of it.
    cloud.standin.fault("hold", method=cloud.create, execute=True, seconds=60)
    factory.start()
    wait_for("the machine is there", lambda: living(cloud), 30)
    factory.kill()
    (number,) = living(cloud)
    (folder,) = (factory.lib / f"shared/spaces/{SPACE}/current").iterdir()
    assert not (folder / "jobfeatures/job_id").exists()
    cloud.standin.clear_faults()
    factory.start()
    wait_for("it knows its machine", lambda: (folder / "jobfeatures/job_id").exists(), 30)
    wait_for("it runs", lambda: [m["state"] for m in factory.seen().values()] == ["Running"], 30)
    factory.stop()
    assert (folder / "jobfeatures/job_id").read_text() == number
    assert living(cloud) == {number: folder.name} and len(cloud.machines()) == 1
    assert len(cloud.standin.journal(method=cloud.create)) == 1


def test_a_cloud_that_goes_away_and_comes_back_is_planned_draining_at_worst(factory, cloud):
    once(factory)
    wait_for("it runs", lambda: once(factory)["running_machines"] == 1, 20)
    before = living(cloud)
    for rule in ({"kind": "http", "status": 500}, {"kind": "http", "status": 401}, {"kind": "http", "status": 429},
                 {"kind": "truncate", "bytes": 200}, {"kind": "garbage"}, {"kind": "reset"}):
        number = cloud.standin.fault(**rule)
        done = factory.run("vcycled", "--once", "--host", HOST, check=False)
        assert done.returncode == 1, rule
        cloud.standin.clear_faults(number)
        assert living(cloud) == before and len(list((factory.lib / f"shared/spaces/{SPACE}/current").iterdir())) == 1
    assert once(factory)["running_machines"] == 1 and living(cloud) == before


def test_occi_with_a_proxy_and_the_grids_certificates(factory, tmp_path):
    grid = Authority(tmp_path / "grid")
    host, robot = grid.host("occi.example.com"), grid.sign("/DC=com/DC=example/CN=robot")
    proxy = grid.proxy(robot, "/DC=com/DC=example/CN=robot", 1234)
    shown = factory.root / "proxy.pem"  # as voms-proxy-init writes it
    shown.write_text(proxy.pem.read_text() + proxy.key.read_text() + robot.pem.read_text())
    certificates = factory.root / "etc/grid-security/certificates"
    certificates.mkdir(parents=True)
    (factory.root / "template").write_text("#!/bin/sh\n")
    with OcciStandIn(tls_certificate=host.chain, tls_key=host.key, tls_authority=grid.pem) as standin:
        ground = (f"[space {SPACE}]\napi = occi\nurl = {standin.api}/occi1.1\nprocessors_limit = 1\n{{}}"
                  f"{MACHINES}{Occi.machinetype}")
        factory.conf.write_text(ground.format("proxy = /proxy.pem\n"))

        def trouble():
            (report,) = factory.once(check=False).values()
            return report.get("error", "")
        assert "has no certificates" in trouble()
        other = Authority(tmp_path / "another")
        (certificates / "another.pem").write_text(other.pem.read_text())
        assert "certificate that is not trusted" in trouble()
        (certificates / "grid.pem").write_text(grid.pem.read_text())
        once(factory)
        bundle = (factory.root / "etc/grid-security/occi.ca-certs").read_text()
        assert bundle == other.pem.read_text() + grid.pem.read_text()
        (machine,) = standin.machines()
        assert machine["name"].startswith("vcycle-a-")
        for options, told in (("proxy = /none.pem\n", "holds no usable certificate"),
                              ("username = vcycle\npassword_base64 = d3Jvbmc=\n", "Invalid user / password")):
            factory.conf.write_text(ground.format(options))
            assert told in trouble()
        standin.set(keystone_at="http://127.0.0.1:1")
        assert "a Keystone without TLS" in trouble()
        assert standin.troubles() == [] and len(standin.machines()) == 1


def test_what_changes_beside_a_section_holds_without_a_restart(factory):
    """dbce: in a machinetype. google: in the key's file."""
    (factory.root / "template").write_text("#!/bin/sh\n")
    with Dbce().standin as exchange, GoogleStandIn() as google:
        key_file = factory.lib / "spaces/g.example.com/key.json"
        key_file.parent.mkdir(parents=True)
        key = {**google.key(), "token_uri": f"{google.api}/token"}
        key_file.write_text(json.dumps({**key, "project_id": "another"}))
        of_google = (f"[space g.example.com]\napi = google\nurl = {google.api}/compute/v1\nzones = europe-west1-b\n"
                     f"key_file = key.json\nprocessors_limit = 1\n" +
                     MACHINES.replace(SPACE, "g.example.com") + Google.machinetype)
        of_dbce = (f"[space {SPACE}]\napi = dbce\nurl = {exchange.api}\nversion = {dbce_world.VERSION}\nkey = {Dbce.secret}\n"
                   f"project_name = platform-1\nnetwork = net-1\nflavor_processors = small:1\nprocessors_limit = 1\n{MACHINES}")
        factory.conf.write_text(f"{of_google}{of_dbce}root_image = image:another\nflavor_names = small\n")
        factory.start()
        wait_for("its image is refused", lambda: "There is no image another" in factory.log(), 30)
        wait_for("its project is refused", lambda: "for 'projects/another'" in factory.log(), 30)
        assert not exchange.machines() and not google.instances()
        factory.conf.write_text(f"{of_google}{of_dbce}{Dbce.machinetype}")
        key_file.write_text(json.dumps(key))
        # A machinetype whose creation was refused waits for a minute.
        wait_for("both have a machine", lambda: exchange.machines() and google.instances(), 90)
        factory.stop()


def test_check_config_tells_what_is_allowed(factory):
    for options, told in (("api = ec2\nurl = https://h\naccess_key = a\nsecret_key = hush\nsignature = v3\n", "write one of v4, v2"),
                          ("api = ec2\nurl = https://h\naccess_key = a\nsecret_key = hush\nsubnets = subnet-1\n", "2016-11-15"),
                          ("api = azure\nsubscription = s\ncertificate = /c.pem\npfx = hush\n", "Microsoft has ended it"),
                          ("api = google\nproject_id = p\nclient_email = e\nprivate_key = hush\n", "no RSA key in PEM"),
                          ("api = occi\nurl = https://h\nusername = u\npassword_base64 = aHVzaA==\nidentity_provider = p\n",
                           "needs a token_file or a proxy"),
                          ("api = dbce\nurl = https://h\nversion = v1\nkey = hush\nnetwork = n\n", "has no project_name"),
                          ("api = opennebula\nusername = u\npassword_base64 = aHVzaA==\n", "write oned's address")):
        factory.conf.write_text(f"[space {SPACE}]\nprocessors_limit = 1\n{options}{MACHINES}root_image = image:i\n")
        done = factory.vcycle("check-config", check=False)
        assert done.returncode == 1 and told in done.stderr and "etc/vcycle.conf:" in done.stderr, done.stderr
        assert "hush" not in done.stdout + done.stderr
        with contextlib.suppress(FileNotFoundError):
            assert "hush" not in factory.log()
