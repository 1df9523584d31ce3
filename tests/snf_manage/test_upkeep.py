# SPDX-License-Identifier: Apache-2.0
"""What keeps accounts in order: the audit log, numbers, repairs, and what user-modify has beside the life of accounts."""

import json
import re
import sqlite3

import pytest
from conftest import NEPHELE


def told(site, *words):
    return json.loads(site.ok(*words, "--output-format", "json"))


def sql(site, statement, *values):
    database = sqlite3.connect(site.data / "nephele.db")
    with database:
        rows = database.execute(statement, values).fetchall()
    database.close()
    return rows


@pytest.fixture
def ada(site):
    site.make()
    site.ok("group-add", "testers")
    site.ok("user-add", "ada@example.org", "Ada", "Lovelace", "-p", "im.can_access_userinfo", "-g", "testers")
    site.ok("user-modify", "1", "--verify")
    site.ok("user-modify", "1", "--accept")
    return site


def test_the_audit_log_tells_who_did_what(ada):
    ada.ok("user-modify", "1", "--set-admin", "--level", "1")
    ada.ok("user-modify", "1", "--password", "correct-horse-battery")
    ada.ok("user-add", "bob@example.org", "Bob", "B")
    rows = told(ada, "audit-list")
    assert [row["event"] for row in rows][0] == "account.added" and rows[0]["user"] == "bob@example.org"
    assert {row["actor"] for row in rows} == {"operator"}
    mine = told(ada, "audit-list", "--user", "ada@example.org")
    assert {row["event"] for row in mine} >= {"account.added", "account.verified", "account.accepted", "account.changed",
                                              "account.level"}
    assert all(row["user"] == "ada@example.org" for row in mine)
    assert [row["details"] for row in mine if "password" in row["details"]] == ["password"]
    assert "correct-horse" not in ada.ok("audit-list", "-c")
    assert len(told(ada, "audit-list", "--filter-by", "event=account.added")) == 2
    assert told(ada, "audit-list", "--filter-by", "at>=2100-01-01") == []
    ada.ok("user-modify", "2", "--delete", "-f")
    uuid = told(ada, "audit-list", "--filter-by", "event=account.removed", "-o", "uuid,details")[0]
    assert uuid["details"] == "bob@example.org"
    assert len(told(ada, "audit-list", "--user", uuid["uuid"])) == 2, "the log outlives the account"


def test_what_gives_rights_or_quota_is_in_the_audit_log(ada):
    def events():
        rows = told(ada, "audit-list", "-o", "actor,event,details")
        assert {row["actor"] for row in rows} == {"operator"}
        return [(row["event"], row["details"]) for row in rows]

    assert any(event == "group.created" and details.endswith(" testers") for event, details in events())
    assert ("account.permission_added", "im.can_access_userinfo") in events()
    ada.ok("oauth2-client-add", "viewer", "--secret", "hush-hush-hush", "--is-trusted", "--url", "https://x.example.org/b")
    ada.ok("oauth2-client-remove", "viewer")
    assert ada.manage("oauth2-client-remove", "viewer").returncode == 1
    ada.ok("resource-modify", "astakos.pending_app", "--system-default", "2")
    new = events()[:3]
    assert [event for event, _ in new] == ["resource.changed", "oauth2.client_removed", "oauth2.client_created"]
    assert new[2][1] == "viewer (confidential, trusted) https://x.example.org/b" and new[1][1] == "viewer"
    assert new[0][1].startswith("astakos.pending_app (system default 2, ")


