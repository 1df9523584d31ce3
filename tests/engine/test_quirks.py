# SPDX-License-Identifier: Apache-2.0
"""The quirks of the original (contract 13), each as a test of the better behaviour: requests, names, texts, templates.
Those of a runtime's life are in test_life.py, of callers and many at once in test_callers.py; Q28, Q33 in test_logs.py
and test_server.py; Q34 is the installer's."""

import base64
import json
import uuid

import httpx
import pytest
from checks import (ITEMS, body_of, create, created, error_of, nothing_left, put, read, remove, runtime_of, spec,
                    until_state, upper_case)
from opennebula.control_client import ALICE, BOB

NAMES = ["$HOME ${x}", "{}", 'say "hi"', "it's", "\\", "a|b:c;d/e#f", "é ü 漢字 🙂", "%41", "]] >", "x" * 128]
# oned refuses these in a rename (PoolObjectSQL::name_is_valid), and < and & in an allocate break its own XML.
NAMES_TO_RENAME = ["é ü 漢字 🙂", "%41 (1) [2]", "x" * 128, "a-b_c.d, e=f"]
ODD_TEXTS = ['say "hi"', "a,b, c", "two\nlines", "${x} $VMID", "{'lat': 40.4, 'lon': -3.7}", "a]b[c", "back\\slash",
             "]]>", "<x>&</x>", "é 漢 🙂", "#no comment", "=", " spaces "]


def there_as(text, version):
    """What becomes of a text in a machine: oned would take ${x} for a variable and ]]> for the end of its CDATA, and
    OneFlow 7 knows no line break in a vector. The runtime itself shows what the caller wrote."""
    text = text.replace("${", "$ {").replace("]]>", "]] >")
    return text.replace("\n", " ") if version.startswith("7") else text


@pytest.fixture(params=["6.8.0", "7.4.0"])
def cloud(request, one):
    one.reset(version=request.param)
    return one


@pytest.fixture
def client(cloud, alice):
    return alice


def roles(one, shown):
    return {name: one.vm(shown[name]["VM_ID"])["template"] for name in ("FAAS", "DAAS")
            if "VM_ID" in shown.get(name, {})}


# --- Q1, Q26: credentials ---------------------------------------------------------------------------------------------

@pytest.mark.parametrize("password", [BOB[1], "a:b:c", ":", "%3A&é\"'", "p w", "<&>]]>", "日本", "x" * 200])
def test_passwords(cloud, engine, password):
    name = f"u{uuid.uuid4().hex[:8]}"
    cloud.add_user(name, password)
    with engine.client((name, password)) as client:
        shown = created(client)
        sr_auth = cloud.vm(shown["FAAS"]["VM_ID"])["template"]["CONTEXT"]["SR_AUTH"]
        assert base64.b64decode(sr_auth, validate=True).decode() == f"{name}:{password}"
        runtime_of(put(client, shown["ID"], {"FAAS": {"FLAVOUR": "", "CPU": 2}}), 200)
        remove(client, shown["ID"])
    nothing_left(cloud)
    if len(password) > 4:
        engine.check_no_secret([(name, password)])
    with engine.client((name, "")) as client:
        error_of(client.post(ITEMS, json=spec()), 401)


def header(client, value):
    return client.get(f"{ITEMS}/1", headers={"Authorization": value}, auth=None)


def test_the_authorization_header(alice):
    good = base64.b64encode(":".join(ALICE).encode()).decode()
    for scheme in ("Basic", "basic", "BASIC"):
        error_of(header(alice, f"{scheme} {good}"), 404)
    error_of(header(alice, f"Basic {good.rstrip('=')}"), 404)
    for value, scheme in ((f"Bearer {good}", "Bearer"), (f"Digest x{good}", "Digest")):
        assert error_of(header(alice, value), 401) == {"error": "Unsupported authentication scheme", "message": scheme}
    for value in (good, "Basic"):
        said = error_of(header(alice, value), 401)
        assert said["error"] == "Unsupported authentication scheme" and good not in said["message"]


