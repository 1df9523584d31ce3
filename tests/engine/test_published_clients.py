# SPDX-License-Identifier: Apache-2.0
"""The published clients of the real world against the engine (contract 14), in front of OpenNebula 6 and 7, with
machines that are there at once and machines that take their time."""

import base64
import json
import subprocess
import threading
import time

import pytest
import requests
from checks import create, created, nothing_left, put, read, remove, spec
from engine import SOURCE, wait_for
from opennebula.control_client import ADMIN, ALICE, BOB
from ports import free_port
from published_clients import PLACE, RELEASES, CRuntime, Orchestrator, PythonRuntime, curl
from test_cases import SLOW
from waiting import PATIENCE

# Not one step takes time: a machine runs before anybody can look.
AT_ONCE = {"pending": 0, "prolog": 0, "boot": 0, "resize": 0, "disk_resize": 0, "flow_deploy": 0}
GREEN = [("ENERGY", "ENERGY_RENEWABLE=yes")]
CALLERS = pytest.mark.parametrize("user", [ALICE, BOB], ids=["alice", "bob"])
RELEASED = pytest.mark.parametrize("release", RELEASES)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture(params=[("6.8.0", AT_ONCE), ("6.8.0", SLOW), ("7.4.0", AT_ONCE), ("7.4.0", SLOW)],
                ids=lambda param: f"{param[0]}-{'fast' if param[1] is AT_ONCE else 'slow'}")
def cloud(request, one):
    version, timing = request.param
    one.reset(version=version, **timing)
    return one


@pytest.fixture(params=["6.8.0", "7.4.0"])
def dialect(request, one):
    one.reset(version=request.param)
    return one


def until_running(client):
    def runs():
        state = client.status()
        assert state in ("PENDING", "UPDATING", "RUNNING"), state
        return state == "RUNNING"
    wait_for("it runs", runs, 30)


def there(one, number):
    vm = one.vm(number)
    return vm["template"], vm["user_template"]


# --- the device runtime for Python ------------------------------------------------------------------------------------

@CALLERS
@RELEASED
def test_a_python_device(cloud, engine, user, release):
    """Create, poll, update, delete, as its examples do it."""
    device = PythonRuntime(engine.port, user, release)
    assert device.latency > 0
    assert device.create("Example Serverless Runtime", "nature", GREEN), device.answers[-1].text
    made = device.instance
    assert made.FAAS.STATE == "PENDING" and type(made.ID) is int and made.NAME == "Example Serverless Runtime"
    assert cloud.document(made.ID)["user"] == user[0]
    until_running(device)
    template, wishes = there(cloud, int(made.FAAS.VM_ID))
    assert [template[name] for name in ("CPU", "VCPU", "MEMORY")] == ["1", "1", "768"]
    assert template["DISK"]["SIZE"] == "3072"
    assert device.endpoint == f"http://{template['NIC']['IP']}:8000"
    assert wishes["DEVICE_INFO"]["GEOGRAPHIC_LOCATION"] == PLACE
    assert float(wishes["DEVICE_INFO"]["LATENCY_TO_PE"]) == device.latency
    if release == "1.0.0":
        assert wishes["SCHED_RANK"] == "ENERGY" and "SCHED_REQUIREMENTS" not in wishes
    else:
        assert wishes["SCHED_REQUIREMENTS"] == "ENERGY_RENEWABLE=YES" and "SCHED_RANK" not in wishes
        assert device.update("Updated Serverless Runtime", [], "elsewhere"), device.answers[-1].text
        assert device.instance.NAME == "Updated Serverless Runtime" == cloud.document(made.ID)["name"]
        assert (device.instance.FAAS.FLAVOUR, device.instance.FAAS.VM_ID) == ("nature", made.FAAS.VM_ID)
        until_running(device)
        template, wishes = there(cloud, int(made.FAAS.VM_ID))
        assert (template["MEMORY"], template["DISK"]["SIZE"]) == ("768", "3072")
        assert wishes["DEVICE_INFO"]["GEOGRAPHIC_LOCATION"] == "elsewhere" and not wishes["SCHED_REQUIREMENTS"]
        assert float(wishes["DEVICE_INFO"]["LATENCY_TO_PE"]) == device.latency
    assert device.delete()
    assert device.status() is None and device.answers[-1].status_code == 404
    nothing_left(cloud)


