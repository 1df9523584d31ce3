# SPDX-License-Identifier: Apache-2.0
"""VM templates, what becomes of them, and the life of machines."""

import time

import pytest

from .conftest import info, machine, state, tag, until, wait_for
from .control_client import ALICE
from .states import LCM, STATES

# --- VM templates ---------------------------------------------------------------------------------------------------

def test_templates_and_their_rights(client):
    xml = client.ok("alice", "one.template.info", 0, False, False)
    assert xml.startswith("<VMTEMPLATE><ID>0</ID>") and "<REGTIME>" in xml
    assert "<SIZE>" not in xml and "<SIZE><![CDATA[1024]]></SIZE>" in client.ok("alice", "one.template.info", 0, True)
    assert client.refused("alice", "one.template.info", 3, False, False) == (
        512, "[one.template.info] User [2] : Not authorized to perform USE TEMPLATE [3].")
    assert client.refused("alice", "one.template.info", 99) == (
        1024, "[one.template.info] Error getting virtual machine template [99].")


def test_pools_and_what_they_tell(standin, client):
    names = client.ok("alice", "one.templatepool.info", -2, -1, -1)
    assert "<NAME>function</NAME>" in names and "<NAME>secret</NAME>" not in names
    assert client.ok("alice", "one.templatepool.info", -3, -1, -1) == "<VMTEMPLATE_POOL></VMTEMPLATE_POOL>"
    assert "<NAME>data</NAME>" in client.ok("alice", "one.imagepool.info", -2, -1, -1)
    made = [machine(client, text="CONTEXT=[A=b]\nMINE=[X=y]") for _ in range(3)]
    brief, whole = (client.ok("alice", f"one.vmpool.{name}", -3, made[1], made[2], -1) for name in ("info", "infoextended"))
    for xml in (brief, whole):
        assert f"<ID>{made[2]}</ID>" in xml and f"<VM><ID>{made[0]}</ID>" not in xml
    assert "<MINE><X><![CDATA[y]]></X></MINE>" in whole and "MINE" not in brief and "<VCPU>" not in brief


def test_a_quota_is_a_refusal_of_rights(standin, client):
    standin.reset(vms_quota=1)
    machine(client)
    assert client.refused("alice", "one.template.instantiate", 0, "m", False, "", False) == (
        512, "[one.template.instantiate] User [2] : limit of 1 reached for VMS quota in VM.")


def test_a_stay_on_a_host_ends_when_the_machine_is_powered_off(client):
    number = machine(client)
    assert tag(info(client, number), "VM/HISTORY_RECORDS/HISTORY/RETIME") == "0"
    client.ok("alice", "one.vm.action", "poweroff", number)
    until(client, number, 8, 0)
    assert int(tag(info(client, number), "VM/HISTORY_RECORDS/HISTORY/RETIME")) > time.time() - 60
    client.ok("alice", "one.vm.action", "resume", number)
    until(client, number, 3, 3)
    xml = info(client, number)
    assert (tag(xml, "VM/HISTORY_RECORDS/HISTORY/SEQ"), tag(xml, "VM/HISTORY_RECORDS/HISTORY/ETIME")) == ("1", "0")


@pytest.mark.parametrize("template, text, code, part", [
    (2, "", 16384, "Error allocating a new virtual machine template. DISK 0: Image with ID: 999 does not exist"),
    (0, "=1", 8192, "Parse error: syntax error"),
    (0, "CPU=0", 16384, "CPU attribute must be a positive float or integer value."),
    (0, "MEMORY=\"\"", 16384, "MEMORY attribute must be a positive integer value."),
    (0, "NIC=[NETWORK=none]", 16384, "does not own a network with name: none"),
    (0, "RAW=x", 512, "User [2] : User Template includes a restricted attribute RAW."),
    (0, "CONTEXT=[FILES=/etc/passwd]", 512, "User Template includes a restricted attribute CONTEXT."),
    (0, "NIC=[NETWORK=net0,MAC=\"02:00:00:00:00:01\"]", 512, "restricted attribute NIC."),
    (3, "", 512, "Not authorized to perform USE TEMPLATE [3]."),
    (99, "", 1024, "Error getting virtual machine template [99]."),
])
def test_instantiations_that_oned_refuses(client, template, text, code, part):
    found = client.refused("alice", "one.template.instantiate", template, "x", False, text, False)
    assert found[0] == code and part in found[1]


def test_restricted_attributes_are_free_for_oneadmin(client):
    client.ok("oneadmin", "one.template.instantiate", 0, "x", False, "RAW=x", False)


# --- machines -------------------------------------------------------------------------------------------------------

