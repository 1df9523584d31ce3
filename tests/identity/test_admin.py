# SPDX-License-Identifier: Apache-2.0
"""Administration by programs: the user API, numbers, what early clients ask, /admin, and what the audit log keeps of it."""

import json
import re
import sqlite3
import uuid

import httpx
import pytest

from cloud import PATIENCE, wait_for
from service import PASSWORD, ROOT, Service, by_password, project_scope
from test_oauth2 import manage
from test_pages import link, mails

SETTINGS = """
ASTAKOS_ADMIN_API_ENABLED = True
ASTAKOS_RESOURCE_CACHE_TIMEOUT = 0
ADMIN_RBAC = {'user': {'verify': ['helpdesk']}}
HELPDESK = (('Help Desk', 'help@example.org'),)
ASTAKOS_AUTH_PROVIDER_LOCAL_ADD_GROUPS_POLICY = ['with-password']
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    settings = tmp_path_factory.mktemp("synnefo")
    (settings / "20-site.conf").write_text(SETTINGS)
    with Service("admin") as made:
        made.house.environment["SYNNEFO_SETTINGS_DIR"] = str(settings)
        made.start()
        made.base = made.url.removesuffix("/identity")
        yield made


def ask(service, method, path, body=None, token=None, **more):
    headers = {"X-Auth-Token": token} if token else {}
    if body is not None:
        more["json"] = body
    return httpx.request(method, service.base + path, headers={**headers, **more.pop("headers", {})},
                         timeout=60 * PATIENCE, **more)


def member_of(service, group, name):
    """A token of a user in a group, which is made when there is none."""
    user, project = service.member(name)
    known = service.do("GET", f"/groups?name={group}")["groups"]
    made = known[0] if known else service.make("group", name=group)
    service.do("PUT", f"/groups/{made['id']}/users/{user['id']}")
    return service.sign_in(name=name, scope=project_scope(project["name"]))


def add(service, email=None, token=None, **more):
    user = {"username": email or f"{uuid.uuid4()}@example.org", "first_name": "Ada", "last_name": "Lovelace", **more}
    answer = ask(service, "POST", "/identity/v2.0/users", {"user": user}, token or service.root)
    assert answer.status_code == 200, answer.text
    return {**answer.json()["user"], "email": user["username"]}


def events(service, account=None):
    with sqlite3.connect(service.house.data / "nephele.db") as database:
        rows = database.execute("SELECT event, actor, account_id, details FROM identity_audit ORDER BY at_ms").fetchall()
    database.close()
    return [row for row in rows if account is None or row[2] == account]


class TestUserApi:
    def test_a_user_that_is_made_may_sign_in_and_has_a_token(self, service):
        made = add(service, "Made@Example.org", password="correct-horse-battery")
        assert made["password"] == "correct-horse-battery"
        assert service.sign_in(name="made@example.org")
        who = ask(service, "GET", "/account/v1.0/authenticate", token=made["auth_token"]).json()
        assert who["uuid"] == made["id"]
        shown = ask(service, "GET", f"/identity/v2.0/users/{made['id']}", token=service.root).json()["user"]
        assert (shown["email"], shown["is_active"], shown["is_rejected"], shown["accepted_policy"]) == (
            "Made@Example.org", True, False, "manual")
        assert shown["authentication_methods"][0]["affiliation"] == "local" and shown["auth_token_expires"]
        assert set(shown) == {"id", "first_name", "last_name", "email", "roles", "is_active", "is_rejected",
                              "deactivated_reason", "accepted_policy", "rejected_reason", "date_joined", "moderated_at",
                              "verified_at", "auth_token_expires", "authentication_methods"}
        assert not list((service.house.data / "mails").glob("*Made*"))
        assert add(service)["password"] != add(service)["password"], "one is drawn"

    @pytest.mark.parametrize("user,status", [
        ({"username": "made@example.org", "first_name": "A", "last_name": "B"}, 409),
        ({"username": "no address", "first_name": "A", "last_name": "B"}, 400),
        ({"username": "x@example.org", "first_name": "", "last_name": "B"}, 400),
        ({"username": "x@example.org"}, 400), ({"username": 7, "first_name": "A", "last_name": "B"}, 400)])
    def test_what_cannot_be_made(self, service, user, status):
        if status == 409:
            ask(service, "POST", "/identity/v2.0/users", {"user": user}, service.root)
        assert ask(service, "POST", "/identity/v2.0/users", {"user": user}, service.root).status_code == status

    def test_only_those_in_the_group_may(self, service):
        outsider = member_of(service, "others", "outsider")
        insider = member_of(service, "admin-api", "insider")
        for path in ("/identity/v2.0/users", "/identity/v2.0/users/detail", "/identity/v2.0/users/" + "0" * 36):
            assert ask(service, "GET", path).status_code == 401
            assert ask(service, "GET", path, token="unknown").status_code == 401
            assert ask(service, "GET", path, token=outsider).status_code == 403
        assert ask(service, "GET", "/identity/v2.0/users", token=insider).status_code == 200
        assert add(service, token=insider)
        assert ask(service, "GET", "/identity/v2.0/users/" + "0" * 36, token=insider).status_code == 404

    def test_a_long_list_is_sent_as_it_is_read(self, service):
        """Two pages of the database and a bit; in one answer, that has no length, without one twice or left out."""
        def sql(text):
            with sqlite3.connect(service.house.data / "nephele.db", timeout=60) as database:
                database.execute(text)
            database.close()

        sql("""WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < 1099)
            INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms,
              updated_ms, number, domain_id, email, email_key)
            SELECT 'many-' || n, 'many' || n, 'many' || n, '', 0, 1, 1, 1000, 1000, n + 100000, 'default',
              'many' || n || '@"example".org', 'many' || n || '@"example".org' FROM s""")

        def listed(query=""):
            answer = ask(service, "GET", "/identity/v2.0/users" + query, token=service.root)
            assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json; charset=UTF-8"
            return [user["id"] for user in answer.json()["users"]], answer.headers

        ids, headers = listed()
        assert len(ids) == len(set(ids)) and {f"many-{n}" for n in range(1100)} < set(ids)
        assert "Content-Length" not in headers and "no-store" in headers["Cache-Control"]
        for limit in (1, 499, 500, 501, 1000, 1001):
            assert listed(f"?limit={limit}")[0] == ids[:limit], limit
        assert listed(f"?marker={ids[700]}")[0] == ids[701:]
        some, headers = listed(f"?limit=7&marker={ids[700]}")
        assert some == ids[701:708] and headers["Content-Length"]
        sql("DELETE FROM identity_account WHERE id LIKE 'many-%'")

    def test_an_administrator_is_not_theirs_to_change(self, service):
        """Who has the password or a token of one has all his power; he may have it by a role alone."""
        insider = member_of(service, "admin-api", "climber")
        director = member_of(service, "admin", "director")
        user, project = service.member("by role")
        service.do("PUT", f"/projects/{project['id']}/users/{user['id']}/roles/{service.role('admin')}")
        for victim in (service.root.said["user"]["id"], user["id"]):
            path = f"/identity/v2.0/users/{victim}"
            for change in ({"password": "mine-mine-mine"}, {"username": "mine@example.org"}):
                assert ask(service, "PUT", path, {"user": change}, insider).status_code == 403, change
            for action in ({"renewToken": {}}, {"deactivate": {}}):
                assert ask(service, "POST", path + "/action", action, insider).status_code == 403, action
            body = {"target": "user", "op": "deactivate", "items": [{"id": victim}]}
            answer = ask(service, "POST", "/admin/actions/", body, director)
            assert answer.status_code == 400 and answer.json()["error_ids"] == [victim]
        assert service.sign_in() and service.sign_in(name="by role")
        assert ask(service, "POST", f"/identity/v2.0/users/{user['id']}/action", {"renewToken": {}},
                   service.root).status_code == 200

    def test_who_may_more_is_not_theirs_to_change(self, service):
        """By somebody's address or password one has all that his groups open."""
        helper, insider, director = (member_of(service, group, f"one of {group}")
                                     for group in ("helpdesk", "admin-api", "admin"))

        def changes(who, whom):
            """How the ways to his power end for whom they are not open."""
            path = f"/identity/v2.0/users/{whom.said['user']['id']}"
            body = {"target": "user", "op": "modify_email", "items": [
                {"id": whom.said["user"]["id"], "data": "mine-now@example.org"}]}
            asked = [ask(service, "POST", "/admin/actions/", body, who)] if who != insider else [
                ask(service, "PUT", path, {"user": {"password": "mine-mine-mine"}}, who),
                ask(service, "PUT", path, {"user": {"username": "mine-now@example.org"}}, who),
                ask(service, "POST", path + "/action", {"renewToken": {}}, who)]
            return {answer.status_code for answer in asked}, asked[0].text
        for who, whom in ((helper, insider), (helper, director), (insider, director), (director, service.root)):
            statuses, text = changes(who, whom)
            assert statuses == {400 if who != insider else 403}, text
            assert "administrator of the cloud" in text
        for whom in (helper, insider, director):
            assert service.sign_in(name=whom.said["user"]["name"])
        assert changes(service.root, insider)[0] == {200} and changes(insider, helper)[0] == {200, 409}

    def test_lists_have_all_and_pages_too(self, service):
        ids = {add(service)["id"] for _ in range(5)}
        for path in ("/identity/v2.0/users", "/identity/v2.0/users/detail/"):
            found = [user["id"] for user in ask(service, "GET", path, token=service.root).json()["users"]]
            assert ids <= set(found) and len(set(found)) == len(found)
        paged, marker = [], ""
        while True:
            page = ask(service, "GET", f"/identity/v2.0/users?limit=2{marker}", token=service.root).json()["users"]
            paged += [user["id"] for user in page]
            if len(page) < 2:
                break
            marker = "&marker=" + page[-1]["id"]
        assert paged == found
        for query in ("limit=0", "limit=x", "marker=nobody"):
            assert ask(service, "GET", f"/identity/v2.0/users?{query}", token=service.root).status_code == 400

    def test_a_change_of_the_address_is_one_of_the_name(self, service):
        made = add(service)
        path = f"/identity/v2.0/users/{made['id']}"
        answer = ask(service, "PUT", path, {"user": {"username": "new.name@example.org", "last_name": "King"}}, service.root)
        assert (answer.json()["user"]["email"], answer.json()["user"]["last_name"]) == ("new.name@example.org", "King")
        assert service.sign_in(name="new.name@example.org", password=made["password"])
        assert service.ask("POST", "/v3/auth/tokens", by_password(name=made["email"], password=made["password"])).status_code == 401
        other = add(service)
        assert ask(service, "PUT", f"/identity/v2.0/users/{other['id']}", {"user": {"username": "new.name@example.org"}},
                   service.root).status_code == 409
        assert ask(service, "PUT", "/identity/v2.0/users/nobody", {"user": {}}, service.root).status_code == 404

    def test_actions(self, service):
        made = add(service)
        path = f"/identity/v2.0/users/{made['id']}/action"

        def act(**action):
            return ask(service, "POST", path, action, service.root)
        assert act(deactivate={"reason": "on holiday"}).json() == {"user": {"id": made["id"], "is_active": False}}
        assert ask(service, "GET", "/account/v1.0/authenticate", token=made["auth_token"]).status_code == 401
        assert act(activate={}).json()["user"]["is_active"] is True
        assert act(activate={}).status_code == 409, "a failure is told"
        fresh = act(renewToken={}).json()["user"]["auth_token"]
        assert ask(service, "GET", "/account/v1.0/authenticate", token=fresh).json()["uuid"] == made["id"]
        newer = act(renewToken={}).json()["user"]["auth_token"]
        assert ask(service, "GET", "/account/v1.0/authenticate", token=fresh).status_code == 401
        assert act(setDefaultProject={"project": made["id"]}).json()["user"]["default_project"] == made["id"]
        assert act(setDefaultProject={"project": "f" * 32}).status_code == 404
        elsewhere = service.make("project", name="by a role only")["id"]
        service.do("PUT", f"/projects/{elsewhere}/users/{made['id']}/roles/{service.role('member')}")
        assert act(setDefaultProject={"project": elsewhere}).status_code == 200, "a role is enough where Astakos knows none"
        assert act(signTerms={}).status_code == 409, "there are none"
        for wrong in ({"explode": {}}, {"activate": {}, "deactivate": {}}, {}):
            answer = ask(service, "POST", path, wrong, service.root)
            assert answer.status_code == 400 and answer.json()["badRequest"]["message"] == "Invalid action"
        assert newer
        told = [row[0] for row in events(service, made["id"]) if row[0] != "role.granted"]
        assert told == ["account.added", "account.deactivated", "account.activated", "account.token_renewed",
                        "account.token_renewed", "account.changed", "account.changed"]


