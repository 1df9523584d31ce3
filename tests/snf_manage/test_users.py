# SPDX-License-Identifier: Apache-2.0
"""The guide's flow of accounts, groups and terms, as it is printed."""

import email
import email.policy
import json
import re
import socket
import subprocess

import pytest
from conftest import NEPHELE, PATIENCE, PROGRAM, SOURCE
from waiting import wait_for


def mails(site):
    folder = site.data / "mails"
    files = sorted(folder.glob("*.eml")) if folder.exists() else []
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in files]


def codes(site):
    found = (re.search(r"/ui/activate\?auth=([\w-]+)", mail.get_content()) for mail in mails(site))
    return [match.group(1) for match in found if match]


def add(site, address="Ada@Example.org", *more):
    said = site.ok("user-add", address, "Ada", "Lovelace", *more)
    number, uuid = re.search(r"^User created with id (\d+) and uuid ([0-9a-f-]{36})$", said, re.M).groups()
    return number, uuid, said


def rows(site, *words):
    return json.loads(site.ok("user-list", "--output-format", "json", *words))


def shown(site, user):
    return json.loads(site.ok("user-show", user, "--output-format", "json"))


@pytest.fixture
def quiet(site):
    """Nobody but the user is told anything."""
    site.write("20-site.conf", "ASTAKOS_BASE_URL = 'https://accounts.example.org/astakos/'\n")
    return site.make()


def test_a_new_user_is_not_active_and_his_password_is_printed_once(quiet):
    number, uuid, said = add(quiet)
    password = re.search(r"^password: (\S{20,})$", said, re.M).group(1)
    assert [list(row) for row in rows(quiet)] == [["id", "displayname", "realname", "uuid", "active", "admin"]]
    assert rows(quiet) == [{"id": int(number), "displayname": "ada@example.org", "realname": "Ada Lovelace",
                            "uuid": uuid, "active": False, "admin": False}]
    assert shown(quiet, number)["status"] == "Pending email verification"
    assert shown(quiet, uuid) == shown(quiet, "ada@EXAMPLE.org") == shown(quiet, number)
    assert mails(quiet) == []
    log = quiet.command_logs()[0].read_text()
    assert password not in log and "(hidden)" in log
    again = quiet.manage("user-add", "ada@example.org", "A", "L")
    assert again.returncode == 1 and "already an account with this email address" in again.stderr


def test_a_dear_hash_is_taken_with_a_warning(quiet):
    def django(iterations):
        return f"pbkdf2_sha256${iterations}$salt$" + "A" * 43 + "="

    _, _, said = add(quiet, "cheap@example.org", "--password-hash", django(200_000))
    assert "Warning" not in said
    number, _, said = add(quiet, "dear@example.org", "--password-hash", django(200_001))
    warning = f"asks for 200001 iterations.*user-modify {number} --renew-password"
    assert re.search(warning, said) and said.count("Warning: ") == 1
    said = quiet.ok("user-modify", "dear@example.org", "--password-hash", django(1_000_000))
    assert "has the password of this hash" in said and "asks for 1000000 iterations" in said
    assert "Warning" not in quiet.ok("user-modify", "dear@example.org", "--password-hash", django(10_000))
    assert "A" * 43 not in "".join(log.read_text() for log in quiet.command_logs())


def test_activation_is_sent_by_id_and_by_address(quiet):
    number, _, _ = add(quiet)
    assert quiet.ok("user-activation-send", number) == "Activation sent to 'Ada@Example.org'\n"
    assert quiet.ok("user-activation-send", "ada@example.org") == "Activation sent to 'Ada@Example.org'\n"
    first, second = mails(quiet)
    assert first["To"] == "Ada Lovelace <Ada@Example.org>" and first["Subject"] == "Synnefo account verification"
    assert "https://accounts.example.org/astakos/ui/activate?auth=" in first.get_content()
    assert len(set(codes(quiet))) == 2 and first["Message-ID"] != second["Message-ID"]
    assert shown(quiet, number)["activation_sent"] is not None
    assert rows(quiet, "-n") == []
    for log in quiet.command_logs():
        assert not any(code in log.read_text() for code in codes(quiet))


