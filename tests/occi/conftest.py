# SPDX-License-Identifier: Apache-2.0
from standin import pytest_fixtures

from .control_client import StandIn

house, standin = pytest_fixtures.of(StandIn)
