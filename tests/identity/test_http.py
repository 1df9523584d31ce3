# SPDX-License-Identifier: Apache-2.0
"""The Identity API by HTTP: what `openstack` does not show."""

import base64
import hashlib
import re
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from service import PASSWORD, PATIENCE, Service, by_password, project_scope
from test_oauth2 import manage

UNAUTHORIZED = {"error": {"code": 401, "message": "The request you have made requires authentication.",
                          "title": "Unauthorized"}}


def fault(code, title, message):
    return {"error": {"code": code, "message": message, "title": title}}


def test_discovery_is_whole_with_and_without_a_slash(service):
    for path in ("/v3", "/v3/"):
        answer = service.ask("GET", path)
        version = answer.json()["version"]
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
        assert version["id"].startswith("v3.") and version["status"] == "stable"
        assert version["links"] == [{"rel": "self", "href": service.url + "/v3/"}]
    for path in ("", "/"):
        answer = service.ask("GET", path)
        assert answer.status_code == 300 and answer.json() == {"versions": {"values": [version]}}


def test_a_token_says_all_that_clients_read(service):
    said = service.root.said
    assert said["methods"] == ["password"] and said["is_domain"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", said["expires_at"])
    assert said["user"]["name"] == "root" and said["user"]["domain"] == {"id": "default", "name": "Default"}
    assert said["project"]["name"] == "admin" and said["project"]["domain"]["id"] == "default"
    assert {role["name"] for role in said["roles"]} == {"admin", "member", "reader"}
    [entry] = said["catalog"]
    assert (entry["type"], entry["name"]) == ("identity", "keystone")
    assert {endpoint["interface"] for endpoint in entry["endpoints"]} == {"public", "internal", "admin"}
    for endpoint in entry["endpoints"]:
        assert endpoint["url"] == service.url + "/v3" and endpoint["region"] == endpoint["region_id"] == "default"
    assert 20 <= len(service.root) <= 250 and re.fullmatch(r"[!-~]+", service.root)

    answer = service.ask("GET", "/v3/auth/tokens", token=service.root, headers={"X-Subject-Token": service.root})
    assert answer.status_code == 200 and answer.json()["token"] == said
    assert answer.headers["X-Subject-Token"] == service.root
    head = service.ask("HEAD", "/v3/auth/tokens", token=service.root, headers={"X-Subject-Token": service.root})
    assert head.status_code == 200 and head.content == b""
    without = service.ask("GET", "/v3/auth/tokens?nocatalog", token=service.root,
                          headers={"X-Subject-Token": service.root})
    assert "catalog" not in without.json()["token"] and "roles" in without.json()["token"]
    assert set(service.sign_in().said) & {"project", "roles", "catalog", "domain", "system"} == set()


def test_a_token_of_another(service):
    user, _ = service.member("subject")
    theirs = service.sign_in(name="subject")

    def look(token, subject, method="GET"):
        return service.ask(method, "/v3/auth/tokens", token=token, headers={"X-Subject-Token": subject})

    assert look(service.root, theirs).json()["token"]["user"]["id"] == user["id"]
    assert look(theirs, service.root).status_code == 403
    assert look(theirs, service.root, "DELETE").status_code == 403
    assert look(service.root, "unknown").status_code == 404
    assert look(theirs, service.sign_in(name="subject")).status_code == 200
    assert service.ask("GET", "/v3/auth/tokens", token=service.root).status_code == 400
    assert look(service.root, theirs, "DELETE").status_code == 204
    assert look(theirs, theirs).status_code == 401


@pytest.mark.parametrize("method,path", [
    ("GET", "/users"), ("POST", "/users"), ("GET", "/users/x"), ("PATCH", "/users/x"), ("DELETE", "/users/x"),
    ("GET", "/projects"), ("GET", "/domains"), ("GET", "/groups"), ("GET", "/roles"), ("GET", "/role_assignments"),
    ("GET", "/services"), ("GET", "/endpoints"), ("GET", "/regions"), ("GET", "/auth/tokens"), ("GET", "/auth/catalog"),
    ("DELETE", "/auth/tokens"), ("GET", "/auth/projects"), ("PUT", "/projects/p/users/u/roles/r"),
    ("GET", "/users/x/application_credentials"), ("POST", "/users/x/password")])
def test_without_a_token_nothing_is_told(service, method, path):
    for token in (None, "", "wrong", "x" * 5000):
        answer = service.ask(method, "/v3" + path, token=token, headers={"X-Subject-Token": service.root},
                             body={} if method in ("POST", "PATCH") else None)
        assert answer.status_code == 401 and answer.json() == UNAUTHORIZED, answer.text
        assert answer.headers["WWW-Authenticate"] == f'Keystone uri="{service.url}/v3"'
        assert answer.headers["Content-Type"] == "application/json"


def test_wrong_sign_ins_are_told_in_the_same_words(service):
    for body in (by_password(password="wrong"), by_password(name="nobody"), by_password(domain="none"),
                 by_password(id="nobody"), by_password(scope=project_scope("none")),
                 by_password(scope={"domain": {"id": "none"}}),
                 {"auth": {"identity": {"methods": ["token"], "token": {"id": "none"}}}},
                 {"auth": {"identity": {"methods": ["application_credential"],
                                        "application_credential": {"id": "none", "secret": "none"}}}}):
        answer = service.ask("POST", "/v3/auth/tokens", body)
        assert answer.status_code == 401 and answer.json() == UNAUTHORIZED, answer.text
        assert "WWW-Authenticate" in answer.headers and "X-Subject-Token" not in answer.headers


def test_names_in_the_place_of_ids_are_quickly_not_there(service):
    user, _ = service.member("plain")
    plain = service.sign_in(name="plain", scope=project_scope("project of plain"))
    for kind, what in (("users", "user"), ("projects", "project"), ("domains", "domain"), ("roles", "role"),
                       ("groups", "group"), ("regions", "region"), ("services", "service"), ("endpoints", "endpoint")):
        began = time.monotonic()
        answer = service.ask("GET", f"/v3/{kind}/admin", token=service.root)
        assert time.monotonic() - began < 1 * PATIENCE
        assert answer.status_code == 404
        assert answer.json() == fault(404, "Not Found", f"Could not find {what}: admin.")
        assert service.ask("HEAD", f"/v3/{kind}/admin", token=service.root).status_code == 404
    for kind in ("users", "projects", "domains"):
        assert service.ask("GET", f"/v3/{kind}/admin", token=plain).status_code == 404
    assert service.ask("GET", "/v3/nothing", token=service.root).json() == fault(
        404, "Not Found", "The resource could not be found.")
    not_so = service.ask("PUT", "/v3/users", token=service.root)
    assert not_so.status_code == 405 and not_so.headers["Allow"] and not_so.json()["error"]["code"] == 405


def test_who_is_no_administrator_sees_his_own(service):
    user, project = service.member("own")
    other, elsewhere = service.member("others")
    own = service.sign_in(name="own", scope=project_scope("project of own"))

    def seen(path):
        return service.ask("GET", "/v3" + path, token=own)

    assert [row["id"] for row in seen("/users").json()["users"]] == [user["id"]]
    assert seen("/users?name=others").json()["users"] == []
    assert seen(f"/users/{user['id']}").status_code == 200
    assert seen(f"/users/{other['id']}").status_code == 404
    for path in ("/projects", "/auth/projects", f"/users/{user['id']}/projects"):
        assert [row["id"] for row in seen(path).json()["projects"]] == [project["id"]], path
    assert seen(f"/projects/{elsewhere['id']}").status_code == 404
    assert [row["id"] for row in seen("/domains").json()["domains"]] == ["default"]
    assert seen(f"/role_assignments?user.id={user['id']}").status_code == 200
    for path in ("/role_assignments", f"/role_assignments?user.id={other['id']}", "/groups", "/roles", "/services",
                 "/endpoints", f"/users/{other['id']}/projects", f"/users/{other['id']}/groups",
                 f"/users/{other['id']}/application_credentials"):
        answer = seen(path)
        assert answer.status_code == 403 and answer.json()["error"]["title"] == "Forbidden", path
    # What it may not read it may not change.
    for method, path, body in (
            ("POST", "/users", {"user": {"name": "x"}}), ("PATCH", f"/users/{user['id']}", {"user": {"enabled": True}}),
            ("DELETE", f"/users/{user['id']}", None), ("POST", "/projects", {"project": {"name": "x"}}),
            ("DELETE", f"/projects/{project['id']}", None), ("POST", "/roles", {"role": {"name": "x"}}),
            ("PUT", f"/projects/{project['id']}/users/{user['id']}/roles/{service.role('admin')}", None),
            ("PUT", f"/OS-INHERIT/domains/default/users/{user['id']}/roles/{service.role('admin')}"
                    "/inherited_to_projects", None),
            ("POST", f"/users/{other['id']}/application_credentials", {"application_credential": {"name": "x"}}),
            ("POST", f"/users/{other['id']}/password", {"user": {"original_password": "x", "password": "y"}}),
            ("POST", "/services", {"service": {"type": "x"}}), ("POST", "/regions", {"region": {}})):
        assert service.ask(method, "/v3" + path, body, own).status_code == 403, (method, path)


def test_a_credential_has_no_more_rights_than_its_roles(service):
    """Its owner is the cloud's administrator."""
    root = service.root.said["user"]["id"]
    made = service.do("POST", f"/users/{root}/application_credentials",
                      {"application_credential": {"name": "look", "roles": [{"name": "reader"}]}})
    made = made["application_credential"]
    token = service.sign_in({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
        "name": "look", "secret": made["secret"], "user": {"name": "root", "domain": {"name": "Default"}}}}}})
    assert [role["name"] for role in token.said["roles"]] == ["reader"]
    assert service.ask("GET", "/v3/roles", token=token).status_code == 403
    path = f"/v3/users/{root}/application_credentials"
    assert service.ask("POST", path, {"application_credential": {"name": "more"}}, token).status_code == 403
    assert service.ask("DELETE", f"{path}/{made['id']}", token=token).status_code == 403
    again = service.ask("POST", "/v3/auth/tokens",
                        {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}})
    assert again.status_code == 403
    assert "secret" not in service.do("GET", f"/users/{root}/application_credentials/{made['id']}")[
        "application_credential"]
    for wrong in ({"name": ""}, {"name": "x", "roles": "admin"}, {"name": "x", "roles": [7]},
                  {"name": "x", "roles": [{"id": "none"}]}, {"name": "x", "expires_at": "2000-01-01T00:00:00"},
                  {"name": "x", "expires_at": "tomorrow"}, {"name": "x", "secret": 7},
                  {"name": "x", "unrestricted": 1}):
        assert service.ask("POST", path, {"application_credential": wrong}, service.root).status_code == 400, wrong
    assert service.ask("POST", path, {"application_credential": {"name": "look"}}, service.root).status_code == 409
    service.do("DELETE", f"/users/{root}/application_credentials/{made['id']}")
    assert service.ask("GET", "/v3/auth/catalog", token=token).status_code == 401


