# SPDX-License-Identifier: Apache-2.0
"""Astakos' own API: tokens of identity/v2.0, account/v1.0, and Debian's client with only v2.0."""

import re
import xml.etree.ElementTree as ElementTree

import pytest

from service import PASSWORD, ROOT, project_scope


def tokens(service, auth, **more):
    return service.ask("POST", "/v2.0/tokens", {"auth": auth}, **more)


def account(service, method, path, body=None, token=None):
    """A call of account/v1.0, which stands beside identity/."""
    return service.ask(method, "/../account/v1.0" + path, body, token)


def fault(name, code, message):
    return {name: {"code": code, "message": message, "details": ""}}


def test_a_token_shows_its_owner_and_the_catalog(service):
    answer = tokens(service, {"token": {"id": service.root}})
    assert answer.status_code == 200, answer.text
    access = answer.json()["access"]
    uuid = service.root.said["user"]["id"]
    assert access["token"]["id"] == service.root and access["user"]["id"] == uuid
    assert access["token"]["tenant"]["id"] == uuid
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", access["token"]["expires"])
    assert service.root.said["project"]["id"] in access["user"]["projects"]
    [entry] = access["serviceCatalog"]
    assert entry["type"] == "identity" and entry["endpoints"][0]["publicURL"] == service.url + "/v3"
    assert answer.headers["Cache-Control"].startswith("no-cache") and "X-Auth-Token" in answer.headers["Vary"]


def test_uuid_and_token_in_the_place_of_name_and_password(service):
    uuid = service.root.said["user"]["id"]
    given = {"passwordCredentials": {"username": uuid, "password": service.root}, "tenantName": uuid}
    assert tokens(service, given).status_code == 200
    given["passwordCredentials"]["username"] = "00000000-0000-4000-8000-000000000000"
    answer = tokens(service, given)
    assert (answer.status_code, answer.json()) == (401, fault("unauthorized", 401, "Invalid credentials"))


@pytest.mark.parametrize("auth, code, message", [
    ({}, 400, "Malformed request: missing credentials"),
    ({"token": {"id": None}}, 400, "Malformed request: missing token"),
    ({"token": {"id": "made-up"}}, 401, "Invalid token"),
])
def test_what_is_wrong_is_said_in_the_contracts_words(service, auth, code, message):
    name = {400: "badRequest", 401: "unauthorized"}[code]
    answer = tokens(service, auth)
    assert (answer.status_code, answer.json()) == (code, fault(name, code, message))


def test_another_tenant_is_refused(service):
    answer = tokens(service, {"token": {"id": service.root}, "tenantName": "nobody's"})
    assert (answer.status_code, answer.json()) == (400, fault("badRequest", 400, "Not conforming tenantName"))


def test_without_a_body_anybody_sees_the_catalog(service):
    answer = service.ask("POST", "/v2.0/tokens")
    assert answer.status_code == 200 and list(answer.json()["access"]) == ["serviceCatalog"]


@pytest.mark.parametrize("path, headers", [
    ("/v2.0/tokens?format=xml", {"Accept": "application/json"}), ("/v2.0/tokens.xml", {}), ("/v2.0/tokens.xml/", {}),
    ("/v2.0/tokens", {"Accept": "application/xml"})])
def test_tokens_are_told_in_xml_too(service, path, headers):
    name = 'Ada "the <first>" & only'
    user, project = service.member(name)
    group = service.make("group", name=f"readers of {path}")
    service.do("PUT", f"/groups/{group['id']}/users/{user['id']}")
    token = service.sign_in(name=name, scope=project_scope(project["name"]))
    try:
        answer = service.ask("POST", path, {"auth": {"token": {"id": token}}}, headers=headers)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/xml; charset=UTF-8"
        space = "{http://docs.openstack.org/identity/api/v2.0}"
        access = ElementTree.fromstring(answer.text)
        assert access.tag == space + "access"
        shown = access.find(space + "token")
        said = tokens(service, {"token": {"id": token}}).json()["access"]
        assert shown.attrib == {"id": token, "expires": said["token"]["expires"]}
        assert shown.find(space + "tenant").attrib == said["token"]["tenant"]
        owner = access.find(space + "user")
        assert owner.attrib == {"id": user["id"], "name": name}
        assert [role.attrib for role in owner.iter(space + "role")] == said["user"]["roles"] != []
        services = access.findall(f"{space}serviceCatalog/{space}service")
        assert [each.get("type") for each in services] == [each["type"] for each in said["serviceCatalog"]]
        assert services[0].find(space + "endpoint").get("publicURL") == service.url + "/v3"
        fault = service.ask("POST", path, {"auth": {"token": {"id": "x"}}}, headers=headers)
        assert fault.status_code == 401 and ElementTree.fromstring(fault.text).tag == "unauthorized"
        anybody = service.ask("POST", path, headers=headers)
        assert anybody.status_code == 200
        assert [each.tag for each in ElementTree.fromstring(anybody.text)] == [space + "serviceCatalog"]
    finally:
        service.do("DELETE", f"/users/{user['id']}")
        service.do("DELETE", f"/projects/{project['id']}")


