# SPDX-License-Identifier: Apache-2.0
"""The Provision Engine in front of the stand-in OpenNebula: its CPU for a GET, what it adds, and 2,000 waiting POSTs."""

import asyncio
import base64
import contextlib
import http.client
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import httpx
from cloud import can_connect, wait_for
from measuring import cpu_seconds, figure, memory_mib, note, wrk
from opennebula.control_client import ALICE, StandIn
from ports import free_port


PROGRAM = os.environ.get("NEPHELE_ENGINE_PROGRAM", "build/release/bin/provision-engine-server")
USER, PASSWORD = ALICE
BODY = {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "Function"}}}
SLOW_POSTS = 2_000
ROUNDS = 3
FAST = {"pending": 0, "prolog": 0, "boot": 0, "flow_deploy": 0}


class Engine:
    """The server in the foreground, with everything it writes in one temporary directory."""

    def __init__(self, one, directory):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        conf = pathlib.Path(directory, "engine.conf")
        pathlib.Path(directory, "log").mkdir()
        conf.write_text(f":one_xmlrpc: {one.oned}\n:oneflow_server: {one.oneflow}\n:port: {self.port}\n"
                        f":data: {directory}/var\n:pid_file: {directory}/pid\n"
                        f":log:\n  :level: 1\n  :directory: {directory}/log\n")
        self.process = subprocess.Popen([PROGRAM, "run"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=dict(os.environ, PROVISION_ENGINE_CONF=str(conf)))

    def __enter__(self):
        wait_for("the engine listens", lambda: can_connect("127.0.0.1", self.port), 20)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(60)


def added(one, ask):
    """What one request needs beyond the answers of OpenNebula, in ms. Its calls follow each other: it has one VM."""
    since = one.mark()
    began = time.monotonic()
    ask()
    took = time.monotonic() - began
    return (took - sum(entry["end"] - entry["start"] for entry in one.journal(since))) * 1000


class Asker:
    """Requests over one kept connection: http.client, because httpx alone needs a millisecond for each."""

    def __init__(self, url):
        self.connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        word = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        self.headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}

    def __call__(self, verb, path, body=None, expected=200):
        self.connection.request(verb, path, body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == expected, (answer.status, text)


def call_oned(one):
    """A call of a GET without the engine: connect, ask, read to the end."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(one.oned).netloc, timeout=60)
    with contextlib.closing(connection):
        connection.request("POST", "/RPC2", document_info(), {"Content-Type": "text/xml"})
        assert connection.getresponse().read()


def sync(file):
    """What a POST cannot do without: its row is on the disk before OpenNebula is asked."""
    file.write(b"x" * 4096)
    os.fdatasync(file.fileno())


def latency(one, engine, path, directory, rounds):
    """(of a GET, of a POST, of three bare calls, of a sync): medians of rounds in which they take turns."""
    ask = Asker(engine.url)
    with open(pathlib.Path(directory, "synced"), "wb", buffering=0) as file:
        spans = [(added(one, lambda: ask("GET", path)),
                  added(one, lambda: ask("POST", "/serverless-runtimes", json.dumps(BODY), 201)),
                  added(one, lambda: [call_oned(one) for _ in range(3)]),
                  added(one, lambda: sync(file))) for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*spans)]


def document_info():
    return (f"<?xml version='1.0'?><methodCall><methodName>one.document.info</methodName><params>"
            f"<param><value><string>{USER}:{PASSWORD}</string></value></param>"
            "<param><value><i4>0</i4></value></param></params></methodCall>")


def bare_calls(one, directory, seconds):
    """µs of wrk's CPU for the three calls of a GET: what connecting, asking and reading costs anybody, since oned
    closes each connection."""
    script = pathlib.Path(directory, "call.lua")
    script.write_text('wrk.method = "POST"\nwrk.headers["Content-Type"] = "text/xml"\n'
                      f"wrk.body = [[{document_info()}]]\n")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    requests, _ = wrk(one.oned, 16, seconds, script=script)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 3e6 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / requests


async def post_all(url, count):
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=0)
    async with httpx.AsyncClient(auth=(USER, PASSWORD), limits=limits, timeout=300) as client:
        answers = await asyncio.gather(*(client.post(f"{url}/serverless-runtimes", json=BODY) for _ in range(count)))
    return [answer.status_code for answer in answers]


def gets(one, engine, client, directory, wanted):
    id = client.post("/serverless-runtimes", json=BODY).json()["SERVERLESS_RUNTIME"]["ID"]
    wait_for("it runs", lambda: client.get(f"/serverless-runtimes/{id}").json()["SERVERLESS_RUNTIME"]["FAAS"]["STATE"]
             == "RUNNING", 20)
    url = f"{engine.url}/serverless-runtimes/{id}"
    if wanted("engine.get.cpu_us"):
        header = "Authorization: Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        rounds = []
        for turn in range(ROUNDS):
            before, theirs = cpu_seconds([engine.process.pid]), cpu_seconds([one.pid])
            requests, p99 = wrk(url, 16, 5, [header])
            ours = (cpu_seconds([engine.process.pid]) - before) * 1e6 / requests
            theirs = (cpu_seconds([one.pid]) - theirs) * 1e6 / requests
            rounds.append((ours, bare_calls(one, directory, 3)))
            note(f"round {turn + 1}: {ours:.1f} µs of the engine, {theirs:.1f} µs of the stand-in, p99 {p99:.2f} ms; "
                 f"three bare calls {rounds[-1][1]:.1f} µs")
        ours, bare = [sorted(column)[ROUNDS // 2] for column in zip(*rounds)]
        yield figure("engine.get.cpu_us", ours, "µs", 150, ("its three calls to oned, by wrk", bare, "µs"))
    if wanted("engine.added_ms"):
        one.clear_journal()
        get, post, bare, synced = latency(one, engine, f"/serverless-runtimes/{id}", directory, 40)
        note(f"added to a GET {get:.2f} ms, to a POST {post:.2f} ms; three bare calls {bare:.2f} ms, a sync of the "
             f"disk {synced:.2f} ms")
        yield figure("engine.added_ms", max(get, post), "ms", 2,
                     ("a sync of this disk, which a POST needs", synced, "ms"))


def measure(wanted):
    if not os.path.exists(PROGRAM):
        note(f"{PROGRAM} is not built; engine.* is left out")
        return
    with tempfile.TemporaryDirectory(prefix="ne-engine-") as directory, StandIn(settings=FAST) as one:
        with Engine(one, directory) as engine:
            with httpx.Client(base_url=engine.url, auth=(USER, PASSWORD), timeout=60) as client:
                yield from gets(one, engine, client, directory, wanted)
            if wanted("engine.slow_posts.rss_mib"):
                hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
                resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
                one.fault("slow", server="oneflow", method="* instantiate", seconds=10)
                began = time.monotonic()
                statuses = asyncio.run(post_all(engine.url, SLOW_POSTS))
                assert statuses.count(201) == SLOW_POSTS, {status: statuses.count(status) for status in set(statuses)}
                yield figure("engine.slow_posts.rss_mib", memory_mib(engine.process.pid, "VmHWM"), "MiB", 150,
                             ("all were answered after", time.monotonic() - began, "s"))
