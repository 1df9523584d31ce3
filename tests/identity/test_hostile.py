# SPDX-License-Identifier: Apache-2.0
"""Every route with what nobody should send. Nothing gives a 5xx, nothing of it reaches another row."""

import json
import socket
from urllib.parse import quote, urlsplit

import pytest

from service import by_password

TEXTS = ["'", '"', "';<>%00", "' OR '1'='1", "\"; DROP TABLE identity_account; --", "$(project_id)s", "{{7*7}}",
         "../../x", "%s%n%x", "\u202e\u0000", "a\r\nX-Injected: 1", "\ud83d", "\U0001f600", "x" * 10_240,
         "\u00e9" * 300, "-1", "0", "*", "?", "default\x1froot"]
# As they stand in a path or a query: percent-encoded, some of them wrongly.
RAW = [quote(text.encode("utf-8", "surrogatepass"), safe="") for text in TEXTS] + [
    "%ff", "%c0%af", "%", "%zz", "%00", "..%2f..%2fetc%2fpasswd", "..", ".", "a%2fdomains%2fb", "%2e%2e", ";x=1"]
COLLECTIONS = ["users", "projects", "domains", "groups", "roles", "regions", "services", "endpoints"]


def raw_request(service, method, path, headers=(), body=b""):
    """(status, head, body) of a request that no well-behaved client would write."""
    url = urlsplit(service.url)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        head = [f"{method} {path} HTTP/1.1".encode("latin-1"), b"Host: x", b"Connection: close",
                f"X-Auth-Token: {service.root}".encode(), f"Content-Length: {len(body)}".encode(), *headers]
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, content


@pytest.fixture(scope="module", autouse=True)
def nothing_is_lost(either):
    """All accounts and tokens that were there are there in the end."""
    service = either
    users = {row["id"] for row in service.do("GET", "/users")["users"]}
    yield
    assert users <= {row["id"] for row in service.do("GET", "/users")["users"]}


def test_ids(either):
    root = either.root.said["user"]["id"]
    paths = [f"/v3/{kind}/{{}}" for kind in COLLECTIONS] + [
        "/v3/users/{}/groups", "/v3/users/{}/projects", f"/v3/users/{root}/application_credentials/{{}}",
        "/v3/users/{}/application_credentials", "/v3/groups/{}/users", "/v3/groups/{}/users/{}",
        "/v3/projects/{}/users/{}/roles", "/v3/projects/{}/users/{}/roles/{}", "/v3/domains/{}/groups/{}/roles/{}",
        "/v3/system/users/{}/roles/{}", "/v3/OS-INHERIT/domains/{}/users/{}/roles/{}/inherited_to_projects"]
    for path in paths:
        for text in RAW:
            status, head, body = raw_request(either, "GET", "/identity" + path.replace("{}", text))
            assert status in (400, 403, 404, 414, 431), (path, text, status, body)
            assert b"X-Injected" not in head
            if body and status != 431 and b"application/json" in head:
                json.loads(body)


def test_changes_by_hostile_ids(either):
    for kind in COLLECTIONS:
        for text in RAW:
            for method, body in (("DELETE", b""), ("PATCH", json.dumps({kind[:-1]: {"name": "x"}}).encode())):
                status, _, said = raw_request(either, method, f"/identity/v3/{kind}/{text}",
                                              [b"Content-Type: application/json"], body)
                assert status in (400, 403, 404, 405, 414, 431), (method, kind, text, status, said)
    for text in RAW:
        status, _, said = raw_request(either, "PUT", f"/identity/v3/projects/{text}/users/{text}/roles/{text}")
        assert status in (400, 404, 414, 431), (text, status, said)


def test_queries(either):
    for kind, names in (("users", ("name", "domain_id", "email", "marker", "limit", "enabled")),
                        ("projects", ("name", "domain_id", "parent_id", "marker", "limit", "enabled")),
                        ("roles", ("name", "domain_id", "marker")), ("groups", ("name", "domain_id", "marker")),
                        ("domains", ("name", "marker")), ("services", ("type", "name")),
                        ("endpoints", ("service_id", "interface", "region_id")),
                        ("role_assignments",
                         ("user.id", "group.id", "scope.project.id", "scope.domain.id", "role.id"))):
        for name in names:
            for text in RAW:
                status, _, body = raw_request(either, "GET", f"/identity/v3/{kind}?{name}={text}")
                assert status in (200, 400, 404, 414, 431), (kind, name, text, status, body)
                if status == 200 and name in ("name", "domain_id", "user.id", "service_id", "type"):
                    assert json.loads(body)[kind] == [], (kind, name, text, body)


