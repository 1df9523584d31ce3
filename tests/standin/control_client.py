# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops a stand-in from pytest; each has a class of its own over this one, with its folder."""

import json
import os
import select
import signal
import subprocess
import time

import httpx

from waiting import PATIENCE


class StandIn:
    """One running stand-in. Options become arguments: tls_certificate="x.pem" is --tls-certificate x.pem; settings is
    a dictionary of its knobs."""

    folder = None   # of the program

    def __init__(self, settings=None, log=None, **options):
        self.arguments = ["--with-parent"]
        for name, value in options.items():
            self.arguments += [f"--{name.replace('_', '-')}", str(value)]
        for name, value in (settings or {}).items():
            self.arguments += ["--set", f"{name}={json.dumps(value)}"]
        self.log = log
        self.process = self.http = None
        self.control = ""

    def start(self, seconds=10):
        errors = open(self.log, "ab") if self.log else subprocess.DEVNULL
        try:
            self.process = subprocess.Popen(["/usr/bin/python3", "-B", str(self.folder), *self.arguments],
                                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        finally:
            if self.log:
                errors.close()
        line = self._first_line(seconds * PATIENCE)
        if not line:
            self.stop()
            raise RuntimeError(f"the stand-in did not start: {' '.join(self.arguments)}")
        for name, url in json.loads(line).items():
            if name != "pid":
                setattr(self, name, url)
        # Proxies of the surroundings are none of our business.
        self.http = httpx.Client(base_url=self.control, timeout=60, trust_env=False, verify=False)
        return self

    def _first_line(self, seconds):
        deadline, data = time.monotonic() + seconds, b""
        descriptor = self.process.stdout.fileno()
        while b"\n" not in data:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return b""
            piece = os.read(descriptor, 4096)
            if not piece:
                return b""
            data += piece
        return data

    @property
    def pid(self):
        return self.process.pid

    def stop(self, seconds=10):
        """Ends it by its pid; afterwards it is gone for certain."""
        if self.http:
            self.http.close()
            self.http = None
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _ask(self, method, path, body=None, **query):
        answer = self.http.request(method, path, json=body, params=query)
        if answer.status_code != 200:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    # --- knobs and faults ---

    def reset(self, **settings):
        """A fresh world: the settings of the start and these. Faults and journal are gone."""
        return self._ask("POST", "/reset", settings)

    def set(self, **settings):
        return self._ask("POST", "/settings", settings)

    def settings(self):
        return self._ask("GET", "/settings")

    def fault(self, kind, **members):
        """Adds a rule (faults.py says which members a kind has) and gives its number."""
        return self._ask("POST", "/faults", {"kind": kind, **members})["number"]

    def faults(self):
        return self._ask("GET", "/faults")

    def clear_faults(self, number=None):
        self._ask("DELETE", "/faults" if number is None else f"/faults/{number}")

    def listen(self, **servers):
        """listen(api=False): connections to it are refused from now on."""
        return self._ask("POST", "/listen", servers)

    # --- what has happened, what is left ---

    def journal(self, since=0, server=None, method=None):
        return [entry for entry in self._ask("GET", "/journal", since=since)
                if server in (None, entry["server"]) and method in (None, entry["method"])]

    def calls(self, since=0):
        """The methods in the order of their ends: ["DescribeInstances", "GET /v2.1/servers/detail", …]"""
        return [entry["method"] for entry in self.journal(since)]

    def mark(self):
        """The journal's newest number, for since=."""
        entries = self.journal()
        return entries[-1]["seq"] if entries else 0

    def clear_journal(self):
        self._ask("DELETE", "/journal")

    def troubles(self):
        """Faults of the stand-in itself: a test ends with []."""
        return self._ask("GET", "/troubles")
