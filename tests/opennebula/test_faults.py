# SPDX-License-Identifier: Apache-2.0
"""Faults on demand, and the control port itself."""

import concurrent.futures
import http.client
import ssl
import subprocess
import time
import urllib.parse
import xml.parsers.expat
import xmlrpc.client

import httpx
import pytest

from .conftest import INT, ME, STRING, call_xml, post, get_as_alice, wait_for
from .control_client import NOTHING_LEFT, StandIn


def test_an_error_of_a_choosing(client, standin):
    standin.fault("error", server="oned", method="one.vm.*", code=32768, text="The resource document is locked.",
                  object_id=5)
    assert client.call("alice", "one.vm.info", 0) == [False, "The resource document is locked.", 32768, 5, -1]
    assert client.ok("alice", "one.system.version") == "6.8.0"
    standin.fault("error", server="oneflow", method="DELETE /service/{id}", status=500, text="not now")
    answer = client.flow("alice", "DELETE", "/service/1")
    assert (answer.status_code, answer.text) == (500, "not now")
    assert "DELETE /service/{id}" in standin.calls()


def test_a_fault_of_xml_rpc(client, standin):
    standin.fault("fault", method="one.vm.info", code=-500, text="boom")
    with pytest.raises(xmlrpc.client.Fault, match="boom"):
        client.call("alice", "one.vm.info", 0)


def test_only_some_calls(client, standin):
    rule = standin.fault("error", method="one.system.version", code=8192, first=2, count=2)
    codes = [client.call("alice", "one.system.version")[0] for _ in range(4)]
    assert codes == [True, False, False, True]
    shown = standin.faults()[0]
    assert (shown["number"], shown["seen"], shown["hits"]) == (rule, 4, 2)
    standin.clear_faults(rule)
    assert standin.faults() == []


def test_only_one_object_or_user(client, standin):
    first = client.ok("alice", "one.document.allocate", "NAME=a", 1337)
    second = client.ok("alice", "one.document.allocate", "NAME=b", 1337)
    standin.fault("error", method="one.document.info", object=first)
    standin.fault("error", method="one.system.version", user="bob")
    assert client.call("alice", "one.document.info", first)[0] is False
    client.ok("alice", "one.document.info", second)
    client.ok("alice", "one.system.version")
    assert client.call("bob", "one.system.version")[0] is False


def test_a_page_of_a_proxy(client, standin):
    standin.fault("http", status=502)
    with pytest.raises(xmlrpc.client.ProtocolError) as caught:
        client.call("alice", "one.system.version")
    assert caught.value.errcode == 502
    answer = client.flow("alice", "GET", "/service")
    assert answer.status_code == 502 and "Bad Gateway" in answer.text


ALLOCATE = call_xml("one.document.allocate", ME, STRING.format("NAME=x"), INT.format(1337))


@pytest.mark.parametrize("kind, error", [("reset", ConnectionResetError), ("close", http.client.RemoteDisconnected),
                                         ("noise", http.client.BadStatusLine)])
def test_no_answer_at_all(standin, kind, error):
    standin.fault(kind)
    with pytest.raises(error) as caught:
        post(standin, ALLOCATE)
    assert caught.type is error
    assert standin.documents(1337) == []
    assert standin.journal(server="oned")[-1]["outcome"] == f"{kind} (not executed)"


def test_the_answer_is_lost_but_the_call_was_done(standin):
    standin.fault("close", method="one.document.allocate", execute=True, count=1)
    with pytest.raises(http.client.RemoteDisconnected):
        post(standin, ALLOCATE)
    assert [one["name"] for one in standin.documents(1337)] == ["x"]
    assert standin.journal()[-1]["outcome"] == "close (ok)"


@pytest.mark.parametrize("size, error", [(5, http.client.BadStatusLine), (40, http.client.HTTPException),
                                         (300, http.client.IncompleteRead)])
def test_a_connection_that_is_cut(client, standin, size, error):
    standin.fault("cut", bytes=size, count=1)
    with pytest.raises((error, ConnectionError, xml.parsers.expat.ExpatError)):
        client.call("alice", "one.template.info", 0)


def test_xml_that_ends_too_soon_and_garbage(client, standin):
    standin.fault("truncate", bytes=100, count=1)
    with pytest.raises(xml.parsers.expat.ExpatError):
        client.call("alice", "one.system.version")
    standin.fault("garbage", count=2)
    with pytest.raises(xml.parsers.expat.ExpatError):
        client.call("alice", "one.system.version")
    answer = client.flow("alice", "GET", "/service")
    assert answer.status_code == 200 and "not what you wait for" in answer.text
    standin.fault("truncate", bytes=10, count=1, server="oneflow")
    assert client.flow("alice", "GET", "/service_template").content == b'{\n  "DOCUM'