@RELEASED
@pytest.mark.parametrize("policies, policy, requirements", [
    ((), "", ""), ([*GREEN, ("LATENCY", "latency < 5")], "ENERGY,LATENCY", "ENERGY_RENEWABLE=YES,LATENCY < 5")])
def test_a_python_device_without_a_name(dialect, engine, release, policies, policy, requirements):
    """Nothing set by its owner: "" for NAME and SCHEDULING, on create and on update; or a list with commas."""
    device = PythonRuntime(engine.port, ALICE, release)
    assert device.create("", "Function", policies), device.answers[-1].text
    name = device.instance.NAME
    assert name == f"document-{device.instance.ID}" == dialect.document(device.instance.ID)["name"]
    until_running(device)
    member, value = ("SCHED_RANK", policy) if release == "1.0.0" else ("SCHED_REQUIREMENTS", requirements)
    assert there(dialect, int(device.instance.FAAS.VM_ID))[1].get(member, "") == value
    if release != "1.0.0":
        assert device.update("", policies), device.answers[-1].text
        assert device.instance.NAME == name and device.instance.FAAS.STATE == "RUNNING"
        assert there(dialect, int(device.instance.FAAS.VM_ID))[1].get(member, "") == value
    assert device.delete()
    nothing_left(dialect)


def test_a_policy_that_requires_nothing(dialect, engine):
    """Its SCHEDULING is an empty object then, and stays one."""
    device = PythonRuntime(engine.port, ALICE)
    assert device.create("modest", "nature", [("ENERGY", None)]), device.answers[-1].text
    assert json.loads(device.answers[-1].request.body)["SERVERLESS_RUNTIME"]["SCHEDULING"] == {}
    assert device.answers[-1].json()["SERVERLESS_RUNTIME"]["SCHEDULING"] == {}
    assert not {"SCHED_RANK", "SCHED_REQUIREMENTS"} & set(there(dialect, int(device.instance.FAAS.VM_ID))[1])
    assert device.delete()
    nothing_left(dialect)


def test_a_machine_that_takes_its_time(dialect, engine):
    """PENDING for as long as it takes; an update is refused until then, and does no harm."""
    one = dialect
    one.set(flow_deploy=1.5, boot=None)
    device = PythonRuntime(engine.port, BOB)
    begun = time.monotonic()
    assert device.create("patient"), device.answers[-1].text  # OneFlow itself took a while; nobody waited for a boot
    assert 1.5 <= time.monotonic() - begun < 30
    for _ in range(3):
        assert device.status() == "PENDING"
    assert not device.update("hasty") and device.answers[-1].status_code == 423
    assert device.status() == "PENDING" and device.instance.NAME == "patient"
    vm = int(device.instance.FAAS.VM_ID)
    wait_for("it boots", lambda: one.vm(vm)["lcm_name"] == "BOOT")
    one.push_vm(vm)
    until_running(device)
    assert device.update("calm"), device.answers[-1].text
    assert device.delete()
    nothing_left(one)


def test_states_that_a_device_knows(one, engine, alice):
    one.set(resize=None)
    devices = {release: PythonRuntime(engine.port, ALICE, release) for release in RELEASES}
    latest, first = devices["release-cognit-1.0"], devices["1.0.0"]
    c = CRuntime(engine.port, ALICE)
    assert latest.create("mine")
    first.instance, c.id = latest.instance, latest.instance.ID
    until_running(latest)
    with_answer = threading.Thread(target=put, args=(alice, c.id, {"FAAS": {"FLAVOUR": "", "CPU": 2}}))
    with_answer.start()
    vm = int(latest.instance.FAAS.VM_ID)
    wait_for("it resizes", lambda: one.vm(vm)["lcm_name"] == "HOTPLUG_RESIZE")
    # What is none of its states is no answer to the older ones.
    assert (latest.status(), first.status(), c.status()) == ("UPDATING", None, "error")
    assert first.answers[-1].json()["SERVERLESS_RUNTIME"]["FAAS"]["STATE"] == "UPDATING"
    one.push_vm(vm)
    with_answer.join()
    until_running(latest)
    assert c.status() == "RUNNING" and c.function["CPU"] == 2
    # ERROR is known to none.
    one.change_vm(vm, state="ACTIVE", lcm_state="BOOT_FAILURE", error="no such kernel")
    assert (latest.status(), c.status()) == (None, "error")
    assert read(alice, c.id)["FAAS"]["ERROR"].endswith("no such kernel")
    assert c.delete()
    nothing_left(one)