def test_a_credential_sees_its_project_alone(service):
    """Keystone lists all its owner's to it; none of them is to be had by it."""
    user, project = service.member("owner of two")
    second = service.make("project", name="the second of two")
    service.do("PUT", f"/projects/{second['id']}/users/{user['id']}/roles/{service.role('member')}")
    service.do("PUT", f"/domains/default/users/{user['id']}/roles/{service.role('member')}")
    service.do("PUT", f"/system/users/{user['id']}/roles/{service.role('reader')}")
    owner = service.sign_in(name="owner of two", scope=project_scope("project of owner of two"))
    made = service.do("POST", f"/users/{user['id']}/application_credentials",
                      {"application_credential": {"name": "one"}}, token=owner)["application_credential"]
    bound = service.sign_in({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
        "id": made["id"], "secret": made["secret"]}}}})

    def seen(path, name, token):
        return sorted(row.get("id", "all") for row in service.ask("GET", "/v3" + path, token=token).json()[name])

    for path in ("/projects", "/auth/projects", f"/users/{user['id']}/projects"):
        assert seen(path, "projects", bound) == [project["id"]], path
        assert set(seen(path, "projects", owner)) >= {project["id"], second["id"]}, path
    assert seen("/projects?name=the%20second%20of%20two", "projects", bound) == []
    for path, name in (("/auth/domains", "domains"), ("/auth/system", "system")):
        assert seen(path, name, bound) == [] and len(seen(path, name, owner)) == 1, path
    roles = f"/v3/role_assignments?user.id={user['id']}"

    def places(path, token):
        rows = service.ask("GET", path, token=token).json()["role_assignments"]
        return [row["scope"].get("project", {}).get("id") for row in rows]

    assert set(places(roles, bound)) == {project["id"]} and len(places(roles, owner)) >= 4
    assert set(places(roles + "&effective", bound)) == {project["id"]}
    for other in (f"&scope.project.id={second['id']}", "&scope.domain.id=default", "&scope.system=all"):
        assert places(roles + other, bound) == [] and len(places(roles + other, owner)) == 1, other
    there = service.sign_in(name="owner of two", scope=project_scope("the second of two"))
    own = f"/users/{user['id']}/application_credentials"
    elsewhere = service.do("POST", own, {"application_credential": {"name": "two"}},
                           token=there)["application_credential"]
    assert seen(own, "application_credentials", bound) == [made["id"]]
    assert seen(own, "application_credentials", owner) == sorted([made["id"], elsewhere["id"]])
    assert service.ask("GET", f"/v3{own}/{made['id']}", token=bound).status_code == 200
    assert service.ask("GET", f"/v3{own}/{elsewhere['id']}", token=bound).status_code == 404
    assert service.ask("GET", f"/v3/projects/{project['id']}", token=bound).status_code == 200
    assert service.ask("GET", f"/v3/projects/{second['id']}", token=bound).status_code == 404
    assert service.ask("GET", f"/v3/projects/{second['id']}", token=owner).status_code == 200
    free = service.do("POST", own, {"application_credential": {"name": "three", "unrestricted": True}},
                      token=owner)["application_credential"]
    manager = service.sign_in({"auth": {"identity": {"methods": ["application_credential"], "application_credential": {
        "id": free["id"], "secret": free["secret"]}}}})
    assert service.ask("DELETE", f"/v3{own}/{elsewhere['id']}", token=manager).status_code == 404
    assert service.ask("GET", f"/v3{own}/{elsewhere['id']}", token=owner).status_code == 200
    assert service.ask("DELETE", f"/v3{own}/{made['id']}", token=manager).status_code == 204
    # By password he removes them all, whatever project he signed in for, as at Keystone.
    assert service.ask("DELETE", f"/v3{own}/{elsewhere['id']}", token=owner).status_code == 204


