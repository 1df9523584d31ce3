# SPDX-License-Identifier: Apache-2.0
"""The user guide's client where the guide has it: in src/client of a clone whose programs are built."""

import os
import pathlib
import shutil

SOURCE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[1]))
CLIENT = pathlib.Path(os.environ.get("NEPHELE_CLIENT_PROGRAM", SOURCE / "bin" / "provision-engine-cli"))


def clone(top):
    """What of a clone the guide's lines need, at `top`."""
    for part in ("src/client", "tests/templates"):
        shutil.copytree(SOURCE / part, top / part, symlinks=True)
    (top / "bin").mkdir()
    shutil.copy2(CLIENT, top / "bin" / "provision-engine-cli")
    return top
