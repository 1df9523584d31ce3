# SPDX-License-Identifier: Apache-2.0
"""The disk of vcycled's own logs is full: machines go on, are made, ended and accounted for, and the log goes on when there
is room again. A real one: a small tmpfs, mounted for this vcycled alone."""

import contextlib
import pathlib
import re
import time

import pytest
from cloud import wait_for
from house import SPACE, configure, folder_of
from private import may_mount

LINE = re.compile(r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \[\d+\]: \S.*")
pytestmark = pytest.mark.usefixtures("quick")
needs_mounts = pytest.mark.skipif(not may_mount(), reason="mounts a tmpfs")


class SmallDisk:
    """var/log/vcycle of a factory, as vcycled sees it."""

    def __init__(self, factory, kilobytes=256):
        self.factory = factory
        self.mounted = factory.root / "var/log/vcycle"
        self.mounted.mkdir(parents=True)
        self.wrap = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                     f'mount -t tmpfs -o size={kilobytes}k logs "$0" && exec "$@"', str(self.mounted)]

    @property
    def seen(self):
        return pathlib.Path(f"/proc/{self.factory.process.pid}/root{self.mounted}")

    def fill(self):
        """To the last byte."""
        with open(self.seen / "others", "ab", buffering=0) as file:
            for size in (65536, 4096, 512, 1):
                with contextlib.suppress(OSError):
                    while file.write(b"x" * size) == size:
                        pass

    def give_room(self):
        (self.seen / "others").unlink()

    def log(self):
        return (self.seen / "vcycled").read_text()


def living(cloud):
    return {one["id"]: one["name"] for one in cloud.world()["servers"] if one["deleting"] is None}


def beat(factory):
    path = factory.lib / "factory-heartbeat"
    return path.stat().st_mtime if path.exists() else 0


def wait_until_told(factory):
    """The operator hears of it where he looks: this file cannot tell. (Its last page may have room for some lines more.)"""
    def told():
        check = factory.run("check-vcycled", check=False)
        return check if "/var/log/vcycle/vcycled cannot be written" in check.stdout else None
    assert wait_for("check-vcycled tells", told, 60).returncode == 2


@needs_mounts
def test_a_full_disk_of_the_logs_hinders_no_machine(factory, cloud):
    configure(factory, cloud, space="gocdb_sitename = UKI-TEST\n")
    disk = SmallDisk(factory)
    factory.start(wrap=disk.wrap)
    first = wait_for("the first machine runs", lambda: [name for name, one in factory.seen().items()
                                                        if one["state"] == "Running"], 60)[0]
    disk.fill()
    size = len(disk.log())
    ended = next(iter(living(cloud)))
    cloud.change_server(ended, status="SHUTOFF", power_state=4)
    wait_for("it is gone, and another one there", lambda: living(cloud) and first not in living(cloud).values(), 60)
    wait_for("its record is filed", lambda: factory.records("apel-outgoing") == [ended], 30)
    second = next(iter(living(cloud).values()))
    wait_for("the next one is known", lambda: second in factory.seen(), 30)
    assert (folder_of(factory, second) / "manager").read_text() == factory.host
    seen = beat(factory)
    wait_for("the heart beats on", lambda: beat(factory) > seen, 30)
    assert factory.process.poll() is None and len(disk.log()) - size < 4096, "the disk was not full"

    wait_until_told(factory)

    disk.give_room()
    mark = wait_for("the log goes on", lambda: "lines before this one are lost" in disk.log() and disk.log(), 30)
    wait_for("whole cycles are in it", lambda: disk.log()[len(mark):].count(" End cycle ====") >= 2, 30)
    broken = [line for line in disk.log().splitlines() if not LINE.fullmatch(line)]
    # What the full disk cut off ends there: the next line is whole.
    assert len(broken) <= 1 and all(line in mark.splitlines() for line in broken), broken
    assert not re.search(r".\[\d+\]: .*[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \[\d+\]: ", disk.log()), "two lines in one"
    wait_for("and the alarm is over", lambda: factory.run("check-vcycled", check=False).returncode == 0, 30)
    factory.stop()


def test_a_log_that_takes_nothing_hinders_no_machine(factory, cloud):
    """Without root: a device that is always full."""
    configure(factory, cloud)
    log = factory.root / "var/log/vcycle/vcycled"
    log.parent.mkdir(parents=True)
    log.symlink_to("/dev/full")
    factory.start()
    wait_for("a machine is made", lambda: len(living(cloud)) == 1, 60)
    wait_until_told(factory)
    log.unlink()  # as the operator does; each cycle opens it anew
    wait_for("the log is there", lambda: not log.is_symlink() and log.exists() and " End cycle ====" in log.read_text(), 30)
    first = log.read_text().splitlines()[0]
    assert LINE.fullmatch(first), first
    wait_for("all is well", lambda: factory.run("check-vcycled", check=False).returncode == 0, 30)
    assert time.time() - beat(factory) < 60 and SPACE in log.read_text()
    factory.stop()
