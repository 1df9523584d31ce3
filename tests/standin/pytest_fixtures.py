# SPDX-License-Identifier: Apache-2.0
"""What the tests of each stand-in begin with: one process for all of them, and a fresh world for each."""

import pytest


def of(stand_in):
    """(house, standin) for a conftest.py; `stand_in` is the control client's class."""
    @pytest.fixture(scope="session")
    def house():
        with stand_in() as made:
            yield made

    @pytest.fixture
    def standin(house):
        house.reset()
        yield house
        assert house.troubles() == []

    return house, standin