def test_a_log_of_many_pages(ada):
    with sqlite3.connect(ada.data / "nephele.db") as database:
        database.executemany("INSERT INTO identity_audit VALUES (?, ?, '', 'x', 'filler', '')",
                             [(f"{n:06}", 1_000 + n // 3) for n in range(1700)])
    database.close()
    assert len(ada.ok("audit-list", "-c", "--no-headers", "--filter-by", "event=filler").splitlines()) == 1700


def test_permissions_level_invitations_and_a_new_token(ada):
    shown = told(ada, "user-show", "1")
    assert (shown["permissions"], shown["level"], shown["invitations"]) == (["im.can_access_userinfo"], 4, 0)
    assert (shown["username"], shown["email_verified"], shown["activation_sent_date"]) == ("ada@example.org", True, None)
    said = ada.ok("user-modify", "1", "--level", "2", "--invitations", "5", "--add-permission", "im.other",
                  "--delete-permission", "im.can_access_userinfo", "--renew-token")
    shown = told(ada, "user-show", "1")
    assert (shown["permissions"], shown["level"], shown["invitations"]) == (["im.other"], 2, 5)
    token = re.search(r"^token: (\S{40,})$", said, re.M).group(1)
    assert token not in ada.command_logs()[-1].read_text() and shown["token_expires"]
    assert sql(ada, "SELECT COUNT(*) FROM identity_token") == [(1,)]
    ada.ok("user-modify", "1", "--renew-token")
    assert sql(ada, "SELECT COUNT(*) FROM identity_token") == [(1,)], "the one before is gone"
    for words, said in ((["--level", "-1"], "--level"), (["--invitations", "many"], "--invitations"),
                        (["--delete-permission", "none"], "no permission")):
        done = ada.manage("user-modify", "1", *words)
        assert done.returncode != 0 and said in done.stderr, done.stderr


def test_numbers(ada):
    ada.ok("user-add", "bob@example.org", "Bob", "B")
    numbers = told(ada, "stats-astakos")
    assert (numbers["users.total"], numbers["users.verified"], numbers["users.active"]) == (2, 1, 1)
    with sqlite3.connect(ada.data / "nephele.db") as database:
        database.execute("INSERT INTO identity_resource VALUES ('c.ram', '', 'bytes', 't', 'c', 0, 0, 1, 1)")
        database.executemany("INSERT INTO identity_holding (holder, source, resource, limit_amount, usage_max) VALUES (?, ?, 'c.ram', ?, ?)",
                             [("user:1", "project:1", 2048, 1024), ("user:2", "project:2", 1024, 512),
                              ("project:1", "", 4096, 1024)])
    database.close()
    numbers = told(ada, "stats-astakos")
    assert (numbers["c.ram.used"], numbers["c.ram.allocated"]) == (1536, 3072)
    assert "1.5 KiB" in ada.ok("stats-astakos")


def test_superusers_get_what_they_lack(ada):
    assert ada.ok("fix-superusers") == "No superusers to fix\n"
    ada.ok("user-add", "root@example.org", "Root", "R")
    sql(ada, "UPDATE identity_account SET admin = 1 WHERE name = 'root@example.org'")  # as a framework made it
    assert ada.ok("fix-superusers") == "Fixed superuser 'root@example.org'\n"
    shown = told(ada, "user-show", "root@example.org")
    assert shown["active"] and shown["status"].startswith("Accepted/Active")
    roles = sql(ada, "SELECT COUNT(*) FROM identity_assignment WHERE actor_id = ? AND target_kind = 'system'", shown["uuid"])
    assert roles == [(1,)]
    assert ada.ok("fix-superusers") == "No superusers to fix\n"


def test_what_is_over_goes_and_the_rest_stays(ada):
    ada.ok("user-modify", "1", "--renew-token")
    uuid = told(ada, "user-show", "1")["uuid"]
    with sqlite3.connect(ada.data / "nephele.db") as database:
        database.executemany("INSERT INTO identity_session VALUES (?, ?, 1, ?, 1)",
                             [(f"old{n}", uuid, 1000) for n in range(1200)] + [("new", uuid, 2**52)])
    database.close()
    assert ada.ok("cleanup-full").startswith("1200 sessions")
    assert sql(ada, "SELECT id FROM identity_session") == [("new",)]
    assert sql(ada, "SELECT COUNT(*) FROM identity_token") == [(1,)]


def test_accounts_of_the_other_program_are_told_too(site):
    site.make("alice")
    for words in (["disable"], ["enable"]):
        assert site.run(NEPHELE, "account", *words, "alice").returncode == 0
    assert [row["event"] for row in told(site, "audit-list", "--user", "alice")] == [
        "account.enabled", "account.disabled", "account.created"]
