# SPDX-License-Identifier: Apache-2.0
import base64
import http.client
import urllib.parse
import xmlrpc.client

import httpx
import pytest

from standin import pytest_fixtures
from waiting import wait_for

from .control_client import ADMIN, ALICE, BOB, StandIn


class Client:
    """Python's own XML-RPC and httpx against one stand-in: nothing of ours between a test and the wire."""

    def __init__(self, standin):
        self.standin = standin
        self.users = {"oneadmin": ADMIN, "alice": ALICE, "bob": BOB}
        self.http = httpx.Client(base_url=standin.oneflow, trust_env=False, verify=False, timeout=20)

    def session(self, user):
        return ":".join(self.users[user])

    def call(self, user, method, *params):
        """oned's array."""
        proxy = xmlrpc.client.ServerProxy(self.standin.oned)
        return getattr(proxy, method)(self.session(user), *params)

    def ok(self, user, method, *params):
        answer = self.call(user, method, *params)
        assert answer[0] is True, answer
        assert answer[2:] == [0]
        return answer[1]

    def refused(self, user, method, *params):
        """(code, text) of a failure."""
        answer = self.call(user, method, *params)
        assert answer[0] is False and len(answer) == 5, answer
        return answer[2], answer[1]

    def flow(self, user, method, path, body=None):
        token = base64.b64encode(self.session(user).encode()).decode()
        # The path as it is: httpx would take a doubled slash for a host.
        return self.http.request(method, self.standin.oneflow + path, json=body,
                                 headers={"Authorization": f"Basic {token}"})

    def template_id(self, name):
        pool = self.flow("oneadmin", "GET", "/service_template").json()["DOCUMENT_POOL"]["DOCUMENT"]
        return int(next(one["ID"] for one in pool if one["NAME"] == name))

    def instantiate(self, user, name, roles=None, expect=201, **more):
        merge = {"merge_template": {**({"roles": roles} if roles is not None else {}), **more}}
        answer = self.flow(user, "POST", f"/service_template/{self.template_id(name)}/action",
                           {"action": {"perform": "instantiate", "params": merge}})
        assert answer.status_code == expect, answer.text
        return int(answer.json()["DOCUMENT"]["ID"]) if expect == 201 else answer.text

    def body(self, service_id, user="oneadmin"):
        answer = self.flow(user, "GET", f"/service/{service_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()["DOCUMENT"]["TEMPLATE"]["BODY"]

    def until_state(self, service_id, state):
        return wait_for(f"service {service_id} in state {state}",
                        lambda: (body := self.body(service_id))["state"] == state and body)

    def running(self, user="alice", name="Function", roles=None):
        """(service id, its body) of a service that runs."""
        service_id = self.instantiate(user, name, roles)
        return service_id, self.until_state(service_id, 2)

    def recover_delete(self, user, service_id):
        return self.flow(user, "POST", f"/service/{service_id}/action",
                         {"action": {"perform": "recover", "params": {"delete": True}}})


def post(standin, body, path="/RPC2", method="POST", **headers):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(standin.oned).netloc, timeout=10)
    connection.request(method, path, body=body, headers={"Content-Type": "text/xml", **headers})
    answer = connection.getresponse()
    answer.text = answer.read().decode()
    connection.close()
    return answer


def call_xml(method, *params):
    inner = "".join(f"<param><value>{param}</value></param>" for param in params)
    return f"<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>{inner}</params></methodCall>"


STRING, INT, BOOLEAN = "<string>{}</string>", "<i4>{}</i4>", "<boolean>{}</boolean>"
ME = STRING.format("alice:alice-secret")


def machine(client, user="alice", template=0, text="", running=True):
    number = client.ok(user, "one.template.instantiate", template, "m", False, text, False)
    if running:
        until(client, number, 3, 3)
    return number


def tag(xml, path):
    for part in path.split("/"):
        assert f"<{part}>" in xml, f"no {path} in {xml}"
        xml = xml.partition(f"<{part}>")[2].partition(f"</{part}>")[0]
    return xml.removeprefix("<![CDATA[").removesuffix("]]>")


def info(client, number):
    return client.ok("oneadmin", "one.vm.info", number, False)


def state(client, number):
    xml = info(client, number)
    return int(tag(xml, "VM/STATE")), int(tag(xml, "VM/LCM_STATE"))


def until(client, number, *wanted):
    wait_for(f"machine {number} in {wanted}", lambda: state(client, number) == wanted)


def get_as_alice(url, path, verify=False, **options):
    return httpx.get(url + path, auth=ALICE, trust_env=False, verify=verify, **options)


house, standin = pytest_fixtures.of(StandIn)


@pytest.fixture
def client(standin):
    made = Client(standin)
    yield made
    made.http.close()
