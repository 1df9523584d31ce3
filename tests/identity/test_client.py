# SPDX-License-Identifier: Apache-2.0
"""Debian's `openstack`, unmodified. Each call takes more than a second, so a test is a story of few."""

import pytest

from service import PASSWORD

NOBODY = {"PROJECT_NAME": "", "PROJECT_DOMAIN_NAME": ""}


def test_a_day_of_an_administrator(either):
    """Users, projects and roles, on both engines."""
    project = either.told("project", "create", "demo", "--description", "a place")
    assert (project["name"], project["domain_id"], project["enabled"]) == ("demo", "default", True)
    assert either.told("project", "create", "--or-show", "demo")["id"] == project["id"]

    user = either.told("user", "create", "ada", "--password", PASSWORD, "--email", "ada@example.org",
                       "--project", "demo")
    assert (user["name"], user["email"], user["default_project_id"]) == ("ada", "ada@example.org", project["id"])
    either.openstack("user", "set", "ada", "--email", "king@example.org")
    assert either.do("GET", "/users?name=ada")["users"][0]["email"] == "king@example.org"

    either.openstack("role", "add", "--user", "ada", "--project", "demo", "member")
    assert either.told("role", "assignment", "list", "--names", "--user", "ada") == [{
        "Role": "member", "User": "ada@Default", "Group": "", "Project": "demo@Default", "Domain": "", "System": "",
        "Inherited": False}]
    assert [row["Name"] for row in either.told("user", "list", "--project", "demo")] == ["ada"]

    issued = either.told("token", "issue", USERNAME="ada", PROJECT_NAME="demo")
    assert issued["project_id"] == project["id"] and issued["user_id"] == user["id"]
    either.openstack("token", "revoke", issued["id"])
    assert either.ask("GET", "/v3/auth/tokens", token=issued["id"],
                      headers={"X-Subject-Token": issued["id"]}).status_code == 401

    either.openstack("role", "remove", "--user", "ada", "--project", "demo", "member")
    refused = either.openstack("token", "issue", check=False, USERNAME="ada", PROJECT_NAME="demo")
    assert refused.returncode == 1
    assert refused.stderr.startswith("The request you have made requires authentication. (HTTP 401)"), refused.stderr
    either.openstack("user", "delete", "ada")
    either.openstack("project", "delete", "demo")
    assert either.do("GET", "/projects?name=demo")["projects"] == []


@pytest.mark.parametrize("path", ["", "/", "/v3/"])
def test_every_form_of_the_url(service, path):
    assert service.told("token", "issue", AUTH_URL=service.url + path)["project_id"]


def test_every_scope(service):
    assert "project_id" not in service.told("token", "issue", **NOBODY)
    assert service.told("token", "issue", **NOBODY, DOMAIN_NAME="Default")["domain_id"] == "default"
    assert service.told("token", "issue", **NOBODY, SYSTEM_SCOPE="all")["system"] == "all"


def test_a_wrong_password_is_told_plainly(service):
    refused = service.openstack("token", "issue", check=False, PASSWORD="wrong")
    assert refused.returncode == 1
    assert refused.stderr.strip().split(" (Request-ID")[0] == (
        "The request you have made requires authentication. (HTTP 401)")


