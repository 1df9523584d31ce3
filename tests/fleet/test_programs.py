# SPDX-License-Identifier: Apache-2.0
"""vcycled, vcycle and check-vcycled without any machine: what they say, refuse, and leave behind."""

import contextlib
import json
import os
import pathlib
import socket
import threading
import time

import pytest
from cloud import PATIENCE, wait_for
from factory import HOST

SPACE = "s.example.com"
TYPE = "user_data = u\nbackoff_seconds = 600\nfizzle_seconds = 600\ntarget_share = {share}\n"


def configure(factory, text):
    factory.conf.write_text(text)


def machinetype(name, share=1):
    return f"[machinetype {SPACE} {name}]\n" + TYPE.format(share=share)


def archive(factory, day, name, job, end, site="example.com", host=f"{SPACE}/vcycle-{HOST}"):
    path = factory.lib / "apel-archive" / day / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"APEL-individual-job-message: v0.3\nSite: {site}\nSubmitHost: {host}\nLocalJobId: {job}\n"
                    f"EndTime: {end}\n%%\n")


def test_a_bad_section_stops_only_itself_and_is_told(factory):
    configure(factory, f"[space {SPACE}]\napi = creamce\nprocessors_limit = 5\n" + machinetype("good")
              + f"[machinetype {SPACE} bad]\nuser_data = u\nbackoff_seconds = soon\nfizzle_seconds = 1\n[foo]\nx = 1\n")
    done = factory.vcycle("check-config", check=False)
    assert done.returncode == 1
    for part in ("etc/vcycle.conf:11", "backoff_seconds", "soon", "[foo]"):
        assert part in done.stderr, done.stderr
    assert "good" in done.stdout and "bad" not in done.stdout
    told = json.loads(factory.vcycle("check-config", "--json", check=False).stdout)
    assert len(told["problems"]) == 2 and [t["machinetype"] for t in told["machinetypes"]] == ["good"]
    assert factory.run("vcycled", "--check", check=False).returncode == 1


def test_no_configuration_at_all_is_told(factory):
    for done in (factory.vcycle("check-config", check=False), factory.run("vcycled", "--check", "--host", HOST, check=False)):
        assert done.returncode == 1 and f"there is no {factory.root}/etc/vcycle.conf" in done.stderr, done


def test_a_cloud_that_this_release_cannot_reach_is_left_as_it_is(factory):
    configure(factory, f"[space {SPACE}]\napi = creamce\nprocessors_limit = 5\n" + machinetype("a"))
    machine = factory.lib / f"shared/spaces/{SPACE}/current/vcycle-a-0123456789"
    machine.mkdir(parents=True)
    (machine / "created").write_text("1000")
    done = factory.run("vcycled", "--once", "--host", HOST, "--now", "1700000000", check=False)
    assert done.returncode == 1 and "no way to a cloud with api = creamce" in done.stderr
    assert [p.name for p in machine.iterdir()] == ["created"]
    assert "Skipping s.example.com this cycle" in factory.log()
    check = factory.run("check-vcycled", check=False)
    assert check.returncode == 2 and check.stdout.startswith("s.example.com: this release")


def test_the_guides_spelling_of_the_configuration_is_read(factory):
    (factory.root / "etc/Vcycle.conf").write_text("[settings]\nVcycle_space = Vcycle01.example.com\n[machinetype example]\n"
                                                  + TYPE.format(share=1))
    assert "vcycle01.example.com" in factory.vcycle("check-config").stdout
    configure(factory, f"[space {SPACE}]\napi = nephele\n" + machinetype("a"))
    done = factory.vcycle("check-config")
    assert SPACE in done.stdout and "passed over" in done.stderr
    for alias in ("Vcycle", "Vcycled", "check-Vcycled"):
        assert factory.run(alias, "--version").stdout.strip()