@pytest.mark.parametrize("value", ["Basic ====", "Basic YWxpY2U=", "Basic YWxpY2U6AGI="], ids=["none", "user", "NUL"])
def test_malformed_credentials_are_judged_by_opennebula(one, alice, value):
    """After what is wrong with the request itself (2.3, 2.4)."""
    headers = {"Authorization": value}
    error_of(alice.post(ITEMS, content="{bad", headers=headers, auth=None), 400)
    said = error_of(alice.post(ITEMS, json=spec(), headers=headers, auth=None), 401)
    assert said["error"] == "Failed to get list of service templates" and said["message"]
    assert error_of(header(alice, value), 401)["error"] == "Failed to read Serverless Runtime Document"
    assert error_of(alice.get(ITEMS, headers=headers, auth=None), 401)["message"]
    nothing_left(one)


# --- Q2 to Q4, Q23, Q31, 413: requests --------------------------------------------------------------------------------

@pytest.mark.parametrize("body", ["{}", '{"OTHER":1}'])
def test_the_key_that_must_be_there(alice, body):
    said = error_of(alice.post(ITEMS, content=body), 400)
    assert said == {"error": "Invalid Serverless Runtime specification",
                    "message": "The property '#/' did not contain a required property of 'SERVERLESS_RUNTIME'"}
    number = created(alice)["ID"]
    assert error_of(alice.put(f"{ITEMS}/{number}", content=body), 400) == said
    remove(alice, number)


@pytest.mark.parametrize("body", ["", "{bad", '{"SERVERLESS_RUNTIME":', "\0", "\xff"])
def test_what_is_no_json(alice, body):
    assert error_of(alice.post(ITEMS, content=body.encode("latin-1")), 400)["error"] == "Invalid JSON"
    assert error_of(alice.put(f"{ITEMS}/1", content=body.encode("latin-1")), 400)["error"] == "Invalid JSON"


@pytest.mark.parametrize("body", ["[]", "null", "5", '"x"', "true"])
def test_json_that_is_no_object(alice, body):
    assert error_of(alice.post(ITEMS, content=body), 400)["error"] == "Invalid Serverless Runtime specification"


@pytest.mark.parametrize("members, text", [
    ({"FAAS": {"FLAVOUR": "Function", "CPU": "2"}},
     "The property '#/SERVERLESS_RUNTIME/FAAS/CPU' of type string did not match the following type: integer"),
    ({"FAAS": {}}, "The property '#/SERVERLESS_RUNTIME/FAAS' did not contain a required property of 'FLAVOUR'"),
    ({}, "The property '#/SERVERLESS_RUNTIME' did not contain a required property of 'FAAS'"),
    ({"FAAS": {"FLAVOUR": "Function", "STATE": "BAD"}},
     "The property '#/SERVERLESS_RUNTIME/FAAS/STATE' value \"BAD\" did not match one of the following values: "
     "PENDING, RUNNING, UPDATING, ERROR")])
def test_the_words_of_the_validator(one, alice, members, text):
    for answer in (alice.post(ITEMS, json={"SERVERLESS_RUNTIME": members}),):
        assert error_of(answer, 400)["message"] == text
    number = created(alice)["ID"]
    assert error_of(put(alice, number, members), 400)["message"] == text
    remove(alice, number)
    nothing_left(one)


@pytest.mark.parametrize("members", [{"CPU": 0}, {"CPU": -1}, {"MEMORY": 0}, {"DISK_SIZE": 0}, {"MEMORY": 2**31},
                                     {"CPU": 2**63}, {"CPU": 1.5}, {"CPU": 2.0}, {"CPU": True}, {"CPU": None}])
def test_sizes_that_cannot_be(one, alice, members):
    error_of(alice.post(ITEMS, json=spec(FAAS=members)), 400)
    assert "POST /service_template/{id}/action instantiate" not in one.calls()


@pytest.mark.parametrize("number", ["4x", "abc", "-1", "2147483648", "99999999999999999999", "1.0", "+1", "0x1",
                                    "%31x"])
def test_ids_that_are_none(one, alice, engine, number):
    for verb in ("GET", "DELETE", "PUT"):
        answer = alice.request(verb, f"{ITEMS}/{number}", json={} if verb == "PUT" else None)
        assert error_of(answer, 404) == {"error": "Serverless Runtime not found", "message": ""}
    assert one.calls() == []
    with engine.client(None) as nobody:
        error_of(nobody.get(f"{ITEMS}/{number}"), 401)