def test_taken_names_are_conflicts_whatever_their_case(service):
    domain = service.make("domain", name="Taken")
    for kind in ("project", "user", "group"):
        service.make(kind, name="Taken", domain_id=domain["id"])
        answer = service.ask("POST", f"/v3/{kind}s", {kind: {"name": "tAKEN", "domain_id": domain["id"]}}, service.root)
        assert answer.status_code == 409 and answer.json()["error"]["title"] == "Conflict", answer.text
        service.make(kind, name="Taken")  # in another domain
    service.make("role", name="Taken")
    for kind in ("role", "domain"):
        assert service.ask("POST", f"/v3/{kind}s", {kind: {"name": "TAKEN"}}, service.root).status_code == 409


def test_unknown_members_and_parameters_are_left_alone(service):
    made = service.make("project", name="odd", options={}, tags=["a", "b"], unknown={"x": [1]})
    assert made["tags"] == ["a", "b"] and "unknown" not in made
    rows = service.do("GET", "/projects?name=odd&unknown=1&fields=id&version-id=null")["projects"]
    assert [row["id"] for row in rows] == [made["id"]]
    user = service.make("user", name="odd", options={"ignore_password_expiry": True}, federated=[])
    assert service.do("PATCH", f"/users/{user['id']}", {"user": {"enabled": True, "password": None, "x": 1}})
    for row in (made, user):
        assert row["links"]["self"].endswith(row["id"])


