# SPDX-License-Identifier: Apache-2.0
"""The neighbour of every HTTP figure: nginx of Debian, on a free port, serving one file from a temporary directory."""

import pathlib
import shutil
import subprocess
import tempfile
import time

from cloud import can_connect
from measuring import children, cpu_seconds, memory_mib
from ports import free_port

CONFIGURATION = """
daemon off; worker_processes 2; pid {root}/pid; error_log {root}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off; default_type application/json; keepalive_requests 1000000000; tcp_nodelay on;
  client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4;
  scgi_temp_path {root}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}/files; }}
}}
"""


class Nginx:
    def __init__(self, content):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="ne-nginx-"))
        self.root.chmod(0o755)
        (self.root / "files").mkdir()
        (self.root / "files" / "answer").write_bytes(content)
        self.port = free_port()
        (self.root / "conf").write_text(CONFIGURATION.format(root=self.root, port=self.port))

    def __enter__(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/nginx", "-c", str(self.root / "conf"), "-e", str(self.root / "error.log")],
            stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not can_connect("127.0.0.1", self.port):
            assert self.process.poll() is None, (self.root / "error.log").read_text()
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/answer"

    def cpu(self):
        return cpu_seconds([self.process.pid, *children(self.process.pid)])

    def memory(self):
        return sum(memory_mib(pid) for pid in [self.process.pid, *children(self.process.pid)])
