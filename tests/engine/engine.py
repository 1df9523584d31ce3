# SPDX-License-Identifier: Apache-2.0
"""One provision-engine-server with a directory of its own: engine.conf, logs, pid file, data.

    with Engine(one, {"timeout": 5}) as engine:
        engine.client().post("/serverless-runtimes", json={...})
"""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile

import httpx
from opennebula.control_client import ALICE, BOB
from ports import free_port
from waiting import PATIENCE, wait_for

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PROGRAM = os.environ.get("NEPHELE_ENGINE_PROGRAM", str(SOURCE / "build" / "dev" / "bin" / "provision-engine-server"))
engines = []  # those that still have a directory: a failed test shows their logs


def secrets_of(*users):
    """What of these users is never to be read anywhere: passwords, and credentials as they travel."""
    out = []
    for user, password in users:
        out += [password, base64.b64encode(f"{user}:{password}".encode()).decode()]
    return out


def symbol_yaml(conf, indent=""):
    """engine.conf as the original's people write it: {"log": {"level": 0}} -> ":log:\\n  :level: 0\\n"."""
    lines = ""
    for key, value in conf.items():
        if isinstance(value, dict):
            lines += f"{indent}:{key}:\n{symbol_yaml(value, indent + '  ')}"
        else:
            lines += f"{indent}:{key}: {json.dumps(value) if isinstance(value, (str, bool)) else value}\n"
    return lines


class Engine:
    """`conf` completes or replaces what a test needs; a member that is None is left out of the file."""

    def __init__(self, one=None, conf=None, wrap=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ne-engine-"))
        self.logs = self.directory / "log"
        self.logs.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.wrap = list(wrap)
        self.child = None
        self.conf = {"one_xmlrpc": one.oned if one else "http://127.0.0.1:1/RPC2",
                     "oneflow_server": one.oneflow if one else "http://127.0.0.1:1",
                     "host": "127.0.0.1", "port": self.port, "timeout": 20,
                     "data": str(self.directory / "var"), "pid_file": str(self.directory / "engine.pid"),
                     "log": {"level": 0, "system": "file", "directory": str(self.logs)}}
        for key, value in (conf or {}).items():
            if isinstance(value, dict):
                self.conf[key] = {**self.conf.get(key, {}), **value}
            else:
                self.conf[key] = value
            if value is None:
                del self.conf[key]
        self.conf_path = self.directory / "engine.conf"
        self.write()
        engines.append(self)

    def write(self, text=None):
        self.conf_path.write_text(symbol_yaml(self.conf) if text is None else text)

    def environment(self):
        # Proxies of the surroundings are none of our business.
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        return {**kept, "PROVISION_ENGINE_CONF": str(self.conf_path)}

    def command(self, *words, limit=60):
        return subprocess.run([*self.wrap, PROGRAM, *words], env=self.environment(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=limit * PATIENCE)

    def start(self, *words):
        done = self.command("start", *words)
        for _ in range(3):
            if f"port {self.port} is taken" not in done.stderr:
                break
            self._another_port()
            done = self.command("start", *words)
        assert done.returncode == 0, f"start: {done.returncode} {done.stdout}{done.stderr}"
        return self

    def _another_port(self):
        """Somebody was quicker."""
        old, self.port = self.port, free_port()
        self.conf["port"], self.url = self.port, f"http://127.0.0.1:{self.port}"
        self.write(self.conf_path.read_text().replace(f" {old}", f" {self.port}"))

    def run(self):
        """As a child, in the foreground; gone with the test even if that is ended."""
        output = open(self.logs / "api.log", "wb")
        with output:
            self.child = subprocess.Popen([*self.wrap, PROGRAM, "run"], env=self.environment(),
                                          stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self.until_ready()
        return self

    def until_ready(self):
        def answers():
            assert self.child is None or self.child.poll() is None, f"it ended: {self.log('api.log')}"
            try:
                return httpx.get(self.url + "/server/version", trust_env=False, timeout=5).status_code == 200
            except httpx.TransportError:
                return False
        wait_for("the engine answers", answers)

    @property
    def pid(self):
        """Of the server that runs, else None."""
        if self.child is not None:
            return self.child.pid if self.child.poll() is None else None
        try:
            number = int((self.directory / "engine.pid").read_text())
            os.kill(number, 0)
            command = pathlib.Path(f"/proc/{number}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return number if os.path.basename(PROGRAM).encode() in command else None

    def signal(self, number):
        os.kill(self.pid, number)

    def until_gone(self, pid):
        def gone():
            if self.child is not None:
                return self.child.poll() is not None
            return not os.path.exists(f"/proc/{pid}") or "Z" in pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2]
        wait_for("the engine has ended", gone, 60)
        self.child = None

    def kill(self):
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        self.until_gone(pid)

    def stop(self):
        if self.child is not None and self.child.poll() is None:
            pid = self.child.pid
            self.child.terminate()
            self.until_gone(pid)
            return None
        return self.command("stop", limit=100)

    def close(self):
        try:
            pid = self.pid
            if pid and self.stop() is not None and self.pid:
                self.kill()
        finally:
            engines.remove(self)
            shutil.rmtree(self.directory)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def client(self, user=ALICE, **more):
        return httpx.Client(base_url=self.url, auth=user and tuple(part.encode() for part in user), trust_env=False,
                            timeout=90 * PATIENCE, **more)

    @contextlib.contextmanager
    def database(self):
        """What it remembers, to look at and to change; one transaction."""
        with contextlib.closing(sqlite3.connect(next((self.directory / "var").rglob("*.db")))) as database, database:
            yield database

    def log(self, name="engine.log"):
        path = self.logs / name
        return path.read_text(errors="replace") if path.exists() else ""

    def all_logs(self):
        return {path.name: path.read_text(errors="replace") for path in self.logs.iterdir()}

    def check_no_secret(self, users=(ALICE, BOB), more=()):
        """In no log, the data directory's files included: there credentials are sealed."""
        for name, text in self.all_logs().items():
            for secret in [*secrets_of(*users), *more]:
                at = text.find(secret)
                assert at < 0, f"{name} holds a secret: …{text[max(0, at - 160):at + 160]}…"
        data = pathlib.Path(self.conf["data"])
        for path in data.iterdir() if data.exists() else ():
            content = path.read_bytes()
            assert not any(secret.encode() in content for secret in [*secrets_of(*users), *more]), path
