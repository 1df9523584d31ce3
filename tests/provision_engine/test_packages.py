# SPDX-License-Identifier: Apache-2.0
"""Which packages are remembered as ours, and which of them go again."""

import json
import os
import pathlib
import shutil

import pytest
from conftest import SOURCE, run
from test_install import fill

WANTED = run(SOURCE / "scripts" / "deps", "--list", "build", "engine").stdout.split()
TOOLS = ("dpkg-query", "apt-get", "apt-cache", "sudo", "cmake")


class Debian:
    """A machine whose packages are a small table."""

    def __init__(self, folder, needs, installed):
        self.world = folder / "world.json"
        self.world.write_text(json.dumps({"needs": needs, "installed": installed}))
        self.bin = folder / "fakes"
        self.bin.mkdir()
        for tool in TOOLS:
            shutil.copy2(pathlib.Path(__file__).parent / "fake_debian.py", self.bin / tool)
        self.environment = {"PATH": f"{self.bin}:/usr/sbin:/usr/bin:/sbin:/bin", "WORLD": str(self.world), "HOME": "/nonexistent"}

    @property
    def installed(self):
        return set(json.loads(self.world.read_text())["installed"])

    def add(self, **packages):
        world = json.loads(self.world.read_text())
        world["needs"] |= packages
        world["installed"] += packages
        self.world.write_text(json.dumps(world))

    def removable(self, *names):
        script = f'cd "{SOURCE}"; . scripts/lib/steps.sh; as_root=(); . scripts/lib/packages.sh; removable_packages "$@"'
        done = run("bash", "-euo", "pipefail", "-c", script, "test", *names, env=self.environment)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())


NEEDS = {"a": ["b"], "b": [], "c": ["d|e"], "d": [], "e": [], "theirs": ["b"], "other": ["d|e"], "x": ["y"], "y": ["x"], "z": ["y"],
         "absent": []}


@pytest.mark.parametrize("installed, candidates, gone", [
    (["a", "b"], ["a", "b"], ["a", "b"]),
    (["a", "b"], ["a"], ["a"]),
    (["a", "b"], ["b"], []),                                   # a is not ours and needs it
    (["a", "b", "theirs"], ["a", "b"], ["a"]),                 # b is needed by another
    (["c", "d"], ["d"], []),
    (["c", "d", "e"], ["d"], ["d"]),                           # e serves as well
    (["other", "d", "e"], ["d", "e"], []),                     # either may go, not both: nobody chooses
    (["x", "y"], ["x", "y"], ["x", "y"]),                      # need each other
    (["x", "y", "z"], ["x", "y"], []),                         # and something of others needs them
    (["a"], ["absent", "unknown"], []),
    ([], [], []),
    (["a", "b", "c", "d", "theirs"], ["a", "b", "c", "d"], ["a", "c", "d"]),
])
def test_only_what_nobody_else_needs_is_removable(tmp_path, installed, candidates, gone):
    assert Debian(tmp_path, NEEDS, installed).removable(*candidates) == set(gone)


def test_apt_itself_agrees_about_this_machine(tmp_path):
    """The real apt-get, asked only: the C library is needed by nearly everything."""
    debian = Debian(tmp_path, {}, [])
    debian.environment["PATH"] = os.environ["PATH"]
    assert debian.removable("libc6", "dpkg", "no-such-package") == set()


def fresh(tmp_path, already=()):
    needs = {name: [f"lib-of-{name}"] for name in WANTED} | {f"lib-of-{name}": [] for name in WANTED}
    return Debian(tmp_path, needs, [*already, *(f"lib-of-{name}" for name in already)])


def test_deps_records_what_came_and_nothing_that_was_there(tmp_path):
    debian = fresh(tmp_path, already=["git", "cmake"])
    record = tmp_path / "record"
    done = run(SOURCE / "scripts" / "deps", "--record", record, "build", "engine", env=debian.environment)
    assert done.returncode == 0, done.stderr
    new = set(WANTED) - {"git", "cmake"}
    assert set(record.read_text().split()) == new | {f"lib-of-{name}" for name in new}
    record.unlink()
    run(SOURCE / "scripts" / "deps", "--record", record, "build", "engine", env=debian.environment)
    assert not record.exists()


