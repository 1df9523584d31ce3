# SPDX-License-Identifier: Apache-2.0
"""Vcycle from its tar file, as the guide has it, and the init script in it."""

import email
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml
from factory import DAEMON, SOURCE, wait_for

GUIDES_CRON_LINE = ("22 * * * * root /usr/bin/ssmsend -c /etc/apel/Vcycle-ssmsend-prod.cfg "
                    ">>/var/log/Vcycle-ssmsend-cron.log 2>&1")


def run(*words, check=True, **more):
    done = subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=300, **more)
    if check:
        assert done.returncode == 0, f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Packed, unpacked somewhere else, and installed below a folder."""
    folder = tmp_path_factory.mktemp("tar")
    run("make", "-s", "-f", SOURCE.resolve() / "packaging/vcycle/Makefile", "vcycle.tgz", "COMPRESS=gzip -1",
        f"BUILT={pathlib.Path(DAEMON).resolve().parent}", cwd=folder)
    run("tar", "xzf", "vcycle.tgz", cwd=folder)
    (folder / "vcycle.tgz").unlink()
    run("make", "-s", "install", f"DESTDIR={folder / 'root'}", cwd=folder / "vcycle")
    yield folder / "root"
    shutil.rmtree(folder)  # programs with their symbols are big


def test_the_tar_file_installs_what_the_guide_names(installed):
    for name in ("vcycled", "Vcycled", "vcycle", "check-vcycled", "check-Vcycled"):
        assert run(installed / "usr/sbin" / name, "--version").stdout.strip()
    doc = installed / "var/lib/vcycle/doc"
    assert {"example.vcycle.conf", "example.user_data", "init.pp", "user_data_squid", "squid.conf.vcycle",
            "Vcycle-ssmsend-cron"} <= {path.name for path in doc.iterdir()}
    cron = (doc / "Vcycle-ssmsend-cron").read_text()
    assert GUIDES_CRON_LINE in cron.splitlines()
    rotated = (installed / "etc/logrotate.d/vcycled").read_text()
    assert set(re.findall(r">>(\S+)", cron)) == {"/var/log/Vcycle-ssmsend-cron.log"} <= set(re.split(r"[\s{]+", rotated))
    assert (installed / "var/lib/vcycle/pipescache").stat().st_mode & 0o777 == 0o700
    assert "bdii: ldap://" in (installed / "etc/apel/Vcycle-ssmsend-prod.cfg").read_text()
    version = run(installed / "usr/sbin/vcycled", "--version").stdout.strip()
    assert (installed / "var/lib/vcycle/VERSION").read_text() == f"VERSION={version}\n"
    assert (installed / "usr/share/man/man5/vcycle.conf.5").is_file()
    assert "ExecStart=/usr/sbin/vcycled" in (installed / "usr/lib/systemd/system/vcycled.service").read_text()
    assert {"pipescache", "imagecache", "apel-outgoing"} <= {path.name for path in (installed / "var/lib/vcycle").iterdir()}
    # The guide's own paths lead there, too.
    for name in ("doc/example.Vcycle.conf", "doc/init.pp", "apel-outgoing"):
        assert (installed / "var/lib/Vcycle" / name).exists()
    assert os.readlink(installed / "var/log/Vcycled-factory") == "vcycle/vcycled"
    assert os.readlink(installed / "var/log/Vcycled-responder") == "vcycle/vcycled-responder"
    # `service Vcycled restart`, with systemd and without, before anybody has enabled anything.
    assert os.readlink(installed / "etc/rc.d/init.d/Vcycled") == "vcycled"
    assert os.readlink(installed / "usr/lib/systemd/system/Vcycled.service") == "vcycled.service"
    # Once more: settings of the site stay.
    (installed / "etc/apel/Vcycle-ssmsend-prod.cfg").write_text("mine")
    run("make", "-s", "install", f"RPM_BUILD_ROOT={installed}", "prefix=/opt", cwd=installed.parent / "vcycle")
    assert (installed / "etc/apel/Vcycle-ssmsend-prod.cfg").read_text() == "mine"
    assert "ExecStart=/opt/sbin/vcycled" in (installed / "opt/lib/systemd/system/vcycled.service").read_text()


def test_the_squid_machinetype_is_rendered_whole(factory):
    # Its patterns are all ones that a machine is told.
    text = (SOURCE / "share/vcycle/user_data_squid").read_text()
    assert set(re.findall("##user_data_([a-z_]*)##", text)) == {"space", "joboutputs_url", "file_hostcert", "file_hostkey"}
    config, script = (part.get_payload() for part in email.message_from_string(text).get_payload())
    assert config.startswith("#cloud-config\n")
    files = {one["path"]: one["content"] for one in yaml.safe_load(config)["write_files"]}
    assert "icp_port 3130" in files["/etc/squid/squid.conf.vcycle"]
    for program in (script, files["/usr/local/sbin/check-squid"]):
        assert run("bash", "-n", "-c", program).stderr == ""


@pytest.mark.skipif(shutil.which("puppet") is None, reason="puppet is not here")
def test_puppet_reads_its_module():
    run("puppet", "parser", "validate", SOURCE.resolve() / "share/vcycle/init.pp")


@pytest.mark.skipif(os.geteuid() != 0, reason="the init script is root's")
def test_the_init_script_starts_and_stops(installed, factory):
    factory.conf.write_text("")
    script = installed / "etc/rc.d/init.d/vcycled"
    alias = installed / "etc/rc.d/init.d/Vcycled"
    environment = {**factory.environment, "VCYCLED": str(installed / "usr/sbin/vcycled"), "VCYCLED_ROOT": str(factory.root),
                   "VCYCLED_OPTIONS": f"--host {factory.host} --cycle-seconds 1"}

    def init(verb, check=True, by=script):
        return run(by, verb, env=environment, check=check)

    pid_file = factory.root / "var/run/vcycled.pid"
    assert init("status", check=False).returncode == 3
    assert "OK" in init("start").stdout
    pid = pid_file.read_text()
    try:
        assert f"pid {pid.strip()}" in init("status").stdout
        assert "it runs already" in init("start").stdout and pid_file.read_text() == pid
        init("restart", by=alias)
        assert pid_file.read_text() != pid
    finally:
        stopped = init("stop")
    assert "OK" in stopped.stdout
    wait_for("it is gone", lambda: not pid_file.exists(), 10)
    assert "it does not run" in init("stop").stdout
    assert init("sideways", check=False).returncode == 4
    assert run("sh", script, "start", env={**environment, "VCYCLED": "/nowhere"}, check=False).returncode == 2
