# SPDX-License-Identifier: Apache-2.0
"""provision-engine-server, the built program, in front of the stand-in OpenNebula: no machine, no root, no network."""

import os
import pathlib
import signal
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1])]
import engine as engines  # noqa: E402
from opennebula.control_client import StandIn  # noqa: E402


def pytest_configure(config):
    # Ended from outside (a time limit): fixtures still stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    config.addinivalue_line("markers", "slow: takes minutes; only with NEPHELE_TEST_SLOW=1")
    if not os.path.exists(engines.PROGRAM):
        pytest.exit(f"{engines.PROGRAM} is missing; build the target provision-engine-server", returncode=1)


def pytest_collection_modifyitems(config, items):
    """What takes minutes, or the rest: never both, since each is a ctest entry of its own."""
    slow = os.environ.get("NEPHELE_TEST_SLOW") == "1"
    chosen = [item for item in items if bool(item.get_closest_marker("slow")) == slow]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


@pytest.fixture(scope="session")
def house():
    with StandIn() as standin:
        yield standin


@pytest.fixture
def one(house):
    """A fresh world for each test."""
    house.reset()
    yield house
    house.clear_faults()
    assert house.troubles() == []


@pytest.fixture
def new_engine(one):
    """Makes engines that end with the test: new_engine({"timeout": 2}). None of their logs may hold a secret."""
    made = []

    def make(conf=None, start=True, **more):
        made.append(engines.Engine(one, conf, **more))
        return made[-1].start() if start else made[-1]

    yield make
    one.clear_faults()
    try:
        for each in made:
            each.check_no_secret()
    finally:
        for each in made:
            each.close()


@pytest.fixture
def engine(new_engine):
    return new_engine()


@pytest.fixture
def alice(engine):
    with engine.client() as client:
        yield client


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for each in engines.engines:
            for name, text in each.all_logs().items():
                report.sections.append((f"{each.directory}/{name}", text[-6000:]))