def test_the_version_is_told(service):
    said = service.ask("GET", "/v2.0").json()["version"]
    assert (said["id"], said["status"], said["updated"]) == ("v2.0", "CURRENT", "2014-04-17T00:00:00Z")
    assert said["links"][0] == {"rel": "self", "href": service.url + "/v2.0"}  # programs go on by it
    assert {each["base"] for each in said["media-types"]} == {"application/json", "application/xml"}


def test_names_and_uuids(service):
    user, _ = service.member("Catalogued")
    asked = {"uuids": [user["id"], "unknown"], "displaynames": ["CATALOGUED", "nobody"]}
    answer = account(service, "POST", "/user_catalogs", asked, service.root)
    assert answer.json() == {"uuid_catalog": {user["id"]: "Catalogued"}, "displayname_catalog": {"CATALOGUED": user["id"]}}
    assert account(service, "POST", "/user_catalogs", {"uuids": None}, service.root).status_code == 200
    for body in ({"displaynames": "text"}, {"displaynames": [1]}, []):
        assert account(service, "POST", "/user_catalogs/", body, service.root).status_code == 400
    assert account(service, "POST", "/user_catalogs", asked).status_code == 401
    assert account(service, "POST", "/service/user_catalogs", asked, service.root).status_code == 401


def test_authenticate_as_early_clients_do(service):
    said = service.ask("GET", "/../account/v1.0/authenticate", token=service.root).json()
    assert said["uuid"] == service.root.said["user"]["id"] and said["username"] == ROOT
    assert said["auth_token"] == service.root and said["auth_token_expires"] > said["auth_token_created"]
    assert account(service, "GET", "/authenticate").json() == fault(
        "unauthorized", 401, "Access denied. No authentication token")


def test_what_nobody_serves(service):
    answer = account(service, "GET", "/nonsense")
    assert (answer.status_code, answer.json()) == (400, fault("badRequest", 400, "API endpoint not found"))
    answer = service.ask("DELETE", "/v2.0/tokens")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_a_revoked_token_opens_nothing(service):
    token = service.sign_in()
    assert account(service, "GET", "/quotas", token=token).json() == {}
    assert service.ask("DELETE", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token}).status_code == 204
    assert account(service, "GET", "/quotas", token=token).status_code == 401
    assert tokens(service, {"token": {"id": token}}).status_code == 401


def test_debians_client_signs_in_by_v2_alone(service):
    done = service.openstack("token", "issue", "-f", "value", "-c", "user_id", AUTH_TYPE="v2password",
                             AUTH_URL=service.url + "/v2.0", IDENTITY_API_VERSION="2", TENANT_NAME="admin",
                             PROJECT_NAME="", USER_DOMAIN_NAME="", PROJECT_DOMAIN_NAME="")
    assert done.stdout.strip() == service.root.said["user"]["id"]
    wrong = tokens(service, {"passwordCredentials": {"username": ROOT, "password": PASSWORD + "x"}, "tenantName": "admin"})
    assert wrong.status_code == 401


def test_the_catalog_tells_programs_where_tokens_are_handed_over(service):
    made = service.make("service", type="astakos_weblogin", name="astakos_weblogin")
    service.make("endpoint", service_id=made["id"], interface="public", url="https://cloud.example.org/weblogin",
                 region_id="default")
    try:
        catalog = tokens(service, {"token": {"id": service.root}}).json()["access"]["serviceCatalog"]
        [entry] = [one for one in catalog if one["type"] == "astakos_weblogin"]
        assert entry["endpoints"][0]["SNF:webloginURL"] == "https://cloud.example.org/weblogin/login"
        assert all("SNF:webloginURL" not in place for one in catalog if one is not entry for place in one["endpoints"])
    finally:
        service.do("DELETE", f"/services/{made['id']}")
