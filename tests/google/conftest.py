# SPDX-License-Identifier: Apache-2.0
import time

import httpx
import jwt
import pytest
from standin import pytest_fixtures

from . import tokens
from .control_client import StandIn

house, standin = pytest_fixtures.of(StandIn)


class Api:
    """PyJWT and httpx against the stand-in: nothing of ours between a test and the wire."""

    def __init__(self, standin):
        self.standin, self.key = standin, standin.key()
        self.http = httpx.Client(base_url=standin.api, timeout=30, trust_env=False)
        self.token = None

    def assertion(self, headers=None, key=None, algorithm="RS256", **claims):
        now = int(time.time())
        wanted = {"iss": self.key["client_email"], "scope": tokens.COMPUTE, "aud": self.key["token_uri"], "iat": now,
                  "exp": now + 600, **claims}
        return jwt.encode({name: value for name, value in wanted.items() if value is not None}, key or self.key["private_key"],
                          algorithm=algorithm, headers=headers)

    def ask_token(self, assertion, grant=tokens.GRANT):
        return self.http.post("/token", data={"grant_type": grant, "assertion": assertion})

    def sign_in(self, **claims):
        answer = self.ask_token(self.assertion(**claims))
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["access_token"]
        return self

    def call(self, verb, path, body=None, project=tokens.PROJECT, **query):
        return self.http.request(verb, f"/compute/v1/projects/{project}/{path}", json=body, params=query,
                                 headers={"Authorization": f"Bearer {self.token}"})


@pytest.fixture
def nobody(standin):
    return Api(standin)


@pytest.fixture
def api(nobody):
    return nobody.sign_in()
