# SPDX-License-Identifier: Apache-2.0
"""1,000 POSTs at once, held for 20 s by an adapter of the runtimes port that is that slow."""

import asyncio
import os
import resource
import subprocess
import tempfile
import threading
import time

import httpx
from cloud import MINIMAL, can_connect, free_port, wait_for
from measuring import figure, memory_mib, note

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
            done, slowest = threading.Event(), 0.0

            def others():
                nonlocal slowest
                with httpx.Client(timeout=30) as client:
                    while not done.is_set():
                        began = time.monotonic()
                        assert client.get(f"{url}/server/version").status_code == 200
                        slowest = max(slowest, (time.monotonic() - began) * 1000)
                        done.wait(0.05)

            watcher = threading.Thread(target=others)
            watcher.start()
            # Ours, not the server's: that one must care for itself.
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
            statuses = asyncio.run(post_all(url))
            done.set()
            watcher.join()
            assert statuses.count(201) == REQUESTS, {status: statuses.count(status) for status in set(statuses)}
            yield figure("slow_backend.rss_mib", memory_mib(server.pid, "VmHWM"), "MiB", 100, (*BESIDE, slowest, "ms"))
        finally:
            server.terminate()
            server.wait(30)
