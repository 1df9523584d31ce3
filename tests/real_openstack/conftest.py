# SPDX-License-Identifier: Apache-2.0
"""vcycled, the built program, on Debian's own OpenStack. One cloud for all tests; each has a factory and leaves no server."""

import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "system"), str(HERE.parent / "fleet")]
import cloud as houses  # noqa: E402
import cloud_of_debian  # noqa: E402
import factory as factories  # noqa: E402
from owner import Owner  # noqa: E402


def pytest_configure(config):
    # Ended from outside (a time limit): fixtures still stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    houses.clear_leftovers()


@pytest.fixture(scope="session")
def debian(request):
    with cloud_of_debian.DebianCloud() as made:
        yield made
        made.keep = request.session.testsfailed > 0


@pytest.fixture
def owner(debian):
    made = Owner(debian)
    yield made
    made.remove_all()


@pytest.fixture
def factory(owner):
    with factories.Factory() as made:
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for made in factories.alive:
            report.sections.append(("the factory", made.report()))
