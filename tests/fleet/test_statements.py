# SPDX-License-Identifier: Apache-2.0
"""Single sentences of the admin guide, each before the built programs: a short host name, the guide's folders of
machinetypes, the columns of the scan, and a directory queue that the standard library empties."""

import base64
import json
import re
import threading
import time

import pytest
from cloud import wait_for
from dirq.QueueSimple import QueueSimple
from factory import HOST, Factory
from house import SPACE, configure, folder_of, now, once


# --- the factory's host name must be fully qualified ------------------------------------------------------------------

@pytest.mark.parametrize("host, told", [("factory1", True), (HOST, False)])
def test_a_short_host_name_is_warned_of(host, told):
    with Factory(host) as factory:
        factory.conf.write_text("")
        factory.start(cycle_seconds=60)
        wait_for("the first cycle ends", lambda: " End cycle ====" in factory.log(), 30)
        warning = f"Warning: the host's name {host} is not fully qualified"
        assert (warning in factory.log()) == told, factory.log()
        factory.stop()


# --- files of a machinetype -------------------------------------------------------------------------------------------

PLACES = {"usual": f"spaces/{SPACE}/machinetypes/a", "usual, files": f"spaces/{SPACE}/machinetypes/a/files",
          "guide": "machinetypes/a", "guide, capital": "../Vcycle/machinetypes/a",
          "guide, capital, files": "../Vcycle/machinetypes/a/files"}


def user_data_of(cloud):
    """What the machines of the cloud were given."""
    return [base64.b64decode(one["user_data"]).decode() for one in cloud.world()["servers"]]


@pytest.mark.parametrize("place", PLACES)
def test_files_of_a_machinetype_lie_where_the_guide_has_them(factory, cloud, place):
    folder = factory.lib / PLACES[place]
    folder.mkdir(parents=True)
    (folder / "u").write_text(f"#!/bin/sh\n# {place} ##user_data_file_hostcert##\n")
    (folder / "hostcert.pem").write_text("the certificate")
    configure(factory, cloud, machinetype="user_data = u\nuser_data_file_hostcert = hostcert.pem")
    once(factory)
    assert user_data_of(cloud) == [f"#!/bin/sh\n# {place} the certificate"]


def test_our_own_folder_of_a_machinetype_goes_before_the_guides(factory, cloud):
    for text, place in (("ours", PLACES["usual"]), ("lower", PLACES["guide"]), ("capital", PLACES["guide, capital"])):
        folder = factory.lib / place
        folder.mkdir(parents=True)
        (folder / "u").write_text(text)
    configure(factory, cloud, machinetype="user_data = u")
    once(factory)
    assert user_data_of(cloud) == ["ours"]


def test_without_such_a_folder_the_missing_file_is_named_and_no_machine_made(factory, cloud):
    configure(factory, cloud, machinetype="user_data = u")
    once(factory)
    assert cloud.world()["servers"] == [] and f"spaces/{SPACE}/machinetypes/a/files/u" in factory.log()


# --- hours and per cent -----------------------------------------------------------------------------------------------

# Contract, 6.3: name (15), machinetype (14), state (11), two blanks, 21 and 6 columns, two blanks, response time.
def columns(line, name):
    width = max(15, len(name))
    at = [0, width + 1, width + 16, width + 29, width + 50, width + 58]
    return [line[begin:end] for begin, end in zip(at, [*at[1:], None])]


def the_only_one(factory, cloud, boot):
    """(its name, what the third cycle saw of it)"""
    cloud.set(boot=boot)
    configure(factory, cloud)
    once(factory)
    once(factory)
    once(factory)  # the second one's list may tell of a start later than its own beginning
    (only,) = factory.seen().items()
    return only


def test_the_scan_has_hours_and_no_cpu_load_of_a_remote_machine_that_tells_none(factory, cloud):
    name, seen = the_only_one(factory, cloud, boot=0)
    assert seen["state"] == "Running"
    for hours in (0.05, 3.5, 123.25):
        later = seen["started_time"] + int(hours * 3600)
        line, last = factory.vcycle("scan", "--now", str(later)).stdout.splitlines()
        shown, kind, state, progress, load, rest = columns(line, name)
        assert (shown.strip(), kind.strip(), state.strip()) == (name, "a", "* Running"), line
        assert progress == f"{hours:5.2f} hrs".ljust(21), line
        # What a machine of somebody else's cloud computes nobody here knows: blank, and never 100 % or 0 %.
        assert load.strip() == "" and "%" not in line, line
        assert re.match(r"\d+\.\d\ds  ", rest), line
        assert re.fullmatch(r"1 replies in \d\.\d\d seconds; 1 running; 0 starting\.", last)
    outputs = folder_of(factory, name) / "joboutputs"
    outputs.mkdir(exist_ok=True)
    (outputs / "cpu_seconds").write_text("5400.5\n")  # unless the machine tells
    words = ["scan", "--now", str(seen["started_time"] + 7200)]
    shown = columns(factory.vcycle(*words).stdout, name)
    assert (shown[3], shown[4].strip()) == (" 2.00 hrs 75.0%".ljust(21), "")
    (told,) = json.loads(factory.vcycle(*words, "--json").stdout)
    assert told["cpu_seconds"] == 5400 and "cpu_percentage" not in told
    cloud.change_server(seen["uuid"], status="SHUTOFF", power_state=4)
    (outputs / "shutdown_message").write_text("300 Nothing to do at all")
    once(factory)
    line = next(line for line in factory.vcycle("scan").stdout.splitlines() if line.startswith(name))
    assert columns(line, name)[3] == '"300 Nothing to do a"', line


