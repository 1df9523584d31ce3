# SPDX-License-Identifier: Apache-2.0
"""The cloud by hand: starts it, says how to use it, ends at Ctrl-C."""

import pathlib
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "system")]
import population  # noqa: E402
from cloud_of_debian import DebianCloud  # noqa: E402

signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
with DebianCloud() as cloud:
    print(f"export OS_AUTH_URL={cloud.url('identity')} OS_IDENTITY_API_VERSION=3 OS_USER_DOMAIN_NAME=Default "
          f"OS_PROJECT_DOMAIN_NAME=Default\nexport OS_USERNAME={population.USER} OS_PASSWORD={population.MEMBERS_PASSWORD} "
          f"OS_PROJECT_NAME={population.PROJECT}\n# {cloud.folder}", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
