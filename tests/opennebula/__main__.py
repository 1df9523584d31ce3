# SPDX-License-Identifier: Apache-2.0
import pathlib
import sys

# As a package, so that our files never stand before Python's own modules of the same name.
sys.path[0] = str(pathlib.Path(__file__).resolve().parent.parent)

from opennebula.standin import main  # noqa: E402

sys.exit(main())
