# SPDX-License-Identifier: Apache-2.0
"""The guide's quick start on this host's own cloud: the shipped example, its marked lines set, real machines."""

import pathlib
import re
import shutil
import subprocess

import grid
from cloud import GUEST_IMAGE, wait_for
from factory import SOURCE
from ports import free_port
from web import web_server

DOCUMENTS = SOURCE / "share/vcycle"


def install(factory):
    """What the package does: the example and what it needs lie in the folder of documents."""
    folder = factory.lib / "doc"
    shutil.copytree(DOCUMENTS, folder)
    return folder


def set_marked_lines(factory, text):
    """The five that the guide names; the rest stays."""
    key = factory.root / "root/.ssh/id_rsa.pub"
    key.parent.mkdir(parents=True)
    key.write_text("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC example\n")
    for line, value in {
        "vcycle_space": "Vcycle01.example.org",
        "factories": factory.host,
        "total_machines": "1",
        "# root_public_key": "/root/.ssh/id_rsa.pub",
        "user_data_option_cvmfs_proxy": "http://squid.example.org:3128",
    }.items():
        text, changed = re.subn(rf"(?m)^{line} = .*$", f"{line.removeprefix('# ')} = {value}", text)
        assert changed == 1, line
    return text


def configure(factory, run_seconds):
    """`run_seconds`: five minutes are long for a test."""
    example = install(factory) / "example.vcycle.conf"
    text = set_marked_lines(factory, example.read_text())
    text = text.replace("user_data_option_run_seconds = 300", f"user_data_option_run_seconds = {run_seconds}")
    # Several tests on one host cannot all have port 995.
    text = text.replace("[settings]\n", f"[settings]\nresponder_port = {free_port()}\n")
    factory.conf.write_text(text.replace("fizzle_seconds = 120", "fizzle_seconds = 1"))


def machine(factory, state, but=()):
    """A machine in that state that is none of `but`, once `vcycle scan` shows one."""
    def there():
        return next((name for name, one in factory.seen().items() if one["state"] == state and name not in but), None)
    return wait_for(f"a machine is {state}", there, 90)


def test_the_example_has_five_marked_lines_and_is_otherwise_in_order(factory):
    text = (install(factory) / "example.vcycle.conf").read_text()
    assert [f"# ({n})" for n in range(1, 6)] == re.findall(r"(?m)^# \(\d\)", text)
    factory.conf.write_text(text)
    done = factory.vcycle("check-config")
    assert "example" in done.stdout and "in order" in done.stdout
    assert "root_disk is deprecated" in done.stderr


def test_quick_start(factory):
    configure(factory, run_seconds=6)
    assert "in order" in factory.vcycle("check-config").stdout
    factory.start()

    first = machine(factory, "Starting")
    assert first.startswith("vcycle-example-")
    assert machine(factory, "Running") == first
    line = next(row for row in factory.vcycle("scan").stdout.splitlines() if row.startswith(first))
    assert re.search(r"example +(\* | +)Running +\d+\.\d\d hrs .* factory1-00 vcycle01\.example\.org 127\.", line), line
    assert factory.vcycle("scan").stdout.splitlines()[-1].endswith("1 running; 0 starting.")
    assert len(factory.machines()) == 1
    assert factory.run("check-vcycled", "600").stdout == "Factory + responder ok (1/1 1/8)\n"
    # The factory asks its responder, as the guide says.
    assert 'Received {"message_type":"factory_query"' in (factory.root / "var/log/vcycle/vcycled-responder").read_text()
    assert machine(factory, "Shut down") == first

    # It is deleted, accounted, and a new one follows.
    second = machine(factory, "Running", but=[first])
    wait_for("the first is gone", lambda: (factory.lib / "shared/spaces/vcycle01.example.org/deleted" / first).is_dir(), 20)
    assert len(factory.records()) == 1 and not factory.records("apel-outgoing")
    assert len(factory.machines()) == 1

    # A restart disturbs nothing.
    factory.stop()
    assert not (factory.root / "var/run/vcycled.pid").exists()
    factory.start()
    wait_for("a third follows", lambda: len(factory.records()) >= 2 and machine(factory, "Running", but=[first, second]), 90)
    assert len(factory.machines()) <= 1
    assert len(set(factory.records())) == len(factory.records())
    log = factory.log()
    for wording in (f"Created {first} (", f"Deleting {first} in vcycle01.example.org:example, in state Shut down",
                    "Space vcycle01.example.org has 1 processor(s) found allocated to running Vcycle VMs out of 1",
                    "machinetype example has 0 starting and 1 running processors out of 1 found in any state."):
        assert wording in log, wording


