# SPDX-License-Identifier: Apache-2.0
"""docs/guide/identity.md and snf-manage.md: their commands work as printed, and every verb that they name exists."""

import re
import sqlite3

import pytest
from conftest import NEPHELE, PROGRAM, SOURCE

GUIDES = [SOURCE / "docs" / "guide" / name for name in ("identity.md", "snf-manage.md")]
KINDS = "user|group|term|component|service|resource|quota|commission|audit|stats|fix|cleanup|setting"


def blocks(guide):
    """What stands between fences, a command a line; not what runs on."""
    text = "\n".join(re.findall(r"^```\n(.*?)^```", guide.read_text(), re.M | re.S))
    return [line for line in text.splitlines() if line.startswith(("snf-manage", "nephele")) and line != "nephele serve identity"]


@pytest.fixture
def machine(site, tmp_path):
    """The programs in the PATH, a user with the guide's number, the samples where the guide has them."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "snf-manage").symlink_to(PROGRAM.resolve())
    (folder / "nephele").symlink_to(NEPHELE.resolve())
    site.environment.update(PATH=f"{folder}:{site.environment['PATH']}", NEPHELE_IDENTITY_PORT="0")
    site.make()
    site.ok("user-add", "ada@example.org", "Ada", "Lovelace")
    with sqlite3.connect(site.data / "nephele.db") as database:
        database.execute("UPDATE identity_account SET number = 42")
    database.close()
    site.folder = tmp_path
    return site


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_the_commands_work_as_printed(machine, guide):
    commands = blocks(guide)
    assert len(commands) >= 2
    for command in commands:
        done = machine.run("bash", "-c", command.replace("/usr/share/synnefo", str(SOURCE / "share" / "synnefo")),
                           cwd=machine.folder)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_verb_that_is_named_exists(site, guide):
    known = set(re.findall(r"^ +([a-z-]+) ", site.ok("help"), re.M))
    assert "audit-list" in known, known
    named = set()
    for code in re.findall(r"`([^`\n]+)`", guide.read_text()):
        named |= set(re.findall(rf"^(?:snf-manage )?((?:{KINDS})-[a-z-]+)", code))
    assert len(named) > 15 and named <= known, named - known


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_every_option_of_user_modify_that_is_named_exists(site, guide):
    help_text = site.ok("help", "user-modify")
    for line in guide.read_text().splitlines():
        if line.startswith("| `user-modify"):
            for option in re.findall(r"`(--[a-z-]+)", line):
                assert option in help_text, option
