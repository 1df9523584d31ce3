# SPDX-License-Identifier: Apache-2.0
"""A real PostgreSQL of one test: made by initdb in a temporary folder, on a free TCP port, ended with the test."""

import contextlib
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile

from cloud import wait_for
from ports import free_port

PROGRAMS = pathlib.Path(os.environ.get("NEPHELE_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))


class Postgres:
    def __init__(self):
        assert (PROGRAMS / "initdb").exists(), f"no PostgreSQL in {PROGRAMS}: apt-get install postgresql-15"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ne-pg-"))
        (self.folder / "owner").write_text(str(os.getpid()))  # conftest clears up after a killed test run
        self.port = free_port()
        self.name = "nephele"
        self.process = None
        self.as_user = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        self._run("initdb", f"--pgdata={self.data}", "--username=nephele", "--auth=trust", "--encoding=UTF8",
                  "--locale=C", "--no-sync")
        self.start()
        self._create()

    def _create(self):
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "nephele", self.name)

    def begin_anew(self):
        """From now on another database, an empty one."""
        self.name = f"anew-{secrets.token_hex(6)}"
        self._create()

    @property
    def data(self):
        return self.folder / "data"

    @property
    def url(self):
        return f"postgresql://nephele@127.0.0.1:{self.port}/{self.name}"

    def _run(self, program, *arguments):
        done = subprocess.run([*self.as_user, str(PROGRAMS / program), *arguments], capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL, cwd=self.folder)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        with open(self.folder / "output", "ab") as output:
            # full_page_writes and fsync stay on: what was acknowledged must be there after a stop.
            self.process = subprocess.Popen(
                [*self.as_user, str(PROGRAMS / "postgres"), "-D", str(self.data), "-p", str(self.port),
                 "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.folder}"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.folder, start_new_session=True)

        def answers():
            assert self.process.poll() is None, (self.folder / "output").read_text()
            ready = [str(PROGRAMS / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
            return subprocess.run(ready, timeout=30).returncode == 0

        wait_for("PostgreSQL answers", answers, 60)

    def stop(self):
        """As an operator does it: connections are told and closed."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)

    def rows(self, query):
        """What a query answers, as lists of text."""
        said = self._run("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "nephele", "-d", self.name, "-X", "-A",
                         "-t", "-F", "\t", "-c", query)
        return [line.split("\t") for line in said.splitlines() if line]

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)