NAMESPACE = """
mount -t tmpfs none /opt && mount -t tmpfs none /var/log && mount -t tmpfs none /usr/local/bin
mkdir /opt/o && mkdir /opt/o/upper /opt/o/work
mount -t overlay none -o lowerdir=/etc,upperdir=/opt/o/upper,workdir=/opt/o/work /etc
mount -t tmpfs none /opt
"""


@pytest.fixture
def machine(tmp_path):
    """Runs a script where /opt, /etc, /var/log and /usr/local/bin are its own."""

    def call(script, environment):
        return run("unshare", "-m", "bash", "-euc", NAMESPACE + script, env=environment, cwd=tmp_path)

    if os.geteuid() != 0 or call("true", {"PATH": os.environ["PATH"]}).returncode != 0:
        pytest.skip("needs to be root and to mount")
    return call


STORY = """
cd "{clone}"
./install.sh
test "$(readlink /usr/local/bin/provision-engine-server)" = "{clone}/bin/provision-engine-server"
{between}
find /opt /etc/provision-engine /var/log /usr/local/bin -mindepth 1 >> ../left 2>/dev/null || true
"""


@pytest.mark.parametrize("between, gone", [
    ("./install.sh clean purge", True), ("./install.sh clean; ./install.sh purge", True), ("./install.sh copy; ./install.sh purge", True),
    ("./install.sh clean", False), ("./install.sh purge --keep-packages", False)])
def test_a_whole_life_on_a_bare_machine(machine, tmp_path, between, gone):
    debian = fresh(tmp_path, already=["git"])
    before = debian.installed
    done = machine(STORY.format(clone=fill(tmp_path / "clone"), between=between), debian.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "provision engine installed at /opt/provision-engine\n" in done.stdout
    assert (debian.installed == before) == gone
    left = (tmp_path / "left").read_text().split()
    if "purge" in between:
        assert left == []
    else:
        assert "/etc/provision-engine/kept/installed-packages" in left and not [p for p in left if p.startswith(("/opt", "/usr"))]


def test_a_package_that_came_later_and_needs_ours_keeps_it(machine, tmp_path):
    debian = fresh(tmp_path)
    clone = fill(tmp_path / "clone")
    hook = (f'python3 -c "import json; p=\'{debian.world}\'; w=json.load(open(p)); w[\'needs\'][\'later\']=[\'libssl-dev\']; '
            'w[\'installed\'].append(\'later\'); json.dump(w, open(p, \'w\'))"')
    done = machine(STORY.format(clone=clone, between=f"{hook}\n./install.sh clean purge"), debian.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert debian.installed == {"later", "libssl-dev", "lib-of-libssl-dev"}
    assert "they stay: lib-of-libssl-dev libssl-dev\n" in done.stdout


RUNNING = """
sed -i 's/exit 3/exit 0/' "{clone}/bin/provision-engine-server"
"""


def test_while_a_server_runs_nothing_is_removed(machine, tmp_path):
    debian = fresh(tmp_path)
    clone = fill(tmp_path / "clone")
    story = STORY.format(clone=clone, between=RUNNING.format(clone=clone) + "for words in clean purge; do ! ./install.sh $words; done")
    done = machine(story, debian.environment)
    assert done.returncode == 0 and done.stderr.count("provision-engine-server stop ends it (nothing was changed)") == 2, done.stderr
    left = (tmp_path / "left").read_text().split()
    assert {"/usr/local/bin/provision-engine-server", "/etc/provision-engine/engine.conf"} <= set(left)


def test_what_needed_packages_and_could_not_be_built_is_still_taken_back(machine, tmp_path):
    debian = fresh(tmp_path)
    (debian.bin / "cmake").write_text("#!/bin/sh\nexit 1\n")
    clone = fill(tmp_path / "clone")
    done = machine(f'cd "{clone}"; ! ./install.sh; ./install.sh purge; ls -A /opt /usr/local/bin', debian.environment)
    assert done.returncode == 0, done.stderr
    assert "cannot configure the build" in done.stderr and debian.installed == set()