def test_every_page_of_a_long_list(service):
    """2,500 users, by links.next as clients follow it; a filter goes along from page to page."""
    domain = service.make("domain", name="crowd")
    with sqlite3.connect(service.house.data / "nephele.db", timeout=30) as db:
        first = db.execute("SELECT MAX(number) FROM identity_account").fetchone()[0] + 1
        db.executemany(
            "INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms,"
            " number, domain_id) VALUES (?, ?, ?, '', 0, 1, 1, 0, ?, ?)",
            ((f"crowd-{n}", f"user{n}", f"{domain['id']}\x1fuser{n}", first + n, domain["id"]) for n in range(2500)))
        db.execute("UPDATE identity_counter SET value = ? WHERE name = 'account'", (first + 2500,))
    for query, size in ((f"?limit=1000&domain_id={domain['id']}", 1000), (f"?limit=9000&domain_id={domain['id']}", 1000),
                        (f"?limit=700&domain_id={domain['id']}&enabled=true", 700)):
        seen, pages, url = [], 0, f"{service.url}/v3/users{query}"
        while url:
            page = httpx.get(url, headers={"X-Auth-Token": service.root}, timeout=60).json()
            assert len(page["users"]) <= size
            seen += [row["name"] for row in page["users"]]
            url, pages = page["links"]["next"], pages + 1
        assert len(seen) == len(set(seen)) == 2500 and pages in (3, 4)
    # Without a limit the list is whole, as Keystone's is: keystoneclient asks for no next page.
    whole = service.do("GET", f"/users?domain_id={domain['id']}")
    assert [row["name"] for row in whole["users"]] == seen and whole["links"] == {
        "self": f"{service.url}/v3/users?domain_id={domain['id']}", "previous": None, "next": None}
    after = service.do("GET", f"/users?domain_id={domain['id']}&marker={whole['users'][1200]['id']}")["users"]
    assert after == whole["users"][1201:]
    assert {row["id"] for row in service.do("GET", "/users")["users"]} > {row["id"] for row in whole["users"]}
    assert len(service.openstack("user", "list", "--domain", domain["id"], "-f", "value", "-c", "ID").stdout.split()) == 2500
    with sqlite3.connect(service.house.data / "nephele.db", timeout=30) as db:
        db.executemany(
            "INSERT INTO identity_project (id, domain_id, parent_id, name, name_key, description, enabled, tags,"
            " created_ms) VALUES (?, ?, '', ?, ?, '', 1, '[]', 0)",
            ((f"crowd-{n}", domain["id"], f"project{n}", f"project{n}") for n in range(1000)))
    projects = service.do("GET", f"/projects?domain_id={domain['id']}")
    assert len({row["id"] for row in projects["projects"]}) == 1000 and projects["links"]["next"] is None
    assert service.do("GET", f"/projects?domain_id={domain['id']}&limit=400")["links"]["next"]
    assert service.ask("GET", "/v3/users?marker=none", token=service.root).status_code == 404
    assert service.ask("GET", "/v3/users?limit=many", token=service.root).status_code == 400
    assert service.do("GET", "/projects?marker=zzzz")["projects"] == []