def test_routes_that_are_not_there(alice):
    for verb, path in (("GET", "/nothing"), ("GET", f"{ITEMS}/1/"), ("PATCH", f"{ITEMS}/1"), ("POST", f"{ITEMS}/1"),
                       ("DELETE", ITEMS), ("OPTIONS", ITEMS)):
        error_of(alice.request(verb, path), 404, 405)
    head = alice.head("/server/version")
    assert head.status_code == 200 and head.content == b""
    # Neither a foreign page nor a content type matters.
    answer = alice.get("/server/version", headers={"Referer": "http://elsewhere/", "Content-Type": "image/png"})
    assert answer.status_code == 200 and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_members_that_only_the_engine_writes(cloud, client):
    forged = {"VM_ID": 77, "STATE": "RUNNING", "ERROR": "none", "ENDPOINT": "http://evil"}
    wanted = spec("Function", ID=12345, SERVICE_ID=54321, NAME="real", FAAS=forged,
                  EXTRA={"kept": [1, {"as": "it is"}]})
    wanted["SERVERLESS_RUNTIME"]["FAAS"]["MINE"] = "too"
    answer = client.post(ITEMS, json=wanted)
    shown = runtime_of(answer, 201)  # duplicate keys would fail here
    assert shown["ID"] != 12345 and shown["SERVICE_ID"] != 54321 and shown["FAAS"]["VM_ID"] != 77
    assert shown["FAAS"]["ENDPOINT"] != "http://evil" and "ERROR" not in shown["FAAS"]
    assert shown["EXTRA"] == {"kept": [1, {"as": "it is"}]} and shown["FAAS"]["MINE"] == "too"
    assert list(shown)[:2] == ["NAME", "ID"] and list(shown)[-1] == "SERVICE_ID"
    remove(client, shown["ID"])


def test_a_body_too_large(alice, new_engine):
    assert error_of(alice.post(ITEMS, content=b" " * (3 << 20)), 413)["error"]
    # What is read is answered: no connection that breaks.
    assert alice.get("/server/version").status_code == 200
    with new_engine({"body_max": 2048}).client() as client:
        error_of(client.post(ITEMS, content=b"{" + b" " * 2048), 413)
        error_of(client.post(ITEMS, content=b"{" + b" " * 2000), 400)


@pytest.mark.parametrize("version", ["6.8.0", "7.4.0"])
def test_machines_without_credentials(one, new_engine, version):
    """Q26: an operator may keep passwords out of the VMs; their template's CONTEXT is there all the same."""
    one.set(version=version)
    with new_engine({"sr_auth": "none"}).client() as client:
        shown = created(client, spec("Function", "Data"))
        for name in ("FAAS", "DAAS"):
            context = one.vm(shown[name]["VM_ID"])["template"]["CONTEXT"]
            assert "SR_AUTH" not in context and context["NETWORK"] == "YES"
        remove(client, shown["ID"])
    nothing_left(one)


# --- Q20, Q37, Q21: texts ---------------------------------------------------------------------------------------------

def test_odd_names(cloud, client):
    shown = created(client)
    for name in NAMES:
        made = create(client, spec(NAME=name))
        assert made["NAME"] == name == cloud.document(made["ID"])["name"] == read(client, made["ID"])["NAME"]
        remove(client, made["ID"])
    for name in NAMES_TO_RENAME:
        renamed = runtime_of(put(client, shown["ID"], {"FAAS": {"FLAVOUR": ""}, "NAME": name}), 200)
        assert renamed["NAME"] == name == cloud.document(shown["ID"])["name"]  # Q10
    remove(client, shown["ID"])
    nothing_left(cloud)