def test_a_server_that_hangs(client, standin):
    standin.fault("hang", server="oneflow", count=1)
    with pytest.raises(httpx.ReadTimeout):
        get_as_alice(standin.oneflow, "/service", timeout=0.2)
    standin.fault("hang", server="oneflow", seconds=0.1, count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        get_as_alice(standin.oneflow, "/service", timeout=20)
    standin.fault("hang", server="oneflow", count=1)
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(get_as_alice, standin.oneflow, "/service", timeout=20)
        wait_for("the rule is hit", lambda: standin.faults()[-1]["hits"] == 1)
        standin.clear_faults()
        with pytest.raises(httpx.RemoteProtocolError):
            waiting.result()
    assert client.flow("alice", "GET", "/service").status_code == 200


@pytest.mark.parametrize("execute", [False, True])
def test_a_call_is_held_until_it_is_let_go(client, standin, execute):
    rule = standin.fault("hold", method="one.document.allocate", execute=execute)
    standin.fault("hang", method="one.user.info")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        waiting = pool.submit(client.call, "alice", "one.document.allocate", "NAME=x", 1337)
        wait_for("the rule is hit", lambda: standin.faults()[0]["hits"] == 1)
        assert len(standin.documents(1337)) == execute and not waiting.done()
        standin.clear_faults(rule)
        assert waiting.result()[0] is True
    assert len(standin.documents(1337)) == 1 and standin.calls() == ["one.document.allocate"]
    standin.fault("hold", method="one.system.version", seconds=0.1)
    assert client.ok("alice", "one.system.version") == "6.8.0"


def test_a_client_that_leaves_is_not_carried_out_later(client, standin):
    standin.fault("hold", method="DELETE /service/{id}")
    service_id, _ = client.running()
    with pytest.raises(httpx.ReadTimeout):
        httpx.delete(f"{standin.oneflow}/service/{service_id}", auth=("alice", "alice-secret"), timeout=0.3,
                     trust_env=False)
    wait_for("the rule was hit", lambda: standin.faults()[0]["hits"] == 1)
    standin.clear_faults()
    assert client.body(service_id)["state"] == 2


def test_slow_answers(client, standin):
    standin.fault("slow", seconds=0.3, count=1)
    begun = time.monotonic()
    client.ok("alice", "one.system.version")
    assert time.monotonic() - begun >= 0.3
    standin.fault("trickle", bytes=50, seconds=0.01, count=1)
    begun = time.monotonic()
    assert client.ok("alice", "one.system.version") == "6.8.0"
    assert time.monotonic() - begun >= 0.05


def test_a_slow_answer_is_of_a_call_that_was_done_at_once(client, standin):
    standin.fault("slow", method="POST /service_template/{id}/action instantiate", seconds=20, count=1)
    number = client.template_id("Function")
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{standin.oneflow}/service_template/{number}/action", timeout=0.3, trust_env=False,
                   auth=("alice", "alice-secret"), json={"action": {"perform": "instantiate"}})
    wait_for("the service is there", lambda: len(standin.leftovers()["services"]) == 1)


def test_many_calls_are_held_at_once(standin):
    standin.fault("slow", server="oneflow", seconds=0.5)
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        begun = time.monotonic()
        answers = list(pool.map(lambda _: get_as_alice(standin.oneflow, "/service", timeout=30).status_code, range(50)))
    assert answers == [200] * 50 and time.monotonic() - begun < 10


def test_a_port_that_refuses(client, standin):
    standin.listen(oned=False)
    with pytest.raises(ConnectionRefusedError):
        client.call("alice", "one.system.version")
    assert client.flow("alice", "GET", "/service").status_code == 200
    standin.listen(oned=True)
    client.ok("alice", "one.system.version")


def test_oneflow_takes_its_time_to_find_out_who_asks(client, standin):
    standin.set(flow_auth=0.2)
    begun = time.monotonic()
    assert client.flow("alice", "GET", "/service").status_code == 200
    assert time.monotonic() - begun >= 0.2


def test_what_happens_behind_the_back(client, standin):
    service_id, body = client.running()
    number = body["roles"][0]["nodes"][0]["deploy_id"]
    standin.change_vm(number, user_template='X="1"', error="something", template="VCPU=7")
    shown = standin.vm(number)
    assert shown["template"]["VCPU"] == "7" and shown["user_template"]["X"] == "1"
    assert "something" in shown["user_template"]["ERROR"] and shown["lcm_name"] == "RUNNING"
    standin.change_vm(number, remove=["ERROR"])
    assert "ERROR" not in standin.vm(number)["user_template"]
    standin.remove_service(service_id)
    assert client.refused("alice", "one.document.info", service_id)[0] == 1024
    assert client.flow("alice", "GET", f"/service/{service_id}").status_code == 404
    assert standin.leftovers() == {"services": [], "machines": [number], "runtimes": []}
    standin.end_vm(number)
    assert standin.leftovers() == NOTHING_LEFT


