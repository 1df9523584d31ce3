# SPDX-License-Identifier: Apache-2.0
"""1,000 POSTs at once, held for 20 s by an adapter of the runtimes port that is that slow."""

import asyncio
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

import httpx
from cloud import MINIMAL, can_connect, wait_for
from measuring import figure, memory_mib, note
from ports import free_port

PROGRAM = os.environ.get("NEPHELE_SLOW_PROGRAM", "build/release/bin/slow_runtimes")
REQUESTS = 1_000
BESIDE = ("slowest other request meanwhile",)


async def post_all(url):
    limits = httpx.Limits(max_connections=REQUESTS, max_keepalive_connections=0)
    async with httpx.AsyncClient(auth=("bench", "bench-password"), limits=limits, timeout=120) as client:
        answers = await asyncio.gather(*(client.post(f"{url}/serverless-runtimes", json=MINIMAL) for _ in range(REQUESTS)))
    return [answer.status_code for answer in answers]


def measure(wanted):
    if not os.path.exists(PROGRAM):
        note(f"{PROGRAM} is not built; slow_backend.rss_mib is left out")
        return
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="ne-slow-") as directory:
        server = subprocess.Popen([PROGRAM, str(port), directory], stdin=subprocess.DEVNULL)
        try:
            wait_for("it listens", lambda: can_connect("127.0.0.1", port), 20)
            url = f"http://127.0.0.1:{port}"
            others = subprocess.Popen(
                [sys.executable, "-B", pathlib.Path(__file__).with_name("other_requests.py"), f"{url}/server/version"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            # Ours, not the server's: that one must care for itself.
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
            statuses = asyncio.run(post_all(url))
            slowest = float(others.communicate(timeout=60)[0])
            assert statuses.count(201) == REQUESTS, {status: statuses.count(status) for status in set(statuses)}
            yield figure("slow_backend.rss_mib", memory_mib(server.pid, "VmHWM"), "MiB", 100, (*BESIDE, slowest, "ms"))
        finally:
            server.terminate()
            server.wait(30)