def test_a_tree_of_uploads_signs_in_a_dozen_times_at_once(service):
    service.member("uploader")
    body = by_password(name="uploader", scope=project_scope("project of uploader"))
    with ThreadPoolExecutor(12) as threads:
        for turn in range(2):
            began = time.monotonic()
            answers = list(threads.map(lambda _: httpx.post(f"{service.url}/v3/auth/tokens", json=body, timeout=60),
                                       range(12)))
            assert [answer.status_code for answer in answers] == [201] * 12
            assert time.monotonic() - began < 3 * PATIENCE
    assert len({answer.headers["X-Subject-Token"] for answer in answers}) == 12


def test_wrong_passwords_are_slowed_and_nobody_else(service):
    service.member("victim")

    def attempt(password):
        began = time.monotonic()
        return service.ask("POST", "/v3/auth/tokens", by_password(name="victim", password=password)).status_code, (
            time.monotonic() - began)

    assert attempt(PASSWORD)[0] == 201
    wrong = [attempt(f"wrong{n}") for n in range(6)]
    assert [status for status, _ in wrong] == [401] * 6
    assert sum(took for _, took in wrong[3:]) > 1.0  # 200 ms, then twice as much each time
    began = time.monotonic()
    assert service.sign_in()  # another account from the same address
    assert time.monotonic() - began < 1 * PATIENCE
    service._token = None