def test_without_a_base_url_the_link_leads_to_the_service_of_this_directory(site):
    number, _, _ = add(site.make())
    site.ok("user-activation-send", number)
    (site.data / "endpoints.json").write_text('{"identity": "http://127.0.0.1:8099"}')
    site.ok("user-activation-send", number)
    links = [re.search(r"http\S+", mail.get_content()).group() for mail in mails(site)]
    assert links[0].startswith("http://127.0.0.1:8080/ui/activate?auth=")
    assert links[1].startswith("http://127.0.0.1:8099/ui/activate?auth=")


def test_whom_no_activation_can_be_sent(quiet):
    number, _, _ = add(quiet)
    quiet.ok("user-modify", number, "--verify")
    done = quiet.manage("user-activation-send", "77", number, "nobody@example.org")
    assert done.returncode == 1
    assert done.stdout == ("Unknown user '77'\nUser email already verified 'Ada@Example.org'\n"
                           "Unknown user 'nobody@example.org'\n")
    assert done.stderr == "CommandError: 3 of 3 got no activation mail\n"
    assert mails(quiet) == []


def test_in_production_without_a_mail_server_the_setting_is_named(site, database):
    site.data.mkdir(mode=0o700)
    (site.data / "nephele.conf").write_text(f"DATABASE = '{database.url}'\nSECRET_KEY_FILE = '{site.settings}/key'\n")
    (site.settings / "key").write_text("5a" * 32 + "\n")
    (site.settings / "key").chmod(0o600)
    number, _, _ = add(site)
    done = site.manage("user-activation-send", number)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("CommandError: no mail can be sent: set EMAIL_HOST") and "/etc/synnefo" in done.stderr
    assert shown(site, number)["activation_sent"] is None
    letters = site.settings / "letters"
    site.write("20-site.conf", f"EMAIL_FILE_PATH = '{letters}'\n")
    assert site.ok("user-activation-send", number) == "Activation sent to 'Ada@Example.org'\n"
    assert len(list(letters.glob("*.eml"))) == 1 and not (site.data / "mails").exists()


def test_a_mail_that_cannot_go_yet_is_queued(quiet):
    number, _, _ = add(quiet)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet.write("30-mail.conf", f"EMAIL_HOST = '127.0.0.1'\nEMAIL_PORT = {port}\n")
    said = quiet.ok("user-activation-send", number)
    assert "The mail to 'Ada@Example.org' is queued: " in said and "Activation sent" not in said
    waiting = quiet.run(NEPHELE, "operations", "list")
    assert waiting.returncode == 0 and "identity.mail" in waiting.stdout and "auth=" not in waiting.stdout


def test_a_killed_command_leaves_its_mail_to_the_identity_service(quiet):
    number, _, _ = add(quiet)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # a mail server that takes a call and says nothing
        quiet.write("30-mail.conf", f"EMAIL_HOST = '127.0.0.1'\nEMAIL_PORT = {silent.getsockname()[1]}\n")
        silent.settimeout(60 * PATIENCE)
        with subprocess.Popen([str(PROGRAM), "user-activation-send", number], env=quiet.environment) as command:
            call, _ = silent.accept()
            command.kill()
        call.close()
    (quiet.settings / "30-mail.conf").unlink()
    with open(quiet.settings / "log", "wb") as log, subprocess.Popen(
            [str(NEPHELE), "serve", "identity"], env={**quiet.environment, "NEPHELE_IDENTITY_PORT": "0"},
            stdout=log, stderr=log) as service:
        try:
            wait_for("the mail", lambda: len(mails(quiet)) == 1)
        finally:
            service.terminate()
    assert mails(quiet)[0]["To"] == "Ada Lovelace <Ada@Example.org>" and len(codes(quiet)) == 1
    assert "auth=" not in (quiet.settings / "log").read_text()
    assert quiet.ok("user-activation-send", number) == "Activation sent to 'Ada@Example.org'\n"


def test_who_is_let_in_by_the_proof_is_not_accepted_twice(quiet):
    by_mail, _, _ = add(quiet)
    quiet.ok("user-activation-send", by_mail)
    quiet.write("30-open.conf", "ASTAKOS_MODERATION_ENABLED = False\n")
    anybody, _, _ = add(quiet, "eve@example.org")
    for user in (by_mail, anybody):
        assert "is verified and active" in quiet.ok("user-modify", user, "--verify", "--accept")
        assert shown(quiet, user)["active"] is True
        again = quiet.manage("user-modify", user, "--accept")
        assert again.returncode == 1 and "already moderated" in again.stderr


