# SPDX-License-Identifier: Apache-2.0
import boto3
import pytest
from botocore.config import Config
from standin import pytest_fixtures

from . import signatures
from .control_client import StandIn


house, standin = pytest_fixtures.of(StandIn)


@pytest.fixture
def client_of(standin):
    """boto3 against the stand-in: nothing of ours between a test and the wire. version: an API of old."""
    def make(signature="v4", access=signatures.ACCESS, secret=signatures.SECRET, path="/services/Cloud", version=None):
        config = Config(signature_version=signature, retries={"max_attempts": 0}, proxies={})
        client = boto3.session.Session(aws_access_key_id=access, aws_secret_access_key=secret).client(
            "ec2", region_name="us-east-1", endpoint_url=standin.api + path, config=config)
        if version:
            def say(params, **_):
                params["body"]["Version"] = version
            client.meta.events.register("before-call.ec2", say)
        return client
    return make


@pytest.fixture
def api(client_of):
    return client_of()
