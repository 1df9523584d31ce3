# SPDX-License-Identifier: Apache-2.0
"""vcycled as a service: whoever started it hears how it is, and its operator why it ended."""

import os
import socket
import time

from cloud import PATIENCE, wait_for


def test_the_service_manager_hears_that_it_is_ready_and_that_its_loop_turns(factory):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(factory.root / "notify"))

    def heard(seconds):
        listener.settimeout(seconds * PATIENCE)
        try:
            return listener.recv(256).decode()
        except TimeoutError:
            return None

    factory.conf.write_text("")
    factory.environment.update(NOTIFY_SOCKET=str(factory.root / "notify"), WATCHDOG_USEC="2000000")
    factory.start()
    assert heard(30) == "READY=1"
    assert (factory.root / "var/run/vcycled.pid").read_text().strip() == str(factory.process.pid)
    assert [heard(10) for _ in range(4)] == ["WATCHDOG=1"] * 4
    # The loop hangs where it opens its log, and with it goes the word that it lives.
    log = factory.root / "var/log/vcycle/vcycled"
    log.unlink()
    os.mkfifo(log)
    limit = time.monotonic() + 30 * PATIENCE
    while heard(3) is not None:
        assert time.monotonic() < limit, "something else than the loop feeds the watchdog"
    reader = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    assert heard(10) == "WATCHDOG=1", "it goes on"
    log.unlink()
    factory.stop()
    os.close(reader)
    while (last := heard(1)) == "WATCHDOG=1":
        pass
    assert last == "STOPPING=1"
    listener.close()


def test_why_it_does_not_begin_is_in_its_log(factory):
    factory.conf.write_text("")
    factory.start()
    for arguments in (["--foreground"], []):
        done = factory.run("vcycled", *arguments, "--host", factory.host, check=False)
        assert done.returncode == 1 and "another manager" in done.stderr, done.stderr
    told = [line for line in factory.log().splitlines() if "another manager" in line]
    assert len(told) == 2 and all("vcycled cannot go on: " in line for line in told)
    factory.stop()


def test_standard_error_under_a_service_manager_is_no_copy_of_the_log(factory):
    factory.conf.write_text("")
    factory.environment["NOTIFY_SOCKET"] = str(factory.root / "notify")
    factory.start()
    wait_for("a cycle ends", lambda: "End cycle" in factory.log(), 30)
    assert factory.output.read_text() == ""
    os.rename(factory.root / "var/log/vcycle/vcycled", factory.root / "before")
    os.mkdir(factory.root / "var/log/vcycle/vcycled")
    wait_for("what the log cannot tell is told", lambda: "Is a directory" in factory.output.read_text(), 30)
    os.rmdir(factory.root / "var/log/vcycle/vcycled")
    factory.stop()
