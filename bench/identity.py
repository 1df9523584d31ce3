# SPDX-License-Identifier: Apache-2.0
"""The identity service with 1,000,000 accounts: CPU for the validation of a token on both engines and for a sign-in, a page
of users."""

import json
import pathlib
import sqlite3
import statistics
import sys
import time

import httpx
from cloud import PROGRAM
from measuring import cpu_seconds, figure, note, wrk
from nginx import Nginx

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "identity"))
from service import Service, by_password, project_scope  # noqa: E402

STORED = 1_000_000
CONNECTIONS = 64
SECONDS = 5
ROUNDS = 3
COLUMNS = """INSERT INTO identity_account (id, name, name_key, password_hash, admin, enabled, version, created_ms,
  updated_ms, number, domain_id, email, email_key) """
ROW = """SELECT 'stored-' || n, 'User' || n, 'user' || n, 'x', 0, 1, 1, 1000, 1000, n + 1000, 'default',
  'user' || n || '@example.org', 'user' || n || '@example.org' """
COUNT = f"UPDATE identity_counter SET value = {STORED + 1001} WHERE name = 'account'"


def store_accounts(service):
    began = time.monotonic()
    if service.database:
        service.database.rows(COLUMNS + ROW + f"FROM generate_series(0, {STORED - 1}) n")
        service.database.rows(COUNT)
        service.database.rows("VACUUM ANALYZE identity_account")
    else:
        with sqlite3.connect(service.house.data / "nephele.db", timeout=120) as db:
            db.execute(f"WITH RECURSIVE s (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {STORED - 1}) "
                       + COLUMNS + ROW + "FROM s")
            db.execute(COUNT)
    note(f"{STORED} accounts stored in {time.monotonic() - began:.1f} s")


def validation(service, name, bound):
    url, token = f"{service.url}/v3/auth/tokens", service.sign_in(scope=project_scope())
    headers = [f"X-Auth-Token: {token}", f"X-Subject-Token: {token}"]
    answer = service.ask("GET", "/v3/auth/tokens", token=token, headers={"X-Subject-Token": token})
    assert answer.status_code == 200, answer.text
    pid = service.house.process.pid
    with Nginx(answer.content) as peer:
        wrk(url, CONNECTIONS, 1, headers)
        rounds = []
        for turn in range(ROUNDS):
            before = cpu_seconds([pid])
            requests, p99 = wrk(url, CONNECTIONS, SECONDS, headers)
            ours = (cpu_seconds([pid]) - before) * 1e6 / requests
            before = peer.cpu()
            requests, _ = wrk(peer.url, CONNECTIONS, SECONDS)
            rounds.append((ours, (peer.cpu() - before) * 1e6 / requests))
            note(f"{name}, round {turn + 1}: {ours:.1f} µs, p99 {p99:.2f} ms; nginx {rounds[-1][1]:.1f} µs")
    ours, theirs = [sorted(column)[ROUNDS // 2] for column in zip(*rounds)]
    return figure(name, ours, "µs", bound, ("nginx, same size", theirs, "µs"))


def issue(service):
    """Sign-ins whose password was verified a moment ago: all the work of a token but argon2id's."""
    body = json.dumps(by_password(scope=project_scope()))
    script = service.house.directory / "issue.lua"
    script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "application/json"\n'
                      f"wrk.body = [[{body}]]\n")
    pid, url = service.house.process.pid, f"{service.url}/v3/auth/tokens"
    rounds = []
    for turn in range(ROUNDS):
        before = cpu_seconds([pid])
        requests, p99 = wrk(url, 8, SECONDS, script=script)
        rounds.append((cpu_seconds([pid]) - before) * 1e6 / requests)
        note(f"identity.issue.cpu_us, round {turn + 1}: {rounds[-1]:.0f} µs, p99 {p99:.1f} ms")
    return figure("identity.issue.cpu_us", sorted(rounds)[ROUNDS // 2], "µs", 1000)


def median_ms(ask, count=30):
    spans = []
    for _ in range(count):
        began = time.monotonic()
        assert ask().status_code == 200
        spans.append((time.monotonic() - began) * 1000)
    return statistics.median(spans)


def page(service):
    """A full page of users from the middle of all."""
    path = f"/v3/users?limit=1000&marker=stored-{STORED // 2}"
    answer = service.ask("GET", path, token=service.root)
    assert len(answer.json()["users"]) == 1000
    ours = median_ms(lambda: service.ask("GET", path, token=service.root))
    with Nginx(answer.content) as peer, httpx.Client() as client:
        theirs = median_ms(lambda: client.get(peer.url))
    return figure("identity.users.page_ms", ours, "ms", 20, ("nginx, same size", theirs, "ms"))


def measure(wanted):
    note(f"measuring {PROGRAM}")
    for postgres, name, bound in ((False, "identity.validate.cpu_us", 40), (True, "identity.validate_pg.cpu_us", 80)):
        if not wanted(name) and (postgres or not (wanted("identity.users.page_ms") or wanted("identity.issue.cpu_us"))):
            continue
        with Service("bench", postgres=postgres) as service:
            store_accounts(service.start())
            if wanted(name):
                yield validation(service, name, bound)
            if not postgres and wanted("identity.users.page_ms"):
                yield page(service)
            if not postgres and wanted("identity.issue.cpu_us"):
                yield issue(service)
