# SPDX-License-Identifier: Apache-2.0
"""A PUT on a runtime of two functions (contract 4.4): what reaches which of its machines."""

import pytest
from checks import created, nothing_left, put, remove, runtime_of, spec

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
