# SPDX-License-Identifier: Apache-2.0
"""One factory in a temporary directory: the root that vcycled, vcycle and check-vcycled are told."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

from cloud import GUEST_IMAGE, PATIENCE, processes_below, wait_for

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", "."))
DAEMON = os.environ.get("NEPHELE_VCYCLED_PROGRAM", "build/dev/bin/vcycled")
HOST = "factory1.example.com"

alive = []  # for the report of a failure


class Factory:
    def __init__(self, host=HOST):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ne-fleet-"))  # short: sockets have 107 bytes
        (self.root / "owner").write_text(str(os.getpid()))
        self.host = host
        self.lib = self.root / "var/lib/vcycle"
        self.data = self.root / "var/lib/nephele"
        self.conf = self.root / "etc/vcycle.conf"
        self.conf.parent.mkdir(parents=True)
        self.bin = pathlib.Path(DAEMON).resolve().parent
        self.process = None
        self.output = self.root / "output"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("NEPHELE_", "XDG_"))},
            "HOME": str(self.root),
            "NEPHELE_GUEST_IMAGE": str(pathlib.Path(GUEST_IMAGE).resolve()),
        }
        alive.append(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        alive.remove(self)
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        for pid, _ in processes_below(self.root):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_for("machines end", lambda: not processes_below(self.root), 10)
        shutil.rmtree(self.root, ignore_errors=True)

    # ---- the programs ---------------------------------------------------------------------------------------------

    def run(self, program, *arguments, check=True):
        done = subprocess.run(
            [self.bin / program, *arguments, "--root", str(self.root)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * PATIENCE, env=self.environment)
        if check:
            assert done.returncode == 0, f"{program} {arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def vcycle(self, *arguments, check=True):
        return self.run("vcycle", *arguments, "--host", self.host, check=check)

    def once(self, *arguments, check=True):
        """One cycle; its reports by space."""
        done = self.run("vcycled", "--once", "--json", "--host", self.host, *arguments, check=check)
        return {report["space"]: report for report in json.loads(done.stdout)}

    def start(self, cycle_seconds=1, wrap=()):
        """`wrap`: a command that becomes the one behind it."""
        with open(self.output, "ab") as output:
            self.process = subprocess.Popen(
                [*wrap, self.bin / "vcycled", "--foreground", "--cycle-seconds", str(cycle_seconds), "--root", str(self.root),
                 "--host", self.host],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=self.environment, start_new_session=True)
        wait_for("vcycled runs", lambda: (self.root / "var/run/vcycled.pid").exists() or self.process.poll() is not None, 30)
        assert self.process.poll() is None, self.report()
        return self

    def run_nephele_up(self):
        """The cloud of the same data directory as a process of its own; ends with the factory."""
        environment = {**self.environment, "NEPHELE_IDENTITY_PORT": "0"}
        subprocess.run([self.bin / "nephele", "up", "--detach", "--port", "0", "--data", str(self.data)], check=True,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=60 * PATIENCE, env=environment)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60 * PATIENCE) == 0, self.report()

    # ---- what there is --------------------------------------------------------------------------------------------

    def seen(self):
        """The machines of `vcycle scan`, by name."""
        done = self.vcycle("scan", "--json", check=False)
        return {m["machine"]: m for m in json.loads(done.stdout)} if done.returncode == 0 else {}

    def records(self, where="apel-archive"):
        """LocalJobId of each accounting record."""
        texts = [path.read_text() for path in (self.lib / where).glob("*/*")]
        return sorted(line.split(": ")[1] for text in texts for line in text.splitlines() if line.startswith("LocalJobId"))

    def machines(self):
        """Process ids of its QEMUs."""
        return [pid for pid, command in processes_below(self.data) if "qemu-system" in command.split(" ")[0]]

    def log(self):
        path = self.root / "var/log/vcycle/vcycled"
        return path.read_text() if path.exists() else ""

    def report(self):
        parts = [self.output, self.root / "var/log/vcycle/vcycled", self.data / "log/nephele.log",
                 *self.data.glob("servers/*/*.log")]
        return "\n".join(f"--- {p}\n" + p.read_text(errors="replace")[-6000:] for p in parts if p.is_file())
