# SPDX-License-Identifier: Apache-2.0
"""Verbs, lists, filters, formats, errors and the log of commands."""

import csv
import io
import json
import os
import pathlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import PATIENCE, PROGRAM
from waiting import wait_for


def test_help_lists_the_verbs_without_a_database(site):
    for words in ([], ["help"], ["--help"]):
        done = site.manage(*words)
        assert done.returncode == 0 and done.stderr == ""
        assert re.search(r"^  user-list +\S", done.stdout, re.M)
    assert "--filter-by" in site.ok("help", "user-list")
    assert site.ok("user-list", "--help") == site.ok("help", "user-list")
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", site.ok("--version"))


def test_it_is_also_called_snf_admin(house):
    done = house.run(PROGRAM.parent / "snf-admin", "help")
    assert done.returncode == 0 and "Usage: snf-admin VERB" in done.stdout


@pytest.mark.parametrize("words, status, said", [
    (["user-lst"], 1, "did you mean user-list?"),
    (["user-list", "--nothing"], 2, "--nothing"),
    (["user-list", "extra"], 2, "extra"),
    (["user-show"], 2, "USER is required"),
    (["user-list", "--output-format", "xml"], 2, "write pretty, csv or json"),
    (["user-list", "-o", "nmae"], 1, "no field \"nmae\""),
    (["user-list", "--filter-by", "active"], 1, "no operator"),
    (["user-list", "--filter-by", "active=perhaps"], 1, "no boolean"),
    (["user-show", "nobody"], 1, "no user \"nobody\""),
])
def test_what_is_wrong_is_said_on_standard_error(house, words, status, said):
    done = house.manage(*words)
    assert done.returncode == status and done.stdout == "" and said in done.stderr
    assert status == 2 or words == ["user-lst"] or done.stderr.startswith("CommandError: ")


def test_a_list_is_aligned_to_the_right(house):
    lines = house.ok("user-list").splitlines()
    assert [line.split() for line in lines[:1]] == [["id", "displayname", "realname", "uuid", "active", "admin"]]
    assert set(lines[1]) == {"-"} and len({len(line) for line in lines}) == 1
    assert [line.split()[1] for line in lines[2:]] == ["alice", "bob", "admin@example.org"]
    assert [line.split()[-1] for line in lines[2:]] == ["False", "False", "True"]


def test_fields_filters_and_formats(house):
    assert house.ok("user-list", "-o", "displayname", "--no-headers").split() == ["alice", "bob", "admin@example.org"]
    assert house.ok("user-list", "-c", "-o", "displayname,admin", "--filter-by", "admin=yes") == "admin@example.org|True\n"
    assert house.ok("user-list", "-c", "-o", "displayname", "--filter-by", "displayname>alice") == "bob\n"
    assert house.ok("user-list", "-c", "-o", "displayname", "--filter-by", "date_joined<2020-01-01") == ""
    rows = json.loads(house.ok("user-list", "--output-format", "json", "-o", "displayname,active,admin"))
    assert rows[0] == {"displayname": "alice", "active": True, "admin": False}
    table = list(csv.DictReader(io.StringIO(house.ok("user-list", "--output-format=csv"), newline="")))
    assert [row["displayname"] for row in table] == ["alice", "bob", "admin@example.org"]
    assert "date_joined" in house.ok("user-list", "--list-fields")
    assert "yes, true, t, 1" in house.ok("user-list", "--list-filters")


def test_show_prints_keys_and_values(house):
    shown = dict(re.fullmatch(r"(\S+) +: (.*)", line).groups() for line in house.ok("user-show", "ALICE").splitlines())
    assert shown["displayname"] == "alice" and shown["active"] == "True"
    assert json.loads(house.ok("user-show", "alice", "--output-format", "json"))["uuid"] == shown["uuid"]


def test_django_s_options_are_accepted(house):
    house.ok("user-list", "--settings=synnefo.settings", "--pythonpath", "/srv", "--traceback", "-v", "0")


