# SPDX-License-Identifier: Apache-2.0
"""Waiting for a condition, with a limit: what the tests beside the stand-in OpenNebula share."""

import os
import time

# Sanitizers and busy machines: every limit is stretched by this.
PATIENCE = float(os.environ.get("NEPHELE_TEST_PATIENCE", "1"))


def wait_for(what, condition, seconds=20):
    """The condition's first true value."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        last = condition()
        if last:
            return last
        assert time.monotonic() < deadline, f"{what}: not in time (last seen: {last!r})"
        time.sleep(0.01)