def test_the_user_api_is_off_by_default(tmp_path):
    with Service("plain") as made:
        made.house.environment["SYNNEFO_SETTINGS_DIR"] = str(tmp_path)
        made.start()
        made.base = made.url.removesuffix("/identity")
        answer = ask(made, "GET", "/identity/v2.0/users", token=made.root)
        assert answer.status_code == 400 and answer.json()["badRequest"]["message"] == "API endpoint not found"


def test_numbers_for_everybody_and_for_some(service):
    add(service)
    few = ask(service, "GET", "/admin/stats").json()["users"]
    assert few["total"] >= few["active"] >= 1
    jsonp = ask(service, "GET", "/admin/stats?callback=jQuery.cb_1")
    assert jsonp.text.startswith("jQuery.cb_1({") and "javascript" in jsonp.headers["Content-Type"]
    for callback in ("alert(1)//", "a%3Cscript%3E", ""):
        assert ask(service, "GET", f"/admin/stats?callback={callback}").status_code == 400
    assert ask(service, "GET", "/admin/stats/detail").status_code == 401
    assert ask(service, "GET", "/admin/stats/detail", token=member_of(service, "others", "curious")).status_code == 403
    full = ask(service, "GET", "/admin/stats/detail", token=member_of(service, "admin-stats", "counter")).json()
    assert full["users"]["all"]["total"] > few["total"] and full["users"]["local"]["exclusive"] > 0
    assert "all" in full["resources"] and full["datetime"].endswith("+00:00")