def test_texts_in_bodies_come_back_as_they_were_or_are_refused(either):
    for number, text in enumerate(TEXTS):
        for kind, members in (("user", ("name", "email", "description", "default_project_id")),
                              ("project", ("name", "description", "domain_id", "parent_id")),
                              ("group", ("name", "description", "domain_id")), ("role", ("name", "description")),
                              ("domain", ("name", "description")),
                              ("region", ("id", "description", "parent_region_id")),
                              ("service", ("type", "name", "description"))):
            for member in members:
                body = {"name": f"{kind} {member} {number}", "type": "t", member: text}
                answer = either.ask("POST", f"/v3/{kind}s", token=either.root, content=json.dumps({kind: body}))
                assert answer.status_code in (201, 400, 404, 409), (kind, member, text, answer.status_code, answer.text)
                assert "X-Injected" not in answer.headers
                if answer.status_code == 201:
                    made = answer.json()[kind]
                    assert made[member] == text
                    shown = either.ask("GET", f"/v3/{kind}s/{quote(made['id'], safe='')}", token=either.root)
                    assert shown.json()[kind][member] == text
                    either.ask("DELETE", f"/v3/{kind}s/{quote(made['id'], safe='')}", token=either.root)


def test_bodies_that_are_none(either):
    bodies = [b"", b"null", b"[]", b"7", b'"x"', b"{", b"{}", b"\xff\xfe", b"{\"user\":", b"[" * 50_000,
              b'{"a":' * 5000,
              b'{"auth":{"auth":1,"auth":2}}', b"x" * 65_537, b'{"user":"' + b"x" * 70_000 + b'"}']
    for name in ("auth", "user", "project", "group", "role", "domain", "region", "service", "endpoint",
                 "application_credential"):
        bodies += [json.dumps({name: wrong}).encode() for wrong in
                   (None, 7, "x", [], {}, {"name": 7}, {"name": {}}, {"enabled": "yes"}, {"domain_id": []})]
    root = either.root.said["user"]["id"]
    routes = [("POST", "/v3/auth/tokens"), *[("POST", f"/v3/{kind}") for kind in COLLECTIONS],
              ("PATCH", f"/v3/users/{root}"), ("POST", f"/v3/users/{root}/password"),
              ("POST", f"/v3/users/{root}/application_credentials"), ("PATCH", "/v3/domains/default")]
    for method, path in routes:
        for body in bodies:
            answer = either.ask(method, path, token=either.root, content=body)
            # All of their members may be absent.
            fine = path in ("/v3/regions", f"/v3/users/{root}", "/v3/domains/default")
            assert answer.status_code in (400, 401, 413) or fine and answer.status_code < 300, (
                method, path, body[:60], answer.status_code, answer.text)
            if answer.status_code >= 400:
                assert set(answer.json()["error"]) == {"code", "message", "title"}
                assert answer.json()["error"]["code"] == answer.status_code


def test_sign_ins_of_hostile_names(either):
    for text in TEXTS:
        for body in (by_password(name=text), by_password(domain=text), by_password(id=text),
                     by_password(scope={"project": {"id": text}}), by_password(scope={"domain": {"name": text}}),
                     {"auth": {"identity": {"methods": ["token"], "token": {"id": text}}}}):
            answer = either.ask("POST", "/v3/auth/tokens", content=json.dumps(body).encode())
            assert answer.status_code in (400, 401, 429), (text[:40], body, answer.status_code, answer.text)
            assert text not in answer.text or len(text) < 3


def test_a_path_written_oddly_is_answered_as_the_plain_one(either):
    plain = either.ask("GET", "/v3/roles?limit=1", token=either.root).json()
    status, _, body = raw_request(either, "GET", "/identity/%763/role%73?limit=1")
    assert status == 200 and json.loads(body)["roles"] == plain["roles"]
    assert json.loads(body)["links"]["next"].startswith(either.url + "/v3/")
    user = either.make("user", name="odd path")
    path = (f"/identity/v3/%4fS-INHERIT/domains/default/users/{user['id']}/roles/{either.role('reader')}"
            "/inherited_to_projects")
    assert raw_request(either, "PUT", path)[0] == 204
    [row] = either.do("GET", f"/role_assignments?user.id={user['id']}")["role_assignments"]
    assert row["scope"] == {"domain": {"id": "default"}, "OS-INHERIT:inherited_to": "projects"}
    path = f"/identity/v3/%73ystem/users/{user['id']}/roles/{either.role('reader')}"
    assert raw_request(either, "PUT", path)[0] == 204
    assert len(either.do("GET", f"/role_assignments?user.id={user['id']}&scope.system=all")["role_assignments"]) == 1
