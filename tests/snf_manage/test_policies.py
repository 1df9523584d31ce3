# SPDX-License-Identifier: Apache-2.0
"""Ways to sign in and their exceptions, as an administrator types them."""

import json


def profiles(site):
    return json.loads(site.ok("authpolicy-list", "--output-format", "json"))


def test_a_profile_from_its_making_to_its_end(site):
    site.make("alice", "bob")
    site.ok("group-add", "staff")
    said = site.ok("authpolicy-add", "nolocal", "local", "--login-policy", "False", "--limit-policy", "2")
    assert said == "Policy profile 'nolocal' created\n"
    again = site.manage("authpolicy-add", "nolocal", "local")
    assert again.returncode == 1 and "--update" in again.stderr
    assert profiles(site) == [{"id": 1, "name": "nolocal", "provider": "local", "exclusive": False, "groups": [],
                               "users": []}]
    site.ok("authpolicy-set", "nolocal", "--user", "alice", "--group", "staff")
    (row,) = profiles(site)
    assert len(row["users"]) == 1 and len(row["groups"]) == 1
    site.ok("authpolicy-set", "nolocal", "--user", "bob")
    (row,) = profiles(site)
    assert row["groups"] == []
    # Only the tie went: the user and the group are there.
    assert "alice" in site.ok("user-list") and "staff" in site.ok("group-list")
    site.ok("authpolicy-add", "nolocal", "shibboleth", "--update", "--exclusive", "--unset-login-policy",
            "--required-policy", "True", "--priority", "3")
    shown = json.loads(site.ok("authpolicy-show", "nolocal", "--output-format", "json"))
    assert shown["provider"] == "shibboleth" and shown["exclusive"] is True and shown["priority"] == 3
    assert shown["login_policy"] is None and shown["required_policy"] is True and shown["limit_policy"] == 2
    assert shown["users"] == row["users"]
    assert site.ok("authpolicy-remove", "nolocal") == "Policy profile 'nolocal' removed\n"
    assert profiles(site) == [] and "bob" in site.ok("user-list")


def test_what_is_refused_is_said(site):
    site.make("alice")
    for words, sentence in [(["authpolicy-add", "x", "kerberos"], "local, ldap or shibboleth"),
                            (["authpolicy-add", "x", "ldap", "--login-policy", "perhaps"], "--login-policy"),
                            (["authpolicy-add", "x", "ldap", "--limit-policy", "-1"], "limit-policy"),
                            (["authpolicy-show", "x"], 'no profile "x"'),
                            (["authpolicy-remove", "x"], 'no profile "x"'),
                            (["authpolicy-set", "x", "--user", "alice"], 'no profile "x"'),
                            (["authpolicy-set", "x", "--user", "nobody"], 'no user "nobody"')]:
        done = site.manage(*words)
        assert done.returncode != 0 and sentence in done.stderr, (words, done.stderr)


def test_the_ways_of_a_user_are_shown(house):
    rows = json.loads(house.ok("user-list", "--auth-providers", "--output-format", "json"))
    assert {row["displayname"]: row["providers"] for row in rows}["alice"] == ["local"]
    assert "providers" not in json.loads(house.ok("user-list", "--output-format", "json"))[0]
    assert json.loads(house.ok("user-show", "alice", "--output-format", "json"))["providers"] == ["local"]