def test_a_credential_has_neither_its_owners_mark_nor_his_groups(service):
    """Whoever reads one from a program's settings is no administrator by it."""
    user, project = service.member("owner of all")
    for group in ("admin-api", "admin-stats", "admin"):
        known = service.do("GET", f"/groups?name={group}")["groups"]
        made = known[0] if known else service.make("group", name=group)
        service.do("PUT", f"/groups/{made['id']}/users/{user['id']}")
    owner = service.sign_in(name="owner of all", scope=project_scope(project["name"]))
    paths = ("/identity/v2.0/users", "/admin/json/user", "/admin/stats/detail", "/im/admin/api/v2.0/users/root")
    for token, role in ((service.root, "reader"), (owner, "member")):
        uuid_of = token.said["user"]["id"]
        credential = service.do("POST", f"/users/{uuid_of}/application_credentials", {"application_credential": {
            "name": "look", "roles": [{"name": role}]}}, token=token)["application_credential"]
        narrow = service.sign_in({"auth": {"identity": {
            "methods": ["application_credential"],
            "application_credential": {"id": credential["id"], "secret": credential["secret"]}}}})
        for path in paths:
            if token == service.root or not path.startswith("/im/"):
                assert ask(service, "GET", path, token=token).status_code == 200, path
            assert ask(service, "GET", path, token=narrow).status_code == 403, path
        assert ask(service, "GET", "/im/authenticate", token=narrow).json()["groups"] == []
        assert ask(service, "POST", f"/identity/v2.0/users/{uuid_of}/action", {"renewToken": {}},
                   narrow).status_code == 403
        assert ask(service, "POST", "/admin/actions/", {"target": "user", "op": "deactivate", "items": [
            {"id": user["id"]}]}, narrow).status_code == 403
        assert ask(service, "POST", "/account/v1.0/projects", {"name": "by.a.credential"}, narrow).status_code == 403
        assert ask(service, "GET", "/account/v1.0/projects", token=narrow).status_code == 200
        assert set(ask(service, "GET", "/account/v1.0/quotas", token=narrow).json()) <= {narrow.said["project"]["id"]}