def test_no_secret_is_in_the_log(factory):
    configure(factory, f"[space {SPACE}]\napi = openstack\npassword_base64 = c2VjcmV0\ncred_secret = hush\n"
              "processors_limit = 5\n" + machinetype("a"))
    factory.run("vcycled", "--once", "--host", HOST, check=False)
    done = factory.vcycle("check-config", check=False)
    assert done.returncode == 1 and "has no url; write Keystone's address" in done.stderr
    told = factory.log() + done.stdout + done.stderr
    assert "c2VjcmV0" not in told and "hush" not in told
    assert factory.run("vcycled", "--check", check=False).returncode == 1
    configure(factory, f"password = hush\n[space {SPACE}]\n")
    factory.run("vcycled", "--once", "--host", HOST, check=False)
    configure(factory, f"[space {SPACE}]\nsecret_key hush\n")
    factory.run("vcycled", "--once", "--host", HOST, check=False)
    assert "secret_key ..." in factory.log() and "hush" not in factory.log()
    assert "hush" not in (factory.lib / "factory-error").read_text()
    assert oct((factory.root / "var/log/vcycle/vcycled").stat().st_mode & 0o777) == "0o640"


def test_check_warns_of_what_a_start_warns_of(factory):
    configure(factory, f"[space {SPACE}]\napi = creamce\nprocessors_limit = 5\nurl = http://ce.example.org/\n"
              "access_key = AKIA\n" + machinetype("a") + "zones = z\nuser_data_option_x =\n")
    done = factory.run("vcycled", "--check", "--host", "short")
    assert done.stdout == ""
    warnings = [line.removeprefix("warning: ") for line in done.stderr.splitlines()]
    for part in ("4: url is http:// to ce.example.org", "5: access_key does nothing with api = creamce",
                 "11: zones does nothing in a machinetype", "12: user_data_option_x is empty",
                 "the host's name short is not fully qualified"):
        assert len([warning for warning in warnings if part in warning]) == 1, (part, done.stderr)
    assert len(warnings) == 5
    factory.run("vcycled", "--once", "--host", HOST, check=False)
    for warning in warnings[:4]:
        assert f"Configuration: warning: {warning}\n" in factory.log()
    told = json.loads(factory.vcycle("check-config", "--json").stdout)
    assert set(warnings[:4]) <= set(told["warnings"])


def test_what_is_told_of_a_configuration_has_no_secrets_of_urls(factory):
    configure(factory, f"[space {SPACE}]\napi = creamce\nprocessors_limit = 5\n" + machinetype("a")
              + f"[vacuum_pipe {SPACE} p]\nvacuum_pipe_url = https://me:hush@localhost/p?token=hush\ntarget_share = 1\n")
    check = factory.run("vcycled", "--check", "--host", HOST, check=False)
    config = factory.vcycle("check-config", check=False)
    for done in (check, config):
        assert done.returncode == 1 and "https://***@localhost/p?token=***" in done.stderr, done.stderr
        assert "hush" not in done.stdout + done.stderr


def test_check_config_tells_what_a_machinetype_has_no_good_of(factory):
    (factory.root / "key.pub").write_text("ssh-ed25519 AAAA root\n")
    configure(factory, f"[space {SPACE}]\napi = nephele\n" + machinetype("a")
              + "root_public_key = /key.pub\nroot_image = https://example.org/cernvm.hdd\n")
    told = factory.vcycle("check-config", check=False).stderr
    assert "root_public_key" not in told
    configure(factory, f"[space {SPACE}]\napi = dbce\n" + machinetype("a") + "root_public_key = /key.pub\n")
    told += factory.vcycle("check-config", check=False).stderr
    assert "root_public_key: clouds with api = dbce put no keys into machines" in told
    assert "take the generic .iso, not the .hdd" in told