def test_a_reader_that_goes_away_is_no_error_of_ours(house):
    with subprocess.Popen([str(PROGRAM), "user-list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=house.environment) as running:
        running.stdout.close()
        assert b"unexpected" not in running.stderr.read()


def test_what_changes_something_is_logged_with_its_words_and_answer(site):
    site.make("alice")
    site.ok("user-list")
    site.ok("user-show", "alice")
    assert site.command_logs() == []
    site.ok("user-modify", "alice", "--set-inactive")
    assert "False" in site.ok("user-list", "-o", "active")
    assert site.manage("user-modify", "nobody", "--set-active").returncode == 1
    first, second = sorted(site.command_logs(), key=lambda path: path.stat().st_mtime_ns)
    assert re.fullmatch(r"\d{12}_user-modify_\d+\.log", first.name)
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.read_text() == "snf-manage user-modify alice --set-inactive\nUser 'alice' is inactive\n"
    assert second.read_text().splitlines()[1].startswith("CommandError: there is no user")


def test_a_password_is_in_no_log_and_in_no_process_list(site):
    site.make("alice")
    pipe = site.settings / "log"
    os.mkfifo(pipe)  # the program waits there, so that it can be looked at
    site.write("10-l.conf", f"LOGGING_SETUP = {{'version': 1, 'handlers': {{'h': {{'class': 'logging.FileHandler', "
                            f"'filename': '{pipe}'}}}}, 'root': {{'handlers': ['h'], 'level': 'DEBUG'}}}}\n")
    words = [str(PROGRAM), "user-modify", "alice", "--password=hunter2hunter2", "--set-inactive"]
    with subprocess.Popen(words, env=site.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        shown = wait_for("the log of the command", lambda: site.command_logs() and site.command_logs()[0].read_text())
        listed = pathlib.Path(f"/proc/{running.pid}/cmdline").read_bytes()
        with open(pipe) as log:
            logged = log.read()
        out, err = running.communicate(timeout=60 * PATIENCE)
    assert running.returncode == 0, err
    assert shown.startswith("snf-manage user-modify alice --password=*** --set-inactive\n")
    assert b"--password=**" in listed and b"--set-inactive" in listed
    for place in (listed, logged.encode(), out, err, site.command_logs()[0].read_bytes()):
        assert b"hunter2" not in place
    assert "account.changed" in logged


def test_the_log_of_commands_follows_the_settings(site):
    site.make("alice")
    site.write("10-x.conf", "LOGGER_EXCLUDE_COMMANDS = '^user-'\n")
    site.ok("user-modify", "alice", "--set-inactive")
    assert site.command_logs() == []
    site.write("10-x.conf", "LOGGER_EXCLUDE_COMMANDS = ''\n")
    site.ok("user-list")
    assert [path.read_text().splitlines()[0] for path in site.command_logs()] == ["snf-manage user-list"]
    site.write("10-x.conf", "LOGGER_EXCLUDE_COMMANDS = '('\n")
    done = site.manage("user-modify", "alice", "--set-active")
    assert done.returncode == 1 and "no regular expression" in done.stderr


def test_a_command_works_where_its_log_cannot_be_written(site):
    site.make("alice")
    site.logs.write_text("a file where the folder should be")
    site.write("10-l.conf", "LOGGING_SETUP = {'version': 1}\n")
    done = site.manage("user-modify", "alice", "--set-inactive")
    assert done.returncode == 0 and "no log of this command" in done.stderr


def test_many_at_once_on_one_database(site):
    site.make(*(f"user{n}" for n in range(4)))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda n: site.manage("user-modify", f"user{n}", "--set-inactive"), range(4)))
    assert [one.stderr for one in done] == [""] * 4
    assert site.ok("user-list", "-c", "-o", "active").split() == ["False"] * 4
    assert len(site.command_logs()) == 4