def test_more_fixtures(client, standin):
    standin.add_user("carol", "c:d", admin=True)
    client.users["carol"] = ("carol", "c:d")
    client.ok("carol", "one.template.info", 3)
    number = standin.add_vm_template("mine", "CPU=1\nMEMORY=64")
    standin.add_service_template("Mine", [["FAAS", number]])
    _, body = client.running(name="Mine")
    assert body["roles"][0]["vm_template"] == number
    document = standin.add_document("bob", 1337, "<TEMPLATE><BODY>{}</BODY></TEMPLATE>")
    assert standin.document(document)["template"] == {"BODY": "{}"}
    assert standin.leftovers()["runtimes"] == [document]


def test_services_documents_and_users_are_changed_from_outside(client, standin):
    service_id, _ = client.running()
    standin.change_service(service_id, forget_vm_info=True, body={"state": 4})
    body = client.body(service_id)
    assert body["roles"][0]["nodes"][0]["vm_info"] is None and body["state"] == 4
    document = standin.add_document("alice", 1337, "BODY=old")
    standin.change_document(document, template="<TEMPLATE><BODY>new</BODY></TEMPLATE>", name="n",
                            permissions=[1, 1, 0, 0, 0, 0, 1, 0, 0])
    xml = client.ok("bob", "one.document.info", document)
    assert "<NAME>n</NAME>" in xml and "<BODY><![CDATA[new]]></BODY>" in xml
    standin.change_password("alice", "other")
    assert client.refused("alice", "one.system.version")[0] == 256
    assert client.flow("alice", "GET", "/service").text == "Invalid credentials"


def test_runtimes_for_benchmarks(client, standin):
    numbers = standin.add_runtimes("alice", "nature-s3", 20)
    xml = client.ok("alice", "one.document.info", numbers[-1])
    assert '"STATE":"RUNNING"' in xml and '"DAAS":' in xml
    left = standin.leftovers()
    assert (len(left["services"]), len(left["machines"]), left["runtimes"]) == (20, 40, numbers)
    assert client.body(left["services"][0])["state"] == 2
    assert client.flow("alice", "DELETE", f"/service/{left['services'][0]}").status_code == 204


@pytest.mark.parametrize("ask", [
    lambda standin: standin.set(boots=1), lambda standin: standin.set(boot="x"), lambda standin: standin.set(version=7),
    lambda standin: standin.set(flow_wait_timeout=None), lambda standin: standin.fault("tease"),
    lambda standin: standin.fault("cut", length=5), lambda standin: standin.vm(77),
    lambda standin: standin.change_vm("x"), lambda standin: standin.change_service(0, push=True),
    lambda standin: standin.add_runtimes("alice", "Nothing"), lambda standin: standin.add_runtimes("nobody"),
    lambda standin: standin.add_service_template("X", [["FAAS", "nothing"]]),
    lambda standin: standin.change_document(0, color="red"), lambda standin: standin.change_password("nobody", "x"),
    lambda standin: standin.driver_fails("dance")])
def test_the_control_port_says_what_is_wrong(standin, ask):
    before = standin.settings()
    with pytest.raises(ValueError):
        ask(standin)
    assert standin.settings() == before


def test_tls_paths_and_the_end(tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True, timeout=60)
    with StandIn(tls_certificate=certificate, tls_key=key, oned_path="/one/RPC2", oneflow_prefix="/flow") as standin:
        assert standin.oned.startswith("https://127.0.0.1:") and standin.oned.endswith("/one/RPC2")
        context = ssl.create_default_context(cafile=certificate)
        proxy = xmlrpc.client.ServerProxy(standin.oned, context=context)
        assert getattr(proxy, "one.system.version")("alice:alice-secret") == [True, "6.8.0", 0]
        with pytest.raises(ssl.SSLCertVerificationError):
            getattr(xmlrpc.client.ServerProxy(standin.oned), "one.system.version")("alice:alice-secret")
        assert get_as_alice(standin.oneflow, "/service", verify=str(certificate)).status_code == 200
        elsewhere = standin.oneflow.removesuffix("/flow")
        assert get_as_alice(elsewhere, "/service", verify=str(certificate)).status_code == 404
        standin.reset()
        process = standin.process
    assert process.returncode == 0


def test_a_chosen_port_and_a_bad_start():
    with StandIn() as standin:
        port = urllib.parse.urlsplit(standin.oned).port
        with pytest.raises(RuntimeError, match="did not start"):
            StandIn(oned_port=port).start()
        with pytest.raises(RuntimeError, match="did not start"):
            StandIn(settings={"nonsense": 1}).start()
