# SPDX-License-Identifier: Apache-2.0
"""A PUT on a runtime of two functions (contract 4.4): what reaches which of its machines, and which of them
could not be changed (Q12)."""

import pytest
from checks import created, error_of, nothing_left, put, read, remove, runtime_of, spec

WISHES = {"SCHEDULING": {"POLICY": "green", "REQUIREMENTS": ""}, "DEVICE_INFO": {"LATENCY_TO_PE": 0.5, "WHERE": "a\nb"}}
FAAS, DAAS = {"FAAS": {"FLAVOUR": ""}}, {"DAAS": {"FLAVOUR": ""}}


@pytest.fixture(params=["6.8.0", "7.4.0"])
def cloud(request, one):
    one.reset(version=request.param)
    return one


def changes(one, client, shown, wanted):
    """{machine: what a PUT that is answered with 200 did to it}"""
    mark = one.mark()
    runtime_of(put(client, shown["ID"], wanted), 200)
    done = {}
    for call in one.journal(mark):
        if call["method"] in ("one.vm.update", "one.vm.action", "one.vm.resize", "one.vm.diskresize"):
            done.setdefault(call["object"], []).append(call["method"])
    return done


def test_wishes_reach_a_function_that_an_earlier_put_left_out(cloud, alice):
    shown = created(alice, spec("Function", "Data"))
    faas, daas = shown["FAAS"]["VM_ID"], shown["DAAS"]["VM_ID"]
    told = ["one.vm.update", "one.vm.action"]
    assert changes(cloud, alice, shown, {**FAAS, **WISHES}) == {faas: told}
    assert changes(cloud, alice, shown, {**FAAS, **WISHES}) == {}
    assert changes(cloud, alice, shown, {**FAAS, **DAAS, **WISHES}) == {daas: told}
    for vm in (faas, daas):
        there = cloud.vm(vm)["user_template"]
        assert there["SCHED_RANK"] == "GREEN" and there["DEVICE_INFO"]["LATENCY_TO_PE"] == "0.5"
    assert changes(cloud, alice, shown, {**FAAS, **DAAS, **WISHES}) == {}
    remove(alice, shown["ID"])
    nothing_left(cloud)


@pytest.mark.parametrize("refused, wanted, error", [
    ("one.vm.resize", {"CPU": 2}, "Failed to resize Serverless Runtime Function VM capacity"),
    ("one.vm.diskresize", {"DISK_SIZE": 3000}, "Failed to resize Serverless Runtime Function VM disk"),
    ("one.vm.update", {}, "Failed to update Serverless Runtime Function VM")])
@pytest.mark.parametrize("name", ["FAAS", "DAAS"])
def test_the_function_that_cannot_be_changed_is_named(one, alice, name, refused, wanted, error):
    shown = created(alice, spec("Function", "Data"))
    one.fault("error", server="oned", method=refused, object=shown[name]["VM_ID"], code=0x0800, text="oned says no")
    both = {each: {"FLAVOUR": "", **wanted} for each in ("FAAS", "DAAS")}
    said = error_of(put(alice, shown["ID"], {**both, "DEVICE_INFO": {"LATENCY_TO_PE": 1}}), 500)
    assert said["error"].startswith(error) and said["message"] == f"{name}: oned says no"
    one.clear_faults()
    remove(alice, shown["ID"])
    nothing_left(one)


def test_the_only_function_needs_no_name(one, alice):
    """The message is OpenNebula's own text then (2.8)."""
    shown = created(alice)
    one.fault("error", server="oned", method="one.vm.resize", code=0x0800, text="oned says no")
    said = error_of(put(alice, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}}), 500)
    assert said["message"] == "oned says no" and read(alice, shown["ID"]) == shown
    remove(alice, shown["ID"])
    nothing_left(one)


def test_a_driver_that_fails_later_is_told_with_its_function(one, alice):
    shown = created(alice, spec("Function", "Data"))
    one.driver_fails("resize", text="the driver says no")
    said = error_of(put(alice, shown["ID"], {**FAAS, "DAAS": {"FLAVOUR": "", "CPU": 2}}), 500)
    assert said["message"].startswith("DAAS: ") and "the driver says no" in said["message"]
    remove(alice, shown["ID"])
    nothing_left(one)
