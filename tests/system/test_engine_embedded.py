# SPDX-License-Identifier: Apache-2.0
"""`:cloud: embedded`: the Provision Engine's own commands and file, and real machines behind them."""

import os
import pathlib
import re
import subprocess

import httpx
import pytest

from cloud import GUEST_IMAGE, MINIMAL, PATIENCE, wait_for
from open_folder import open_folder
from ports import free_port

PROGRAM = os.environ.get("NEPHELE_ENGINE_PROGRAM", "bin/provision-engine-server")


class Engine:
    def __init__(self, directory):
        self.directory = directory
        self.port = free_port()
        (directory / "log").mkdir()
        self.conf = directory / "engine.conf"
        self.conf.write_text(f":cloud: embedded\n:port: {self.port}\n:timeout: 20\n"
                             f":data: {directory}/var\n:pid_file: {directory}/pid\n"
                             f":capacity:\n  :memory:\n    :default: 200\n"
                             f":log:\n  :level: 0\n  :directory: {directory}/log\n")

    def run(self, *arguments):
        environment = dict(os.environ, PROVISION_ENGINE_CONF=str(self.conf),
                           NEPHELE_GUEST_IMAGE=str(pathlib.Path(GUEST_IMAGE).resolve()))
        return subprocess.run([PROGRAM, *arguments], env=environment, capture_output=True, text=True,
                              timeout=120 * PATIENCE)

    def client(self):
        user, password = (self.directory / "var" / "demo-auth").read_text().strip().split(":", 1)
        return httpx.Client(base_url=f"http://127.0.0.1:{self.port}", auth=(user, password), timeout=60 * PATIENCE)

    def log(self):
        return (self.directory / "log" / "engine.log").read_text()


@pytest.fixture
def engine():
    with open_folder() as folder:  # machines of root run under another user
        engine = Engine(folder)
        started = engine.run("start")
        assert (started.returncode, started.stdout) == (0, "provision-engine-server started\n"), started.stderr
        yield engine
        stopped = engine.run("stop")
        assert stopped.returncode == 0, stopped.stderr


def test_the_user_guides_runtime_runs_and_is_in_the_engines_log(engine):
    with engine.client() as client:
        created = client.post("/serverless-runtimes", json=MINIMAL)
        assert created.status_code == 201, created.text
        path = f"/serverless-runtimes/{created.json()['SERVERLESS_RUNTIME']['ID']}"

        def running():
            function = client.get(path).json()["SERVERLESS_RUNTIME"]["FAAS"]
            return function if function["STATE"] == "RUNNING" else None

        function = wait_for("it runs", running, 120)
        answer = httpx.get(f"http://{function['ENDPOINT']}:8000/", timeout=20 * PATIENCE)
        assert answer.json()["flavour"] == "nature"
        assert client.get("/server/config").json()["capacity"]["memory"] == {
            "default": 200, "mult": 2, "resize_mode": "BALLOONING"}
        assert client.delete(path).status_code == 204
    log = engine.log()
    for line in ("Using the embedded cloud in", "Received request to Create a Serverless Runtime",
                 "Response HTTP Return Code: 201", "Serverless Runtime created", "Serverless Runtime deleted"):
        assert re.search(rf"^I, \[.*\]  INFO -- : {line}", log, re.MULTILINE), line
    password = (engine.directory / "var" / "demo-auth").read_text().strip().split(":", 1)[1]
    assert password not in log
