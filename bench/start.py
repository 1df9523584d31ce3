# SPDX-License-Identifier: Apache-2.0
"""How long a runtime takes to its first answer, beside the same machine started by hand; and how soon a death shows."""

import os
import pathlib
import re
import select
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

import httpx
from cloud import MINIMAL, Cloud, wait_for
from measuring import figure, note, until_answer

ROUNDS = 5
OUR_ADDRESS = "127.95.255.254"  # of the bare machine: outside the pool of every cloud


class BareMachine:
    """The command line of a running machine of the cloud, to be started again without the cloud."""

    def __init__(self, pid):
        said = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
        # Kernel and image reach it as open files.
        self.arguments = [re.sub(r"/proc/self/fd/(\d+)", lambda n: os.readlink(f"/proc/{pid}/fd/{n[1]}"), word)
                          for word in said]
        self.origin = pathlib.Path(os.readlink(f"/proc/{pid}/cwd"))
        overlay = next(path for path in self.origin.rglob("*.qcow2"))
        about = subprocess.run(["qemu-img", "info", "-U", "--output=json", str(overlay)], capture_output=True, text=True,
                               check=True).stdout
        self.overlay = overlay.relative_to(self.origin)
        self.base = re.search(r'"full-backing-filename": "([^"]+)"', about)[1]
        self.size = re.search(r'"virtual-size": (\d+)', about)[1]
        self.files = {path.relative_to(self.origin): path.read_bytes()
                      for path in self.origin.rglob("*") if path.suffix == ".iso"}

    def first_answer(self):
        """Seconds from exec to the first answer. Making its disk is part of what the cloud does, so here too."""
        directory = pathlib.Path(tempfile.mkdtemp(prefix="ne-bare-"))
        for name, content in self.files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_bytes(content)
        arguments = [re.sub(r"127\.\d+\.\d+\.\d+", OUR_ADDRESS, argument) for argument in self.arguments]
        began = time.monotonic()
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", self.base, "-F", "qcow2",
                        str(directory / self.overlay), self.size], check=True)
        machine = subprocess.Popen(arguments, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        try:
            return until_answer(OUR_ADDRESS, directory / "serial.log") - began
        finally:
            machine.kill()
            machine.wait(10)
            shutil.rmtree(directory, ignore_errors=True)


def one_start(cloud):
    """(runtime, seconds from POST to the guest's first answer)."""
    began = time.monotonic()
    runtime = cloud.create(MINIMAL)
    address = wait_for("an address", lambda: cloud.get(runtime["ID"])["FAAS"]["ENDPOINT"], 30, every=0.005)
    console = cloud.data / "servers" / str(runtime["FAAS"]["VM_ID"]) / "run" / "serial.log"
    return runtime, until_answer(address, console) - began


def error_seen(cloud, id, pid):
    """(ms until a GET shows ERROR, ms until the kernel tells the death)."""
    death = os.pidfd_open(pid)
    with httpx.Client(auth=cloud.auth, timeout=10) as client:
        url = f"{cloud.url}/serverless-runtimes/{id}"
        client.get(url)
        os.kill(pid, signal.SIGKILL)
        killed = time.monotonic()
        select.select([death], [], [], 10)
        told = time.monotonic()
        while client.get(url).json()["SERVERLESS_RUNTIME"]["FAAS"]["STATE"] != "ERROR":
            assert time.monotonic() - killed < 30
        seen = time.monotonic()
    os.close(death)
    return (seen - killed) * 1000, (told - killed) * 1000


def measure(wanted):
    cloud = Cloud(name="bench")
    try:
        cloud.start()
        runtime, _ = one_start(cloud)  # the first one also copies the image
        cloud.wait_state(runtime["ID"], "RUNNING")
        [pid] = cloud.machines()
        if wanted("runtimes.start.ratio"):
            bare = BareMachine(pid)
            cloud.delete(runtime["ID"])
            wait_for("it is gone", lambda: not cloud.machines(), 30)
            ours, theirs = [], []
            for turn in range(ROUNDS):
                theirs.append(bare.first_answer())
                runtime, seconds = one_start(cloud)
                ours.append(seconds)
                note(f"round {turn + 1}: by the cloud {ours[-1]:.2f} s, by hand {theirs[-1]:.2f} s")
                cloud.wait_state(runtime["ID"], "RUNNING")
                if turn + 1 < ROUNDS:
                    cloud.delete(runtime["ID"])
                    wait_for("it is gone", lambda: not cloud.machines(), 30)
            yield figure("runtimes.start.ratio", statistics.median(ours) / statistics.median(theirs), "", 1.15,
                         ("QEMU by hand to the same answer", statistics.median(theirs), "s"))
        if wanted("runtimes.error_seen_ms"):
            seen = []
            for _ in range(3):
                [pid] = cloud.machines()
                seen.append(error_seen(cloud, runtime["ID"], pid))
                cloud.wait_state(runtime["ID"], "RUNNING")
            seen.sort()
            yield figure("runtimes.error_seen_ms", seen[1][0], "ms", 200, ("the kernel tells the death", seen[1][1], "ms"))
    finally:
        cloud.close()
