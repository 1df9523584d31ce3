# SPDX-License-Identifier: Apache-2.0
"""Projects and memberships of account/v1.0, on both engines, as Astakos' clients call them."""

import email
import email.policy
import itertools
import json
import sqlite3
import types
from urllib.parse import quote

import pytest
from waiting import wait_for

from browser import HTML, Browser
from service import PASSWORD, Service

NUMBERS = itertools.count(1)


def account(service, method, path, body=None, token=None, **more):
    return service.ask(method, "/../account/v1.0" + path, body, token, **more)


def fault(name, code, message):
    return {name: {"code": code, "message": message, "details": ""}}


class Person:
    def __init__(self, service, name, uuid):
        self.service, self.name, self.uuid, self.email = service, name, uuid, f"{name}@example.org"
        self.token = service.sign_in(id=uuid)

    def ask(self, method, path, body=None):
        return account(self.service, method, path, body, self.token)

    def ok(self, method, path, body=None, status=200):
        answer = self.ask(method, path, body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def refused(self, status, method, path, body=None):
        answer = self.ask(method, path, body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        [(name, said)] = answer.json().items()
        assert said["code"] == status and set(said) == {"code", "message", "details"}
        return said["message"]

    def apply(self, name=None, **more):
        return self.ok("POST", "/projects", draft(name, **more), 201)

    def act(self, project, action, **more):
        return self.ok("POST", f"/projects/{project}/action", {action: more})

    def quotas(self):
        return self.ok("GET", "/quotas")


def draft(name=None, **more):
    return {"name": name or f"p{next(NUMBERS)}.example.org", "end_date": "2099-12-31", "homepage": None, **more}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def world(request):
    """The service, people in it, and one of them who administers projects: by his uuid in the settings."""
    with Service("projects", postgres=request.param == "postgresql") as service:
        settings = service.house.directory / "synnefo"
        settings.mkdir()
        service.house.environment["SYNNEFO_SETTINGS_DIR"] = str(settings)
        service.start()
        uuids = {name: service.make("user", name=name, password=PASSWORD, email=f"{name}@example.org")["id"]
                 for name in ("ada", "bob", "eve", "boss")}
        (settings / "20-projects.conf").write_text(f"ASTAKOS_PROJECT_ADMINS = ['{uuids['boss']}']\n")
        service.house.stop()
        service.start()
        yield types.SimpleNamespace(service=service,
                                    **{name: Person(service, name, uuid) for name, uuid in uuids.items()})


def approved(world, owner=None, **more):
    owner = owner or world.ada
    made = owner.apply(**more)
    world.boss.act(made["id"], "approve", app_id=made["application"], reasons="fine")
    return made["id"]


def test_without_a_token_nobody_sees_anything(world):
    for method, path in (("GET", "/projects"), ("GET", "/projects/x"), ("POST", "/projects"), ("PUT", "/projects/x"),
                         ("POST", "/projects/x/action"), ("GET", "/projects/memberships"),
                         ("GET", "/projects/memberships/1"), ("POST", "/projects/memberships/1/action"),
                         ("POST", "/myaccount/default_project")):
        answer = account(world.service, method, path, {} if method != "GET" else None)
        assert (answer.status_code, answer.json()) == (401, fault(
            "unauthorized", 401, "Access denied. No authentication token")), (method, path)


def test_a_project_from_application_to_end(world):
    made = world.ada.apply("life.example.org", max_members=7, comments="please", description="one life")
    uuid = made["id"]
    shown = world.ada.ok("GET", f"/projects/{uuid}/")
    assert shown["state"] == "uninitialized" and shown["owner"] == world.ada.uuid and shown["max_members"] == 7
    assert shown["last_application"]["state"] == "pending" and shown["last_application"]["comments"] == "please"
    assert (shown["join_policy"], shown["leave_policy"], shown["private"]) == ("moderated", "auto", False)
    assert shown["system_project"] is False and shown["end_date"] == "2099-12-31T00:00:00.000000+00:00"
    world.bob.refused(403, "GET", f"/projects/{uuid}")
    world.ada.refused(409, "PUT", f"/projects/{uuid}", {"description": "other"})
    world.ada.refused(403, "POST", f"/projects/{uuid}/action", {"approve": {"app_id": made["application"]}})
    world.boss.refused(400, "POST", f"/projects/{uuid}/action", {"approve": {"reason": "no app_id"}})
    world.boss.refused(404, "POST", f"/projects/{uuid}/action", {"approve": {"app_id": 999999}})
    world.boss.act(uuid, "approve", app_id=made["application"])
    world.boss.refused(409, "POST", f"/projects/{uuid}/action", {"approve": {"app_id": made["application"]}})
    assert world.bob.ok("GET", f"/projects/{uuid}")["state"] == "active"
    assert "last_application" not in world.bob.ok("GET", f"/projects/{uuid}")
    assert world.service.do("GET", f"/projects/{uuid}")["project"]["name"] == "life.example.org"

    changed = world.ada.ok("PUT", f"/projects/{uuid}", {"name": "new-life.example.org"}, 201)
    assert changed["id"] == uuid and changed["application"] > made["application"]
    world.boss.act(uuid, "deny", app_id=changed["application"], reason="no")
    application = world.ada.ok("GET", f"/projects/{uuid}")["last_application"]
    assert (application["state"], application["response"]) == ("denied", "no")
    world.ada.act(uuid, "dismiss")

    for action, state, enabled in (("suspend", "suspended", False), ("unsuspend", "active", True),
                                   ("terminate", "terminated", False), ("reinstate", "active", True)):
        world.ada.refused(403, "POST", f"/projects/{uuid}/action", {action: {}})
        world.boss.act(uuid, action, reason="because")
        shown = world.ada.ok("GET", f"/projects/{uuid}")
        assert shown["state"] == state and ("deactivation_date" in shown) is (not enabled)
        assert world.service.do("GET", f"/projects/{uuid}")["project"]["enabled"] is enabled
        world.boss.refused(409, "POST", f"/projects/{uuid}/action", {action: ""})


def test_what_openstacks_administrator_does_to_a_project_is_done_to_it(world):
    uuid = approved(world)

    def state_after(*arguments):
        world.service.openstack("project", *arguments, uuid)
        return world.boss.ok("GET", f"/projects/{uuid}")["state"]

    assert state_after("set", "--disable") == "suspended"
    assert state_after("set", "--disable") == "suspended"
    assert state_after("set", "--enable") == "active"
    world.boss.act(uuid, "terminate")
    refused = world.service.do("PATCH", f"/projects/{uuid}", {"project": {"enabled": True}}, status=409)
    assert "--reinstate" in refused["error"]["message"]
    world.boss.act(uuid, "reinstate")
    assert state_after("delete") == "deleted"
    own = world.service.do("DELETE", f"/projects/{world.ada.uuid}", status=403)
    assert "own project" in own["error"]["message"]


@pytest.mark.parametrize("change", [
    {"name": None}, {"name": "no domain"}, {"name": 5}, {"end_date": None}, {"end_date": "2001-01-01"},
    {"end_date": "tomorrow"}, {"homepage": "x" * 300}, {"description": "x" * 5000}, {"join_policy": "open"},
    {"max_members": -1}, {"max_members": "many"}, {"private": "no"}, {"owner": "nobody"}, {"resources": []},
    {"resources": {"nothing": {"project_capacity": 1, "member_capacity": 1}}},
    {"resources": {"astakos.pending_app": {"project_capacity": 1, "member_capacity": 1}}},
])
def test_what_cannot_be_a_project(world, change):
    assert world.ada.refused(400, "POST", "/projects", draft() | change)


def test_an_administrators_own_project_is_not_his_who_administers_projects(world):
    uuid = world.service.make("user", name="chief", password=PASSWORD, email="chief@example.org")["id"]
    Person(world.service, "chief", uuid).apply()  # makes his own
    action = f"/projects/{uuid}/action"
    world.boss.act(uuid, "suspend")
    world.boss.act(uuid, "unsuspend")
    world.service.do("PUT", f"/domains/default/users/{uuid}/roles/{world.service.role('admin')}")
    for verb in ("suspend", "terminate"):
        assert "ranks above you" in world.boss.refused(403, "POST", action, {verb: {"reason": "coup"}})
    world.boss.refused(403, "PUT", f"/projects/{uuid}",
                       {"comments": "nothing for him"})
    world.ada.refused(403, "POST", action, {"suspend": {}})
    assert world.boss.ok("GET", f"/projects/{uuid}")["state"] == "active"


def test_wrong_actions(world):
    uuid = approved(world)
    path = f"/projects/{uuid}/action"
    for body in ({}, {"suspend": {}, "terminate": {}}, {"explode": {}}, {"suspend": 5},
                 {"approve": {"app_id": "one"}}):
        world.boss.refused(400, "POST", path, body)
    assert world.ada.ask("POST", path, []).status_code == 400
    world.boss.refused(404, "POST", "/projects/unknown/action", {"suspend": {}})
    for query in ("state=alive", "mode=all"):
        world.ada.refused(400, "GET", f"/projects?{query}")
    assert world.ada.ask("DELETE", f"/projects/{uuid}").status_code == 405


def test_lists(world):
    mine = approved(world, world.eve, name="mine.lists.org")
    secret = approved(world, world.eve, name="secret.lists.org", private=True)
    waits = world.eve.apply("waits.lists.org")["id"]

    def ids(who, query=""):
        return {row["id"] for row in who.ok("GET", f"/projects{query}")} & {mine, secret, waits, world.eve.uuid}

    own = {world.eve.uuid}  # made with her first application
    assert ids(world.eve) == {mine, secret, waits} | own and ids(world.bob) == {mine}
    assert ids(world.boss) == {mine, secret, waits}
    assert ids(world.eve, "?mode=related") == {mine, secret, waits} | own and ids(world.bob, "?mode=related") == set()
    assert ids(world.eve, "?mode=active") == {mine, secret} | own and ids(world.eve, "?mode=member") == own
    assert ids(world.eve, "?state=uninitialized") == {waits}
    assert ids(world.boss, "?name=mine.lists.org") == {mine}
    assert ids(world.boss, f"?owner={world.eve.uuid}&state=active") == {mine, secret}
    walked, marker = [], ""
    while page := world.eve.ok("GET", f"/projects?limit=1{marker}"):
        assert len(page) == 1
        walked.append(page[0])
        marker = f"&marker={page[0]['id']}"
    assert walked == world.eve.ok("GET", "/projects")
    for query in ("limit=0", "limit=all", "marker=nothing"):
        world.eve.refused(400, "GET", f"/projects?{query}")


def test_memberships(world):
    uuid = approved(world, leave_policy="moderated", max_members=1)
    one = world.bob.ok("POST", "/projects/memberships", {"join": {"project": uuid}})["id"]
    shown = world.bob.ok("GET", f"/projects/memberships/{one}")
    assert shown["state"] == "requested" and shown["allowed_actions"] == ["cancel"] and "requested" in shown
    assert (shown["user"], shown["project"]) == (world.bob.uuid, uuid)
    world.eve.refused(403, "GET", f"/projects/memberships/{one}")
    world.bob.refused(409, "POST", "/projects/memberships", {"join": {"project": uuid}})
    world.bob.refused(403, "POST", f"/projects/memberships/{one}/action", {"accept": "me"})
    assert world.ada.ok("GET", f"/projects/memberships/{one}")["allowed_actions"] == ["accept", "reject"]
    assert [row["id"] for row in world.ada.ok("GET", f"/projects/memberships?project={uuid}")] == [one]
    assert one in [row["id"] for row in world.ada.ok("GET", "/projects/memberships")]
    assert world.eve.ok("GET", f"/projects/memberships?project={uuid}") == []
    assert uuid not in world.bob.quotas()
    world.ada.ok("POST", f"/projects/memberships/{one}/action", {"accept": "welcome"})
    assert uuid in tokens(world.bob)["user"]["projects"]

    assert world.ada.refused(409, "POST", "/projects/memberships", {"enroll": {"project": uuid, "user": world.eve.email}})
    world.ada.refused(409, "POST", "/projects/memberships", {"enroll": {"project": uuid, "user": "no@example.org"}})
    world.eve.refused(403, "POST", "/projects/memberships", {"enroll": {"project": uuid, "user": world.eve.email}})
    for body in ({}, {"join": {}}, {"join": "x"}, {"enroll": {"project": uuid}}, {"join": {}, "enroll": {}}, {"go": {}}):
        world.bob.refused(400, "POST", "/projects/memberships", body)
    world.bob.refused(404, "POST", "/projects/memberships", {"join": {"project": "unknown"}})

    world.bob.ok("POST", f"/projects/memberships/{one}/action", {"leave": ""})
    shown = world.bob.ok("GET", f"/projects/memberships/{one}")
    assert shown["state"] == "leave_requested" and {"requested", "accepted", "leave_requested"} <= set(shown)
    world.ada.ok("POST", f"/projects/memberships/{one}/action", {"remove": {"reasons": "bye"}})
    assert world.bob.ok("GET", f"/projects/memberships/{one}")["state"] == "removed"
    world.bob.refused(409, "POST", f"/projects/memberships/{one}/action", {"leave": ""})
    world.bob.refused(404, "POST", "/projects/memberships/987654/action", {"leave": ""})
    world.bob.refused(400, "POST", "/projects/memberships/one/action", {"leave": ""})


def tokens(person):
    return person.service.ask("POST", "/v2.0/tokens", {"auth": {"token": {"id": person.token}}}).json()["access"]


def test_the_default_project(world):
    uuid = approved(world)
    path = "/myaccount/default_project"
    world.bob.refused(403, "POST", path, {})
    world.bob.refused(404, "POST", path, {"project_id": "unknown"})
    world.bob.refused(404, "POST", path, {"project_id": uuid})
    one = world.bob.ok("POST", "/projects/memberships", {"join": {"project": uuid}})["id"]
    world.bob.refused(403, "POST", path, {"project_id": uuid})
    world.ada.ok("POST", f"/projects/memberships/{one}/action", {"accept": ""})
    assert world.bob.ask("POST", path, {"project_id": uuid}).content == b""
    assert tokens(world.bob)["token"]["tenant"]["id"] == uuid
    world.boss.act(uuid, "suspend")
    assert uuid not in tokens(world.bob)["user"]["projects"]
    world.bob.refused(409, "POST", path, {"project_id": uuid})
    world.boss.act(uuid, "unsuspend")
    world.bob.ok("POST", f"/projects/memberships/{one}/action", {"leave": None})
    assert tokens(world.bob)["token"]["tenant"]["id"] == world.bob.uuid


def test_quotas_are_of_projects_that_are_not_deleted(world):
    if world.service.database:
        pytest.skip("the resource is put into a file")
    database = sqlite3.connect(world.service.house.data / "nephele.db", timeout=30)
    with database:
        database.execute("INSERT INTO identity_resource VALUES ('cyclades.vm', 'Machines', '', 'compute', "
                         "'cyclades_compute', 2, 0, 1, 1)")
    database.close()
    uuid = approved(world, resources={"cyclades.vm": {"project_capacity": 9, "member_capacity": 3}})
    world.ada.ok("POST", "/projects/memberships", {"enroll": {"project": uuid, "user": world.bob.email}})
    assert world.bob.quotas()[uuid] == {"cyclades.vm": {
        "usage": 0, "limit": 3, "pending": 0, "project_usage": 0, "project_limit": 9, "project_pending": 0}}
    assert "3" in at(world, world.bob).get("/ui/resources").words() and uuid not in world.ada.quotas()
    for action, limit in (("suspend", 0), ("unsuspend", 3), ("terminate", 0)):
        world.boss.act(uuid, action)
        assert world.bob.quotas()[uuid]["cyclades.vm"]["limit"] == limit
    world.service.do("DELETE", f"/projects/{uuid}")
    assert uuid not in world.bob.quotas()


def test_somebodys_own_project_stays_as_it_is(world):
    world.ada.apply()
    own = world.ada.uuid
    shown = world.ada.ok("GET", f"/projects/{own}")
    assert shown["system_project"] is True and shown["name"] == f"system:{own}" and shown["owner"] is None
    world.boss.refused(409, "POST", f"/projects/{own}/action", {"terminate": {}})
    world.boss.refused(409, "PUT", f"/projects/{own}", {"name": "mine.example.org"})
    world.bob.refused(403, "GET", f"/projects/{own}")
    world.bob.refused(409, "POST", "/projects/memberships", {"join": {"project": own}})


def test_a_deleted_project_is_over_for_astakos_too(world):
    uuid = approved(world)
    world.ada.ok("POST", "/projects/memberships", {"enroll": {"project": uuid, "user": world.bob.email}})
    world.service.do("DELETE", f"/projects/{uuid}")
    assert world.boss.ok("GET", f"/projects/{uuid}")["state"] == "deleted"
    assert uuid not in tokens(world.bob)["user"]["projects"]


def test_mails_are_written(world):
    if world.service.database:
        pytest.skip("a database elsewhere wants a relay in the settings")
    uuid = approved(world, name="mailed.example.org")

    def arrived():
        for path in (world.service.house.data / "mails").glob("*.eml"):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if world.ada.email in mail["To"]:
                if "mailed.example.org" in mail["Subject"] and f"/ui/projects/{uuid}" in mail.get_content():
                    return True
        return False

    wait_for("the mail of the approval", arrived)


HOSTILE = ["'", '"', "' OR '1'='1", "%s%n", "\u0000", "a\r\nX-Injected: 1", "\U0001f600", "x" * 10_240, "-1", "*", "..", "",
           "<script>alert(1)</script>", 5, -1, 1e400, True, None, [], {}, [[]], {"": ""}]


def test_what_nobody_should_send(world):
    uuid = approved(world)
    one = world.ada.ok("POST", "/projects/memberships", {"enroll": {"project": uuid, "user": world.eve.email}})["id"]
    texts = [text for text in HOSTILE if isinstance(text, str)]
    for text in texts:
        for path in ("/projects/{}", "/projects/memberships/{}", "/projects?name={}", "/projects?owner={}",
                     "/projects?state={}", "/projects/memberships?project={}"):
            answer = world.boss.ask("GET", path.replace("{}", quote(text, safe="")))
            assert answer.status_code in (200, 400, 403, 404, 414, 431), (path, text, answer.text)
            assert "X-Injected" not in answer.headers
    for value in HOSTILE:
        bodies = [("POST", "/projects", draft() | {member: value}) for member in (
            "owner", "homepage", "description", "comments", "start_date", "end_date", "join_policy", "max_members",
            "private", "resources")]
        bodies += [("POST", "/projects", {"name": value, "end_date": "2099-12-31"}),
                   ("PUT", f"/projects/{uuid}", {"name": value}),
                   ("POST", f"/projects/{uuid}/action", {"approve": value}),
                   ("POST", f"/projects/{uuid}/action", {"deny": {"app_id": value, "reasons": value}}),
                   ("POST", "/projects/memberships", {"enroll": {"project": uuid, "user": value}}),
                   ("POST", "/projects/memberships", {"join": {"project": value}}), ("POST", "/projects/memberships", value),
                   ("POST", f"/projects/memberships/{one}/action", {"accept": value}),
                   ("POST", "/myaccount/default_project", {"project_id": value})]
        for method, path, body in bodies:
            if body == 1e400:
                continue
            content = json.dumps(body).replace("Infinity", "1e400")
            answer = account(world.service, method, path, token=world.ada.token, content=content,
                             headers={"Content-Type": "application/json"})
            assert answer.status_code in (200, 201, 400, 403, 404, 409), (method, path, content[:200], answer.text)
            if answer.status_code == 201:
                world.ada.act(answer.json()["id"], "cancel")
    assert world.ada.ok("GET", f"/projects/{uuid}")["state"] == "active"
    assert world.eve.ok("GET", f"/projects/memberships/{one}")["state"] == "accepted"


# ---- the pages


def at(world, person):
    browser = Browser(world.service.url.removesuffix("/identity"))
    assert browser.sign_in(person.name, PASSWORD).location == "/ui/landing"
    return browser


def typed(name, **more):
    return {"name": name, "homepage": "", "description": "a <b>lab</b>", "end_date": "2099-12-31",
            "join_policy": "moderated", "leave_policy": "auto", "max_members": "5", "private": "no", "comments": "please",
            **more}


def test_a_project_from_the_form_to_its_members(world):
    ada, bob, boss = at(world, world.ada), at(world, world.bob), at(world, world.boss)
    assert ada.get("/ui/projects").status == 200 and "Projects" in ada.get("/ui/landing").words("nav")
    page = ada.post("/ui/projects/add", typed("no domain"))
    assert page.status == 400 and "named like a host" in page.words()
    assert page.form("/ui/projects/add").find(".//*[@name='comments']").text.strip() == "please"
    page = ada.post("/ui/projects/add", typed("pages.example.org"))
    address = page.location.removesuffix("?done=applied")
    uuid = address.rsplit("/", 1)[1]
    page = ada.get(page.location)
    assert "Your application is sent" in page.words() and "a <b>lab</b>" in page.words()
    assert bob.get(address).status == 403

    application = boss.get("/ui/projects").words()
    assert "an application waits" in application
    page = boss.get(address)
    [approve] = [form.get("action") for form in page.all("form") if form.get("action").endswith("/approve")]
    assert boss.get(approve.removesuffix("/approve")).location == address
    assert ada.post(approve, page=address).status == 403
    assert boss.client.post(approve, data={"csrf_token": "made up"}).status_code == 403
    assert boss.post(approve, page=address).location == address + "?done=saved"
    assert ada.get(address).words().count("active") == 1
    assert bob.post("/ui/projects/search", {"name": "pages.example.org"}, page="/ui/projects").location == (
        "/ui/projects?name=pages.example.org")
    assert "pages.example.org" in bob.get("/ui/projects?name=pages.example.org").words()

    assert bob.post(address + "/join", page=address).location == address + "?done=asked"
    assert bob.post(address + "/cancel-join-request", page=address).status == 303
    assert bob.post(address + "/join", page=address).status == 303
    assert bob.get(address + "/members").status == 403
    page = ada.get(address + "/members/pending")
    assert "requested" in page.words()
    [accept] = [form.get("action") for form in page.all("form") if form.get("action").endswith("/accept")]
    assert bob.post(accept, page=address).status == 403
    assert ada.post(accept, page=address).location == address + "/members?done=saved"
    assert "There is nobody here." in ada.get(address + "/members/pending").words()
    assert "accepted" in ada.get(address + "/members/approved").words()
    assert bob.post(address + "/leave", page=address).location == address + "?done=left"
    page = ada.post(address + "/members", {"user": world.bob.email}, page=address)
    assert page.location == address + "/members?done=saved"
    assert ada.post(address + "/members", {"user": "nobody@example.org"}, page=address).status == 409
    assert ada.post(accept.replace("/accept", "/remove"), page=address).status == 303

    page = ada.post(address + "/modify", typed("pages.example.org", max_members="15", description="more"))
    assert page.location == address + "?done=applied"
    assert bob.get(address + "/modify").status == 403
    page = ada.get(address)
    [cancel] = [form.get("action") for form in page.all("form") if form.get("action").endswith("/cancel")]
    assert ada.post(cancel, page=address).status == 303
    assert boss.post(address + "/suspend", page=address).status == 303
    assert "suspended" in ada.get(address).words()
    assert ada.post(address + "/unsuspend", page=address).status == 403
    assert world.ada.ok("GET", f"/projects/{uuid}")["state"] == "suspended"


def test_pages_that_are_nobodys(world):
    ada = at(world, world.ada)
    for path in ("/ui/projects/unknown", "/ui/projects/unknown/members", "/ui/projects/app/99999"):
        assert ada.get(path).status == 404, path
    assert ada.post("/ui/projects/unknown/join", page="/ui/projects").status == 404
    assert ada.get("/ui/projects/how_it_works").status == 200
    anonymous = Browser(world.service.url.removesuffix("/identity"))
    for path in ("/ui/projects", "/ui/projects/add", "/ui/resources"):
        assert anonymous.get(path).location.startswith("/ui/login?next="), path


def test_long_lists_have_pages(world):
    before = {row["id"] for row in world.boss.ok("GET", "/projects")}
    for _ in range(max(0, 51 - len(before))):
        world.ada.apply()
    waiting = world.eve.apply("newest.pages.org")["id"]
    boss, seen, path = at(world, world.boss), [], "/ui/projects"
    while path:
        page = boss.get(path)
        assert page.status == 200 and 1 < len(page.all("tr")) <= 51
        assert ("To the first ones" in page.words()) == bool(seen)
        links = {link.text: link.get("href") for link in page.all("a")}
        seen += [(link.get("href").rsplit("/", 1)[1], "an application waits" in "".join(row.itertext()))
                 for row in page.all("tr") for link in row.iter(HTML + "a")]
        path = links.get("Next")
    uuids = [uuid for uuid, _ in seen]
    assert len(uuids) > 51 and sorted(uuids) == sorted(row["id"] for row in world.boss.ok("GET", "/projects"))
    waits = [is_waiting for _, is_waiting in seen]
    assert (waiting, True) in seen and waits == sorted(waits, reverse=True), "what waits for somebody comes first"
    assert "No project" in boss.get("/ui/projects?name=nothing.example.org").words()
    assert boss.get("/ui/projects?marker=x").status == 400


def test_the_usage_page(world):
    world.ada.apply()
    page = at(world, world.ada).get("/ui/resources")
    assert page.status == 200 and page.all("h1")[0].text == "Usage"