class TestEarlyClients:
    def test_authenticate(self, service):
        made = add(service, "Early@Example.org")
        said = ask(service, "GET", "/im/authenticate", token=made["auth_token"]).json()
        assert (said["username"], said["uniq"], said["has_signed_terms"]) == ("early@example.org", "Early@Example.org", True)
        assert said["auth_token"] == made["auth_token"] and said["auth_token_expires"].endswith(" GMT")
        assert ask(service, "GET", "/im/authenticate").status_code == 401
        assert ask(service, "GET", "/im/authenticate", token="x").status_code == 401

    def test_who_somebody_is(self, service):
        made = add(service, "asked@example.org")
        for path in ("/im/admin/api/v2.0/users/?name=Asked@example.org", "/im/admin/api/v2.0/users/asked@example.org"):
            said = ask(service, "GET", path, token=service.root).json()
            assert (said["username"], said["email"], said["enabled"]) == ("asked@example.org", ["asked@example.org"], True)
            assert ask(service, "GET", path, token=made["auth_token"]).status_code == 403
            assert ask(service, "GET", path).status_code == 401
            assert ask(service, "GET", path.replace("sked@", "skew@"), token=service.root).status_code == 404
        assert ask(service, "GET", "/im/admin/api/v2.0/users", token=service.root).status_code == 400
        assert ask(service, "GET", "/im/service/api/v2.0/users?name=asked@example.org", token=service.root).status_code == 401

    def test_feedback_is_a_mail(self, service):
        made = add(service, "teller@example.org")
        answer = ask(service, "POST", "/account/v1.0/feedback", token=made["auth_token"],
                     data={"feedback_msg": "The sky is green", "feedback_data": "{}"})
        assert answer.status_code == 200, answer.text

        def told():
            return [mail for mail in (service.house.data / "mails").glob("*.eml") if "The sky is green" in mail.read_text()]
        mail = wait_for("the mail", told, 30)[0].read_text()
        assert "help@example.org" in mail and "teller@example.org" in mail
        for data in ({}, {"feedback_msg": "  "}):
            answer = ask(service, "POST", "/account/v1.0/feedback", token=made["auth_token"], data=data)
            assert answer.status_code == 400 and answer.json()["badRequest"]["message"] == "Invalid data"
        assert ask(service, "POST", "/account/v1.0/feedback", data={"feedback_msg": "x"}).status_code == 401


