# SPDX-License-Identifier: Apache-2.0
"""OpenNebula 7's dialect, and what becomes of the old one there."""

import pytest

from .conftest import info, tag
from .test_oneflow import FAILED_DEPLOYING


@pytest.fixture
def seven(client, standin):
    standin.reset(version="7.0.0")
    return client


def machine_of(client, body, role="FAAS"):
    found = next(one for one in body["roles"] if one["name"] == role)
    return info(client, found["nodes"][0]["deploy_id"])


def test_the_templates_have_the_new_form(seven):
    pool = seven.flow("alice", "GET", "/service_template").json()["DOCUMENT_POOL"]["DOCUMENT"]
    role = next(one for one in pool if one["NAME"] == "Function")["TEMPLATE"]["BODY"]["roles"][0]
    assert (role["type"], role["template_id"]) == ("vm", 0) and "vm_template" not in role
    assert seven.ok("alice", "one.system.version") == "7.0.0"


def test_objects_are_merged_deeply_and_by_name(seven):
    contents = {"CPU": "2", "VCPU": "2", "MEMORY": "261", "DISK": {"SIZE": "2048"},
                "CONTEXT": {"SR_AUTH": "YTpi", "NOTE": 'say "x"'}, "FLAVOURS": "1", "DEVICE_INFO": {"GEO": "40.4,-3.7"}}
    _, body = seven.running(name="Reversed-Data", roles=[{"name": "FAAS", "template_contents": contents}])
    assert [(role["name"], role["template_id"]) for role in body["roles"]] == [("DAAS", 1), ("FAAS", 0)]
    xml = machine_of(seven, body)
    assert tag(xml, "VM/TEMPLATE/DISK/SIZE") == "2048" and tag(xml, "VM/TEMPLATE/DISK/IMAGE_ID") == "0"
    context = tag(xml, "VM/TEMPLATE/CONTEXT")
    assert "<NETWORK><![CDATA[YES]]>" in context and "<SR_AUTH><![CDATA[YTpi]]>" in context
    assert '<NOTE><![CDATA[say "x"]]>' in context and "ETH0_IP" in context
    assert tag(xml, "VM/TEMPLATE/VCPU") == "2" and tag(xml, "VM/USER_TEMPLATE/DEVICE_INFO/GEO") == "40.4,-3.7"
    assert tag(machine_of(seven, body, "DAAS"), "VM/TEMPLATE/VCPU") == "1"


def test_a_line_break_in_a_vector_gains_a_comma(seven):
    _, body = seven.running(roles=[{"name": "FAAS", "template_contents": {"CONTEXT": {"SR_AUTH": "YTpi\n"},
                                                                          "NOTE": "one\ntwo"}}])
    xml = machine_of(seven, body)
    assert tag(xml, "VM/TEMPLATE/CONTEXT/SR_AUTH") == "YTpi,\n" and tag(xml, "VM/USER_TEMPLATE/NOTE") == "one\ntwo"


def test_an_array_replaces_an_array(seven):
    contents = {"DISK": [{"IMAGE_ID": "0", "SIZE": "3000"}, {"IMAGE_ID": "1", "SIZE": "800"}]}
    _, body = seven.running(name="TwoDisks", roles=[{"name": "FAAS", "template_contents": contents}])
    xml = machine_of(seven, body)
    assert "<SIZE><![CDATA[3000]]></SIZE>" in xml and "<SIZE><![CDATA[800]]></SIZE>" in xml


def test_the_old_string_deploys_template_0_when_every_role_has_it(seven):
    roles = [{"name": "FAAS", "vm_template_contents": 'VCPU="2"\nCPU=2'},
             {"name": "DAAS", "vm_template_contents": 'CPU="2"'}]
    _, body = seven.running(name="Function-Data", roles=roles)
    assert [role["template_id"] for role in body["roles"]] == [0, 0]
    assert tag(machine_of(seven, body), "VM/TEMPLATE/VCPU") == "2"


def test_the_old_string_is_ignored_when_not_every_role_has_it(seven):
    _, body = seven.running(name="Function-Data", roles=[{"name": "FAAS", "vm_template_contents": 'CPU="2"'}])
    assert [role["template_id"] for role in body["roles"]] == [0, 1]
    assert tag(machine_of(seven, body), "VM/TEMPLATE/CPU") == "1"


def test_the_old_string_loses_quotes_and_breaks_at_commas(seven):
    text = 'CPU=1\nDEVICE_INFO=[LATENCY_TO_PE="0.3",\nGEOGRAPHIC_LOCATION="40.4,-3.7"]'
    service_id = seven.instantiate("alice", "Function", [{"name": "FAAS", "vm_template_contents": text}])
    body = seven.until_state(service_id, FAILED_DEPLOYING)
    assert body["roles"][0]["template_contents"]["DEVICE_INFO"] == {"LATENCY_TO_PE": "0.3",
                                                                    "GEOGRAPHIC_LOCATION": "40.4", "-3.7": None}
    assert "Parse error: syntax error" in body["log"][-2]["message"]


def test_objects_work_on_templates_from_before_the_upgrade(seven):
    roles = [{"name": "FAAS", "template_contents": {"CPU": "3"}}]
    _, body = seven.running(name="OldFormat-Data", roles=roles)
    assert [role["template_id"] for role in body["roles"]] == [0, 1]
    assert tag(machine_of(seven, body), "VM/TEMPLATE/CPU") == "3"


def test_objects_are_ignored_before_7(client):
    _, body = client.running(roles=[{"name": "FAAS", "template_contents": {"CPU": "3"}}])
    assert tag(machine_of(client, body), "VM/TEMPLATE/CPU") == "1"


def test_a_role_needs_its_type(seven):
    answer = seven.flow("alice", "POST", "/service_template",
                        {"name": "x", "roles": [{"name": "FAAS", "template_id": 0}]})
    assert (answer.status_code, answer.text) == (400, "KEY: 'type' is required;")
    answer = seven.flow("alice", "POST", "/service_template",
                        {"name": "x", "roles": [{"name": "FAAS", "vm_template": 1}]})
    role = answer.json()["DOCUMENT"]["TEMPLATE"]["BODY"]["roles"][0]
    assert (role["template_id"], role["type"], role["cardinality"]) == (1, "vm", 0)
