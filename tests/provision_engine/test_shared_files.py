# SPDX-License-Identifier: Apache-2.0
"""What is shipped beside the programs: engine.conf, schemas, the API's description."""

import json
import re

import pytest
import yaml
from conftest import SOURCE

CONF = SOURCE / "share" / "etc" / "engine.conf"
API = yaml.safe_load((SOURCE / "share" / "api.yaml").read_text())
SERVED = json.loads((SOURCE / "src" / "runtimes" / "openapi.json").read_text())
VERBS = ("get", "put", "post", "delete")
CONTRACT = {"/serverless-runtimes": {"post"}, "/serverless-runtimes/schema": {"get"},
            "/serverless-runtimes/{id}": {"get", "put", "delete"}, "/server/version": {"get"}, "/server/config": {"get"}}

# Contract 6.1, the column of the shipped file.
SHIPPED = {":one_xmlrpc": "http://localhost:2633/RPC2", ":oneflow_server": "http://localhost:2474",
           ":host": "127.0.0.1", ":port": 1337, ":timeout": 30,
           ":capacity": {":disk": {":default": 1024}, ":cpu": {":default": 2, ":mult": 2},
                         ":memory": {":default": 1024, ":mult": 2, ":resize_mode": "BALLOONING"}},
           ":log": {":level": 1, ":system": "file"}}
OURS = {":cloud": "opennebula", ":dialect": "auto", ":verify_tls": True, ":one_timeout": 30,
        ":sr_auth": "credentials", ":body_max": 1048576}


def test_the_shipped_configuration_is_the_contracts():
    assert yaml.safe_load(CONF.read_text()) == SHIPPED


def test_our_own_keys_stand_in_comments_that_can_be_taken_as_they_are():
    text = re.sub(r"(?m)^(\s*)# (:\w+: \S+)$", r"\1\2", CONF.read_text())
    taken = yaml.safe_load(text)
    assert {key: taken[key] for key in OURS} == OURS
    assert set(taken) - set(SHIPPED) == set(OURS) | {":ca_file", ":data", ":database", ":pid_file",
                                                         ":tls_certificate", ":tls_key"}
    assert taken[":log"] == {":level": 1, ":system": "file", ":directory": "/var/log/provision-engine", ":cloud_client": "both",
                             ":pretty": False}


def test_every_key_is_explained():
    """A comment of words stands above each key, or above the first of a group without a blank line between."""
    explained = False
    for line in CONF.read_text().splitlines():
        key = re.match(r"\s*(# )?:\w+:", line)
        if not line.strip():
            explained = False
        elif re.match(r"\s*# +[\w:(].* ", line) and not re.match(r"\s*# :\w+: \S+$", line):
            explained = True
        elif key:
            assert explained, line


def fits(value, schema, at="#"):
    kinds = {"object": dict, "string": str, "array": list, "integer": int}
    if "oneOf" in schema:
        assert sum(isinstance(value, kinds[one["type"]]) for one in schema["oneOf"]) == 1, at
    if "type" in schema:
        assert isinstance(value, kinds[schema["type"]]) and not isinstance(value, bool), at
    for name in schema.get("required", ()):
        assert name in value, f"{at} lacks {name}"
    for name, below in schema.get("properties", {}).items():
        if name in value:
            fits(value[name], below, f"{at}/{name}")


def schema(name):
    return json.loads((SOURCE / "share" / "schemas" / f"{name}.json").read_text())


def test_the_configuration_fits_its_schema():
    def plain(value):
        return {key[1:]: plain(below) for key, below in value.items()} if isinstance(value, dict) else value

    fits(plain(SHIPPED), schema("config"))
    with pytest.raises(AssertionError):
        fits(plain(SHIPPED) | {"port": "1337"}, schema("config"))


@pytest.mark.parametrize("error, good", [
    ({"error": "x", "message": ""}, True), ({"error": "x", "message": {}}, True), ({"error": "x", "message": []}, True),
    ({"error": "x"}, False), ({"error": "x", "message": None}, False), ({"error": 5, "message": ""}, False)])
def test_the_schema_of_errors(error, good):
    if good:
        fits(error, schema("error"))
    else:
        with pytest.raises(AssertionError):
            fits(error, schema("error"))


# ---- api.yaml -------------------------------------------------------------------------------------------------------

def operations(document):
    return {(path, verb): item[verb] for path, item in document["paths"].items() for verb in VERBS if verb in item}


def test_the_description_names_the_contracts_routes_and_no_other():
    assert {path: {verb for verb in VERBS if verb in item} for path, item in API["paths"].items()} == CONTRACT


def test_it_is_an_openapi_3_0_document_of_this_version():
    version = re.search(r"project\(nephele VERSION ([0-9.]+)", (SOURCE / "CMakeLists.txt").read_text()).group(1)
    assert API["openapi"] == "3.0.0"
    assert API["info"]["title"] == "Provisioning Engine REST API" and API["info"]["version"] == version
    assert "identifier" not in API["info"]["license"]  # since 3.1


@pytest.mark.parametrize("path, verb", sorted(operations(API)))
def test_paths_statuses_and_access_are_those_of_the_served_description(path, verb):
    here, there = operations(API)[path, verb], operations(SERVED)[path, verb]
    assert set(here["responses"]) == set(there["responses"])
    assert here.get("security") == there.get("security") and here["operationId"] == there["operationId"]
    assert (here.get("security") == []) == (path in ("/serverless-runtimes/schema", "/server/version", "/server/config"))


def everything(value):
    yield value
    for below in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from everything(below)


def resolved(reference):
    here = API
    for part in reference.removeprefix("#/").split("/"):
        here = here[part]
    return here


def test_every_reference_leads_somewhere_and_everything_is_referred_to():
    references = {value["$ref"] for value in everything(API) if isinstance(value, dict) and "$ref" in value}
    for reference in references:
        resolved(reference)
    for room in ("parameters", "responses", "schemas"):
        for name in API["components"][room]:
            assert f"#/components/{room}/{name}" in references


def test_no_type_has_two_names():
    """That is OpenAPI 3.1; viewers of 3.0 refuse it."""
    for value in everything(API):
        if isinstance(value, dict) and "type" in value and "properties" not in value:
            assert not isinstance(value["type"], list)


def test_status_and_examples_of_the_contract():
    item = API["paths"]["/serverless-runtimes/{id}"]
    assert "200" in item["get"]["responses"] and "201" not in item["get"]["responses"]
    assert {"400", "423"} <= set(item["put"]["responses"]) and "204" in item["delete"]["responses"]
    assert {"201", "400", "401", "403", "422", "504", "500"} <= set(API["paths"]["/serverless-runtimes"]["post"]["responses"])
    for response in API["components"]["responses"].values():
        content = response["content"]["application/json"]
        if "example" in content:
            fits(content["example"], schema("error"))
    bodies = [content["example"] for operation in operations(API).values() for response in operation["responses"].values()
              for content in response.get("content", {}).values() if "SERVERLESS_RUNTIME" in str(content.get("example"))]
    for body in [*bodies, *(one["value"] for one in API["paths"]["/serverless-runtimes"]["post"]["requestBody"]["content"]
                            ["application/json"]["examples"].values())]:
        fits(body, {"required": ["SERVERLESS_RUNTIME"], "properties": {"SERVERLESS_RUNTIME": {"required": ["FAAS"]}}})
    assert len(bodies) == 3