def test_names_that_cannot_be(one, alice):
    number = created(alice)["ID"]
    one.clear_journal()
    for name in ("x" * 129, "é" * 65, "a & b", "<b>", "a\0b"):
        error_of(alice.post(ITEMS, json=spec(NAME=name)), 400)
        error_of(put(alice, number, {"FAAS": {"FLAVOUR": ""}, "NAME": name}), 400)
    assert not [call for call in one.calls() if "instantiate" in call or "rename" in call]
    assert create(alice, spec(NAME=""))["NAME"].startswith("document-")
    assert read(alice, number)["NAME"] == alice.get(f"{ITEMS}/{number}").json()["SERVERLESS_RUNTIME"]["NAME"]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_odd_device_info(cloud, client, text):
    device = {"LATENCY_TO_PE": 0.25, "GEOGRAPHIC_LOCATION": text}
    scheduling = {"POLICY": text, "REQUIREMENTS": 'ENERGY_RENEWABLE = "YES" & FREECPU > 10',
                  "STRANGE": "ignored"}  # Q21
    shown = created(client, spec(DEVICE_INFO=device, SCHEDULING=scheduling))
    assert shown["DEVICE_INFO"] == device and shown["SCHEDULING"] == scheduling
    there = cloud.vm(shown["FAAS"]["VM_ID"])["user_template"]
    written = there_as(text, cloud.settings()["version"])
    assert there["DEVICE_INFO"] == {"LATENCY_TO_PE": "0.25", "GEOGRAPHIC_LOCATION": written}
    assert there["SCHED_RANK"] == upper_case(there_as(text, "6")) and "STRANGE" not in there
    assert there["SCHED_REQUIREMENTS"] == 'ENERGY_RENEWABLE = "YES" & FREECPU > 10'
    same = {"FAAS": {"FLAVOUR": ""}, "DEVICE_INFO": device, "SCHEDULING": scheduling}
    cloud.clear_journal()
    assert runtime_of(put(client, shown["ID"], same), 200) == shown
    assert set(cloud.calls()) == {"one.document.info", "one.vm.info"}  # however OpenNebula spells it
    changed = runtime_of(put(client, shown["ID"], {"FAAS": {"FLAVOUR": ""}, "DEVICE_INFO": {
        "GEOGRAPHIC_LOCATION": text + "!"}}), 200)
    assert changed["DEVICE_INFO"] == {"GEOGRAPHIC_LOCATION": text + "!"}
    assert cloud.vm(shown["FAAS"]["VM_ID"])["user_template"]["DEVICE_INFO"][
        "GEOGRAPHIC_LOCATION"] == there_as(text, "6") + "!"  # to oned itself, whatever the version
    remove(client, shown["ID"])
    nothing_left(cloud)


@pytest.mark.parametrize("lexeme", ["0.360587", "2", "1.0e-05", "1.0e+20", "0.1", "-3.5"])
def test_numbers_as_the_caller_wrote_them(one, alice, lexeme):
    text = json.dumps(spec(DEVICE_INFO={"LATENCY_TO_PE": 4242})).replace("4242", lexeme)
    shown = runtime_of(alice.post(ITEMS, content=text), 201)
    assert one.vm(shown["FAAS"]["VM_ID"])["user_template"]["DEVICE_INFO"]["LATENCY_TO_PE"] == lexeme
    remove(alice, shown["ID"])


# --- Q9, Q19, Q22: service templates and VM templates -----------------------------------------------------------------

@pytest.mark.parametrize("flavour", ["Function", "Reversed", "Extra", "Parents"])
def test_two_functions_whatever_the_order(cloud, client, flavour):
    shown = create(client, spec(flavour, "Data", FAAS={"MEMORY": 300}, DAAS={"MEMORY": 400, "CPU": 3}))
    until_state(client, shown["ID"])
    there = roles(cloud, shown)
    assert there["FAAS"]["DISK"]["IMAGE_ID"] == "0" and there["DAAS"]["DISK"]["IMAGE_ID"] == "1"
    assert (there["FAAS"]["MEMORY"], there["DAAS"]["MEMORY"]) == ("300", "400")
    assert (there["FAAS"]["VCPU"], there["DAAS"]["VCPU"], there["DAAS"]["VCPU_MAX"]) == ("1", "3", "6")
    remove(client, shown["ID"])
    nothing_left(cloud)


def test_names_as_the_guides_excerpts_have_them(cloud, client):
    """The pair is written once in both flavours (K11); the role is called FaaS (K9), and the VM after it."""
    shown = created(client, spec("Function-Data", "Data"))
    assert (shown["FAAS"]["FLAVOUR"], shown["DAAS"]["FLAVOUR"]) == ("Function-Data", "Data")
    assert {cloud.vm(shown[name]["VM_ID"])["user_template"]["ROLE_NAME"] for name in ("FAAS", "DAAS")} == {"FAAS", "DAAS"}
    remove(client, shown["ID"])
    cloud.add_service_template("Cased", [["FaaS", "function"]])
    shown = created(client, spec("Cased", FAAS={"CPU": 2}))
    machine = cloud.vm(shown["FAAS"]["VM_ID"])
    assert machine["name"] == f"FaaS_0_(service_{shown['SERVICE_ID']})" and shown["FAAS"]["CPU"] == 2
    remove(client, shown["ID"])
    nothing_left(cloud)


