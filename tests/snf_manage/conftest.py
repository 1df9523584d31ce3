# SPDX-License-Identifier: Apache-2.0
"""snf-manage as an administrator types it: the built program over a database of its own. No cloud, no machine."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PROGRAM = pathlib.Path(os.environ.get("NEPHELE_MANAGE_PROGRAM", SOURCE / "bin" / "snf-manage"))
NEPHELE = pathlib.Path(os.environ.get("NEPHELE_PROGRAM", SOURCE / "bin" / "nephele"))
GUIDE = SOURCE / "src" / "identity" / "testdata" / "synnefo"
PATIENCE = float(os.environ.get("NEPHELE_TEST_PATIENCE", "1"))

sys.path.insert(0, str(SOURCE / "tests"))
sys.path.insert(0, str(SOURCE / "tests" / "system"))


def pytest_configure(config):
    for program in (PROGRAM, NEPHELE):
        if not program.exists():
            pytest.exit(f"{program} is missing; build the targets snf-manage and nephele", returncode=1)


class Site:
    """A data directory and a directory of settings, and the programs over both."""

    def __init__(self, folder):
        self.data = folder / "data"
        self.settings = folder / "synnefo"
        self.settings.mkdir()
        self.logs = folder / "logs"
        self.write("00-logs.conf", f"LOG_DIR = '{self.logs}'\n")
        self.environment = {**os.environ, "NEPHELE_DATA": str(self.data), "SYNNEFO_SETTINGS_DIR": str(self.settings),
                            "TZ": "UTC"}

    def write(self, name, text):
        (self.settings / name).write_text(text)

    def run(self, program, *words, stdin=None, **more):
        return subprocess.run([str(program), *map(str, words)], capture_output=True, text=True, input=stdin,
                              timeout=60 * PATIENCE, env=self.environment, **more)

    def manage(self, *words, **more):
        return self.run(PROGRAM, *words, **more)

    def ok(self, *words, **more):
        done = self.manage(*words, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def make(self, *users):
        made = self.run(NEPHELE, "migrate")
        assert made.returncode == 0, made.stderr
        for user in users:
            admin = ["--admin"] if user.startswith("admin") else []
            done = self.run(NEPHELE, "account", "create", user, *admin, stdin="correct horse\n")
            assert done.returncode == 0, done.stderr
        return self

    def command_logs(self):
        return sorted((self.logs / "commands").glob("*")) if (self.logs / "commands").exists() else []


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """One site with three users for all tests of a file that only look."""
    return Site(tmp_path_factory.mktemp("site")).make("alice", "bob", "admin@example.org")


@pytest.fixture
def database():
    """A PostgreSQL of one test."""
    from postgres import PROGRAMS, Postgres
    if not (PROGRAMS / "initdb").exists():
        pytest.skip("no PostgreSQL here")
    server = Postgres()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def copy_of_guide(site):
    for file in GUIDE.glob("*.conf"):
        shutil.copy(file, site.settings)
    return site