def test_the_extra_text_replaces_and_lands_where_oned_puts_it(client):
    text = 'HOT_RESIZE=[CPU_HOT_ADD_ENABLED=YES]\nMEMORY_RESIZE_MODE=BALLOONING\nDISK=[IMAGE_ID="0",SIZE="1338"]\n' \
           'CPU=3\nVCPU=3\nMEMORY=177\nVCPU_MAX=6\nMEMORY_MAX=354\nCONTEXT=[SR_AUTH="YTpi"]\nFLAVOURS="7"\n' \
           'DEVICE_INFO=[LATENCY_TO_PE="0.36"]\nLOGO=[]'
    xml = info(client, machine(client, text=text))
    assert tag(xml, "VM/TEMPLATE/CPU") == "3" and tag(xml, "VM/TEMPLATE/VCPU_MAX") == "6"
    assert tag(xml, "VM/TEMPLATE/DISK/SIZE") == "1338" and tag(xml, "VM/TEMPLATE/DISK/DISK_ID") == "0"
    assert tag(xml, "VM/TEMPLATE/CONTEXT/SR_AUTH") == "YTpi" and "ETH0_IP" not in xml
    user_template = tag(xml, "VM/USER_TEMPLATE")
    assert "<FLAVOURS>" in user_template and "<HOT_RESIZE>" in user_template and "<DEVICE_INFO>" in user_template
    assert "LOGO" not in user_template and "<HISTORY><OID>" in xml


def test_context_and_addresses(client):
    xml = info(client, machine(client))
    assert tag(xml, "VM/TEMPLATE/CONTEXT/SSH_PUBLIC_KEY") == "ssh-ed25519 AAAA alice"
    assert tag(xml, "VM/TEMPLATE/CONTEXT/ETH0_IP") == tag(xml, "VM/TEMPLATE/NIC/IP")
    for template, present, absent in ((9, ("IP", "IP6_GLOBAL", "IP6_ULA", "IP6_LINK"), "IP6"), (10, ("IP6",), "IP"),
                                      (11, ("IP", "IP6"), "EXTERNAL_IP"), (12, ("IP", "EXTERNAL_IP"), "IP6")):
        nic = tag(info(client, machine(client, template=template, running=False)), "VM/TEMPLATE/NIC")
        assert all(f"<{name}>" in nic for name in present) and f"<{absent}>" not in nic
    assert "<NIC>" not in info(client, machine(client, template=7, running=False))


def test_an_image_never_shrinks_and_every_disk_has_a_number(client):
    xml = info(client, machine(client, text='DISK=[IMAGE_ID="0",SIZE="10"]'))
    assert tag(xml, "VM/TEMPLATE/DISK/SIZE") == "1024"
    assert info(client, machine(client, template=5)).count("<DISK_ID>") == 3  # two disks and the context's


def test_the_life_of_a_machine(client, standin):
    standin.set(pending=None, prolog=None, boot=None, shutdown=None, epilog=None)
    number = machine(client, running=False)
    seen = [state(client, number)]
    for _ in range(3):
        standin.push_vm(number)
        seen.append(state(client, number))
    assert seen == [(1, 0), (3, 1), (3, 2), (3, 3)]
    client.ok("alice", "one.vm.action", "terminate", number)
    seen = [state(client, number)]
    for _ in range(2):
        standin.push_vm(number)
        seen.append(state(client, number))
    assert seen == [(3, 12), (3, 11), (6, 0)]
    assert tag(info(client, number), "VM/ETIME") != "0"
    client.ok("alice", "one.vm.action", "terminate", number)  # DONE: nothing more to do


def test_a_machine_in_boot_cannot_be_terminated_by_its_owner(client, standin):
    standin.set(boot=None)
    number = machine(client, running=False)
    until(client, number, 3, 2)
    for action in ("terminate", "terminate-hard"):
        assert client.refused("alice", "one.vm.action", action, number) == (
            2048, f"[one.vm.action] Error performing action \"{action}\": Could not terminate VM {number}, "
                  "wrong state BOOT.")
    assert client.refused("alice", "one.vm.recover", number, 3) == (
        512, f"[one.vm.recover] User [2] : Not authorized to perform ADMIN VM [{number}].")
    client.ok("oneadmin", "one.vm.recover", number, 3)
    until(client, number, 6, 0)


@pytest.mark.parametrize("action, failure, text", [
    ("prolog", 39, "PROLOG: no space"), ("boot", 36, "DEPLOY: no space")])
def test_a_driver_that_fails_and_a_retry(client, standin, action, failure, text):
    standin.driver_fails(action, text="no space")
    number = machine(client, running=False)
    until(client, number, 3, failure)
    error = tag(info(client, number), "VM/USER_TEMPLATE/ERROR")
    assert error.endswith(": " + text) and time.strptime(error[:24], "%a %b %d %H:%M:%S %Y")
    assert client.refused("alice", "one.vm.recover", number, 2)[0] == 512
    client.ok("oneadmin", "one.vm.recover", number, 2)
    until(client, number, 3, 3)
    client.ok("oneadmin", "one.vm.recover", number, 2)  # nothing to retry is no error
    assert "<ERROR>" in info(client, number)            # oned never takes it back


