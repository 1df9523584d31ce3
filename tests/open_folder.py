# SPDX-License-Identifier: Apache-2.0
"""A folder that other users of this machine may look into."""

import contextlib
import os
import pathlib
import tempfile


@contextlib.contextmanager
def open_folder(prefix="ne-open-"):
    """Not below pytest's own: each run of pytest that starts closes those for everybody else."""
    with tempfile.TemporaryDirectory(prefix=prefix) as made:
        os.chmod(made, 0o755)
        yield pathlib.Path(made)