# --- the latency probe ------------------------------------------------------------------------------------------------

@RELEASED
def test_the_latency_probe(one, engine, release):
    """Any answer counts, with whatever credentials, and OpenNebula has no part in it; a closed port is the end."""
    one.fault("hang")
    for user in (ALICE, BOB, ("nobody", "at all")):
        assert PythonRuntime(engine.port, user, release).latency < 2
    assert one.calls() == []
    with pytest.raises(requests.ConnectionError):
        PythonRuntime(engine.port, ALICE, release, probe_port=free_port())


# --- 60 seconds -------------------------------------------------------------------------------------------------------

def test_the_shipped_limit_is_half_of_the_patience():
    """What follows is measured with a small `timeout`: a client would wait twice as long as the shipped one is. What a create
    may take besides is asserted in rules_test.cpp."""
    shipped = (SOURCE / "share" / "etc" / "engine.conf").read_text()
    assert next(line for line in shipped.splitlines() if line.startswith(":timeout:")).split()[1] == "30"


def test_an_answer_in_time_to_a_create(one, new_engine):
    """Machines that do not come: both clients have their answer before they go, and nothing is left."""
    one.set(flow_deploy=None)
    limit = 4
    engine = new_engine({"timeout": limit})
    c, python = CRuntime(engine.port, BOB), PythonRuntime(engine.port, BOB)
    begun = time.monotonic()
    assert not python.create("late") and python.answers[-1].status_code == 504
    assert time.monotonic() - begun < 2 * limit
    assert not c.create("late") and c.answer[0] == 504 and c.seconds < 2 * limit
    nothing_left(one)


def time_of_a_create(one, engine, held):
    """Seconds until a create has failed while OneFlow keeps this call; then a worker goes on, and nothing is left."""
    rule = one.fault("hold", server="oneflow", method=held)
    begun = time.monotonic()
    assert not PythonRuntime(engine.port, BOB).create("late")
    took = time.monotonic() - begun
    one.clear_faults(rule)
    nothing_left(one)
    return took


def test_an_answer_in_time_where_nothing_can_be_cleared_up(one, new_engine):
    """Machines that do not come, and a OneFlow that then says nothing: `timeout` and the 8 s for that, no more."""
    one.set(flow_deploy=None)
    limit = 2
    took = time_of_a_create(one, new_engine({"timeout": limit}), "POST /service/{id}/action recover")
    assert limit + 7 <= took < limit + 8 + 10 * PATIENCE, took


def test_an_answer_in_time_where_the_service_is_not_begun(one, new_engine):
    """OneFlow takes the order and says nothing: `timeout` and the 20 s of all that is no wait for machines."""
    limit = 1
    took = time_of_a_create(one, new_engine({"timeout": limit}), "POST /service_template/{id}/action instantiate")
    assert took < limit + 20 + 10 * PATIENCE, took


def test_an_answer_in_time_to_an_update(one, new_engine, alice):
    """Its sizes and its disk change, each slowly but within the limit."""
    limit = 4
    engine = new_engine({"timeout": limit})
    shown = created(alice, spec("nature", FAAS={"CPU": 2, "MEMORY": 512, "DISK_SIZE": 2048}))
    one.set(resize=2.4, disk_resize=2.4)
    device = PythonRuntime(engine.port, ALICE)
    device.instance = device.model.parse_obj({"SERVERLESS_RUNTIME": shown}).SERVERLESS_RUNTIME
    begun = time.monotonic()
    assert device.update("bigger"), device.answers[-1].text
    assert 4.8 <= time.monotonic() - begun < 2 * limit
    assert (device.instance.FAAS.CPU, device.instance.FAAS.MEMORY, device.instance.FAAS.DISK_SIZE) == (1, 768, 3072)
    assert device.delete()
    nothing_left(one)


# --- the device runtime for C -----------------------------------------------------------------------------------------

@CALLERS
def test_a_c_device(cloud, engine, user):
    """Create, poll, delete; it has no update."""
    device = CRuntime(engine.port, user)
    assert device.create("my_serverless_runtime", "StaticIPv6"), device.answer
    assert cloud.document(device.id)["user"] == user[0]
    until_running(device)
    template, wishes = there(cloud, device.function["VM_ID"])
    assert device.function == {"CPU": 1, "MEMORY": 768, "DISK_SIZE": 3072, "VM_ID": device.function["VM_ID"],
                               "FLAVOUR": "StaticIPv6", "ENDPOINT": template["NIC"]["IP6"], "STATE": "RUNNING"}
    assert device.guest.startswith("http://[2001:db8:6::")
    assert wishes["SCHED_RANK"] == "ENERGY" and wishes.get("DEVICE_INFO", {}).get("GEOGRAPHIC_LOCATION", "") == ""
    assert device.delete()
    assert device.status() == "error"
    nothing_left(cloud)


