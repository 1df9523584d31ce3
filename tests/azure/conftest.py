# SPDX-License-Identifier: Apache-2.0
import httpx
import pytest
from standin import pytest_fixtures

from . import tokens, world
from .control_client import StandIn

house, standin = pytest_fixtures.of(StandIn)
VERSION = "2024-07-01"


class Api:
    """httpx against the stand-in: nothing of ours between a test and the wire."""

    def __init__(self, standin):
        self.http = httpx.Client(base_url=standin.api, timeout=30, trust_env=False)
        self.scope = standin.api + "/.default"
        self.token = None

    def ask_token(self, tenant=tokens.TENANT, **changes):
        form = {"grant_type": "client_credentials", "client_id": tokens.CLIENT, "client_secret": tokens.SECRET,
                "scope": self.scope, **changes}
        return self.http.post(f"/{tenant}/oauth2/v2.0/token", data={name: value for name, value in form.items() if value})

    def sign_in(self):
        answer = self.ask_token()
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    def call(self, verb, path, body=None, headers=None, version=VERSION, **query):
        if version:
            query["api-version"] = version
        return self.http.request(verb, path, json=body, params=query,
                                 headers={"Authorization": f"Bearer {self.token}", **(headers or {})})

    def machines(self, name="", verb="GET", group=world.GROUP, **more):
        path = f"/subscriptions/{world.SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines"
        return self.call(verb, path + (f"/{name}" if name else ""), **more)


@pytest.fixture
def nobody(standin):
    return Api(standin)


@pytest.fixture
def api(nobody):
    return nobody.sign_in()
