# SPDX-License-Identifier: Apache-2.0
"""Whatever is sent: a 4xx with the contract's body or a closed connection. Never a 5xx, never a crash, never memory."""

import json
import pathlib
import re
import socket
import time

import pytest

from cloud import MINIMAL, PATIENCE, wait_for

MIB = 1024 * 1024


def resident_mib(cloud):
    status = pathlib.Path(f"/proc/{cloud.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.fixture(scope="module", autouse=True)
def unharmed(cloud):
    """After everything: the same process answers, and it has not grown beyond reason."""
    pid, before = cloud.process.pid, resident_mib(cloud)
    yield
    assert cloud.process.poll() is None and cloud.process.pid == pid
    assert cloud.request("GET", "/readyz", auth=False).status_code == 200
    assert cloud.list() is not None
    grown = resident_mib(cloud) - before
    assert grown < 150 * PATIENCE, f"{grown:.0f} MiB more than before"
    assert "internal" not in cloud.request("GET", "/healthz", auth=False).text


def refused(answer, *allowed):
    assert answer.status_code in (allowed or range(400, 500)), (answer.status_code, answer.text[:300])
    body = answer.json()
    assert set(body) == {"error", "message"} and isinstance(body["error"], str), body


def faas(**members):
    return {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature", **members}}}


WRONG_BODIES = {
    "empty": b"",
    "no JSON": b"{bad",
    "half": b'{"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}',
    "trailing text": json.dumps(MINIMAL).encode() + b" x",
    "an array": b"[]",
    "null": b"null",
    "a number": b"5",
    "a string": b'"x"',
    "nothing in it": b"{}",
    "another member": b'{"OTHER": 1}',
    "not an object": b'{"SERVERLESS_RUNTIME": []}',
    "no FAAS": b'{"SERVERLESS_RUNTIME": {}}',
    "duplicate keys": b'{"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature", "FLAVOUR": "s3"}}}',
    "duplicate keys at the top": b'{"SERVERLESS_RUNTIME": {}, "SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}}}',
    "a NUL": b'{"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "na\0ture"}}}',
    "bare NULs": b"\0" * 64,
    "invalid UTF-8": b'{"SERVERLESS_RUNTIME": {"NAME": "\xff\xfe", "FAAS": {"FLAVOUR": "nature"}}}',
    "a lone surrogate": b'{"SERVERLESS_RUNTIME": {"NAME": "\\ud800", "FAAS": {"FLAVOUR": "nature"}}}',
    "UTF-16": json.dumps(MINIMAL).encode("utf-16"),
    "nesting": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested arrays": b"[" * 100_000,
    "a comment": b"/* x */" + json.dumps(MINIMAL).encode(),
    "NaN": b'{"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature", "CPU": NaN}}}',
}


@pytest.mark.parametrize("name", WRONG_BODIES)
def test_wrong_bodies(cloud, name):
    refused(cloud.request("POST", "/serverless-runtimes", content=WRONG_BODIES[name]), 400)


WRONG_VALUES = [
    *[faas(**{size: value}) for size in ("CPU", "MEMORY", "DISK_SIZE")
      for value in (0, -1, 1.5, 2.0, "2", True, None, [], {}, 2**31, 2**63, 10**400)],
    *[faas(FLAVOUR=value) for value in (None, 1, [], {}, True)],
    *[faas(STATE=value) for value in ("BAD", 1, "")],
    *[faas(ENDPOINT=value) for value in (1, None)],
    {"SERVERLESS_RUNTIME": {"NAME": "x" * 129, "FAAS": {"FLAVOUR": "nature"}}},
    {"SERVERLESS_RUNTIME": {"NAME": 5, "FAAS": {"FLAVOUR": "nature"}}},
    {"SERVERLESS_RUNTIME": {"ID": "5", "FAAS": {"FLAVOUR": "nature"}}},
    {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "DAAS": 5}},
    {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "DAAS": {}}},
    {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "SCHEDULING": {"POLICY": 1}}},
    {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "SCHEDULING": "x"}},
    {"SERVERLESS_RUNTIME": {"FAAS": {"FLAVOUR": "nature"}, "DEVICE_INFO": {"LATENCY_TO_PE": "5"}}},
]


@pytest.mark.parametrize("value", WRONG_VALUES, ids=lambda value: json.dumps(value)[22:80])
def test_wrong_values(cloud, value):
    answer = cloud.request("POST", "/serverless-runtimes", content=json.dumps(value))
    refused(answer, 400)
    assert answer.json()["error"] in ("Invalid Serverless Runtime specification", "Invalid JSON")


@pytest.mark.parametrize("flavour", ["", "nothing", "../etc", "nature'", "n" * 100_000, "nature\n", "\u0000"])
def test_unknown_flavours(cloud, flavour):
    refused(cloud.request("POST", "/serverless-runtimes", json=faas(FLAVOUR=flavour)), 400, 413, 422)


@pytest.mark.parametrize("id", ["4x", "-1", "99999999999999999999", "2147483648", "0", "%00", "1%2f2", "%2e%2e", "%ff", "१"])
def test_ids_that_cannot_be(cloud, id):
    for method in ("GET", "PUT", "DELETE"):
        refused(cloud.request(method, f"/serverless-runtimes/{id}", json=MINIMAL if method == "PUT" else None), 404, 405, 400)


