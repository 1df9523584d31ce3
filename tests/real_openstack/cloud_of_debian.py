# SPDX-License-Identifier: Apache-2.0
"""Debian's own OpenStack in a temporary directory: Keystone, Glance, Placement, Neutron and Nova with its fake hypervisor,
over a PostgreSQL and a RabbitMQ of their own, on free ports of the loopback. Nothing of it is installed: the packages lie
unpacked below `build/openstack` (`scripts/deps openstack`), and all processes end with this one."""

import base64
import concurrent.futures
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import configurations
import population
from cloud import can_connect, processes_below, wait_for
from ports import free_port
from postgres import Postgres

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(os.environ.get("NEPHELE_OPENSTACK_ROOT", HERE.parent.parent / "build/openstack/root")).resolve()
DATABASES = ("keystone", "glance", "placement", "neutron", "nova_api", "nova", "nova_cell0")
SERVICES = ("identity", "image", "placement", "network", "compute")
ERL = """#!/bin/sh
ROOTDIR={0} BINDIR={1} EMU=beam PROGNAME=erl
export ROOTDIR BINDIR EMU PROGNAME
exec "$BINDIR/erlexec" ${{1+"$@"}}
"""


class DebianCloud:
    def __init__(self):
        assert (ROOT / "usr/bin/nova-api").exists(), f"no OpenStack in {ROOT}: scripts/deps openstack"
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ne-openstack-"))
        self.database = None
        self.processes = {}
        self.ports = {name: free_port() for name in (*SERVICES, "broker", "broker_peers", "epmd")}
        self.keep = False
        try:
            (self.folder / "owner").write_text(str(os.getpid()))
            self._prepare()
            self._start_all()
        except BaseException:
            self.keep = True
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.keep = self.keep or kind is not None
        self.close()

    def url(self, service):
        return f"http://127.0.0.1:{self.ports[service]}" + {"identity": "/v3", "compute": "/v2.1"}.get(service, "")

    # ---- files ----------------------------------------------------------------------------------------------------

    def _prepare(self):
        for name in ("logs", "locks", "images", "staging", "fernet", "credential", "bin", "python", "instances"):
            (self.folder / name).mkdir(mode=0o700)
        for keys in ("fernet", "credential"):
            for number in range(2):
                path = self.folder / keys / str(number)
                path.write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
                path.chmod(0o600)
        # Neutron finds its drivers by entry points, those of installed packages; this one is told of in the same way.
        shutil.copy(HERE / "network_driver/nephele_network.py", self.folder / "python")
        told = self.folder / "python/nephele_network-1.dist-info"
        told.mkdir()
        (told / "METADATA").write_text("Metadata-Version: 2.1\nName: nephele-network\nVersion: 1\n")
        (told / "entry_points.txt").write_text("[neutron.ml2.mechanism_drivers]\nnephele = nephele_network:Driver\n")
        # Debian's erl knows no place but its own.
        erlang = ROOT / "usr/lib/erlang"
        (self.erts,) = erlang.glob("erts-*/bin")
        (self.folder / "bin/erl").write_text(ERL.format(erlang, self.erts))
        (self.folder / "bin/erl").chmod(0o700)
        packages = ROOT / "usr/lib/python3/dist-packages"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("OS_", "NEPHELE_", "PYTHON", "RABBITMQ_", "XDG_"))
               and not k.lower().endswith("_proxy")},
            "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
            "PATH": f"{self.folder}/bin:{ROOT}/usr/bin:{os.environ.get('PATH', '/usr/bin:/bin')}",
            "PYTHONPATH": f"{self.folder}/python:{packages}",
            "LD_LIBRARY_PATH": f"{ROOT}/usr/lib/x86_64-linux-gnu",
            "OS_KEYSTONE_CONFIG_FILES": str(self.folder / "keystone.conf"),
            "OS_PLACEMENT_CONFIG_DIR": str(self.folder),
            "ERL_EPMD_PORT": str(self.ports["epmd"]), "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": "nephele@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.ports["broker"]), "RABBITMQ_DIST_PORT": str(self.ports["broker_peers"]),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_MNESIA_BASE": f"{self.folder}/broker", "RABBITMQ_LOG_BASE": f"{self.folder}/logs",
            "RABBITMQ_LOGS": "-", "RABBITMQ_ENABLED_PLUGINS_FILE": f"{self.folder}/broker.plugins",
            "RABBITMQ_CONFIG_FILE": f"{self.folder}/broker", "RABBITMQ_CONF_ENV_FILE": f"{self.folder}/none",
            "RUNNING_UNDER_SYSTEMD": "true",   # the shell becomes the server, so that its pid is the server's
        }

    # ---- processes ------------------------------------------------------------------------------------------------

    def start(self, name, *words):
        with open(self.folder / "logs" / name, "ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
                cwd=self.folder, start_new_session=True)

    def answers(self, name, port):
        def condition():
            assert self.processes[name].poll() is None, f"{name} ended: {self.log(name)[-4000:]}"
            return can_connect("127.0.0.1", port)
        wait_for(f"{name} listens", condition, 90)

    def run(self, program, *arguments):
        """One of the programs that fill databases."""
        log = self.folder / "logs" / "_".join([program, *(word for word in arguments if word.isidentifier())])
        with open(log, "ab") as output:
            done = subprocess.run(["/usr/bin/python3", str(ROOT / "usr/bin" / program), *arguments], stdin=subprocess.DEVNULL,
                                  stdout=output, stderr=output, env=self.environment, cwd=self.folder, timeout=600)
        assert done.returncode == 0, f"{program} {arguments}: {done.returncode}\n{log.read_text()[-4000:]}"

    def log(self, name):
        path = self.folder / "logs" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def script(self, name, program, *configuration):
        files = [word for file in configuration for word in ("--config-file", self.folder / file)]
        self.start(name, "/usr/bin/python3", ROOT / "usr/bin" / program, *files)

    def start_compute_api(self):
        self.script("nova-api", "nova-api", "nova.conf")
        self.answers("nova-api", self.ports["compute"])

    def stop(self, name):
        """As its service file would: told to end, and its workers with it."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)

    def _start_all(self):
        self.start("epmd", self.erts / "epmd")
        self.answers("epmd", self.ports["epmd"])
        (broker,) = ROOT.glob("usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
        self.start("rabbitmq", broker)
        self.database = Postgres()
        # Thrown away at the end: nothing needs to survive a power cut.
        self.database.rows("ALTER SYSTEM SET fsync = off")
        self.database.rows("SELECT pg_reload_conf()")
        for name in DATABASES:
            self.database.rows(f"CREATE DATABASE {name}")
        databases = f"postgresql+psycopg2://nephele@127.0.0.1:{self.database.port}"
        transport = f"rabbit://guest:guest@127.0.0.1:{self.ports['broker']}/"
        configurations.write(self.folder, root=ROOT, databases=databases, transport=transport, **self.ports)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for done in [pool.submit(one) for one in (self._keystone, self._glance, self._placement, self._neutron, self._nova)]:
                done.result()
        self.answers("keystone", self.ports["identity"])
        self.admin = population.signed_in(self.url("identity"), "admin", configurations.PASSWORD, "admin")
        self.member = population.signed_in(self.url("identity"), population.USER, population.MEMBERS_PASSWORD, population.PROJECT)
        self.project, self.user = population.register(self, self.admin)
        self.answers("rabbitmq", self.ports["broker"])
        self.script("nova-conductor", "nova-conductor", "nova.conf")
        self.script("nova-scheduler", "nova-scheduler", "nova.conf")
        self.script("nova-compute", "nova-compute", "nova.conf")
        self.start_compute_api()
        for name, port in (("glance-api", "image"), ("placement", "placement"), ("neutron-server", "network")):
            self.answers(name, self.ports[port])
        self.network = population.furnish(self, self.admin, self.member, self.project)
        self._take_in_the_host()

    def _take_in_the_host(self):
        compute = population.Rest(self.admin, self.url("compute"))
        wait_for("nova-compute has told of itself", lambda: compute.get("/os-services?binary=nova-compute")["services"], 60, 0.5)
        self.run("nova-manage", "--config-file", str(self.folder / "nova.conf"), "cell_v2", "discover_hosts")

        def works():
            return [one for one in compute.get("/os-hypervisors/detail")["hypervisors"] if one["state"] == "up"]
        wait_for("nova-compute works", works, 60, every=0.5)

    def _web(self, name, port, application):
        # Not by waitress-serve: Keystone would read its arguments.
        module, _, function = application.partition(":")
        self.start(name, "/usr/bin/python3", "-c", f"import waitress\nfrom {module} import {function} as application\n"
                   f"waitress.serve(application(), host='127.0.0.1', port={port}, threads=8)")

    def _keystone(self):
        self.run("keystone-manage", "--config-file", str(self.folder / "keystone.conf"), "db_sync")
        self.run("keystone-manage", "--config-file", str(self.folder / "keystone.conf"), "bootstrap", "--bootstrap-password",
                 configurations.PASSWORD, "--bootstrap-region-id", configurations.REGION,
                 *(word for kind in ("public", "internal", "admin") for word in (f"--bootstrap-{kind}-url", self.url("identity"))))
        self._web("keystone", self.ports["identity"], "keystone.server.wsgi:initialize_public_application")

    def _glance(self):
        self.run("glance-manage", "--config-file", str(self.folder / "glance-api.conf"), "db", "sync")
        self.script("glance-api", "glance-api", "glance-api.conf")

    def _placement(self):
        self.run("placement-manage", "--config-file", str(self.folder / "placement.conf"), "db", "sync")
        self._web("placement", self.ports["placement"], "placement.wsgi:init_application")

    def _neutron(self):
        self.run("neutron-db-manage", "--config-file", str(self.folder / "neutron.conf"), "upgrade", "heads")
        self.script("neutron-server", "neutron-server", "neutron.conf")

    def _nova(self):
        common = ("--config-file", str(self.folder / "nova.conf"))
        databases = f"postgresql+psycopg2://nephele@127.0.0.1:{self.database.port}"
        self.run("nova-manage", *common, "api_db", "sync")
        self.run("nova-manage", *common, "cell_v2", "map_cell0", "--database_connection", f"{databases}/nova_cell0")
        self.run("nova-manage", *common, "db", "sync")
        self.run("nova-manage", *common, "cell_v2", "create_cell", "--name=cell1")

    def close(self):
        for name in reversed(list(self.processes)):
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                self.stop(name)
        for pid, _ in processes_below(self.folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.database is not None:
            self.database.close()
        if self.keep:   # the logs, and no `owner`, so that nobody clears them up
            for path in self.folder.iterdir():
                if path.is_dir() and path.name != "logs":
                    shutil.rmtree(path, ignore_errors=True)
                elif path.is_file():
                    path.unlink()
            print(f"the logs of the cloud are in {self.folder}/logs", flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
