# SPDX-License-Identifier: Apache-2.0
"""What every measurement here needs: a figure's shape, a process's CPU and memory, the time to a first answer."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def figure(name, value, unit, bound=None, beside=None):
    """`beside`: (what, value, unit)."""
    def number(value):
        return None if value is None else round(value, 3)

    neighbour = None if beside is None else {"what": beside[0], "value": number(beside[1]), "unit": beside[2]}
    return {"name": name, "value": number(value), "unit": unit, "bound": number(bound), "beside": neighbour}


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def cpu_seconds(pids):
    """User and system time of these processes, all their threads."""
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def memory_mib(pid, what="VmRSS"):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split(f"{what}:")[1].split()[0]) / 1024


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def until_answer(address, console, seconds=120):
    """Waits for the first HTTP answer of a guest at port 8000. The moment of it, by the monotonic clock.

    User-mode networking accepts a connection before the guest can, and answers that one late or never; many attempts
    would slow the boot that is measured. So the console's file tells when the guest listens, and then one request asks.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError):
            if b"READY" in console.read_bytes():
                break
        time.sleep(0.002)
    else:
        raise TimeoutError(f"{console} shows no READY within {seconds} s")
    with socket.create_connection((address, 8000), timeout=30) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n")
        answer = connection.recv(64)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        return time.monotonic()


def wrk(url, connections, seconds, headers=(), script=None):
    """(requests, p99 in ms) of one run of wrk; every answer must be a 2xx. `script`: a file in Lua, for other verbs."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency"]
    if script:
        command += ["-s", str(script)]
    for header in headers:
        command += ["-H", header]
    text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in text and "Socket errors" not in text, text
    requests = int(re.search(r"(\d+) requests in", text)[1])
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)", text).groups()
    return requests, float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