CREDENTIALS = ["", "Basic", "basic", "Bearer x", "Basic !!!!", "Basic " + "A" * 8000, "Basic Og==", "Basic AAAA",
               "Digest username=x", "Basic \xff\xfe", "Basic dXNlcg=="]


@pytest.mark.parametrize("value", CREDENTIALS, ids=range(len(CREDENTIALS)))
def test_credentials_that_are_none(cloud, value):
    answer = cloud.request("GET", "/serverless-runtimes/1", auth=False, headers={"Authorization": value.encode("latin-1")})
    refused(answer, 401)
    assert len(value) < 12 or value not in answer.text, "a rejected header is never told back"


def test_a_body_of_100_mb_is_refused_early(cloud):
    sent = 0

    def body():
        nonlocal sent
        yield b'{"SERVERLESS_RUNTIME": {"NAME": "'
        for _ in range(100):
            sent += MIB
            yield b"x" * MIB

    try:
        answer = cloud.request("POST", "/serverless-runtimes", content=body(),
                               headers={"Content-Length": str(100 * MIB), "Expect": "100-continue"})
        assert 400 <= answer.status_code < 500
    except Exception as error:  # the server may close while we still send
        assert "5" not in str(getattr(error, "response", "")), error
    assert resident_mib(cloud) < 200 * PATIENCE


# ---- below HTTP's manners: raw bytes -------------------------------------------------------------------------------

AUTH = b"Authorization: Basic eDp5\r\n"
RAW = {
    "both lengths (smuggling)": b"POST /serverless-runtimes HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 2\r\n\r\nab",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a signed length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nabcde",
    "a huge length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    "an unknown coding": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked, gzip\r\n\r\n",
    "a coding with a tab": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n",
    "a NUL in the header": b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    "a NUL in the target": b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n",
    "broken chunk size": b"POST /serverless-runtimes HTTP/1.1\r\nHost: x\r\n" + AUTH +
                         b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "a huge chunk": b"POST /serverless-runtimes HTTP/1.1\r\nHost: x\r\n" + AUTH +
                    b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc",
    "a chunk without its end": b"POST /serverless-runtimes HTTP/1.1\r\nHost: x\r\n" + AUTH +
                               b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcX0\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 500,
    "words": b"hello, is anybody there?\r\n\r\n",
    "a header flood": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20_000)) + b"\r\n",
    "one long header": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 5_000_000 + b"\r\n\r\n",
    "a long target": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "an absurd version": b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    "a long method": b"G" * 100_000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n",
}


def exchange(cloud, data, seconds=15):
    """Everything that the server says until it closes or is silent."""
    said = b""
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=5) as s:
        s.settimeout(seconds * PATIENCE)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while block := s.recv(65536):
                said += block
        except (ConnectionError, BrokenPipeError):
            pass
        except TimeoutError:
            raise AssertionError(f"neither an answer nor an end within {seconds} s: {said[:200]!r}") from None
    return said


@pytest.mark.parametrize("name", RAW)
def test_raw_bytes(cloud, name):
    said = exchange(cloud, RAW[name])
    answers = len(re.findall(rb"HTTP/1\.[01] \d\d\d [A-Z]", said))
    assert answers <= 1, f"a second request was smuggled: {said[:400]!r}"
    if answers:
        assert said.split(b" ")[1].startswith(b"4"), said[:200]


def test_one_request_byte_by_byte(cloud):
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=10) as s:
        for byte in b"GET /server/version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            s.sendall(bytes([byte]))
        assert s.recv(65536).startswith(b"HTTP/1.1 200")


def test_hundreds_of_slow_senders_do_not_keep_others_waiting(cloud):
    slow = []
    try:
        for _ in range(400):
            s = socket.create_connection(("127.0.0.1", cloud.port), timeout=5)
            s.sendall(b"POST /serverless-runtimes HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n" + AUTH)
            slow.append(s)
        began = time.monotonic()
        for _ in range(20):
            assert cloud.request("GET", "/server/version", auth=False).status_code == 200
        assert time.monotonic() - began < 5 * PATIENCE

        def one_is_cut():
            slow[0].settimeout(0.2)
            try:
                slow[0].recv(4096)  # an answer or the end
                return True
            except TimeoutError:
                return False
            except ConnectionError:
                return True

        wait_for("slow senders are cut", one_is_cut, 60)
    finally:
        for s in slow:
            s.close()


def test_a_storm_of_wrong_passwords_keeps_nobody_out(cloud):
    user, _ = cloud.auth
    for i in range(7):
        answer = cloud.request("GET", "/serverless-runtimes", auth=(user, f"wrong{i}"))
        assert answer.status_code in (401, 429, 503), answer.status_code
        if answer.status_code != 401:
            break
    assert cloud.request("GET", "/serverless-runtimes").status_code == 200, "the owner still comes in"


def test_nothing_was_created_by_all_this(cloud):
    rows = next((v for v in cloud.list().values() if isinstance(v, list)), [])
    assert rows == [] and cloud.machines() == []