def test_what_is_deleted_lets_nobody_in(service):
    user, project = service.member("leaver")
    tokens = [service.sign_in(name="leaver", scope=project_scope("project of leaver")), service.sign_in(name="leaver")]

    def states():
        return [service.ask("GET", "/v3/auth/catalog", token=token).status_code for token in tokens]

    assert states() == [200, 200]
    assert service.do("PATCH", f"/projects/{project['id']}", {"project": {"enabled": False}})
    assert states() == [401, 200]
    service.do("PATCH", f"/projects/{project['id']}", {"project": {"enabled": True}})
    assert states() == [401, 200]  # what was ended stays ended
    tokens[0] = service.sign_in(name="leaver", scope=project_scope("project of leaver"))
    service.do("DELETE", f"/projects/{project['id']}")
    assert states() == [401, 200]
    service.do("DELETE", f"/users/{user['id']}")
    assert states() == [401, 401]
    assert service.ask("DELETE", f"/v3/users/{user['id']}", token=service.root).status_code == 404


def test_a_disabled_domain_ends_all_within(service):
    domain = service.make("domain", name="closing")
    user = service.make("user", name="in", domain_id=domain["id"], password=PASSWORD)
    service.do("PUT", f"/domains/{domain['id']}/users/{user['id']}/roles/{service.role('reader')}")
    tokens = [service.sign_in(domain=domain["id"], name="in"),
              service.sign_in(domain=domain["id"], name="in", scope={"domain": {"id": domain["id"]}})]
    assert service.ask("DELETE", f"/v3/domains/{domain['id']}", token=service.root).status_code == 403
    service.do("PATCH", f"/domains/{domain['id']}", {"domain": {"enabled": False}})
    service.do("PATCH", f"/domains/{domain['id']}", {"domain": {"enabled": True}})
    for token in tokens:
        assert service.ask("GET", "/v3/auth/catalog", token=token).status_code == 401
    assert service.ask("PATCH", "/v3/domains/default", {"domain": {"enabled": False}}, service.root).status_code == 403
    service.do("PATCH", f"/domains/{domain['id']}", {"domain": {"enabled": False}})
    # A user is in it.
    assert service.ask("DELETE", f"/v3/domains/{domain['id']}", token=service.root).status_code == 403
    service.do("DELETE", f"/users/{user['id']}")
    role = service.make("role", name="of closing", domain_id=domain["id"])
    service.do("DELETE", f"/domains/{domain['id']}")
    assert service.ask("GET", f"/v3/roles/{role['id']}", token=service.root).status_code == 404


def test_projects_below_projects(service):
    user = service.make("user", name="climber", password=PASSWORD)
    above, made = None, []
    for level in range(8):
        above = service.make("project", name=f"level {level}", **({"parent_id": above["id"]} if above else {}))
        made.append(above)
    assert service.ask("POST", "/v3/projects", {"project": {"name": "too deep", "parent_id": above["id"]}},
                       service.root).status_code == 403
    service.do("PUT", f"/OS-INHERIT/projects/{made[0]['id']}/users/{user['id']}/roles/{service.role('member')}"
                      "/inherited_to_projects")
    assert service.ask("HEAD", f"/v3/OS-INHERIT/projects/{made[0]['id']}/users/{user['id']}/roles/"
                               f"{service.role('member')}/inherited_to_projects", token=service.root).status_code == 204
    token = service.sign_in(name="climber", scope={"project": {"id": made[7]["id"]}})
    assert {row["name"] for row in service.ask("GET", "/v3/auth/projects", token=token).json()["projects"]} == {
        f"level {level}" for level in range(1, 8)}
    assert service.ask("POST", "/v3/auth/tokens", by_password(name="climber", scope={"project": {"id": made[0]["id"]}})
                       ).status_code == 401
    assert service.ask("DELETE", f"/v3/projects/{made[3]['id']}", token=service.root).status_code == 403
    row = service.do("GET", f"/role_assignments?user.id={user['id']}&include_names")["role_assignments"][0]
    assert row["scope"]["OS-INHERIT:inherited_to"] == "projects" and row["role"]["name"] == "member"
    answer = service.ask("POST", "/v3/projects", {"project": {"name": "x", "is_domain": True}}, service.root)
    assert answer.status_code == 400


