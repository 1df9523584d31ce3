# SPDX-License-Identifier: Apache-2.0
"""The Provision Engine's command line tools, its installer and what is shipped with it. No cloud, no machine."""

import base64
import http.server
import json
import os
import pathlib
import ssl
import subprocess
import sys
import threading

import pytest

sys.path.append(str(pathlib.Path(__file__).parents[1]))
from guide_client import CLIENT, SOURCE  # noqa: E402, F401

PATIENCE = int(os.environ.get("NEPHELE_TEST_PATIENCE", "1"))


def pytest_configure(config):
    if not CLIENT.exists():
        pytest.exit(f"{CLIENT} is missing; build the target provision-engine-cli", returncode=1)


def run(*words, limit=60, **more):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          timeout=limit * PATIENCE, **more)


class Endpoint:
    """An HTTP server that gives the answer it was told to, and keeps what it was sent."""

    def __init__(self, certificate=None):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                length = int(self.headers.get("Content-Length") or 0)
                endpoint.requests.append((self.command, self.path, dict(self.headers.items()), self.rfile.read(length)))
                status, content_type, body = endpoint.reply
                self.send_response(status)
                if content_type:
                    self.send_header("Content-Type", content_type)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if status != 204:
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.requests = []
        self.reply = (200, "application/json", b"{}")
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        host = "localhost" if certificate else "127.0.0.1"
        self.url = f"http{'s' if certificate else ''}://{host}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def answers(self, status, body=b"", content_type="application/json"):
        self.reply = (status, content_type, body if isinstance(body, bytes) else json.dumps(body).encode())

    @property
    def last(self):
        return self.requests[-1]

    def credentials(self):
        """user:password of the last request, as bytes."""
        scheme, text = self.last[2]["Authorization"].split(" ")
        assert scheme == "Basic"
        return base64.b64decode(text)

    def close(self):
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def endpoint():
    one = Endpoint()
    yield one
    one.close()


@pytest.fixture
def home(tmp_path):
    """A home directory whose user is ada, readable by her alone."""
    (tmp_path / "home").mkdir()
    auth = tmp_path / "home" / ".provision_engine_auth"
    auth.write_text("ada:lovelace\n")
    auth.chmod(0o600)
    return tmp_path / "home"


@pytest.fixture
def client(home):
    def call(*words, program=CLIENT, **more):
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), **more.pop("environment", {})}
        return run(program, *words, env=environment, **more)

    return call
