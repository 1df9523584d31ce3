# SPDX-License-Identifier: Apache-2.0
"""Verbs about projects, over a database with accounts and applications."""

import json
import sqlite3

import pytest

INF = 2**63 - 1


class People:
    """Ada and Bob are accepted; whoever applies does it as the service writes it down."""

    def __init__(self, site):
        self.site = site.make()
        self.sql("INSERT INTO identity_resource VALUES ('cyclades.vm', '', '', 'compute', 'cyclades', 2, 1, 1, 1)")
        self.uuids = {}
        for number, name in enumerate(("ada", "bob"), 1):
            site.ok("user-add", f"{name}@example.org", name.title(), "Lovelace")
            site.ok("user-modify", str(number), "--verify")
            site.ok("user-modify", str(number), "--accept")
            self.uuids[name] = self.show("user-show", number)["uuid"]

    def sql(self, statement, *values):
        database = sqlite3.connect(self.site.data / "nephele.db")
        with database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    def show(self, verb, *words):
        return json.loads(self.site.ok(verb, *words, "--output-format", "json"))

    def list(self, *words):
        return [(row["name"], row["status"], row["pending_app"]) for row in self.show("project-list", *words)]

    def refused(self, *words):
        done = self.site.manage(*words)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def apply(self, owner, name, **wanted):
        uuid, owner = f"project-of-{name}", self.uuids[owner]
        [(application,)] = self.sql("UPDATE identity_counter SET value = value + 1 WHERE name = 'application' "
                                    "RETURNING value")
        self.sql("INSERT INTO identity_project_life VALUES (?, 0, '', ?, ?, ?, '', '', 4102444800000, 2, 1, ?, 0, 0, "
                 "1700000000000, NULL, ?)", uuid, name, name, owner, INF, application)
        self.sql("INSERT INTO identity_application VALUES (?, ?, ?, 0, ?, 1700000000000, NULL, '', '')", application,
                 uuid, owner, json.dumps({"name": name, "owner": owner, "end_date": "2099-12-31", **wanted}))
        self.sql("UPDATE identity_holding SET usage_min = 1, usage_max = 1 WHERE resource = 'astakos.pending_app' AND "
                 "(holder = ? OR holder = ?)", f"user:{owner}", f"project:{owner}")
        return uuid, application

    def limit(self, holder, source, resource="cyclades.vm"):
        [(limit,)] = self.sql("SELECT limit_amount FROM identity_holding WHERE holder = ? AND source = ? AND resource = ?",
                              holder, source, resource)
        return limit

    def units(self, name):
        uuid = self.uuids[name]
        return [row[0] for row in self.sql(
            "SELECT usage_max FROM identity_holding WHERE resource = 'astakos.pending_app' AND holder IN (?, ?) "
            "ORDER BY holder", f"project:{uuid}", f"user:{uuid}")]


@pytest.fixture
def people(site):
    return People(site)


def test_an_application_is_shown_and_granted(people):
    uuid, application = people.apply("ada", "lab.example.org", comments="please",
                                     resources={"cyclades.vm": {"project_capacity": 9, "member_capacity": 3}})
    assert people.list() == people.list("--new") == people.list("--pending") == [
        ("lab.example.org", "uninitialized", application)]
    assert people.list("--modified") == []
    header = people.site.ok("project-list").splitlines()[0].split()
    assert header == ["id", "name", "owner", "status", "pending_app"]
    shown = people.show("project-show", uuid, "--pending-app")
    assert shown["owner"] == "ada@example.org" and shown["pending_comments"] == "please"
    assert shown["pending_resources"] == ["cyclades.vm member 3 project 9"]
    assert f"Application {application} is approved" in people.site.ok("project-control", "--approve", application)
    assert people.list() == [("lab.example.org", "active", None)]
    assert people.limit(f"project:{uuid}", "") == 9 and people.units("ada") == [0, 0]
    assert people.show("project-show", uuid, "--quota")["quota"] == [
        "astakos.pending_app member inf project inf usage 0", "cyclades.vm member 3 project 9 usage 0"]
    assert "Cannot approve application" in people.refused("project-control", "--approve", application)


def test_denied_and_over(people):
    uuid, application = people.apply("ada", "lab.example.org")
    people.site.ok("project-control", "--deny", application, "-m", "not now")
    assert people.list() == [("lab.example.org", "uninitialized", None)] and people.units("ada") == [0, 0]
    assert people.sql("SELECT reason FROM identity_application WHERE id = ?", application) == [("not now",)]
    assert people.sql("SELECT event, actor FROM identity_audit WHERE details LIKE ?", uuid + "%") == [
        ("project.application_denied", "operator")]


def test_the_life_of_a_project(people):
    uuid, application = people.apply("ada", "lab.example.org",
                                     resources={"cyclades.vm": {"project_capacity": 9, "member_capacity": 3}})
    people.site.ok("project-control", "--approve", application)
    for option, status, limit in (("--suspend", "suspended", 0), ("--unsuspend", "active", 9),
                                  ("--terminate", "terminated", 0), ("--reinstate", "active", 9)):
        people.site.ok("project-control", option, uuid, "--message", "because")
        assert people.show("project-show", uuid)["status"] == status
        assert people.limit(f"project:{uuid}", "") == limit
    people.site.ok("project-control", "--terminate", uuid)
    assert people.list() == [] and people.list("--deleted") == [("lab.example.org", "terminated", None)]
    for words, said in (([], "exactly one"), (["--suspend", uuid, "--check-expired"], "exactly one"),
                        (["--suspend", uuid], "Cannot suspend"), (["--suspend", "nothing"], "no project"),
                        (["--approve", "many"], "is no application"), (["--approve", "99"], "no project application"),
                        (["--terminate", people.uuids["ada"]], "system project")):
        assert said in people.refused("project-control", *words)


