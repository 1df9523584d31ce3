# SPDX-License-Identifier: Apache-2.0
"""HTTP underneath: what a client may do to a connection."""

import base64
import socket
import urllib.parse

import pytest

from .conftest import INT, ME, call_xml
from .control_client import ALICE

AUTHORIZATION = f"Authorization: Basic {base64.b64encode(':'.join(ALICE).encode()).decode()}\r\n"


class Line:
    """A bare TCP connection."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self.data = b""

    def send(self, text):
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def until(self, end):
        while end not in self.data:
            piece = self.socket.recv(65536)
            assert piece, f"the connection ended; so far: {self.data!r}"
            self.data += piece
        text, _, self.data = self.data.partition(end)
        return text + end

    def rest(self):
        while piece := self.socket.recv(65536):
            self.data += piece
        return self.data

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


def test_oned_closes_after_every_answer(standin):
    body = call_xml("one.vm.info", ME, INT.format(7))
    with Line(standin.oned) as line:
        line.send(f"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n{body}")
        assert b"</methodResponse>" in line.rest()


def test_oneflow_keeps_the_connection_and_takes_one_request_after_the_other(standin):
    ask = f"GET /service HTTP/1.1\r\nHost: x\r\n{AUTHORIZATION}\r\n"
    with Line(standin.oneflow) as line:
        line.send(ask * 3 + ask.replace("GET /service ", "GET /service/77 "))
        for _ in range(3):
            assert line.until(b"{}\n}").startswith(b"HTTP/1.1 200 OK\r\n")
        assert line.until(b"[77].").startswith(b"HTTP/1.1 404 Not Found\r\n")
        line.send(ask.replace("Host: x", "Host: x\r\nConnection: close"))
        assert line.rest().endswith(b"{}\n}")


def test_a_request_in_pieces_and_a_large_body_that_waits_for_100(standin):
    body = call_xml("one.document.allocate", ME, f"<string>A=\"{'x' * 300_000}\"</string>", INT.format(1337))
    with Line(standin.oned) as line:
        head = f"POST /RPC2 HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
        for letter in head:
            line.send(letter)
        assert line.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.send(body[:1000])
        line.send(body[1000:])
        assert b"<boolean>1</boolean>" in line.rest()


def test_chunks(standin):
    with Line(standin.oneflow) as line:
        line.send(f"POST /service_template HTTP/1.1\r\nHost: x\r\n{AUTHORIZATION}Transfer-Encoding: chunked\r\n\r\n"
                  "5\r\n{\"nam\r\n6;x=y\r\ne\":1}\n\r\n0\r\n\r\n")
        assert line.until(b"String;").startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("text, status", [
    ("nonsense\r\n\r\n", 400), ("GET / HTTP/9\r\n\r\n", 400), ("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ("GET / HTTP/1.1\r\nX: " + "x" * 70_000, 431)])
def test_what_is_no_http(standin, text, status):
    for url in (standin.oned, standin.oneflow, standin.control):
        with Line(url) as line:
            line.send(text)
            assert line.rest().startswith(f"HTTP/1.1 {status} ".encode())
