# SPDX-License-Identifier: Apache-2.0
"""Resources, quota and commissions over a database with holdings."""

import json
import sqlite3

import pytest

MIB = 1024 * 1024


@pytest.fixture
def stocked(site):
    """Ada is accepted, so that she has holdings of two resources; one commission is pending."""
    site.make()
    with sqlite3.connect(site.data / "nephele.db") as database:
        database.executemany(
            "INSERT INTO identity_resource VALUES (?, '', ?, 'compute', 'cyclades', ?, 0, 1, 1)",
            [("cyclades.vm", "", 2), ("cyclades.ram", "bytes", 1024 * MIB)])
        database.execute("DELETE FROM identity_resource WHERE name = 'astakos.pending_app'")  # tests of projects have it
    database.close()
    site.ok("user-add", "ada@example.org", "Ada", "Lovelace")
    site.ok("user-modify", "1", "--verify")
    site.ok("user-modify", "1", "--accept")
    site.uuid = json.loads(site.ok("user-show", "1", "--output-format", "json"))["uuid"]
    site.user, site.project = f"user:{site.uuid}", f"project:{site.uuid}"
    return site


def sql(site, *statements):
    database = sqlite3.connect(site.data / "nephele.db")
    with database:
        for statement, values in statements:
            database.execute(statement, values)
    database.close()


def quotas(site, *words):
    return json.loads(site.ok("quota-list", "--output-format", "json", *words))


def reserve(site, quantity):
    """A pending commission, as the quota holder writes one."""
    sql(site,
        ("INSERT INTO identity_commission VALUES (7, 'cyclades', 'three servers', 1700000000000)", ()),
        ("INSERT INTO identity_provision VALUES (7, ?, ?, 'cyclades.vm', ?)", (site.user, site.project, quantity)),
        ("UPDATE identity_holding SET usage_max = usage_max + ? WHERE holder = ? AND resource = 'cyclades.vm'",
         (quantity, site.user)))


def test_resources_are_shown_and_changed(stocked):
    rows = json.loads(stocked.ok("resource-list", "--output-format", "json"))
    assert [(row["name"], row["system_default"]) for row in rows] == [("cyclades.ram", "1 GiB"), ("cyclades.vm", "2")]
    stocked.ok("resource-modify", "cyclades.ram", "--system-default", "4G", "--project-default=inf", "--api-visible=no")
    rows = json.loads(stocked.ok("resource-list", "--output-format", "json", "--unit-style", "none"))
    assert (rows[0]["system_default"], rows[0]["project_default"]) == (4096 * MIB, 2**63 - 1)
    assert (rows[0]["api_visible"], rows[0]["ui_visible"]) == (False, False)
    for words, said in ((["none", "--ui-visible", "yes"], "no resource \"none\""), (["cyclades.vm"], "nothing to change"),
                        (["cyclades.vm", "--system-default", "-1"], "--system-default"),
                        (["cyclades.vm", "--system-default", "many"], "--system-default")):
        done = stocked.manage("resource-modify", *words)
        assert done.returncode != 0 and said in done.stderr


def test_quotas_are_listed_and_filtered_by_amounts(stocked):
    assert len(quotas(stocked)) == 4
    row = quotas(stocked, "--filter-by", f"holder={stocked.user},resource=cyclades.ram")[0]
    assert row == {"holder": stocked.user, "source": stocked.project, "resource": "cyclades.ram", "limit": "1 GiB",
                   "usage": "0 B"}
    assert {row["resource"] for row in quotas(stocked, "--filter-by", "limit>=1G")} == {"cyclades.ram"}
    assert {row["resource"] for row in quotas(stocked, "--filter-by", "limit<1M")} == {"cyclades.vm"}
    assert quotas(stocked, "--filter-by", "usage>0") == quotas(stocked, "--overlimit") == []
    assert {row["email"] for row in quotas(stocked, "--display-mails")} == {"ada@example.org", ""}
    assert stocked.manage("quota-list", "--filter-by", "limit>lots").returncode == 1
    sql(stocked, ("UPDATE identity_holding SET limit_amount = 1 WHERE holder = ? AND resource = 'cyclades.vm'",
                  (stocked.user,)))
    reserve(stocked, 3)
    assert [(row["holder"], row["limit"], row["usage"]) for row in quotas(stocked, "--overlimit")] == [
        (stocked.user, "1", "3")]


def test_a_user_is_shown_with_his_quota_and_projects(stocked):
    shown = json.loads(stocked.ok("user-show", "1", "--quota", "--projects", "--output-format", "json"))
    assert shown["quota"] == [f"{stocked.uuid} cyclades.ram 0 B of 1 GiB", f"{stocked.uuid} cyclades.vm 0 of 2"]
    assert shown["projects"] == [f"{stocked.uuid} system:{stocked.uuid}"]


def test_commissions_that_are_pending(stocked):
    assert stocked.ok("commission-list", "-c") == ""
    reserve(stocked, 3)
    assert stocked.ok("commission-list", "-c") == "7|three servers|cyclades|2023-11-14T22:13:20.000Z\n"
    assert stocked.ok("commission-list", "-c", "--overdue", "60") != ""
    assert stocked.ok("commission-list", "-c", "--overdue", str(10**9)) == ""
    shown = json.loads(stocked.ok("commission-show", "7", "--output-format", "json"))
    assert shown["provisions"] == [f"{stocked.user} {stocked.project} cyclades.vm +3"]
    done = stocked.manage("commission-show", "8")
    assert done.returncode == 1 and "no commission 8 is pending" in done.stderr


def test_what_does_not_agree_is_found_and_fixed(stocked):
    assert stocked.ok("quota-verify") == ""
    reserve(stocked, 3)
    assert stocked.ok("quota-verify") == ""
    sql(stocked,
        ("UPDATE identity_holding SET usage_min = 5, usage_max = 9 WHERE holder = ? AND resource = 'cyclades.vm'",
         (stocked.user,)),
        ("DELETE FROM identity_holding WHERE holder = ? AND resource = 'cyclades.ram'", (stocked.user,)))
    found = stocked.manage("quota-verify")
    assert found.returncode == 1 and "2 of what was looked at are wrong" in found.stderr
    assert {line.split()[0] for line in found.stdout.splitlines()[2:]} == {"usage", "missing"}
    assert len(quotas(stocked)) == 3
    stocked.ok("quota-verify", "--fix")
    assert stocked.ok("quota-verify") == ""
    row = quotas(stocked, "--filter-by", f"holder={stocked.user},resource=cyclades.vm")[0]
    assert row["usage"] == "3" and len(quotas(stocked)) == 4


def test_limits_that_no_project_grants_are_found_where_they_are_asked_for(stocked):
    sql(stocked, ("INSERT INTO identity_holding (holder, source, resource, limit_amount) SELECT 'user:nobody', source, resource, 7 FROM identity_holding "
                  "WHERE holder = ? AND resource = 'cyclades.vm'", (stocked.user,)))
    assert stocked.ok("quota-verify") == "" and stocked.ok("quota-verify", "--fix") == ""
    found = stocked.manage("quota-verify", "--include-unexpected-holdings", "--output-format", "json")
    assert found.returncode == 1
    assert [(row["flaw"], row["holder"]) for row in json.loads(found.stdout)] == [("unexpected", "user:nobody")]
    stocked.ok("quota-verify", "--include-unexpected-holdings", "--fix")
    assert stocked.ok("quota-verify", "--include-unexpected-holdings") == ""
    [row] = quotas(stocked, "--filter-by", "holder=user:nobody")
    assert row["limit"] == "0"