def test_check_config_tells_whose_template_has_no_place_for_the_token(factory):
    def warned(need, api="creamce"):
        configure(factory, f"[settings]\njoboutputs_need_token = {need}\n[space {SPACE}]\napi = {api}\n"
                  "processors_limit = 5\n" + machinetype("old") + machinetype("new") + machinetype("beside")
                  + f"[machinetype {SPACE} web]\n" + TYPE.format(share=1).replace("= u", "= https://localhost/u"))
        told = json.loads(factory.vcycle("check-config", "--json").stdout)
        return [warning for warning in told["warnings"] if "joboutputs_token" in warning]

    for name, place, text in (("old", "files/u", "##user_data_joboutputs_url##"),
                              ("new", "files/u", "Bearer ##user_data_joboutputs_token##"), ("beside", "u", "none")):
        template = factory.lib / f"spaces/{SPACE}/machinetypes/{name}" / place
        template.parent.mkdir(parents=True)
        template.write_text(text)
    assert warned("no") == []
    old, beside = sorted(warned("yes"), key=lambda text: " beside]" in text)
    assert old.startswith(f"[machinetype {SPACE} old] user_data: ") and "old/files/u has no ##" in old
    assert "beside/u has no ##" in beside
    assert warned("yes", "nephele") == [], "its machines have no way to this host"


def test_check_config_tells_what_would_go_in_the_clear(factory):
    configure(factory, f"[space {SPACE}]\napi = openstack\nurl = http://keystone.example.org:5000/v3\nproject_name = p\n"
              "username = u\npassword_base64 = aHVzaA==\n" + machinetype("a"))
    done = factory.vcycle("check-config")
    assert "etc/vcycle.conf:3: url is http:// to keystone.example.org" in done.stderr and "in order" in done.stdout


def test_two_managers_of_one_name_do_not_share_a_tree(factory):
    configure(factory, "")
    factory.start(cycle_seconds=60)
    done = factory.run("vcycled", "--once", "--host", HOST, check=False)
    assert done.returncode == 1 and f"another manager called {HOST}" in done.stderr
    pid = factory.root / "var/run/vcycled.pid"
    assert int(pid.read_text()) == factory.process.pid
    # Whoever removes the file ends it at the next cycle; a hang-up begins one now.
    pid.unlink()
    os.kill(factory.process.pid, 1)
    assert factory.process.wait(20) == 0


def test_it_goes_on_in_the_background(factory):
    configure(factory, "")
    factory.run("vcycled", "--host", HOST)
    pid = int((factory.root / "var/run/vcycled.pid").read_text())
    assert pathlib.Path(f"/proc/{pid}").exists()
    os.kill(pid, 15)
    wait_for("it ends", lambda: not (factory.root / "var/run/vcycled.pid").exists(), 20)


def times_of(factory, what):
    """Seconds of the day in which cycles began, or ended."""
    times = [line.split()[2] for line in factory.log().splitlines() if f" {what} cycle ====" in line]
    return [int(h) * 3600 + int(m) * 60 + int(s) for h, m, s in (time.split(":") for time in times)]


