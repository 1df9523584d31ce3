# SPDX-License-Identifier: Apache-2.0
"""Two processes on one PostgreSQL: what one takes away, the other refuses at once; and PostgreSQL away for a while."""

import collections
import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ports import free_port
from servers import Balancer
from service import PASSWORD, PATIENCE, Service, by_password, project_scope, wait_for


@pytest.fixture(scope="module")
def pair():
    with Service("one", postgres=True) as one:
        one.start()
        with Service("two", beside=one) as two:
            yield one, two.start()


def works(service, token):
    return service.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token}).status_code == 200


def test_what_one_takes_away_the_other_refuses(pair):
    one, two = pair
    user, project = one.member("ada")
    member = one.role("member")
    scope = project_scope("project of ada")
    grant = f"/projects/{project['id']}/users/{user['id']}/roles/{member}"

    def fresh():
        token = two.sign_in(name="ada", scope=scope)
        for _ in range(3):  # whatever is remembered is remembered now
            assert works(one, token) and works(two, token)
        return token

    def gone(token):
        assert not works(two, token) and not works(one, token)

    token = fresh()
    one.ask("DELETE", "/v3/auth/tokens", token=one.root, headers={"X-Subject-Token": token})
    gone(token)
    token = fresh()
    one.do("DELETE", grant)
    gone(token)
    one.do("PUT", grant)
    assert works(two, token)
    one.do("PATCH", f"/projects/{project['id']}", {"project": {"enabled": False}})
    gone(token)
    one.do("PATCH", f"/projects/{project['id']}", {"project": {"enabled": True}})
    token = fresh()
    one.do("PATCH", f"/users/{user['id']}", {"user": {"password": "another-horse"}})
    gone(token)
    assert two.ask("POST", "/v3/auth/tokens", by_password(name="ada")).status_code == 401
    one.do("PATCH", f"/users/{user['id']}", {"user": {"password": PASSWORD}})
    token = fresh()
    group = one.make("group", name="more")
    one.do("PUT", f"/groups/{group['id']}/users/{user['id']}")
    one.do("PUT", f"/projects/{project['id']}/groups/{group['id']}/roles/{one.role('admin')}")
    assert two.ask("GET", "/v3/roles", token=token).status_code == 200
    one.do("DELETE", f"/groups/{group['id']}/users/{user['id']}")
    assert two.ask("GET", "/v3/roles", token=token).status_code == 403
    made = one.make("service", type="volume", name="cinder")

    def types():
        answer = two.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
        return {entry["type"] for entry in answer.json()["token"]["catalog"]}

    assert "volume" in types()
    one.do("DELETE", f"/services/{made['id']}")
    assert "volume" not in types()
    one.do("PATCH", f"/users/{user['id']}", {"user": {"name": "lovelace"}})
    answer = two.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
    assert answer.json()["token"]["user"]["name"] == "lovelace"
    one.do("DELETE", f"/users/{user['id']}")
    gone(token)


def test_both_at_once_change_the_same(pair):
    """Neither deadlocks nor answers a 5xx, and of two who take a name one gets it."""
    with ThreadPoolExecutor(8) as threads:
        def make(n):
            body = {"project": {"name": f"race {n // 4}"}}
            return pair[n % 2].ask("POST", "/v3/projects", body, pair[0].root).status_code
        statuses = list(threads.map(make, range(40)))
        assert statuses.count(201) == 10 and statuses.count(409) == 30, statuses
        user, project = pair[0].member("racer")
        path = f"/v3/projects/{project['id']}/users/{user['id']}/roles/{pair[0].role('reader')}"

        def toggle(n):
            return pair[n % 2].ask("PUT" if n % 4 < 2 else "DELETE", path, token=pair[0].root).status_code
        assert set(threads.map(toggle, range(40))) <= {204, 404}


def test_a_change_never_undoes_another(pair):
    """Descriptions and names are changed while the other process disables: whoever comes last, it stays disabled."""
    user, project = pair[0].member("steady")
    things = [("user", f"/v3/users/{user['id']}"), ("project", f"/v3/projects/{project['id']}")]
    with ThreadPoolExecutor(8) as threads:
        for turn in range(12):
            for kind, path in things:
                pair[0].do("PATCH", path.removeprefix("/v3"), {kind: {"enabled": True}})

                def change(n, kind=kind, path=path, turn=turn):
                    body = {"enabled": False} if n == 3 + turn % 2 else {"description": f"{turn} {n}"}
                    return pair[n % 2].ask("PATCH", path, {kind: body}, pair[0].root).status_code
                assert set(threads.map(change, range(8))) == {200}
                for service in pair:
                    now = service.ask("GET", path, token=pair[0].root).json()[kind]
                    assert now["enabled"] is False, f"a change of the description has undone it: {now}"
                    assert now["description"].startswith(f"{turn} "), now


def test_each_restarts_alone_without_a_failed_request():
    """Behind a balancer, one after the other; clients go on reading and signing in. Sign-ins are POSTs, which no proxy
    repeats."""
    with Service("one", postgres=True) as one, contextlib.ExitStack() as rest:
        two = rest.enter_context(Service("two", beside=one))
        ports = [free_port(), free_port()]
        for service, port in zip((one, two), ports):
            service.house.environment["NEPHELE_IDENTITY_PORT"] = str(port)
            service.start()
        balancer = rest.enter_context(contextlib.closing(Balancer(ports)))
        one.member("traveller")
        token, over = one.root, threading.Event()

        def travel(n):
            statuses = collections.Counter()
            with httpx.Client(base_url=balancer.url, timeout=60 * PATIENCE) as client:
                while not over.is_set():
                    if n % 4 == 0:
                        answer = client.post("/identity/v3/auth/tokens", json=by_password(name="traveller"))
                    else:
                        answer = client.get("/identity/v3/auth/tokens", headers={"X-Auth-Token": token,
                                                                                 "X-Subject-Token": token})
                    statuses[n % 4 == 0, answer.status_code] += 1
            return statuses

        with ThreadPoolExecutor(8) as threads:
            travels = [threads.submit(travel, n) for n in range(8)]
            try:
                for service in (one, two, one, two):
                    service.house.stop()
                    service.house.start()
            finally:
                over.set()
            total = sum((each.result() for each in travels), collections.Counter())
        assert set(total) == {(True, 201), (False, 200)}, total


def test_postgresql_away_is_a_503_and_heals_by_itself(pair):
    one, two = pair
    one.member("patient")
    token = one.root
    one.database.stop()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(service.ask, *call, **options) for service in pair for call, options in (
            (("GET", "/v3/auth/tokens"), {"token": token, "headers": {"X-Subject-Token": token}}),
            (("POST", "/v3/auth/tokens", by_password(name="patient")), {}))]
        for service in pair:
            assert service.ask("GET", "/v3").status_code == 200  # discovery needs no database
    for answer in (call.result() for call in calls):
        assert answer.status_code == 503, answer.text
        error = answer.json()["error"]
        assert (error["code"], error["title"]) == (503, "Service Unavailable")
        assert "unavailable at the moment" in error["message"] and "postgres" not in answer.text.lower()
        assert int(answer.headers["Retry-After"]) >= 1
    assert time.monotonic() - began < 20 * PATIENCE
    one.database.start()
    for service in pair:
        wait_for("it works again", lambda s=service: works(s, token), 30)
        assert service.sign_in(name="patient")
        assert service.house.process.poll() is None, "without a restart"
