# SPDX-License-Identifier: Apache-2.0
"""Components, their services and resources: registered by verbs, by the scripts, and again."""

import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import NEPHELE, PROGRAM, SOURCE, PATIENCE

BASE = "https://cloud.example.org/cyclades"


def told(site, *words):
    return json.loads(site.ok(*words, "--output-format", "json"))


@pytest.fixture
def made(site):
    return site.make()


def token_of(said):
    return re.search(r"^Token: (\S{40,})$", said, re.M).group(1)


def test_a_component_is_made_shown_changed_and_removed(made):
    said = made.ok("component-add", "cyclades", "--base-url", BASE, "--ui-url", BASE + "/ui")
    token = token_of(said)
    assert token not in made.command_logs()[0].read_text()
    assert told(made, "component-list") == [{"id": 1, "name": "cyclades", "base_url": BASE}]
    assert told(made, "component-list", "-o", "name,ui_url")[0]["ui_url"] == BASE + "/ui"
    again = made.manage("component-add", "cyclades")
    assert again.returncode == 1 and "exists already" in again.stderr
    made.ok("component-modify", "1", "--ui-url", "https://ui.example.org")
    assert told(made, "component-show", "cyclades")["ui_url"] == "https://ui.example.org"
    renewed = token_of(made.ok("component-modify", "cyclades", "--renew-token"))
    assert renewed != token
    made.ok("component-modify", "cyclades", "--auth-token", "a-token-from-before-which-is-long-enough")
    assert "a-token-from-before" not in made.command_logs()[-1].read_text()
    for words, said in ((["component-modify", "cyclades"], "nothing to change"),
                        (["component-modify", "cyclades", "--renew-token", "--auth-token", "x"], "exclude each other"),
                        (["component-add", "x", "--base-url", "ftp://x"], "http://"),
                        (["component-show", "nothing"], "component-list"), (["component-remove", "7"], "component-list")):
        done = made.manage(*words)
        assert done.returncode == 1 and said in done.stderr, done.stderr
    made.ok("component-remove", "cyclades")
    assert told(made, "component-list") == []
    assert [(row["event"], row["details"]) for row in reversed(told(made, "audit-list"))] == [
        ("component.created", "cyclades"), ("component.changed", "cyclades"),
        ("component.changed", "cyclades with a new token"), ("component.changed", "cyclades with a new token"),
        ("component.removed", "cyclades")]


def test_an_import_is_repeatable_and_hands_out_quota(made):
    made.ok("user-add", "ada@example.org", "Ada", "Lovelace")
    for option in ("--verify", "--accept"):
        made.ok("user-modify", "1", option)
    made.ok("component-add", "cyclades", "--base-url", BASE)
    export = made.ok("service-export-cyclades", "--base-url", BASE + "/")
    first = made.ok("service-import", "--json", "-", stdin=export)
    assert "Added service cyclades_compute." in first
    assert "Resource 'cyclades.vm' created in database with unlimited quota." in first
    assert "Warning" not in first

    def everything():
        services = told(made, "service-list", "-o", "id,name,component,type,public")
        return (services, [told(made, "service-show", str(one["id"])) for one in services],
                told(made, "resource-list", "--unit-style", "none"), told(made, "quota-list", "--unit-style", "none"))

    before = everything()
    assert [one["name"] for one in before[0]][:2] == ["cyclades_compute", "cyclades_plankton"]
    shown = told(made, "service-show", "cyclades_compute")
    assert shown["endpoints"] == [f"v2.0 public {BASE}/compute/v2.0"] and "cyclades.vm" in shown["resources"]
    vm = [row for row in before[3] if row["resource"] == "cyclades.vm"]
    assert {row["limit"] for row in vm} == {2**63 - 1} and len(vm) == 2, "the user's, and his project's"
    assert made.manage("quota-verify").returncode == 0
    made.ok("resource-modify", "cyclades.vm", "--system-default", "5")
    before = everything()
    second = made.ok("service-import", "--json", "-", stdin=export)
    assert "Updated service cyclades_compute." in second and "created" not in second
    assert everything() == before

    made.ok("component-modify", "cyclades", "--purge-services")
    assert told(made, "service-list") == [] and len(told(made, "resource-list")) == len(before[2])