def test_application_credentials(service):
    user, project = service.member("carol")
    as_carol = {"USERNAME": "carol", "PROJECT_NAME": project["name"]}
    made = service.told("application", "credential", "create", "ci", "--role", "reader", "--description", "d",
                        "--expiration", "2099-01-01T00:00:00", **as_carol)
    assert made["roles"] == "reader" and made["secret"] and not made["unrestricted"]
    assert made["expires_at"] == "2099-01-01T00:00:00.000000Z"
    assert [row["Name"] for row in service.told("application", "credential", "list", **as_carol)] == ["ci"]
    with_it = {"AUTH_TYPE": "v3applicationcredential", "APPLICATION_CREDENTIAL_ID": made["id"],
               "APPLICATION_CREDENTIAL_SECRET": made["secret"], "USERNAME": "", "PASSWORD": "", "USER_DOMAIN_NAME": "",
               **NOBODY}
    issued = service.told("token", "issue", **with_it)
    assert issued["project_id"] == project["id"] and issued["user_id"] == user["id"]
    forbidden = service.openstack("application", "credential", "create", "more", check=False, **with_it)
    assert forbidden.returncode == 1 and "HTTP 403" in forbidden.stderr
    assert service.told("application", "credential", "show", "ci", **as_carol)["id"] == made["id"]
    service.openstack("application", "credential", "delete", "ci", **as_carol)
    assert service.ask("GET", "/v3/auth/catalog", token=issued["id"]).status_code == 401
    assert service.openstack("token", "issue", check=False, **with_it).returncode == 1


def test_domains_and_groups(service):
    domain = service.told("domain", "create", "lab")
    service.openstack("group", "create", "--domain", "lab", "staff")
    service.openstack("user", "create", "--domain", "lab", "--password", PASSWORD, "eve")
    service.openstack("group", "add", "user", "--group-domain", "lab", "--user-domain", "lab", "staff", "eve")
    inside = service.openstack("group", "contains", "user", "--group-domain", "lab", "--user-domain", "lab",
                               "staff", "eve")
    assert "eve in group staff" in inside.stdout
    assert [row["Name"] for row in service.told("user", "list", "--group", "staff", "--domain", "lab")] == ["eve"]
    service.openstack("role", "add", "--group", "staff", "--group-domain", "lab", "--domain", "lab", "reader")
    issued = service.told("token", "issue", **NOBODY, DOMAIN_NAME="lab", USERNAME="eve", USER_DOMAIN_NAME="lab")
    assert issued["domain_id"] == domain["id"]
    refused = service.openstack("domain", "delete", "lab", check=False)
    assert refused.returncode == 1 and "disable" in refused.stderr
    service.openstack("domain", "set", "--disable", "lab")
    assert service.ask("GET", "/v3/auth/catalog", token=issued["id"]).status_code == 401


def test_regions_services_and_endpoints(service):
    service.openstack("region", "create", "north", "--description", "cold")
    made = service.told("service", "create", "--name", "nova", "compute")
    endpoint = service.told("endpoint", "create", "--region", "north", "compute", "public",
                            "http://compute.example/v2.1/$(project_id)s")
    assert endpoint["service_id"] == made["id"]
    rows = service.told("endpoint", "list", "--service", "compute")
    assert [(row["Region"], row["Interface"], row["URL"]) for row in rows] == [
        ("north", "public", "http://compute.example/v2.1/$(project_id)s")]
    catalog = {row["Type"]: row["Endpoints"] for row in service.told("catalog", "list", REGION_NAME="")}
    assert set(catalog) == {"identity", "compute"}
    assert service.root.said["project"]["id"] in str(catalog["compute"])
    service.openstack("endpoint", "delete", endpoint["id"])
    service.openstack("service", "delete", "nova")
    service.openstack("region", "delete", "north")
    assert "north" not in [row["Region"] for row in service.told("region", "list")]


def test_somebody_without_rights(service):
    user, project = service.member("mallory")
    as_mallory = {"USERNAME": "mallory", "PROJECT_NAME": project["name"]}
    assert [row["Name"] for row in service.told("project", "list", **as_mallory)] == [project["name"]]
    refused = service.openstack("user", "create", "more", check=False, **as_mallory)
    assert refused.returncode == 1 and "HTTP 403" in refused.stderr
    assert service.told("user", "show", "mallory", **as_mallory)["id"] == user["id"]
    service.openstack("user", "password", "set", "--original-password", PASSWORD, "--password", "another-horse",
                      **as_mallory)
    assert service.told("token", "issue", **{**as_mallory, "PASSWORD": "another-horse"})["user_id"] == user["id"]