def test_killing_it_doubles_nothing_and_records_each_machine_once(factory):
    configure(factory, run_seconds=3)
    for _ in range(6):
        factory.start()
        machine(factory, "Running")
        factory.kill()
        assert len(factory.machines()) <= 1
    factory.start()
    wait_for("three machines were accounted", lambda: len(factory.records()) >= 3, 120)
    factory.stop()
    assert len(set(factory.records())) == len(factory.records())
    assert len(factory.machines()) <= 1


def test_a_machines_token_opens_its_joboutputs(factory, tmp_path):
    """The template asks for a token; what the machine is told is used in its place, since it has no way to this host."""
    configure(factory, run_seconds=8)
    template = factory.lib / "doc/example.user_data"
    template.write_text(template.read_text() + "# ##user_data_joboutputs_token## ##user_data_joboutputs_url##\n")
    port = free_port()
    factory.conf.write_text(factory.conf.read_text().replace(
        "[settings]\n", f"[settings]\nweb_addresses = 127.0.0.1\nweb_http_port = 0\nhttps_host = localhost\nhttps_port = {port}\n"))
    authority = grid.Authority(tmp_path / "authority")
    host = authority.host("localhost")
    security = factory.root / "etc/grid-security"
    security.mkdir()
    shutil.copy(host.pem, security / "vcycle.cert.pem")
    shutil.copy(host.key, security / "vcycle.key.pem")
    assert "in order" in factory.vcycle("check-config").stdout
    factory.start()
    name = machine(factory, "Running")
    current = factory.lib / "shared/spaces/vcycle01.example.org/current"
    token, url = (current / name / "user_data").read_text().splitlines()[-1].split(" ")[1:]
    assert url == f"https://localhost:{port}/machines/vcycle01.example.org/{name}/joboutputs"
    assert oct((current / name / "joboutputs_token").stat().st_mode & 0o777) == "0o600"

    def put(shown):
        return subprocess.run(
            ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", authority.pem, "-T", "-", "-H",
             f"Authorization: Bearer {shown}", f"{url}/shutdown_message"], input="200 all done\n", capture_output=True,
            text=True, timeout=60).stdout
    assert [put(token[:-1]), put(token)] == ["403", "200"]
    wait_for("its message is heard", lambda: f'Machine {name} shuts down with message "200 all done"' in factory.log(), 90)
    assert token not in factory.log()
    factory.stop()


def test_it_lives_beside_a_cloud_that_is_up(factory):
    """Then `nephele` drives the machines, and vcycled only says what it wants."""
    configure(factory, run_seconds=300)
    factory.run_nephele_up()
    report = factory.once()["vcycle01.example.org"]
    assert [d["what"] for d in report["decisions"]][0] == "created", report["decisions"]
    wait_for("the machine runs", lambda: factory.once()["vcycle01.example.org"]["running_machines"] == 1, 60)
    assert len(factory.machines()) == 1


def test_an_image_from_a_web_server_boots(factory, tmp_path):
    """Of this host's own cloud: an archive of the parts that `nephele image add` takes."""
    parts = sorted(path.name for path in pathlib.Path(GUEST_IMAGE).resolve().iterdir() if path.is_file())
    with web_server(tmp_path) as web:
        subprocess.run(["tar", "-C", pathlib.Path(GUEST_IMAGE).resolve(), "-chf", tmp_path / "guest.tar", *parts], check=True)
        configure(factory, run_seconds=300)
        text = factory.conf.read_text()
        assert text.count("root_disk = image:function") == 1
        factory.conf.write_text(text.replace("root_disk = image:function", f"root_image = {web}/guest.tar"))
        factory.start()
        machine(factory, "Running")
    assert f"New {web}/guest.tar put in" in factory.log()
    assert len(factory.machines()) == 1