class Browser:
    """Somebody signed in to the pages."""

    def __init__(self, service, name, password=PASSWORD):
        self.client = httpx.Client(base_url=service.base, timeout=60 * PATIENCE, follow_redirects=False)
        self.base = service.base
        page = self.client.get("/ui/login").text
        fields = {}
        for tag in re.findall(r"<input[^>]*>", page):
            found = dict(re.findall(r'([a-z]+)="([^"]*)"', tag))
            if found.get("type") == "hidden":
                fields[found["name"]] = found["value"]
        done = self.client.post("/ui/login", headers={"Origin": service.base},
                                data={**fields, "username": name, "password": password})
        assert done.status_code == 303, done.text


class TestAdminPages:
    def test_the_guard(self, service):
        made = add(service)
        away = ask(service, "GET", "/admin/")
        assert away.status_code == 303 and away.headers["Location"].startswith("/ui/login?next=")
        user = Browser(service, made["email"], made["password"]).client
        assert user.get("/admin").status_code == 403 and "Forbidden" in user.get("/admin").text
        for path in ("/admin/json/user", "/admin/json/user/1"):
            assert ask(service, "GET", path).status_code == 401
            assert user.get(path).status_code == 403
            assert user.get(path).json()["forbidden"]["message"] == "Forbidden"
        assert user.post("/admin/actions/", json={}).status_code == 403
        admin = Browser(service, ROOT).client
        assert admin.get("/admin").status_code == 200 and "Administration" in admin.get("/admin").text
        found = admin.get(f"/admin/json/user/{made['id']}")
        assert found.status_code == 200
        # As the guide prints it.
        manage(service, "user-modify", str(found.json()["id"]), "--type", "ADMIN")
        assert user.get("/admin").status_code == 200
        manage(service, "user-modify", str(found.json()["id"]), "--type", "USER")
        assert user.get("/admin").status_code == 403

    def test_lists_and_details(self, service):
        made = add(service)
        rows, marker = [], ""
        while marker is not None:
            page = ask(service, "GET", f"/admin/json/user?marker={marker}", token=service.root).json()
            rows += page["users"]
            marker = page["next"]
        mine = next(row for row in rows if row["uuid"] == made["id"])
        assert mine["status"].startswith("Accepted/Active") and mine["actions"] == ["deactivate", "contact", "modify_email"]
        found = ask(service, "GET", f"/admin/json/user?email={made['email'].upper()}", token=service.root).json()["users"]
        assert [row["uuid"] for row in found] == [made["id"]]
        for query in ("name=a%01b", "email=a%01b@example.org", "name=" + "x" * 500):
            answer = ask(service, "GET", f"/admin/json/user?{query}", token=service.root).json()
            assert answer == {"users": [], "next": None}, query
        for name in (made["id"], str(mine["id"]), made["email"]):
            shown = ask(service, "GET", f"/admin/json/user/{name}", token=service.root).json()
            assert shown["uuid"] == made["id"] and shown["events"][0]["event"] == "account.added"
            assert shown["projects"][0]["id"] == made["id"]
        assert ask(service, "GET", "/admin/json/user/nobody", token=service.root).status_code == 404
        assert ask(service, "GET", "/admin/json/user?marker=nobody", token=service.root).status_code == 400

    def test_actions_on_many(self, service):
        one, two = add(service), add(service)
        items = json.dumps([{"id": one["id"], "data": "gone"}, {"id": two["email"]}])

        def act(token=service.root, **body):
            return ask(service, "POST", "/admin/actions/", body, token)
        answer = act(target="user", op="deactivate", items=items)
        assert answer.status_code == 200 and answer.json()["error_ids"] == [], answer.text
        shown = ask(service, "GET", f"/admin/json/user/{one['id']}", token=service.root).json()
        assert (shown["deactivated_reason"], shown["actions"]) == (
            "gone", ["activate", "set_email", "contact"])
        answer = act(target="user", op="activate", items=[{"id": one["id"]}, {"id": "nobody"}])
        assert answer.status_code == 400 and answer.json()["error_ids"] == ["nobody"]
        assert act(target="user", op="set_email", items=[{"id": one["id"], "data": "x@example.org"}]).status_code == 400, "active"
        assert act(target="user", op="set_email", items=[{"id": two["id"], "data": "moved@example.org"}]).status_code == 200
        helper = member_of(service, "helpdesk", "helper")
        reader = member_of(service, "admin-readonly", "reader")
        assert ask(service, "GET", "/admin/json/user", token=reader).status_code == 200
        assert act(helper, target="user", op="deactivate", items=items).status_code == 403
        assert act(helper, target="user", op="verify", items=items).status_code == 400, "he may, but they are"
        assert act(reader, target="user", op="verify", items=items).status_code == 403
        mail = {"subject": "About you", "body": "Dear {{ first_name }}, {{ password }}"}
        for token, status in ((reader, 403), (helper, 200)):
            assert act(token, target="user", op="contact", items=[{"id": one["id"], "data": mail}]).status_code == status

        def told():
            return [text for text in (path.read_text() for path in (service.house.data / "mails").glob("*.eml"))
                    if "About you" in text]
        assert "Dear Ada, {{ password }}" in wait_for("the mail", told, 30)[0]
        for status, body in ((404, {"target": "user", "op": "explode"}), (404, {"target": "moon", "op": "activate"}),
                             (501, {"target": "vm", "op": "destroy"}), (400, {"op": "activate"}),
                             (400, {"target": "user", "op": "activate", "items": "no json"}),
                             (400, {"target": "user", "op": "activate", "items": []})):
            assert act(**{"items": items, **body}).status_code == status, body
        assert ("account.deactivated", service.root.said["user"]["id"]) in [row[:2] for row in events(service, one["id"])]

    def test_the_address_of_somebody_who_lost_his(self, service):
        one, root = add(service), service.root.said["user"]["id"]
        helper = member_of(service, "helpdesk", "mover")

        def move(who, address, token=helper):
            return ask(service, "POST", "/admin/actions/", {"target": "user", "op": "modify_email",
                                                            "items": [{"id": who, "data": address}]}, token)
        assert move(one["id"], "Elsewhere@example.org").status_code == 200
        shown = ask(service, "GET", f"/admin/json/user/{one['id']}", token=service.root).json()
        assert (shown["email"], shown["username"], shown["is_active"]) == ("Elsewhere@example.org", "elsewhere@example.org", True)
        assert ("account.email_changed", helper.said["user"]["id"]) in [row[:2] for row in events(service, one["id"])]

        assert wait_for("the word to the old address", lambda: [
            mail for mail in mails(service, one["email"]) if "Elsewhere@example.org" in mail.get_content()], 30)
        asleep = add(service)
        assert ask(service, "POST", f"/identity/v2.0/users/{asleep['id']}/action", {"deactivate": {}},
                   service.root).status_code == 200
        for who, address in ((one["id"], ""), (one["id"], "no address"), (one["id"], add(service)["email"]),
                             (asleep["id"], "awake@example.org"),
                             ("nobody", "x@example.org"), (root, "taken-over@example.org")):
            answer = move(who, address)
            assert answer.status_code == 400 and answer.json()["error_ids"] == [who], answer.text
        assert "administrator" in move(root, "taken-over@example.org").json()["result"]
        assert move(root, "root@example.org", service.root).status_code == 200, "an administrator may"
        above, beside = (member_of(service, group, f"of-{group}").said["user"]["id"] for group in ("admin", "helpdesk"))
        refused = move(above, "taken-over@example.org")
        assert refused.status_code == 400 and "ranks above you" in refused.json()["result"]
        assert move(beside, "beside@example.org").status_code == 200
        assert move(above, "above@example.org", service.root).status_code == 200

    def test_ways_are_given_and_taken(self, service):
        one = add(service)

        def act(op, token=service.root):
            return ask(service, "POST", "/admin/actions/", {"target": "user", "op": op, "items": [{"id": one["id"]}]}, token)

        def shown():
            return ask(service, "GET", f"/admin/json/user/{one['id']}", token=service.root).json()
        assert act("release_shibboleth").status_code == 400 and act("enable_local").status_code == 400, "it is as it is"
        with sqlite3.connect(service.house.data / "nephele.db", timeout=30) as rows:
            rows.execute("UPDATE identity_account SET password_hash = '' WHERE id = ?", (one["id"],))
            rows.execute("DELETE FROM identity_way WHERE account_id = ?", (one["id"],))
            rows.executemany("INSERT INTO identity_way (id, account_id, module, identifier, affiliation, active, info,"
                             " created_ms) VALUES (?, ?, ?, 'one@uni.example', '', 1, '{}', 1)",
                             [("w", one["id"], "shibboleth"), ("x", one["id"], "google")])  # by which nobody comes here
        assert {"release_shibboleth", "enable_local"} <= set(shown()["actions"])
        assert sorted(shown()["providers"]) == ["google", "shibboleth"]
        only = act("release_shibboleth")
        assert only.status_code == 400 and "no way to sign in" in only.json()["result"]
        assert act("enable_local", member_of(service, "helpdesk", "giver")).status_code == 403
        assert act("deactivate").status_code == 200
        asleep = act("enable_local")
        assert asleep.status_code == 400 and "activate" in asleep.json()["result"], "the link would be of no use"
        assert "enable_local" not in shown()["actions"] and "local" not in shown()["providers"]
        assert act("activate").status_code == 200 and act("enable_local").status_code == 200
        assert sorted(shown()["providers"]) == ["google", "local", "shibboleth"]
        assert "with-password" in ask(service, "GET", f"/identity/v2.0/users/{one['id']}",
                                      token=service.root).json()["user"]["roles"], "as whoever chooses one himself"

        path = link(service, one["email"], "assword")
        assert ask(service, "GET", path).status_code == 200
        assert act("release_shibboleth").status_code == 200
        assert sorted(shown()["providers"]) == ["google", "local"] and "release_shibboleth" not in shown()["actions"]

    def test_projects_are_decided_about(self, service):
        owner = add(service)
        token = service.sign_in(id=owner["id"], password=owner["password"])

        def apply(name):
            made = ask(service, "POST", "/account/v1.0/projects", {"name": name, "end_date": "2099-12-31"}, token)
            assert made.status_code == 201, made.text
            return made.json()["id"]

        def act(op, *ids, data="because", who=service.root):
            return ask(service, "POST", "/admin/actions/", {"target": "project", "op": op,
                                                            "items": [{"id": one, "data": data} for one in ids]}, who)

        def shown(project):
            return ask(service, "GET", f"/admin/json/project/{project}", token=service.root).json()
        first, second = apply("first.example.org"), apply("second.example.org")
        assert shown(first)["state"] == "uninitialized" and {"approve", "deny", "contact"} <= set(shown(first)["actions"])
        assert act("approve", first, who=member_of(service, "helpdesk", "no-decider")).status_code == 403
        assert act("deny", second).status_code == 200 and act("approve", first).status_code == 200
        for op, state in (("suspend", "suspended"), ("unsuspend", "active"), ("terminate", "terminated"), ("reinstate", "active")):
            assert act(op, first).status_code == 200, op
            assert shown(first)["state"] == state
        assert "suspend" in shown(first)["actions"] and "unsuspend" not in shown(first)["actions"]
        wrong = act("suspend", first, second, "nothing")
        assert wrong.status_code == 400 and wrong.json()["error_ids"] == [second, "nothing"]
        assert shown(first)["state"] == "suspended"
        assert act("explode", first).status_code == 404
        assert act("contact", first, data={"subject": "Your project", "body": "Dear {{ first_name }}"}).status_code == 200
        rows, marker = [], ""
        while marker is not None:
            page = ask(service, "GET", f"/admin/json/project?marker={marker}", token=service.root).json()
            rows += page["projects"]
            marker = page["next"]
        assert {first, second} <= {row["id"] for row in rows} and owner["id"] not in {row["id"] for row in rows}
        assert ask(service, "GET", "/admin/json/project/nothing", token=service.root).status_code == 404
        assert ask(service, "GET", "/admin/json/project", token=token).status_code == 403

    def test_a_users_own_project_is_as_safe_as_his_account(self, service):
        boss, other = add(service), add(service)
        _, project = service.member("beside the boss")
        service.do("PUT", f"/projects/{project['id']}/users/{boss['id']}/roles/{service.role('admin')}")
        director = member_of(service, "admin", "suspender")

        def suspend(who, token):
            return ask(service, "POST", "/admin/actions/", {"target": "project", "op": "suspend",
                                                            "items": [{"id": who["id"], "data": "x"}]}, token)

        def state(who):
            return ask(service, "GET", f"/admin/json/project/{who['id']}", token=service.root).json()["state"]
        refused = suspend(boss, director)
        assert refused.status_code == 400 and "administrator of the cloud" in refused.json()["result"], refused.text
        assert state(boss) == "active"
        assert suspend(other, director).status_code == 200 and state(other) == "suspended"
        assert suspend(boss, service.root).status_code == 200 and state(boss) == "suspended"

    def test_a_browser_needs_the_token_of_our_answers(self, service):
        made = add(service)
        browser = Browser(service, ROOT)
        body = {"target": "user", "op": "deactivate", "items": [{"id": made["id"]}]}
        token = browser.client.get("/admin/json/user").headers["X-CSRF-Token"]
        for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": token, "Origin": "https://evil.example.org"}):
            assert browser.client.post("/admin/actions", json=body, headers=headers).status_code == 403, headers
        done = browser.client.post("/admin/actions", json=body, headers={"X-CSRF-Token": token, "Origin": browser.base})
        assert done.status_code == 200, done.text