@pytest.fixture
def silent_server():
    """Takes connections and never says a word: whoever asks it waits."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def waits_for_a_pipe(factory, port):
    """A first cycle of five seconds."""
    configure(factory, f"[space {SPACE}]\napi = creamce\n[vacuum_pipe {SPACE} p]\n"
              f"vacuum_pipe_url = http://127.0.0.1:{port}/p\n")


def test_cycles_are_counted_from_start_to_start(factory, silent_server):
    waits_for_a_pipe(factory, silent_server)
    factory.start(cycle_seconds=12)
    second = wait_for("the second cycle begins", lambda: times_of(factory, "Start")[1:], 60)[0]
    assert (second - times_of(factory, "End")[0]) % 86400 < 12, "the five seconds of the first count"


def test_a_hang_up_within_a_cycle_is_not_lost(factory, silent_server):
    waits_for_a_pipe(factory, silent_server)
    factory.start(cycle_seconds=3600)
    wait_for("it waits", lambda: "Fetching http" in factory.log(), 20)
    os.kill(factory.process.pid, 1)
    wait_for("another cycle follows", lambda: len(times_of(factory, "Start")) == 2, 30)


MISUSED = "check-vcycled was not called well: "
USAGE = "; write check-vcycled [SECONDS] [--root DIRECTORY] [--now EPOCH]"


@pytest.mark.parametrize("arguments, age, files, status, words", [
    ((), None, {}, 2, "No vcycled factory heartbeat file"),
    (("600",), 600, {}, 0, "Factory ok"),
    (("600",), 601, {}, 2, "No vcycled factory heartbeat in 0.17 hours"),
    (("soon",), 599, {"counts": "3 10 24 80 252.00\n"}, 0, "Factory ok (3/10 24/80)"),
    (("600",), 601, {"counts": "3 10 24 80 252.00\n"}, 2, "No vcycled factory heartbeat in 0.17 hours (3/10 24/80)"),
    (("600",), 1, {"factory-error": "no disk\nmore\n"}, 2, "no disk"),
    (("600",), 1, {"responder-heartbeat": ""}, 0, "Factory + responder ok"),
    (("600",), 1, {"factory-error": "a | b\tc"}, 2, "a / b c"),
    (("600", "more"), 1, {}, 3, f"{MISUSED}more is one word too many{USAGE}"),
    (("--warning", "600"), 1, {}, 3, f"{MISUSED}--warning is no option of it{USAGE}"),
    (("--a|b",), 1, {}, 3, f"{MISUSED}--a/b is no option of it{USAGE}"),
    (("--now", "then"), 1, {}, 3, f"{MISUSED}--now then is no time{USAGE}"),
])
def test_check_vcycled(factory, arguments, age, files, status, words):
    factory.lib.mkdir(parents=True)
    for name, text in files.items():
        (factory.lib / name).write_text(text)
    now = int(time.time())
    if age is not None:
        beat = factory.lib / "factory-heartbeat"
        beat.write_text("")
        now = int(beat.stat().st_ctime) + age
    done = factory.run("check-vcycled", *arguments, "--now", str(now), check=False)
    assert (done.returncode, done.stdout.strip()) == (status, words)


def test_records_are_copied_with_the_right_site_once(factory):
    archive(factory, "20170714", "05100000000001", "u-1", 1500009000)
    archive(factory, "20170714", "05100000000002", "u-2", 1500009000, site="UKI-TEST")
    archive(factory, "20170801", "05100000000003", "u-3", 1501545600)
    assert factory.vcycle("apel-republish", "--site", "UKI-TEST", "--month", "201707").stdout.startswith("1 records")
    copies = list((factory.lib / "apel-outgoing").glob("*/*"))
    assert [str(c.relative_to(factory.lib / "apel-outgoing")) for c in copies] == ["20170714/05100000000001"]
    assert "Site: UKI-TEST\n" in copies[0].read_text() and "example.com\n" not in copies[0].read_text().split("SubmitHost")[0]
    copies[0].unlink()  # sent
    assert factory.vcycle("apel-republish", "--site", "UKI-TEST").stdout.startswith("1 records")
    assert factory.records("apel-outgoing") == ["u-3"]
    assert factory.vcycle("apel-republish", "--site", "UKI-TEST", "--again").stdout.startswith("2 records")
    assert factory.vcycle("apel-republish", "--site", "two words", check=False).returncode == 1


def test_sync_records_count_a_month_by_site_and_host(factory):
    factory.environment["TZ"] = "EST5"  # where it is still July when August has begun in UTC
    for n, host in enumerate([f"{SPACE}/vcycle-a", f"{SPACE}/vcycle-a", f"{SPACE}/vcycle-b"]):
        archive(factory, "20170714", f"0510000000000{n}", f"u-{n}", 1500009000, host=host)
    archive(factory, "20170714", "05100000000009", "u-9", 1501545600)  # filed in July, ended in August
    factory.vcycle("apel-sync", "201707", "--now", "1501600000")
    texts = sorted(p.read_text() for p in (factory.lib / "apel-outgoing").glob("20170801/*"))
    assert [t.splitlines()[2:6] for t in texts] == [
        [f"SubmitHost: {SPACE}/vcycle-a", "NumberOfJobs: 2", "Month: 7", "Year: 2017"],
        [f"SubmitHost: {SPACE}/vcycle-b", "NumberOfJobs: 1", "Month: 7", "Year: 2017"]]
    assert all(len(p.name) == 14 for p in (factory.lib / "apel-outgoing").glob("*/*"))
    assert factory.vcycle("apel-sync", "201713", check=False).returncode == 1
    assert factory.vcycle("apel-sync", "200001").returncode == 0


def test_sync_records_count_where_records_were_sent_again(factory):
    def synced():
        factory.vcycle("apel-sync", "201707", "--now", "1501600000")
        out = {}
        for path in (factory.lib / "apel-outgoing").glob("20170801/*"):
            lines = dict(line.split(": ") for line in path.read_text().splitlines() if ": " in line)
            out[lines["Site"]] = int(lines["NumberOfJobs"])
            path.unlink()  # sent
        return out

    for n in range(3):
        archive(factory, "20170714", f"0510000000000{n}", f"u-{n}", 1500009000)
    archive(factory, "20170714", "05100000000003", "u-3", 1500009000, site="UKI-TEST")
    assert synced() == {"example.com": 3, "UKI-TEST": 1}
    factory.vcycle("apel-republish", "--site", "UKI-TEST", "--month", "201707")
    assert synced() == {"UKI-TEST": 4}
    assert "Site: example.com\n" in (factory.lib / "apel-archive/20170714/05100000000000").read_text(), "as it was written"
    archive(factory, "20170714", "05100000000004", "u-4", 1500009000)
    assert synced() == {"example.com": 1, "UKI-TEST": 4}
    factory.vcycle("apel-republish", "--site", "WRONG", "--again")
    assert synced() == {"WRONG": 5}
    factory.vcycle("apel-republish", "--site", "UKI-TEST", "--again")
    assert synced() == {"UKI-TEST": 5}


def test_sync_records_of_several_months_and_of_one_moment_all_stay(factory):
    months = {"201612": 1481000000, "201701": 1484000000, "201707": 1500009000}
    for month, end in months.items():
        archive(factory, f"{month}14", "05100000000001", f"u-{month}", end)
    archive(factory, "20170731", "23595900000001", "u-1", 1501545601)  # by the cloud's clock it was August
    factory.vcycle("apel-sync", "201701", "201612", "--now", "1501600000")
    factory.vcycle("apel-sync", "201707", "201708", "--now", "1501600000")
    texts = [p.read_text().splitlines() for p in (factory.lib / "apel-outgoing").glob("20170801/*")]
    assert sorted((t[5], t[4], t[3]) for t in texts) == [
        ("Year: 2016", "Month: 12", "NumberOfJobs: 1"), ("Year: 2017", "Month: 1", "NumberOfJobs: 1"),
        ("Year: 2017", "Month: 7", "NumberOfJobs: 1"), ("Year: 2017", "Month: 8", "NumberOfJobs: 1")]


def test_simulate_shares_the_processors_and_draws_them(factory):
    configure(factory, f"[space {SPACE}]\napi = nephele\nprocessors_limit = 40\n" + machinetype("a", 3) + machinetype("b", 1))
    rows = json.loads(factory.vcycle("simulate", "--json", "--hours", "48", "--svg", str(factory.root / "x.svg")).stdout)
    hours = {row["machinetype"]: row["processor_hours"] for row in rows}
    assert 2.5 < hours["a"] / hours["b"] < 3.5
    svg = (factory.root / "x.svg").read_text()
    assert svg.count("<polyline") == 2 and svg.rstrip().endswith("</svg>")


def test_shutdown_lowers_the_time_of_every_machine(factory):
    features = factory.lib / f"shared/spaces/{SPACE}/current/vcycle-a-0123456789/jobfeatures"
    features.mkdir(parents=True)
    factory.vcycle("shutdown", "--space", SPACE, "--in", "100", "--now", "1000")
    assert (features / "shutdowntime_job").read_text() == "1100"
    factory.vcycle("shutdown", "--space", SPACE, "2000", "--now", "1000")
    assert (features / "shutdowntime_job").read_text() == "1100"
    assert factory.vcycle("shutdown", "--space", SPACE, "999", "--now", "1000", check=False).returncode == 1
    for huge in (("--in", str(2**63 - 1)), ("--in", "99999999999"), (str(2**63 - 1),)):
        done = factory.vcycle("shutdown", "--space", SPACE, *huge, "--now", "1000", check=False)
        assert done.returncode == 1 and done.stderr == "vcycle: that is more than 100 years away; name an earlier time\n"
    for past in (("--in", str(-2**63)), ("--in=-1",)):
        assert "has passed" in factory.vcycle("shutdown", "--space", SPACE, *past, "--now", "1000", check=False).stderr
    assert (features / "shutdowntime_job").read_text() == "1100"
    done = factory.vcycle("shutdown", "--space", "t.example.com", "2000", "--now", "1000", check=False)
    assert done.returncode == 1 and "no machine of t.example.com has ever been here" in done.stderr


def test_views_say_when_there_is_nothing_to_see(factory):
    for verb in ("scan", "explain"):
        done = factory.vcycle(verb, check=False)
        assert done.returncode == 1 and "vcycled --once" in done.stderr
    for name, host in (("factory1", HOST), (f"{HOST}:995", "factory1"), (".", HOST)):
        done = factory.run("vcycle", "scan", name, "--host", host, check=False)
        assert "vcycled --once" in done.stderr, "that is this one"
    done = factory.vcycle("scan", "127.0.0.1:9", "--timeout", "0.1", "--space", SPACE, check=False)
    assert done.returncode == 1 and "no factory has answered" in done.stderr
    assert factory.run("vcycle", "nonsense", check=False).returncode == 1


@contextlib.contextmanager
def a_factory_elsewhere(version, machines):
    """A responder of `version` at a port of its own, which it tells."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as responder:
        responder.bind(("127.0.0.1", 0))
        over = threading.Event()

        def answer():
            while not over.is_set():
                question, asker = responder.recvfrom(65536)
                if over.is_set():
                    return
                common = {"daemon_version": version, "vacquery_version": "VacQuery 01.03", "space": SPACE,
                          "cookie": json.loads(question)["cookie"], "site": "example.com", "factory": "vac1.example.com",
                          "time_sent": 1700003600}
                for message in [{"message_type": "factory_status"},
                                *({"message_type": "machine_status", "num_machines": len(machines), "uuid": "u",
                                   "created_time": 1699999900, "num_processors": 2, "machinetype": "a", **machine}
                                  for machine in machines)]:
                    responder.sendto(json.dumps({**common, **message}).encode(), asker)

        thread = threading.Thread(target=answer)
        thread.start()
        port = responder.getsockname()[1]
        try:
            yield port
        finally:
            over.set()
            responder.sendto(b"", ("127.0.0.1", port))
            thread.join(10)


