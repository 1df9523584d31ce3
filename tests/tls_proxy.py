# SPDX-License-Identifier: Apache-2.0
"""Debian's nginx with sites that a test hands to it, an authority of the test's own, and its certificates."""

import os
import pathlib
import socket
import subprocess

from waiting import PATIENCE, wait_for

SITE = pathlib.Path(os.environ.get("NEPHELE_SOURCE_DIR", pathlib.Path(__file__).parents[1])) / "packaging" / \
    "nginx-provision-engine.conf"


def _openssl_req(folder, *words):
    subprocess.run(["openssl", "req", "-x509", "-config", "/dev/null", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", *words], cwd=folder, check=True,
                   capture_output=True)


class Authority:
    def __init__(self, folder):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.pem"
        _openssl_req(folder, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Authority of a test",
                     "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=keyCertSign")

    def issue(self, name, *names):
        """A folder with fullchain.pem and privkey.pem, as certbot leaves it; `names` as subjectAltName has them."""
        folder = self.folder / name
        folder.mkdir()
        _openssl_req(folder, "-CA", "../ca.pem", "-CAkey", "../ca.key", "-keyout", "privkey.pem", "-out", "cert.pem",
                     "-subj", f"/CN={name}", "-addext", "subjectAltName=" + ",".join(names or (f"DNS:{name}",)))
        (folder / "fullchain.pem").write_text((folder / "cert.pem").read_text() + self.certificate.read_text())
        return folder


def ready(address, port):
    try:
        socket.create_connection((address, port), 1).close()
        return True
    except OSError:
        return False


class Nginx:
    """In the foreground, everything of it in `folder`, listening at `port` of this machine among others."""

    def __init__(self, folder, sites, port, wrap=()):
        self.folder, self.port, self.wrap, self.process = folder, port, list(wrap), None
        user = "user root;" if os.geteuid() == 0 else ""  # the folder is nobody else's
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; {user}\n"
            f"events {{}}\nhttp {{ access_log {folder}/access.log; client_body_temp_path {folder}/b;\n"
            f"proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;\n"
            f"scgi_temp_path {folder}/s; include {folder}/sites/*.conf; }}\n")
        (folder / "sites").mkdir()
        for name, text in sites.items():
            (folder / "sites" / f"{name}.conf").write_text(text)

    def start(self):
        words = [*self.wrap, "nginx", "-c", str(self.folder / "nginx.conf"), "-e", str(self.folder / "error.log")]
        checked = subprocess.run([*words, "-t"], capture_output=True, text=True, timeout=20 * PATIENCE)
        assert checked.returncode == 0, checked.stderr
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def listens():
            assert self.process.poll() is None, self.errors()
            return ready("127.0.0.1", self.port)
        wait_for("nginx listens", listens)
        return self

    def errors(self):
        return (self.folder / "error.log").read_text()

    def requests(self):
        """The lines of its access log; a line is written when its answer has been sent."""
        return (self.folder / "access.log").read_text().splitlines()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20 * PATIENCE)