def test_judging_accounts(quiet):
    ada, _, _ = add(quiet)
    bob, _, _ = add(quiet, "bob@example.org")
    assert [row["id"] for row in rows(quiet, "--pending-verification")] == [int(ada), int(bob)]
    done = quiet.manage("user-modify", ada, "--accept")
    assert done.returncode == 1 and "does not have a verified email address" in done.stderr
    quiet.ok("user-modify", ada, "--verify")
    assert [row["id"] for row in rows(quiet, "--pending-moderation")] == [int(ada)]
    assert quiet.ok("user-modify", ada, "--accept") == "User 'ada@example.org' is accepted and active\n"
    assert [mail["Subject"] for mail in mails(quiet)] == ["Welcome to Synnefo"]
    assert [row["id"] for row in rows(quiet, "--active")] == [int(ada)]
    assert shown(quiet, ada)["status"] == "Accepted/Active (manually accepted)"
    done = quiet.manage("user-modify", ada, "--delete", "-f")
    assert done.returncode == 1 and "accepted is not deleted" in done.stderr
    quiet.ok("user-modify", ada, "--set-inactive", "--inactive-reason", "on leave")
    assert "on leave" in shown(quiet, ada)["status"]
    quiet.ok("user-modify", ada, "--set-active")
    quiet.ok("user-modify", bob, "--verify")
    quiet.ok("user-modify", bob, "--reject", "--reject-reason", "unknown")
    assert shown(quiet, bob)["rejected_reason"] == "unknown"
    assert quiet.manage("user-modify", bob, "--delete", stdin="n\n").returncode == 1
    quiet.ok("user-modify", bob, "--delete", stdin="y\n")
    assert quiet.manage("user-show", bob).returncode == 1


def test_other_changes_of_a_user(quiet):
    number, _, _ = add(quiet)
    quiet.ok("group-add", "helpdesk")
    assert quiet.manage("group-add", "HelpDesk").returncode == 1
    quiet.ok("user-modify", number, "--type", "ADMIN", "--add-group", "helpdesk", "--set-email", "ada@b.org")
    user = shown(quiet, "ada@b.org")
    assert user["admin"] is True and user["groups"] == ["helpdesk"] and user["displayname"] == "ada@b.org"
    assert [row["id"] for row in rows(quiet, "--group", "helpdesk")] == [int(number)]
    assert rows(quiet, "--group", "others") == []
    groups = json.loads(quiet.ok("group-list", "--output-format", "json"))
    assert [(group["name"], group["users_count"]) for group in groups] == [("helpdesk", 1)]
    quiet.ok("user-modify", number, "--set-noadmin", "--delete-group", "helpdesk")
    assert shown(quiet, number)["admin"] is False and shown(quiet, number)["groups"] == []
    assert quiet.manage("user-modify", number, "--delete-group", "helpdesk").returncode == 1
    assert re.search(r"^password: \S{20,}$", quiet.ok("user-modify", number, "--renew-password"), re.M)
    for words, said in ((["--type", "KING"], "ADMIN or USER"), (["--add-group", "none"], "no group \"none\""),
                        (["--set-default-project", "none"], "no project with id: none"), ([], "nothing to change"),
                        (["--accept", "--reject"], "exclude each other")):
        done = quiet.manage("user-modify", number, *words)
        assert done.returncode == 1 and said in done.stderr


def test_terms_are_versions_that_all_sign_anew(quiet):
    number, _, _ = add(quiet)
    sample = SOURCE / "share" / "synnefo" / "sample-terms.html"
    assert quiet.manage("user-modify", number, "--sign-terms").returncode == 1
    assert quiet.ok("term-add", sample) == "Created term id 1\n"
    quiet.ok("user-modify", number, "--sign-terms")
    assert shown(quiet, number)["terms"] == 1
    assert quiet.ok("term-add", sample) == "Created term id 2\n"
    done = quiet.manage("term-add", quiet.settings / "none.html")
    assert done.returncode == 1 and "none.html" in done.stderr
    (quiet.settings / "empty.html").write_text("\n")
    assert "is empty" in quiet.manage("term-add", quiet.settings / "empty.html").stderr
