# SPDX-License-Identifier: Apache-2.0
"""GET of one runtime among 10,000, beside nginx with a file of the same size; and the program at rest and at its start."""

import base64
import sqlite3
import subprocess
import time

import httpx
from cloud import MINIMAL, Cloud, can_connect, wait_for
from measuring import cpu_seconds, figure, memory_mib, note, wrk
from nginx import Nginx

STORED = 10_000
CONNECTIONS = 64
SECONDS = 5
ROUNDS = 3


def store_copies(database, id, count):
    """Rows of one runtime, copied `count` times under new ids, in one transaction. Their servers do not exist."""
    with sqlite3.connect(database) as db:
        db.row_factory = sqlite3.Row

        def copies(table, key, change):
            rows = [dict(row) for row in db.execute(f"SELECT * FROM {table} WHERE {key} = ?", (id,))]
            for row in rows:
                names = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})",
                               (tuple({**row, **change(n)}.values()) for n in range(count)))

        first = 100_000
        copies("runtimes_runtime", "id", lambda n: {"id": first + 2 * n + 1, "service_id": first + 2 * n})
        copies("runtimes_function", "runtime", lambda n: {"runtime": first + 2 * n + 1, "server": 50_000_000 + n})
        db.execute("UPDATE runtimes_counter SET last = ? WHERE name = 'id'", (first + 2 * count,))
        return first + count + 1 if count % 2 == 0 else first + count  # one in the middle


def start_time(cloud):
    """ms from exec to the first accepted connection."""
    began = time.monotonic()
    cloud.start(ready=False)
    while not can_connect("127.0.0.1", cloud.port):
        assert cloud.process.poll() is None, cloud.log()
        time.sleep(0.001)
    took = (time.monotonic() - began) * 1000
    cloud.wait_ready()
    return took


def exec_time(cloud):
    began = time.monotonic()
    subprocess.run([cloud.program, "--version"], stdout=subprocess.DEVNULL, check=True)
    return (time.monotonic() - began) * 1000


def compare(cloud, url, header, peer):
    """Medians over interleaved rounds: (our CPU µs, our p99, nginx's CPU µs, nginx's p99)."""
    rounds = []
    for turn in range(ROUNDS):
        before = cpu_seconds([cloud.process.pid])
        requests, ours_p99 = wrk(url, CONNECTIONS, SECONDS, [header])
        ours = (cpu_seconds([cloud.process.pid]) - before) * 1e6 / requests
        before = peer.cpu()
        requests, theirs_p99 = wrk(peer.url, CONNECTIONS, SECONDS)
        theirs = (peer.cpu() - before) * 1e6 / requests
        rounds.append((ours, ours_p99, theirs, theirs_p99))
        note(f"round {turn + 1}: {ours:.1f} µs and p99 {ours_p99:.2f} ms, nginx {theirs:.1f} µs and {theirs_p99:.2f} ms")
    return [sorted(column)[ROUNDS // 2] for column in zip(*rounds)]


def measure(wanted):
    cloud = Cloud(name="bench")
    try:
        cloud.start()
        with Nginx(b"{}") as peer:
            time.sleep(2)  # at rest
            if wanted("idle.rss_mib"):
                yield figure("idle.rss_mib", memory_mib(cloud.process.pid), "MiB", 40, ("nginx", peer.memory(), "MiB"))

        # One real runtime is the pattern; its machine is not needed any more.
        runtime = cloud.create(MINIMAL)
        cloud.wait_state(runtime["ID"], "RUNNING")
        cloud.stop()
        id = store_copies(cloud.data / "nephele.db", runtime["ID"], STORED)
        took = start_time(cloud)
        if wanted("start.listen_ms"):
            yield figure("start.listen_ms", took, "ms", 300, ("exec to the end of --version", exec_time(cloud), "ms"))
        if not wanted("runtimes.get.cpu_us") and not wanted("runtimes.get.p99_ms"):
            return

        cloud.delete(runtime["ID"])
        wait_for("its machine is gone", lambda: not cloud.machines(), 30)
        url = f"{cloud.url}/serverless-runtimes/{id}"
        answer = httpx.get(url, auth=cloud.auth, timeout=30)
        assert answer.status_code == 200, answer.text
        header = "Authorization: Basic " + base64.b64encode(":".join(cloud.auth).encode()).decode()
        with Nginx(answer.content) as peer:
            wrk(url, CONNECTIONS, 1, [header])
            ours, ours_p99, theirs, theirs_p99 = compare(cloud, url, header, peer)
        yield figure("runtimes.get.cpu_us", ours, "µs", max(60, 4 * theirs), ("nginx, same size", theirs, "µs"))
        yield figure("runtimes.get.p99_ms", ours_p99, "ms", max(10, 3 * theirs_p99), ("nginx, same size", theirs_p99, "ms"))
    finally:
        cloud.close()