def test_what_is_over_is_terminated(people):
    uuid, application = people.apply("ada", "lab.example.org")
    people.site.ok("project-control", "--approve", application)
    assert "No project is expired" in people.site.ok("project-control", "--check-expired")
    people.sql("UPDATE identity_project_life SET end_ms = 1 WHERE project_id = ?", uuid)
    assert uuid in people.site.ok("project-control", "--check-expired")
    assert people.show("project-show", uuid)["status"] == "active"
    people.site.ok("project-control", "--terminate-expired")
    assert people.show("project-show", uuid)["status"] == "terminated"


def test_a_project_is_changed(people):
    uuid, application = people.apply("ada", "lab.example.org")
    people.site.ok("project-control", "--approve", application)
    people.site.ok("project-modify", uuid, "--name", "new.example.org", "--owner", "bob@example.org", "--homepage",
                   "https://example.org", "--description", "a lab", "--end-date", "2030-01-01", "--join-policy", "auto",
                   "--leave-policy=closed", "--max-members", "5", "--private", "yes", "--limit", "cyclades.vm", "2", "20")
    shown = people.show("project-show", uuid, "--quota")
    assert {name: shown[name] for name in ("name", "owner", "homepage", "description", "join_policy", "leave_policy",
                                           "max_members", "private")} == {
        "name": "new.example.org", "owner": "bob@example.org", "homepage": "https://example.org",
        "description": "a lab", "join_policy": "auto", "leave_policy": "closed", "max_members": "5", "private": True}
    assert shown["end_date"].startswith("2030-01-01") and "cyclades.vm member 2 project 20 usage 0" in shown["quota"]
    for words, said in (([uuid], "nothing to change"), ([], "name one project"),
                        (["nothing", "--private", "yes"], "no project"), ([uuid, "--join-policy", "open"], "write auto"),
                        ([uuid, "--limit", "cyclades.vm", "3", "2"], "over the limit"),
                        ([uuid, "--limit", "cyclades.none", "1", "2"], "no resource"),
                        ([uuid, "--exclude", "x", "--private", "no"], "--all-system-projects"),
                        ([people.uuids["ada"], "--name", "mine.example.org"], "system project")):
        assert said in people.refused("project-modify", *words)


def test_all_system_projects_at_once(people):
    ada, bob = people.uuids["ada"], people.uuids["bob"]
    said = people.site.ok("project-modify", "--all-system-projects", "--exclude", bob, "--limit", "cyclades.vm", "4", "4")
    assert "1 system projects" in said
    assert (people.limit(f"user:{ada}", f"project:{ada}"), people.limit(f"project:{ada}", "")) == (4, 4)
    assert people.limit(f"user:{bob}", f"project:{bob}") == 2
    assert people.list() == [] and len(people.list("--system-projects")) == 2
    assert "not for all" in people.refused("project-modify", "--all-system-projects", "--name", "x.example.org")


def test_members_are_shown(people):
    shown = people.show("project-show", people.uuids["ada"], "--members")
    assert shown["memberships"] == [f"1 {people.uuids['ada']} ada@example.org accepted"]
    assert shown["system_project"] is True and shown["status"] == "active"


def test_deactivation_suspends_and_reactivation_resumes(people):
    ada = people.uuids["ada"]
    people.site.ok("user-modify", "1", "--set-inactive", "--inactive-reason", "on leave")
    assert people.show("project-show", ada)["status"] == "suspended"
    assert people.limit(f"user:{ada}", f"project:{ada}") == 0
    people.site.ok("quota-verify")
    people.site.ok("user-modify", "1", "--set-active")
    assert people.show("project-show", ada)["status"] == "active"
    assert people.limit(f"user:{ada}", f"project:{ada}") == 2
    people.site.ok("quota-verify")


def test_limits_that_drifted_are_found(people):
    ada = people.uuids["ada"]
    people.sql("UPDATE identity_holding SET limit_amount = 77 WHERE holder = ? AND resource = 'cyclades.vm'", f"user:{ada}")
    assert "1 of what was looked at is wrong" in people.refused("quota-verify")
    people.site.ok("quota-verify", "--fix")
    assert people.limit(f"user:{ada}", f"project:{ada}") == 2
    people.site.ok("quota-verify")


def test_units_are_reconciled(people):
    people.apply("ada", "lab.example.org")
    people.site.ok("reconcile-resources-astakos")
    people.sql("UPDATE identity_application SET state = 3")
    people.sql("UPDATE identity_holding SET limit_amount = 0 WHERE resource = 'astakos.pending_app'")
    assert "1 is wrong" in people.refused("reconcile-resources-astakos")
    people.site.ok("reconcile-resources-astakos", "--user", "bob@example.org")
    people.site.ok("reconcile-resources-astakos", "--fix")
    assert people.units("ada") == [0, 0]
    people.sql("UPDATE identity_application SET state = 0")
    assert "--force" in people.refused("reconcile-resources-astakos", "--fix", "--project", people.uuids["ada"])
    assert people.units("ada") == [0, 0]
    people.site.ok("reconcile-resources-astakos", "--fix", "--force")
    assert people.units("ada") == [1, 1]
    people.site.ok("reconcile-resources-astakos")