def test_what_groups_give_is_seen_among_effective_assignments(service):
    user, project = service.member("grouped")
    group = service.make("group", name="givers")
    service.do("PUT", f"/groups/{group['id']}/users/{user['id']}")
    service.do("PUT", f"/projects/{project['id']}/groups/{group['id']}/roles/{service.role('admin')}")
    assert len(service.do("GET", f"/role_assignments?user.id={user['id']}")["role_assignments"]) == 1
    rows = service.do("GET", f"/role_assignments?user.id={user['id']}&effective")["role_assignments"]
    assert {row["role"]["id"] for row in rows} == {service.role("member"), service.role("admin")}
    assert all(row["user"]["id"] == user["id"] for row in rows)
    assert [row["id"] for row in service.do("GET", f"/users/{user['id']}/groups")["groups"]] == [group["id"]]
    service.do("DELETE", f"/groups/{group['id']}")
    assert len(service.do("GET", f"/role_assignments?user.id={user['id']}&effective")["role_assignments"]) == 1


def test_passwords_of_an_astakos_come_over_by_their_hashes(service):
    def django(algorithm, name, salt="seasalt", iterations=1500):
        made = hashlib.pbkdf2_hmac(algorithm, PASSWORD.encode(), salt.encode(), iterations)
        return f"{name}${iterations}${salt}${base64.b64encode(made).decode()}"

    old = "sha1$seasalt$" + hashlib.sha1(b"seasalt" + PASSWORD.encode()).hexdigest()
    hashes = [django("sha256", "pbkdf2_sha256"), django("sha1", "pbkdf2_sha1"), old]
    for n, text in enumerate(hashes):
        name = f"mover{n}@example.org"
        manage(service, "user-add", name, "Mo", "Ver", "--password-hash", text)
        manage(service, "user-modify", name, "--verify", "--accept")
        assert service.ask("POST", "/v3/auth/tokens", by_password(name=name, password="wrong-horse")).status_code == 401
        token = service.sign_in(name=name)
        again = service.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
        assert again.status_code == 200 and service.sign_in(name=name)
        with sqlite3.connect(service.house.data / "nephele.db", timeout=30) as rows:
            [(kept,)] = rows.execute("SELECT password_hash FROM identity_account WHERE name = ?", (name,))
        assert kept.startswith("$argon2id$")
    manage(service, "user-modify", "mover0@example.org", "--password-hash", hashes[2])
    assert service.sign_in(name="mover0@example.org")
    done = manage(service, "user-modify", "mover0@example.org", "--password-hash", "md5$salt$00", check=False)
    assert done.returncode == 1 and "none that Django writes" in done.stderr


def test_new_terms_keep_users_out_but_no_script_of_the_administrator(tmp_path):
    terms = tmp_path / "terms.html"
    terms.write_text("<p>Be kind.</p>")
    with Service("terms") as service:
        service.start()
        user, project = service.member("agreeable")
        theirs = service.sign_in(name="agreeable", scope=project_scope(project["name"]))
        manage(service, "term-add", str(terms))
        said = (f"Pending approval terms: agree to the present terms of use at "
                f"{service.url.removesuffix('/identity')}/ui/approval_terms")
        for answer in (service.ask("GET", "/v3/auth/projects", token=theirs),
                       service.ask("POST", "/v3/auth/tokens", by_password(name="agreeable"))):
            assert answer.status_code == 401 and answer.json()["error"]["message"] == said, answer.text
        assert service.ask("GET", "/v3/users", token=service.root).status_code == 200
        assert service.told("token", "issue")["user_id"] == service.root.said["user"]["id"]
        manage(service, "user-modify", user["id"], "--sign-terms")
        assert service.ask("GET", "/v3/auth/projects", token=service.sign_in(name="agreeable")).status_code == 200