def test_an_import_that_is_wrong_changes_nothing(made, tmp_path):
    made.ok("component-add", "cyclades", "--base-url", BASE)
    made.ok("component-add", "pithos")
    export = json.loads(made.ok("service-export-cyclades", "--base-url", "https://elsewhere.example.org"))
    file = tmp_path / "export.json"
    file.write_text(json.dumps(export))
    said = made.ok("service-import", "--json", str(file))
    assert "Warning: https://elsewhere.example.org/compute/v2.0 of cyclades_compute is not below" in said

    def refused(services, reason):
        done = made.manage("service-import", "--json", "-", stdin=services if isinstance(services, str) else json.dumps(services))
        assert done.returncode == 1 and reason in done.stderr, done.stderr
        assert len(told(made, "service-list")) == len(export)

    new = {"x_new": {"component": "pithos", "type": "x", "endpoints": [], "resources": {}}}
    stolen = {"cyclades_compute": {**export["cyclades_compute"], "component": "pithos"}}
    refused({**new, **stolen}, "another component's")
    refused({**new, "y": {"component": "nobody", "type": "y"}}, "no component")
    wrong = {"name": "x.a", "service_type": "x", "service_origin": "other"}
    refused({"x_new": {**new["x_new"], "resources": {"a": wrong}}}, "service_origin")
    hidden = {"name": "x.a", "service_type": "x", "service_origin": "x_new", "ui_visible": True, "api_visible": False}
    refused({"x_new": {**new["x_new"], "resources": {"a": hidden}}}, "not by the API")
    refused("{", "-")
    refused("[]", "object")
    done = made.manage("service-import")
    assert done.returncode == 1 and "--json FILE" in done.stderr


def test_exports_come_from_the_settings_too(site):
    site.write("20-sites.conf", "ASTAKOS_BASE_URL = 'https://a.example.org/astakos/'\nPITHOS_BASE_URL = 'https://p.example.org'\n")
    astakos = json.loads(site.ok("service-export-astakos"))
    assert astakos["astakos_identity"]["endpoints"] == [
        {"versionId": "v2.0", "publicURL": "https://a.example.org/astakos/identity/v2.0"}]
    assert astakos["astakos_account"]["resources"]["pending_app"]["api_visible"] is False
    pithos = json.loads(site.ok("service-export-pithos"))
    assert pithos["pithos_object-store"]["resources"]["diskspace"]["unit"] == "bytes"
    done = site.manage("service-export-cyclades")
    assert done.returncode == 1 and "CYCLADES_BASE_URL" in done.stderr


@pytest.fixture
def machine(tmp_path):
    """What the installer puts on a machine, below a folder."""
    built = tmp_path / "built"
    built.mkdir()
    for name, program in (("snf-manage", PROGRAM), ("nephele", NEPHELE)):
        (built / name).symlink_to(program.resolve())
    root = tmp_path / "machine"

    def install(*words, status=0):
        done = subprocess.run([SOURCE / "packaging" / "install-synnefo", *words], capture_output=True, text=True,
                              timeout=60 * PATIENCE,
                              env={"PATH": os.environ["PATH"], "DESTDIR": str(root), "NEPHELE_BUILT": str(built),
                                   "PREFIX": os.environ.get("PREFIX", "/usr/local")})
        assert done.returncode == status, done.stdout + done.stderr
        return done
    return root, install