def test_a_c_device_creates_once_more(one, engine):
    """With what it learned from the first one it sends its ID as a text, which is none: a plain 400, nothing made."""
    device = CRuntime(engine.port, ALICE)
    assert device.create(""), device.answer
    number = device.id
    assert f'"ID":\t"{number}"' in device.sent("", "nature")
    assert not device.create("second")
    status, text = device.answer
    assert status == 400 and json.loads(text)["message"] == (
        "The property '#/SERVERLESS_RUNTIME/ID' of type string did not match the following type: integer")
    assert len(one.services()) == 1
    until_running(device)
    assert device.id == number and device.delete()
    nothing_left(one)


def test_a_c_device_that_asks_before_it_sends(one, engine):
    """libcurl announces a long body and waits for leave: older ones do so from 1 KiB on."""
    device = CRuntime(engine.port, ALICE)
    assert device.create("n" * 49, headers=["Expect: 100-continue"], options=["expect100-timeout = 30"]), device.answer
    assert device.seconds < 20
    assert device.delete()
    nothing_left(one)


# --- ENDPOINT ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("flavour, address, url", [
    ("Function", "10.0.", "http://10.0."), ("DualStack", "10.1.", "http://10.1."),
    ("StaticIPv6", "2001:db8:6::", "http://[2001:db8:6::"), ("StaticBoth", "2001:db8:46::", "http://[2001:db8:46::"),
    ("ExternalIP", "203.0.113.", "http://203.0.113."), ("NoNic", "", "")])
def test_where_the_function_is(dialect, engine, flavour, address, url):
    """A bare address, from the first answer on: both clients write scheme, brackets and port around it themselves."""
    python, c = PythonRuntime(engine.port, ALICE), CRuntime(engine.port, ALICE)
    assert python.create("python", flavour) and c.create("c", flavour)
    first = python.instance.FAAS.ENDPOINT
    assert first.startswith(address) and bool(first) == bool(address)
    until_running(python)
    assert python.instance.FAAS.ENDPOINT == first
    assert python.endpoint.startswith(url) and python.endpoint.endswith(":8000" if url else "")
    assert c.guest.startswith(f"http://[{address}") and c.guest.endswith("]:8000/v1/faas/execute-sync")
    assert python.delete() and c.delete()
    nothing_left(dialect)


# --- the function in its machine --------------------------------------------------------------------------------------

@CALLERS
def test_a_function_calls_back(dialect, engine, tmp_path, user):
    """It has its owner's credentials from context.sh, and is let in with them by the engine and by OpenNebula."""
    device = PythonRuntime(engine.port, user)
    assert device.create("host", "nature-s3" if user is ALICE else "nature")
    until_running(device)
    context = Orchestrator(dialect, ADMIN).machine(int(device.instance.FAAS.VM_ID)).find("TEMPLATE/CONTEXT")
    script = "".join("{}='{}'\n".format(each.tag, (each.text or "").replace("'", "'\\''")) for each in context)
    (tmp_path / "context.sh").write_text(script)
    done = subprocess.run(["sh", "-c", '. "$0"; printf %s "$SR_AUTH" | base64 -d', tmp_path / "context.sh"],
                          capture_output=True, check=True, timeout=30)
    assert done.stdout == ":".join(user).encode()  # to the byte: no line break at the end
    name, _, password = done.stdout.decode().partition(":")
    status, text, _ = curl("GET", f"{engine.url}/serverless-runtimes/{device.instance.ID}", (name, password))
    assert status == 200 and json.loads(text)["SERVERLESS_RUNTIME"]["FAAS"]["STATE"] == "RUNNING"
    # As a header it is good as it stands, too.
    sr_auth = context.findtext("SR_AUTH")
    assert sr_auth == base64.b64encode(done.stdout).decode()
    answer = requests.get(f"{engine.url}/serverless-runtimes/{device.instance.ID}", timeout=60,
                          headers={"Authorization": f"Basic {sr_auth}"})
    assert answer.status_code == 200
    assert Orchestrator(dialect, (name, password)).machine(int(device.instance.FAAS.VM_ID)).findtext("UNAME") == name
    # It may even end itself.
    assert curl("DELETE", f"{engine.url}/serverless-runtimes/{device.instance.ID}", (name, password))[0] == 204
    nothing_left(dialect)


