# SPDX-License-Identifier: Apache-2.0
"""`nephele serve identity`, the built program, as its clients see it: no machine, no root."""

import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "system")]
import cloud as houses  # noqa: E402
from service import Service  # noqa: E402


def pytest_configure(config):
    # Ended from outside (a time limit): fixtures still stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    houses.clear_leftovers()
    if not os.path.exists(houses.PROGRAM):
        pytest.exit(f"{houses.PROGRAM} is missing; build the target nephele", returncode=1)


@pytest.fixture(scope="module")
def service():
    """One running identity service on SQLite for all tests of a file."""
    with Service("ident") as made:
        yield made.start()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request):
    """The same on both engines, one after the other."""
    with Service("ident", postgres=request.param == "postgresql") as made:
        yield made.start()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for house in houses.clouds:
            report.sections.append((f"logs of {house.directory}", house.log()))
