# SPDX-License-Identifier: Apache-2.0
"""`:cloud: embedded`: the Provision Engine's own commands and file, and real machines behind them."""

import os
import pathlib
import re
import shutil
import subprocess

import httpx
import pytest

from cloud import GUEST_IMAGE, MINIMAL, PATIENCE, wait_for
from open_folder import open_folder
from ports import free_port

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[2]))
PROGRAM = os.environ.get("NEPHELE_ENGINE_PROGRAM", "bin/provision-engine-server")


UNIT, MORE = (SOURCE / "packaging" / name for name in ("provision-engine.service", "provision-engine-embedded.conf"))
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="takes capabilities away from root")


def rights_of(*units):
    """The command before a program that takes from root what systemd would take by these files."""
    names = [name for unit in units for line in unit.read_text().splitlines()
             if line.startswith("CapabilityBoundingSet=") for name in line.partition("=")[2].split()]
    assert names and all(name.startswith("CAP_") for name in names)
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in names)
    return ["setpriv", "--no-new-privs", "--inh-caps", "-all", "--bounding-set", f"-all,{kept}"]


class Engine:
    def __init__(self, directory, wrap=()):
        self.directory = directory
        self.wrap = list(wrap)
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
        return subprocess.run([*self.wrap, PROGRAM, *arguments], env=environment, capture_output=True, text=True,
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


@needs_root
def test_with_the_rights_of_the_unit_alone_it_says_what_is_missing():
    with open_folder() as folder:
        engine = Engine(folder, rights_of(UNIT))
        for verb in ("check-config", "run", "start"):
            done = engine.run(verb)
            assert done.returncode == 1, (verb, done)
            assert "CAP_SETUID" in done.stderr and "packaging/provision-engine-embedded.conf" in done.stderr, done.stderr
            assert "is in order" not in done.stdout and "started" not in done.stdout


@needs_root
def test_with_the_rights_of_unit_and_drop_in_machines_run_and_outlive_the_engine():
    with open_folder() as folder:
        engine = Engine(folder, rights_of(UNIT, MORE))
        assert engine.run("check-config").returncode == 0
        assert engine.run("start").returncode == 0
        try:
            with engine.client() as client:
                created = client.post("/serverless-runtimes", json=MINIMAL)
                assert created.status_code == 201, created.text
                path = f"/serverless-runtimes/{created.json()['SERVERLESS_RUNTIME']['ID']}"

                def function():
                    return client.get(path).json()["SERVERLESS_RUNTIME"]["FAAS"]

                def boot():
                    return httpx.get(f"http://{function()['ENDPOINT']}:8000/", timeout=20 * PATIENCE).json()["boot_id"]

                wait_for("it runs", lambda: function()["STATE"] == "RUNNING", 120)
                before = boot()
                assert engine.run("restart").returncode == 0
                wait_for("it is known again", lambda: function()["STATE"] == "RUNNING", 60)
                assert boot() == before, "it was started anew"
                assert client.delete(path).status_code == 204
                wait_for("the machine is gone", lambda: not list((folder / "var" / "servers").glob("[0-9]*")), 60)
        finally:
            assert engine.run("stop").returncode == 0


def test_without_a_guest_image_check_config_warns(tmp_path):
    (tmp_path / "var").mkdir()
    (tmp_path / "engine.conf").write_text(f":cloud: embedded\n:data: {tmp_path}/var\n")
    environment = {name: value for name, value in os.environ.items() if name != "NEPHELE_GUEST_IMAGE"}
    program = tmp_path / "bin" / "provision-engine-server"  # images are looked for beside the program
    program.parent.mkdir()
    shutil.copy2(PROGRAM, program)
    done = subprocess.run([program, "check-config"], env=dict(environment, PROVISION_ENGINE_CONF=str(tmp_path / "engine.conf")),
                          capture_output=True, text=True, timeout=60 * PATIENCE)
    assert done.returncode == 0, done.stderr
    assert os.path.exists("/usr/share/nephele/guest/root.qcow2") or "warning: no guest image" in done.stderr
