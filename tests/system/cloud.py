# SPDX-License-Identifier: Apache-2.0
"""One embedded cloud in a temporary directory, driven as its users drive it: by the program and by HTTP."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import httpx
from ports import free_port

PROGRAM = os.environ.get("NEPHELE_PROGRAM", "bin/nephele")
FAULTS_PROGRAM = os.environ.get("NEPHELE_FAULTS_PROGRAM", "bin/nephele-faults")
GUEST_IMAGE = os.environ.get("NEPHELE_GUEST_IMAGE", "build/guest-image")
# Sanitizers and busy machines: every limit is stretched by this.
PATIENCE = float(os.environ.get("NEPHELE_TEST_PATIENCE", "1"))

MINIMAL = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "SCHEDULING": {}, "DEVICE_INFO": {}}}

clouds = []  # alive ones, for the report of a failure


def wait_for(what, condition, seconds, every=0.1):
    """The condition's first true value. Fails with what was waited for, never sleeps longer than needed."""
    deadline = time.monotonic() + seconds * PATIENCE
    last = None
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds * PATIENCE:.0f} s (last seen: {last!r})")
        time.sleep(every)


def can_connect(address, port, seconds=1.0):
    with socket.socket() as s:
        s.settimeout(seconds)
        return s.connect_ex((address, port)) == 0


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def processes_below(directory):
    """[(pid, command)]: processes that work in this directory or name it."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes()
                if f"{directory}/".encode() in command or os.readlink(entry / "cwd").startswith(f"{directory}/"):
                    found.append((int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")[:120]))
    return found


def clear_leftovers():
    """Clouds of test runs that were killed: their owner is dead, so nobody else will end them."""
    for owner in pathlib.Path(tempfile.gettempdir()).glob("ne-*/owner"):
        with contextlib.suppress(OSError, ValueError):
            if alive(int(owner.read_text())):
                continue
            for pid, _ in processes_below(owner.parent):
                os.kill(pid, signal.SIGKILL)
            shutil.rmtree(owner.parent, ignore_errors=True)


class Cloud:
    """`user`: a numeric uid that everything runs under (we are root then). `data`: another one's data directory, for a
    second process there. `services`: of `nephele serve`; none: `nephele up`."""

    def __init__(self, program=PROGRAM, user=None, name="cloud", environment=None, data=None, services=None):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"ne-{name}-"))  # short: sockets have 107 bytes
        (self.directory / "owner").write_text(str(os.getpid()))
        self.data = data or self.directory / "data"
        self.services = services
        self.port = free_port()
        self.user = user
        self.program = str(pathlib.Path(program).resolve())
        self.guest_image = str(pathlib.Path(GUEST_IMAGE).resolve())
        self.process = None
        self.output = self.directory / "output"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("NEPHELE_", "XDG_"))},
            "HOME": str(self.directory),
            "NEPHELE_GUEST_IMAGE": self.guest_image,
            "NEPHELE_IDENTITY_PORT": "0",
            **(environment or {}),
        }
        if user is not None:
            self._move_to(user)
        clouds.append(self)

    def _move_to(self, user):
        """The checkout may be unreadable for that user, so program and guest come along."""
        os.chown(self.directory, user, user)
        self.program = shutil.copy(self.program, self.directory / "nephele")
        os.chmod(self.program, 0o755)
        self.guest_image = str(self.directory / "guest")
        shutil.copytree(GUEST_IMAGE, self.guest_image)
        for path in [self.guest_image, *pathlib.Path(self.guest_image).iterdir()]:
            os.chmod(path, 0o755)
        self.environment["NEPHELE_GUEST_IMAGE"] = self.guest_image

    # ---- the program --------------------------------------------------------------------------------------------

    def command(self, *arguments, program=None):
        as_user = []
        if self.user is not None:
            as_user = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"]
        return [*as_user, program or self.program, *arguments, "--data", str(self.data)]

    def run(self, *arguments, check=True, input=None, timeout=120, environment=None):
        """A verb of the program, to its end."""
        done = subprocess.run(
            self.command(*arguments),
            input=input,
            stdin=subprocess.DEVNULL if input is None else None,
            capture_output=True,
            text=True,
            timeout=timeout * PATIENCE,
            cwd=self.directory,
            env={**self.environment, **(environment or {})},
        )
        if check:
            assert done.returncode == 0, f"nephele {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def start(self, environment=None, program=None, ready=True):
        """The program in the foreground, so that its death is ours to see."""
        assert self.process is None or self.process.poll() is not None
        verb = ["serve", *self.services] if self.services else ["up"]
        if self.listens:
            verb += ["--port", str(self.port)]
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                self.command(*verb, program=program),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.directory,
                env={**self.environment, **(environment or {})},
                start_new_session=True,
            )
        if ready:
            self.wait_ready()
        return self

    def refuses_to_start(self, **options):
        """What `nephele up` says when it does not start."""
        ended = self.run("up", "--port", str(self.port), check=False, **options)
        assert ended.returncode not in (0, 2), f"{ended.returncode}\n{ended.stdout}{ended.stderr}"
        assert ended.stderr.startswith(("nephele: ", "compute runtimes identity of ")) and "unexpected" not in ended.stderr, ended.stderr
        return ended.stderr

    @property
    def listens(self):
        return not self.services or "runtimes" in self.services

    def status(self):
        """The processes of this data directory, as `nephele status` lists them."""
        return json.loads(self.run("status", "--json", check=False).stdout)["processes"]

    def wait_ready(self):
        def ready():
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"nephele ended with {self.process.returncode}:\n{self.log()}")
            if not self.listens:
                return any(one["pid"] == self.process.pid and one["ready"] for one in self.status())
            try:
                return httpx.get(f"{self.url}/readyz", timeout=5).status_code == 200
            except httpx.HTTPError:
                return False

        wait_for("nephele is ready", ready, 60 if self.services else 30)

    def kill(self):
        """kill -9 of the control plane."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(30 * PATIENCE) == 0, self.log()

    def close(self):
        """Ends everything that may still run, by pid, and removes the directory."""
        if self in clouds:
            clouds.remove(self)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        for pid in self.machines():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for("machines end", lambda: not self.machines(), 10)
        if self.data.is_mount():
            subprocess.run(["umount", "--lazy", str(self.data)], check=False)
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self, lines=120):
        """What a person would look at after a failure."""
        text = []
        for path in [self.output, *sorted(self.data.glob("log/*")), *sorted(self.data.glob("*.log")),
                     *sorted(self.data.glob("servers/*/*.log"))]:
            if path.is_file():
                said = path.read_text(errors="replace").splitlines()
                tail = [line for line in said if " http.access " not in line][-lines:]
                text.append(f"--- {path.relative_to(self.directory)}\n" + "\n".join(tail))
        return "\n".join(text)

    # ---- what runs ----------------------------------------------------------------------------------------------

    def machines(self):
        """Process ids of the QEMUs of this data directory."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                if b"qemu-system" not in command.split(b"\0")[0]:
                    continue
                inside = os.readlink(entry / "cwd").startswith(str(self.data)) or str(self.data).encode() in command
            except OSError:
                continue
            if inside and alive(int(entry.name)):
                found.append(int(entry.name))
        return sorted(found)

    def processes(self):
        return processes_below(self.directory)

    # ---- the API ------------------------------------------------------------------------------------------------

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth(self):
        user, _, password = (self.data / "demo-auth").read_text().strip().partition(":")
        return user, password

    def request(self, method, path, auth=True, **more):
        credentials = self.auth if auth is True else auth or None
        return httpx.request(method, self.url + path, auth=credentials, timeout=60 * PATIENCE, **more)

    def create(self, spec=None, **more):
        answer = self.request("POST", "/serverless-runtimes", json=spec or MINIMAL, **more)
        assert answer.status_code == 201, (answer.status_code, answer.text)
        return answer.json()["SERVERLESS_RUNTIME"]

    def get(self, id):
        answer = self.request("GET", f"/serverless-runtimes/{id}")
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.json()["SERVERLESS_RUNTIME"]

    def put(self, id, spec):
        return self.request("PUT", f"/serverless-runtimes/{id}", json={"SERVERLESS_RUNTIME": spec})

    def delete(self, id):
        return self.request("DELETE", f"/serverless-runtimes/{id}")

    def list(self):
        return self.request("GET", "/serverless-runtimes").json()

    def runtimes(self):
        return [row.get("SERVERLESS_RUNTIME", row) for row in self.list()["SERVERLESS_RUNTIMES"]]

    def states(self, id):
        runtime = self.get(id)
        return [runtime[role]["STATE"] for role in ("FAAS", "DAAS") if "STATE" in runtime.get(role, {})]

    def wait_state(self, id, state, seconds=90):
        def reached():
            runtime = self.get(id)
            seen = [runtime[role] for role in ("FAAS", "DAAS") if "STATE" in runtime.get(role, {})]
            if state != "ERROR" and any("cannot" in role.get("ERROR", "") for role in seen):
                raise AssertionError(f"runtime {id}: {seen}")
            return runtime if all(role["STATE"] == state for role in seen) else None

        return wait_for(f"runtime {id} is {state}", reached, seconds)

    def running(self, spec=None):
        """A new runtime, once it runs."""
        return self.wait_state(self.create(spec)["ID"], "RUNNING")

    def gone(self, runtime, seconds=30):
        """Nothing of a deleted runtime is left: no process, no file, nobody at its addresses."""
        for role in ("FAAS", "DAAS"):
            part = runtime.get(role, {})
            if "VM_ID" not in part:
                continue
            directory = self.data / "servers" / str(part["VM_ID"])
            wait_for(f"{directory} is gone", lambda d=directory: not d.exists(), seconds)
            if part.get("ENDPOINT"):
                wait_for("nobody answers", lambda a=part["ENDPOINT"]: not can_connect(a, 8000), seconds)

    def guest(self, runtime, path="/", role="FAAS", method="GET", **more):
        return httpx.request(method, f"http://{runtime[role]['ENDPOINT']}:8000{path}", timeout=20 * PATIENCE, **more)

    def events(self, id, until, seconds=90, last=None):
        """Server-sent events of a runtime up to the first whose data fulfils `until`."""
        headers = {"Last-Event-ID": str(last)} if last else {}
        got, event = [], {}
        deadline = time.monotonic() + seconds * PATIENCE
        path = f"{self.url}/serverless-runtimes/{id}/events"
        with httpx.stream("GET", path, auth=self.auth, headers=headers, timeout=30 * PATIENCE) as stream:
            assert stream.status_code == 200, stream.status_code
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                line = line.rstrip("\r\n")
                assert time.monotonic() < deadline, f"only these events: {got}"
                if line == "" and event:
                    got.append(event)
                    if until(event):
                        return got
                    event = {}
                elif ":" in line and not line.startswith(":"):
                    key, _, value = line.partition(":")
                    event[key] = value.removeprefix(" ")
        return got


class Fetcher:
    """Fetches a guest's answer without pause on its own thread and remembers every miss."""

    def __init__(self, url):
        self.url, self.answers, self.misses = url, 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._fetch, daemon=True)

    def _fetch(self):
        with httpx.Client(timeout=10 * PATIENCE) as client:
            while not self._stop.is_set():
                try:
                    answer = client.get(self.url)
                    if answer.status_code != 200:
                        self.misses.append(answer.status_code)
                    self.answers += 1
                except httpx.HTTPError as error:
                    self.misses.append(repr(error))
                self._stop.wait(0.02)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(15 * PATIENCE)


def curl(*arguments, input=None):
    """(status, body) of plain curl, as a person would type it."""
    done = subprocess.run(
        ["curl", "-sS", "-m", "60", "-w", "\n%{http_code}", *arguments],
        input=input, capture_output=True, text=True, timeout=70,
    )
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def parse(body):
    """Duplicate members are a fault of ours, so they fail here."""
    def members(pairs):
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"duplicate members in {names}"
        return dict(pairs)

    return json.loads(body, object_pairs_hook=members)


UUID_NAME = re.compile(r"^[\w-]+_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