@pytest.mark.parametrize("version", ["6.8.0", "6.10.2", "7.4.0"])
@pytest.mark.parametrize("number", [{}, {"cardinality": 0}], ids=["absent", "0"])
def test_a_role_that_does_not_say_how_many(one, alice, version, number):
    """From 6.10 on OneFlow takes 0 for that, and no machine would ever come."""
    one.reset(version=version)
    reference = {"type": "vm", "template_id": 0} if version.startswith("7") else {"vm_template": 0}
    wanted = {"name": "Uncounted", "deployment": "straight", "roles": [{"name": "FAAS", **reference, **number}]}
    made = httpx.post(f"{one.oneflow}/service_template", auth=ALICE, json=wanted, trust_env=False)
    assert made.status_code == 201, made.text
    shown = created(alice, spec("Uncounted"))
    assert len(next(each for each in one.services() if each["id"] == shown["SERVICE_ID"])["nodes"]) == 1
    remove(alice, shown["ID"])
    nothing_left(one)


def test_a_role_that_nobody_asked_for(cloud, client):
    shown = created(client, spec("Extra"))
    assert set(shown) == {"NAME", "ID", "FAAS", "SERVICE_ID"}
    assert len(next(each for each in cloud.services() if each["id"] == shown["SERVICE_ID"])["nodes"]) == 2
    remove(client, shown["ID"])
    nothing_left(cloud)


@pytest.mark.parametrize("flavour, wanted, disks", [
    ("SizedDisk", None, ["2048"]), ("SizedDisk", 4096, ["4096"]), ("TwoDisks", 2000, ["2000", "768"]),
    ("TwoDisks", None, ["1024", "768"]), ("Function", None, ["1024"])])
def test_disks(cloud, client, flavour, wanted, disks):
    shown = created(client, spec(flavour, FAAS={"DISK_SIZE": wanted} if wanted else {}))
    there = roles(cloud, shown)["FAAS"]["DISK"]
    there = there if isinstance(there, list) else [there]
    assert [disk["SIZE"] for disk in there] == disks and shown["FAAS"]["DISK_SIZE"] == int(disks[0])
    assert "DEV_PREFIX" in there[0] if flavour == "SizedDisk" else True
    assert [disk["IMAGE_ID"] for disk in there] == ["0", "1"][:len(disks)]
    remove(client, shown["ID"])
    nothing_left(cloud)


def test_no_disk(cloud, client):
    said = error_of(client.post(ITEMS, json=spec("NoDisk")), 500)
    assert said == {"error": "Function VM template does not have associated DISK", "message": ""}
    assert cloud.services() == []


@pytest.mark.parametrize("flavour, endpoint", [
    ("NoNic", ""), ("DualStack", "10.1."), ("StaticIPv6", "2001:db8:6::"), ("StaticBoth", "2001:db8:46::"),
    ("ExternalIP", "203.0.113."), ("NoContext", "10.0.")])
def test_endpoints(cloud, client, flavour, endpoint):
    shown = created(client, spec(flavour))
    assert shown["FAAS"]["ENDPOINT"].startswith(endpoint) and bool(endpoint) == bool(shown["FAAS"]["ENDPOINT"])
    context = roles(cloud, shown)["FAAS"]["CONTEXT"]
    assert base64.b64decode(context["SR_AUTH"]).decode() == ":".join(ALICE)
    assert flavour == "NoContext" or context["NETWORK"] == "YES"
    remove(client, shown["ID"])
    nothing_left(cloud)


def test_the_newest_of_two_templates_of_one_name(cloud, client):
    remove(client, created(client, spec("Twice"))["ID"])


def test_a_flavour_of_nobody_is_echoed_as_it_was(one, alice):
    wanted = spec("Nobody", "Either", FAAS={"CPU": 1}, DAAS={"CPU": 2})
    said = error_of(alice.post(ITEMS, json=wanted), 422)
    assert said["error"].endswith("specified flavours: Nobody-Either")
    assert said["message"] == wanted["SERVERLESS_RUNTIME"]
    assert error_of(alice.post(ITEMS, json=spec("")), 422)["message"] == {"FAAS": {"FLAVOUR": ""}}
    error_of(alice.post(ITEMS, json=spec("Hidden")), 422)
    assert body_of(alice.post(ITEMS, json=spec("function")))["message"] == {"FAAS": {"FLAVOUR": "function"}}
