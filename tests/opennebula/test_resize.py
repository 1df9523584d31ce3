# SPDX-License-Identifier: Apache-2.0
"""Machines that change while they run: capacity, disks, user templates, a full host."""

import pytest

from .conftest import info, machine, state, tag, until, wait_for


def test_a_hot_resize_shows_the_old_values_in_resize(client, standin):
    standin.set(resize=None)
    number = machine(client)
    assert client.ok("alice", "one.vm.resize", number, "CPU=4\nVCPU=4\nMEMORY=261", True) == number
    xml = info(client, number)
    assert state(client, number) == (3, 66)
    assert "<RESIZE><CPU><![CDATA[1]]></CPU><MEMORY><![CDATA[128]]></MEMORY><VCPU><![CDATA[1]]></VCPU></RESIZE>" in xml
    assert xml.count("<![CDATA[261]]>") == 1
    for method, params in (("one.vm.resize", (number, "CPU=5", True)), ("one.vm.diskresize", (number, 0, "9999"))):
        code, text = client.refused("alice", method, *params)
        assert code == 2048 and "state HOTPLUG_RESIZE" in text
    standin.push_vm(number)
    xml = info(client, number)
    assert state(client, number) == (3, 3) and "<RESIZE>" not in xml
    assert (tag(xml, "VM/TEMPLATE/MEMORY"), tag(xml, "VM/TEMPLATE/CPU")) == ("261", "4")


def test_a_resize_that_fails_puts_everything_back(client, standin):
    number = machine(client)
    standin.driver_fails("resize", text="memory is over VCPU_MAX")
    client.ok("alice", "one.vm.resize", number, "VCPU=8\nMEMORY=999", True)
    until(client, number, 3, 3)
    xml = info(client, number)
    assert (tag(xml, "VM/TEMPLATE/VCPU"), tag(xml, "VM/TEMPLATE/MEMORY")) == ("1", "128") and "<RESIZE>" not in xml
    assert tag(xml, "VM/USER_TEMPLATE/ERROR").endswith("memory is over VCPU_MAX")


def test_nothing_to_resize_is_a_success_without_a_change(client):
    number = machine(client)
    for text in ("", "CPU=0", "MEMORY=128", "CPU=1\nVCPU=1\nMEMORY=128"):
        client.ok("alice", "one.vm.resize", number, text, True)
        assert state(client, number) == (3, 3)


@pytest.mark.parametrize("text, code, part", [
    ("CPU=-1", 8192, "CPU must be a positive float or integer value."),
    ("MEMORY=-1", 8192, "MEMORY must be a positive integer value."),
    ("=1", 8192, "Parse error"), ("RAW=x", 512, "Template includes a restricted attribute RAW.")])
def test_resizes_that_oned_refuses(client, text, code, part):
    found = client.refused("alice", "one.vm.resize", machine(client), text, True)
    assert found[0] == code and part in found[1]


def test_a_machine_that_is_off_is_resized_at_once(client, standin):
    standin.set(disk_resize=None)
    number = machine(client)
    client.ok("alice", "one.vm.action", "poweroff", number)
    until(client, number, 8, 0)
    client.ok("alice", "one.vm.resize", number, "MEMORY=512", True)
    assert state(client, number) == (8, 0) and tag(info(client, number), "VM/TEMPLATE/MEMORY") == "512"
    client.ok("alice", "one.vm.diskresize", number, 0, "2048")
    assert state(client, number) == (3, 63)
    standin.push_vm(number)
    until(client, number, 8, 0)


def test_disks_only_grow(client, standin):
    standin.set(disk_resize=None)
    number = machine(client)
    for size, part in (("1024", "New disk size has to be greater than current one"),
                       ("10", "New disk size has to be greater"), ("", "Disk SIZE is not a valid integer"),
                       ("1e4", "Disk SIZE is not a valid integer")):
        code, text = client.refused("alice", "one.vm.diskresize", number, 0, size)
        assert code == 2048 and part in text
    assert client.refused("alice", "one.vm.diskresize", number, 7, "9999")[1].endswith("VM disk does not exist")
    assert client.ok("alice", "one.vm.diskresize", number, 0, "1466") == 0
    assert state(client, number) == (3, 62)
    standin.push_vm(number)
    assert state(client, number) == (3, 3) and tag(info(client, number), "VM/TEMPLATE/DISK/SIZE") == "1466"


def test_a_disk_resize_that_fails(client, standin):
    number = machine(client)
    standin.driver_fails("disk_resize")
    client.ok("alice", "one.vm.diskresize", number, 0, "2000")
    until(client, number, 3, 3)
    assert tag(info(client, number), "VM/TEMPLATE/DISK/SIZE") == "1024" and "<ERROR>" in info(client, number)


def test_the_user_template_is_merged(client):
    number = machine(client, text='DEVICE_INFO=[A="1"]\nKEPT=1')
    client.ok("alice", "one.vm.update", number, 'SCHED_RANK="ENERGY"\nDEVICE_INFO=[B="2"]', 1)
    user_template = tag(info(client, number), "VM/USER_TEMPLATE")
    assert "<B>" in user_template and "<A>" not in user_template and "<KEPT>" in user_template
    client.ok("alice", "one.vm.update", number, "DEVICE_INFO=[]", 1)
    assert "DEVICE_INFO" not in tag(info(client, number), "VM/USER_TEMPLATE")
    code, text = client.refused("alice", "one.vm.update", number, '="x"', 1)
    assert code == 8192 and "Cannot update template. Parse error: syntax error" in text
    assert "restricted attribute EMULATOR" in client.refused("alice", "one.vm.update", number, "EMULATOR=x", 1)[1]
    assert client.refused("bob", "one.vm.update", number, "X=1", 1)[0] == 512


@pytest.mark.parametrize("text", ['1A="x"', 'A="two\nlines]]>"'])
def test_what_cannot_be_xml_is_accepted_and_not_kept(client, text):
    number = machine(client)
    before = info(client, number)
    client.ok("alice", "one.vm.update", number, text, 1)
    assert info(client, number) == before


def test_a_host_that_is_full(client, standin):
    standin.reset(host_cpu=300, host_memory=1024 * 1024)
    number = machine(client)
    assert client.refused("alice", "one.vm.resize", number, "CPU=4", True) == (
        2048, "[one.vm.resize] Not enough CPU: 400/300")
    assert client.refused("alice", "one.vm.resize", number, "MEMORY=2048", True) == (
        2048, "[one.vm.resize] Not enough memory: 2097152/1048576")
    assert tag(info(client, number), "VM/TEMPLATE/CPU") == "1"
    waiting = machine(client, text="CPU=3", running=False)
    wait_for("the scheduler's message", lambda: "SCHED_MESSAGE" in info(client, waiting))
    assert "Cannot dispatch VM: Not enough CPU: 300/200" in info(client, waiting)
    assert state(client, waiting) == (1, 0)
    client.ok("alice", "one.vm.action", "terminate", number)
    until(client, waiting, 3, 3)
    assert "SCHED_MESSAGE" not in info(client, waiting)
