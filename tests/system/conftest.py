# SPDX-License-Identifier: Apache-2.0
import os
import pathlib
import signal
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
sys.path.append(str(pathlib.Path(__file__).parents[1]))
import cloud as houses  # noqa: E402


def pytest_configure(config):
    # Ended from outside (a time limit): fixtures still stop what they started.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=1))
    houses.clear_leftovers()
    for path, what in ((houses.PROGRAM, "build it: scripts/test does"), (houses.GUEST_IMAGE, "guest/build makes it")):
        if not os.path.exists(path):
            pytest.exit(f"{path} is missing; {what}", returncode=1)


@pytest.fixture(scope="module")
def cloud(request):
    """One running cloud for all tests of a file."""
    house = houses.Cloud(name=request.module.__name__.removeprefix("test_")[:8])
    try:
        yield house.start()
    finally:
        house.close()


@pytest.fixture
def new_cloud():
    """Makes clouds that end with the test: new_cloud(user=65534)."""
    made = []

    def make(**options):
        made.append(houses.Cloud(**options))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for house in houses.clouds:
            report.sections.append((f"logs of {house.directory}", house.log()))
