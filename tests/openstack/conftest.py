# SPDX-License-Identifier: Apache-2.0
import os
import subprocess

import pytest
from keystoneauth1 import session
from keystoneauth1.identity import v2, v3

from standin import pytest_fixtures
from waiting import PATIENCE

from . import world
from .control_client import StandIn


class Client:
    """OpenStack's own libraries and its command against one stand-in: nothing of ours between a test and the wire."""

    def __init__(self, standin):
        self.standin = standin
        self.root = standin.api + "/identity"

    def session(self, **more):
        """A keystoneauth session, with a password of v3 unless told otherwise."""
        wanted = {"username": world.USER, "password": world.PASSWORD, "project_name": world.PROJECT,
                  "user_domain_name": "Default", "project_domain_name": "Default", **more}
        return session.Session(auth=v3.Password(self.root + "/v3", **wanted))

    def session_v2(self):
        return session.Session(auth=v2.Password(self.root + "/v2.0", username=world.USER, password=world.PASSWORD,
                                                tenant_name=world.PROJECT))

    def credential(self, secret=world.SECRET):
        return session.Session(auth=v3.ApplicationCredential(
            self.root + "/v3", application_credential_id=world.CREDENTIAL, application_credential_secret=secret))

    def command(self, *words):
        """(exit code, standard output) of the `openstack` command."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("OS_", "PYTHON"))}
        environment.update({"OS_AUTH_URL": self.root + "/v3", "OS_USERNAME": world.USER, "OS_PASSWORD": world.PASSWORD,
                            "OS_PROJECT_NAME": world.PROJECT, "OS_USER_DOMAIN_NAME": "Default",
                            "OS_PROJECT_DOMAIN_NAME": "Default", "OS_REGION_NAME": "RegionOne"})
        done = subprocess.run(["/usr/bin/openstack", *words], env=environment, capture_output=True, text=True,
                              timeout=60 * PATIENCE, check=False)
        return done.returncode, done.stdout + done.stderr


house, standin = pytest_fixtures.of(StandIn)


@pytest.fixture
def client(standin):
    return Client(standin)