@pytest.mark.parametrize("version", ["Vac 03.00 vacd-responder", "Vcycle 03.00 vcycled"])
def test_scan_shows_the_load_that_a_factory_measures(factory, version):
    machines = [{"machine": "m0", "state": "Running", "started_time": 1700000000, "cpu_seconds": 3510, "cpu_percentage": 99.1},
                {"machine": "m1", "state": "Running", "started_time": 1700000000, "cpu_seconds": 0, "cpu_percentage": 0.0},
                {"machine": "m2", "state": "Starting", "started_time": None, "created_time": 1700003540, "cpu_seconds": 60,
                 "cpu_percentage": 50.0}]
    with a_factory_elsewhere(version, machines) as port:
        words = ["scan", f"127.0.0.1:{port}", "--space", SPACE, "--now", "1700003600"]
        lines = factory.vcycle(*words).stdout.splitlines()
        told = json.loads(factory.vcycle(*words, "--json").stdout)
    # Name, machinetype and state come first; the columns are the original's.
    columns = [(line[15 + 1 + 14 + 1 + 11 + 2:][:21].rstrip(), line[44 + 21:][:6].strip()) for line in lines[:3]]
    measured = version.startswith("Vac")
    assert columns == [(" 1.00 hrs 97.5%" if measured else " 1.00 hrs", "99.1%" if measured else ""), (" 1.00 hrs", ""),
                       (" 1.00 mins", "")], lines
    assert [one.get("cpu_percentage") for one in told] == [99.1 if measured else None, None, None]