def test_rights_that_an_administrator_moves(client, standin):
    number = machine(client)
    assert client.refused("alice", "one.vm.action", "resched", number) == (
        512, f"[one.vm.action] User [2] : Not authorized to perform ADMIN VM [{number}].")
    assert client.refused("bob", "one.vm.action", "terminate", number)[1].endswith(f"MANAGE VM [{number}].")
    standin.set(vm_admin_operations=["migrate", "delete"])
    client.ok("alice", "one.vm.action", "resched", number)
    assert tag(info(client, number), "VM/RESCHED") == "1"
    client.ok("alice", "one.vm.action", "unresched", number)
    client.ok("alice", "one.vm.recover", number, 2)
    assert tag(info(client, number), "VM/RESCHED") == "0"


def test_the_scheduler_moves_a_machine_that_is_to_be_moved(client, standin):
    standin.set(migrate=0.05)
    number = machine(client)
    client.ok("oneadmin", "one.vm.action", "resched", number)
    wait_for("the machine moved", lambda: tag(info(client, number), "VM/RESCHED") == "0")
    assert state(client, number) == (3, 3)


@pytest.mark.parametrize("action, on_the_way, at_last", [("poweroff", (3, 18), (8, 0)), ("suspend", (3, 6), (5, 0)),
                                                         ("stop", (3, 5), (4, 0)), ("undeploy", (3, 29), (9, 0))])
def test_machines_are_put_away_and_come_back(client, standin, action, on_the_way, at_last):
    number = machine(client)
    standin.set(poweroff=None, save=None)
    client.ok("alice", "one.vm.action", action, number)
    assert state(client, number) == on_the_way
    standin.push_vm(number)
    until(client, number, *at_last)
    client.ok("alice", "one.vm.action", "resume", number)
    until(client, number, 3, 3)


def test_actions_that_do_not_fit(client):
    number = machine(client)
    assert client.refused("alice", "one.vm.action", "resume", number) == (
        2048, "[one.vm.action] Error performing action \"resume\": This action is not available for state RUNNING")
    assert client.refused("alice", "one.vm.action", "bogus", number) == (
        2048, "[one.vm.action] Action \"bogus\" is not supported")
    assert client.refused("oneadmin", "one.vm.recover", number, 9)[1].endswith("Wrong recovery operation code")
    assert client.refused("alice", "one.vm.action", "terminate", 99)[0] == 1024


def test_states_have_the_numbers_of_the_contract():
    for number, name in ((0, "LCM_INIT"), (3, "RUNNING"), (12, "SHUTDOWN"), (16, "UNKNOWN"), (23, "CLEANUP_DELETE"),
                         (36, "BOOT_FAILURE"), (39, "PROLOG_FAILURE"), (42, "EPILOG_UNDEPLOY_FAILURE"),
                         (50, "PROLOG_UNDEPLOY_FAILURE"), (61, "PROLOG_MIGRATE_UNKNOWN_FAILURE"), (62, "DISK_RESIZE"),
                         (66, "HOTPLUG_RESIZE"), (70, "BACKUP_POWEROFF"), (71, "RESTORE")):
        assert LCM[number] == name
    for number, name in ((1, "PENDING"), (3, "ACTIVE"), (6, "DONE"), (8, "POWEROFF"), (11, "CLONING_FAILURE")):
        assert STATES[number] == name


def test_vmpool_is_short(client):
    machine(client)
    xml = client.ok("alice", "one.vmpool.info", -2, -1, -1, -1)
    assert "<USER_TEMPLATE></USER_TEMPLATE>" in xml and "<PERMISSIONS>" not in xml
    assert client.ok("bob", "one.vmpool.info", -2, -1, -1, -1) == "<VM_POOL></VM_POOL>"


def test_the_journal_keeps_no_secret(client, standin):
    number = machine(client, text='CONTEXT=[SR_AUTH="YWxpY2U6YWxpY2Utc2VjcmV0"]')
    client.ok("alice", "one.vm.update", number, 'NOTE=[SR_AUTH="YWxpY2U6YWxpY2Utc2VjcmV0\n"]\nX=1', 1)
    client.instantiate("alice", "Function", [{"name": "FAAS", "vm_template_contents":
                                              'CONTEXT=[SR_AUTH="YWxpY2U6YWxpY2Utc2VjcmV0"]'}])
    journal = standin.journal()
    assert {"one.template.instantiate", "one.vm.info", "one.vm.update"} <= {entry["method"] for entry in journal}
    assert all(entry["user"] in ("alice", "oneadmin") and entry["start"] <= entry["end"] for entry in journal)
    for secret in ("YWxpY2U", ALICE[1], "opennebula"):
        assert secret not in str(journal)
    assert "X=1" in str(journal) and "instantiate" in str(journal)
