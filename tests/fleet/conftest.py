# SPDX-License-Identifier: Apache-2.0
"""vcycled, vcycle and check-vcycled, the built programs, below a root of their own. No root needed."""

import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "system")]
import cloud as houses  # noqa: E402
import factory as factories  # noqa: E402
from openstack.control_client import StandIn  # noqa: E402


def pytest_configure(config):
    # Ended from outside (a time limit): fixtures still stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    houses.clear_leftovers()
    if not os.path.exists(factories.DAEMON):
        pytest.exit(f"{factories.DAEMON} is missing; build the target vcycled", returncode=1)


@pytest.fixture
def factory():
    with factories.Factory() as made:
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for made in factories.alive:
            report.sections.append(("the factory", made.report()))


@pytest.fixture(scope="module")
def house():
    with StandIn() as standin:
        yield standin


@pytest.fixture
def cloud(house):
    """A stand-in OpenStack with nothing in it but an image; all that was asked of it must have been right."""
    house.reset()
    house.add_images("img")
    yield house
    assert house.troubles() == []


@pytest.fixture
def quick(cloud):
    """Its machines come and go at once."""
    cloud.set(boot=0, delete=0)