# --- who places machines ----------------------------------------------------------------------------------------------

def test_flavours(dialect, engine, alice):
    """The number of the service template, a plain decimal, on each machine: the classifier groups by its text, the
    collector of metrics reads it as an integer."""
    one_function, two = create(alice, spec("nature")), create(alice, spec("nature", "s3"))
    again = create(alice, spec("nature"))
    orchestrator = Orchestrator(dialect, ADMIN)
    templates = {each["name"]: each["id"] for each in dialect.documents(101)}
    for shown, name in ((one_function, "nature"), (two, "nature-s3"), (again, "nature")):
        for function in ("FAAS", "DAAS"):
            if function in shown:
                number = shown[function]["VM_ID"]
                text = orchestrator.flavour(number)
                assert text == str(int(text)) and int(text) == templates[name]
                assert number in orchestrator.machines()
                with pytest.raises(PermissionError):
                    Orchestrator(dialect, BOB).flavour(number)
    for shown in (one_function, two, again):
        remove(alice, shown["ID"])
    nothing_left(dialect)


@pytest.mark.parametrize("requirement", [
    'ID="0" | ID="2" | ID="3"', "ENERGY_RENEWABLE=yes", "FREECPU > 10", "energy=50",
    '!(NAME = "edge-1") & CLUSTER_ID = 100', ""])
def test_a_placement(dialect, engine, alice, requirement):
    """The expression reaches the scheduler as it was meant, and OpenNebula's description of the machine has the form
    that the orchestrator reads; after an update the machine is offered once more."""
    dialect.set(vm_admin_operations=[])
    device = {"LATENCY_TO_PE": 0.25, "GEOGRAPHIC_LOCATION": PLACE}
    shown = created(alice, spec("nature", SCHEDULING={"POLICY": "ENERGY", "REQUIREMENTS": requirement},
                                DEVICE_INFO=device))
    number, orchestrator = shown["FAAS"]["VM_ID"], Orchestrator(dialect, ADMIN)
    asked = orchestrator.placement_request(number, [0, 2, 3])["VMS"][0]
    assert asked["USER_TEMPLATE"].get("SCHED_REQUIREMENTS", "") == requirement.upper()
    assert asked["USER_TEMPLATE"]["SCHED_RANK"] == "ENERGY" and asked["USER_TEMPLATE"]["FLAVOURS"].isdigit()
    assert asked["CAPACITY"] == {"CPU": 1.0, "DISK_SIZE": 1024, "MEMORY": 131072}
    assert all(type(value) is str for value in asked["USER_TEMPLATE"].values())
    assert orchestrator.machine(number).findtext("RESCHED") == "0"
    changed = {"FAAS": {"FLAVOUR": ""}, "SCHEDULING": {"POLICY": "", "REQUIREMENTS": 'ID="2"'}}
    assert put(alice, shown["ID"], changed).status_code == 200
    asked = orchestrator.placement_request(number, [2])["VMS"][0]
    assert asked["USER_TEMPLATE"]["SCHED_REQUIREMENTS"] == 'ID="2"' and not asked["USER_TEMPLATE"]["SCHED_RANK"]
    assert orchestrator.machine(number).findtext("RESCHED") == "1"
    assert orchestrator.flavour(number) == asked["USER_TEMPLATE"]["FLAVOURS"]
    remove(alice, shown["ID"])
    nothing_left(dialect)


def test_a_machine_that_the_engine_did_not_make(one, engine, alice):
    """It has no FLAVOURS and is "unknown"; ours beside it is not."""
    shown = created(alice)
    template = one.add_vm_template("plain", 'CPU=1\nMEMORY=64\nDISK=[IMAGE_ID="0"]')
    orchestrator = Orchestrator(one, ADMIN)
    good, plain, *_ = orchestrator.oned.one.template.instantiate(":".join(ALICE), template, "by hand", False, "")
    assert good, plain
    assert orchestrator.flavour(plain) == "unknown" and orchestrator.flavour(shown["FAAS"]["VM_ID"]).isdigit()
    assert {plain, shown["FAAS"]["VM_ID"]} <= set(orchestrator.machines())
    one.end_vm(plain)
    remove(alice, shown["ID"])
    nothing_left(one)