def test_the_scan_has_minutes_of_one_that_starts(factory, cloud):
    name, seen = the_only_one(factory, cloud, boot=100_000)
    line, _ = factory.vcycle("scan", "--now", str(seen["created_time"] + 90)).stdout.splitlines()
    assert columns(line, name)[2:4] == ["  Starting   ", " 1.50 mins".ljust(21)], line


# --- ssmsend's directory queue ----------------------------------------------------------------------------------------

def emptied(queue):
    """What ssmsend does, by the library that it does it with; the texts."""
    texts = []
    for name in queue:
        if queue.lock(name):
            texts.append(queue.get(name).decode())
            queue.remove(name)
    queue.purge()
    return texts


def jobs_in(texts):
    return [re.search(r"^LocalJobId: (.*)$", text, re.M).group(1) for text in texts]


def test_the_standard_library_reads_and_empties_what_is_outgoing(factory, cloud):
    cloud.set(boot=0)
    configure(factory, cloud, space="gocdb_sitename = UKI-TEST\n", types=("a", "b"))
    once(factory)
    once(factory)
    outgoing = QueueSimple(str(factory.lib / "apel-outgoing"))
    assert outgoing.count() == 0
    for one in factory.seen().values():
        cloud.change_server(one["uuid"], status="SHUTOFF", power_state=4)
    once(factory)
    assert outgoing.count() == 2
    # A name that somebody works with is passed over, by our next cycles too.
    first = outgoing.first()
    assert outgoing.lock(first)
    factory.vcycle("apel-sync", time.strftime("%Y%m", time.gmtime()))
    assert outgoing.count() == 3, "a summary is one more"
    outgoing.unlock(first)
    texts = emptied(outgoing)
    kinds = sorted(text.splitlines()[0] for text in texts)
    assert kinds == ["APEL-individual-job-message: v0.3"] * 2 + ["APEL-sync-message: v0.1"]
    assert all("\nSite: UKI-TEST\n" in text and text.endswith("%%\n") for text in texts)
    assert outgoing.count() == 0 and list((factory.lib / "apel-outgoing").glob("*/*")) == []
    once(factory)
    assert outgoing.count() == 0, "what was sent is not filed again"
    assert len(factory.records()) == 2, "the archive is nobody's queue"


def test_nothing_is_lost_or_half_while_the_queue_is_emptied(factory, cloud):
    """ssmsend runs at any moment, and takes folders away that it has emptied."""
    cloud.set(boot=0)
    configure(factory, cloud, space="gocdb_sitename = UKI-TEST\n", types=[f"t{n}" for n in range(6)])
    texts, over = [], threading.Event()

    def send():
        queue = QueueSimple(str(factory.lib / "apel-outgoing"))
        while not over.is_set():
            texts.extend(emptied(queue))
            over.wait(0.001)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        ended = set()
        deadline = now() + 60
        while len(ended) < 18 and now() < deadline:
            once(factory)
            for one in factory.seen().values():
                if one["state"] == "Running" and one["uuid"] not in ended:
                    ended.add(one["uuid"])
                    cloud.change_server(one["uuid"], status="SHUTOFF", power_state=4)
        once(factory)
        once(factory)
    finally:
        over.set()
        sender.join(30)
    texts += emptied(QueueSimple(str(factory.lib / "apel-outgoing")))
    assert sorted(jobs_in(texts)) == sorted(ended) == factory.records() and len(ended) >= 18
    assert all(text.endswith("%%\n") for text in texts), "half a record"


# --- a mistake in a section of the configuration ----------------------------------------------------------------------

def test_a_slip_in_the_only_machinetype_leaves_no_machine_to_itself(factory, cloud):
    cloud.set(boot=0)
    configure(factory, cloud)
    for _ in range(3):
        once(factory)
    (machine,) = factory.seen().values()
    cloud.change_server(machine["uuid"], status="SHUTOFF", power_state=4)
    factory.conf.write_text(factory.conf.read_text().replace("backoff_seconds = 0", "backoff_seconds = 0x", 1))
    report = factory.once("--now", str(now() + 1000), check=False)[SPACE]
    assert [d["machine"] for d in report["decisions"] if d["what"] == "deleted"] == [machine["machine"]], report
    assert not cloud.world()["servers"]
    assert len(factory.records()) == 1
    assert 'backoff_seconds is "0x"' in factory.log()