def test_the_audit_log_has_what_keystones_api_changes(service):
    """In the transaction itself: who, what, whom; and never a secret."""
    seen = len(events(service))
    root = service.root.said["user"]["id"]
    user, project = service.member("audited")
    service.do("PATCH", f"/users/{user['id']}", {"user": {"password": "another-horse", "enabled": False}})
    service.do("PATCH", f"/projects/{project['id']}", {"project": {"enabled": False}})
    group = service.make("group", name="audited")
    service.do("PUT", f"/groups/{group['id']}/users/{user['id']}")
    service.do("DELETE", f"/groups/{group['id']}/users/{user['id']}")
    service.do("DELETE", f"/projects/{project['id']}/users/{user['id']}/roles/{service.role('member')}")
    role = service.make("role", name="audited")
    catalog = service.make("service", type="audit", name="audited")
    endpoint = service.make("endpoint", service_id=catalog["id"], interface="public", url="http://x")
    mine = f"/users/{root}/application_credentials"
    credential = service.do("POST", mine, {"application_credential": {"name": "audited", "secret": "hush-hush-hush"}})
    credential = credential["application_credential"]
    service.do("DELETE", f"{mine}/{credential['id']}")
    for path in (f"endpoints/{endpoint['id']}", f"services/{catalog['id']}", f"roles/{role['id']}",
                 f"groups/{group['id']}", f"projects/{project['id']}", f"users/{user['id']}"):
        service.do("DELETE", "/" + path)
    new = events(service)[seen:]
    assert {row[1] for row in new} == {root}
    told = [row[0] for row in new]
    for event in ("project.created", "account.created", "role.granted", "account.changed", "project.changed",
                  "group.created", "group.joined", "group.left", "role.withdrawn", "role.created", "service.created",
                  "endpoint.created", "credential.created", "credential.removed", "endpoint.removed", "service.removed",
                  "role.removed", "group.removed", "project.removed", "account.removed"):
        assert told.count(event) == 1, (event, told)
    about_him = [row[0] for row in new if row[2] == user["id"]]
    assert about_him == ["account.created", "role.granted", "account.changed", "group.joined", "group.left",
                         "role.withdrawn", "account.removed"] or sorted(about_him) == sorted(
                             ["account.created", "role.granted", "account.changed", "group.joined", "group.left",
                              "role.withdrawn", "account.removed"])
    details = json.dumps(new)
    assert "enabled=False" in details and "password" in details
    assert "another-horse" not in details and "hush-hush" not in details
    before = len(events(service))
    service.do("PATCH", "/projects/nothing", {"project": {"enabled": True}}, status=404)
    assert len(events(service)) == before, "what did not happen is not told"