def test_the_installer_keeps_settings_and_removes_only_its_own(machine):
    root, install = machine
    install()
    conf = root / "etc/synnefo/20-snf-astakos-app-settings.conf"
    assert (root / "usr/share/synnefo/sample-terms.html").exists() and conf.stat().st_mode & 0o777 == 0o640
    assert os.readlink(root / "usr/local/bin/snf-admin") == "snf-manage"
    conf.write_text("ASTAKOS_IM_MODULES = ['local']\n")
    assert "20-snf-astakos-app-settings.conf stays as it is" in install("install").stdout
    assert conf.read_text() == "ASTAKOS_IM_MODULES = ['local']\n"
    shown = subprocess.run([root / "usr/local/bin/snf-admin", "setting-list", "--changed", "-c", "--settings-dir", root / "etc/synnefo"],
                           capture_output=True, text=True, timeout=60 * PATIENCE)
    assert shown.returncode == 0 and "LOGGING_SETUP" in shown.stdout, shown.stderr
    install("clean")
    assert conf.exists() and not (root / "usr/local/bin/snf-manage").exists() and not (root / "usr/share/synnefo").exists()
    install("nonsense", status=1)


def test_the_unit_is_understood_by_systemd_and_shuts_doors(machine):
    root, install = machine
    install()
    unit = root / "usr/local/lib/systemd/system/nephele-identity.service"
    assert unit.stat().st_mode & 0o777 == 0o644
    text = unit.read_text()
    for line in ("Type=simple", "ExecStart=/usr/local/bin/nephele serve identity", "Restart=on-failure", "ProtectSystem=strict",
                 "StateDirectory=nephele", "Environment=NEPHELE_DATA=/var/lib/nephele"):
        assert line in text.splitlines()
    if shutil.which("systemd-analyze"):
        tried = root / "nephele-identity.service"
        tried.write_text(text.replace("/usr/local/bin/nephele", str(root / "usr/local/bin/nephele")))

        def analyze(*words):
            return subprocess.run(["systemd-analyze", *words, tried], capture_output=True, text=True, timeout=60 * PATIENCE)
        done = analyze("verify", "--man=no", "--recursive-errors=no")
        assert done.returncode == 0 and str(tried) not in done.stderr, done.stderr
        done = analyze("security", "--offline=true", "--threshold=30")
        assert done.returncode == 0, done.stdout + done.stderr
        tried.write_text(tried.read_text().replace("Restart=on-failure", "Restart=now-and-then"))
        assert "now-and-then" in analyze("verify", "--man=no", "--recursive-errors=no").stderr
    install("clean")
    assert not unit.exists()


def test_another_prefix_is_the_units_too(machine, monkeypatch):
    root, install = machine
    monkeypatch.setenv("PREFIX", "/opt/nephele")
    install()
    unit = root / "opt/nephele/lib/systemd/system/nephele-identity.service"
    assert "ExecStart=/opt/nephele/bin/nephele serve identity" in unit.read_text().splitlines()


def test_the_scripts_register_a_component_and_again(made, machine):
    root, install = machine
    install()
    made.environment["PATH"] = f"{root}/usr/local/bin:{os.environ['PATH']}"
    script = root / "usr/local/bin/snf-component-register"
    done = made.run(script, "pithos", stdin="https://p.example.org/pithos\n\n")
    assert done.returncode == 0, done.stderr
    token_of(done.stdout)
    assert told(made, "component-show", "pithos")["ui_url"] == "https://p.example.org/pithos/ui"
    services = [one["name"] for one in told(made, "service-list")]
    assert services == ["pithos_object-store", "pithos_public", "pithos_ui"]
    again = made.run(script, "pithos", stdin="https://q.example.org/pithos\nhttps://ui.example.org\n")
    assert again.returncode == 0 and "Token:" not in again.stdout, again.stderr
    assert told(made, "service-show", "pithos_object-store")["endpoints"] == ["v1 public https://q.example.org/pithos/object-store/v1"]
    for words, answers in ((["nonsense"], ""), (["pithos"], "no url\n\n")):
        assert made.run(script, *words, stdin=answers).returncode != 0
    export = made.run(root / "usr/local/bin/snf-service-export", "cyclades", BASE)
    assert json.loads(export.stdout)["cyclades_volume"]["endpoints"][0]["publicURL"] == f"{BASE}/volume/v2.0"
    assert made.run(root / "usr/local/bin/snf-service-export", "cyclades").returncode == 2


