# SPDX-License-Identifier: Apache-2.0
"""A machine whose heartbeat_file does not come is ended, but not for what vcycled itself did not take."""

import time

import grid
import pytest
from cloud import wait_for
from house import configure
from ports import free_port

pytestmark = pytest.mark.usefixtures("quick")
LIMIT = 2
TYPE = f"user_data = /template\nheartbeat_file = hb\nheartbeat_seconds = {LIMIT}\n"


def cycles(factory):
    return factory.log().count("End cycle")


def running(factory):
    return [(name, seen) for name, seen in factory.seen().items() if seen["state"] == "Running"]


def test_a_machine_is_not_ended_for_what_nobody_took(factory, cloud, tmp_path):
    configure(factory, cloud, machinetype=TYPE,
              settings=f"web_http_port = 0\nweb_https_port = {free_port()}\nweb_addresses = 127.0.0.1\n")
    factory.start()
    name, seen = wait_for("it runs", lambda: running(factory), 60)[0]
    wait_for("it should have been heard of", lambda: time.time() > seen["started_time"] + LIMIT + 1, 20)
    before = cycles(factory)
    wait_for("a whole cycle after that", lambda: cycles(factory) >= before + 2, 60)
    assert [name] == [each for each, _ in running(factory)], "there is no web server that could have taken it"
    assert "Until then no machine is ended for want of a heartbeat" in factory.log()

    security = factory.root / "etc/grid-security"
    authority = grid.Authority(tmp_path)
    authority.install(security / "certificates")
    authority.certify(security)
    wait_for("it is ended once it could have been heard", lambda: f"Deleting {name} in " in factory.log(), 60)
    listens = factory.log().index("Web server for machines: https on")
    assert factory.log().index(f"Deleting {name} in ") > listens
    factory.stop()


def test_another_server_of_the_host_may_take_them(factory, cloud):
    configure(factory, cloud, machinetype=TYPE, settings="web_http_port = 0\nweb_https_port = 0\n")
    factory.start()
    name, _ = wait_for("it runs", lambda: running(factory), 60)[0]
    wait_for("it is ended", lambda: f"Deleting {name} in " in factory.log(), 60)
    assert "Web server for machines" not in factory.log()
    factory.stop()
