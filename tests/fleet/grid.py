# SPDX-License-Identifier: Apache-2.0
"""A grid's authority made with openssl: host certificates, machines' certificates, proxies (RFC 3820), revocations."""

import pathlib
import subprocess

PROXY = "proxyCertInfo = critical, language:id-ppl-inheritAll\nkeyUsage = critical, digitalSignature, keyEncipherment\n"
LEAF = "basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature, keyEncipherment\n"
LISTS = "[ca]\ndefault_ca = x\n[x]\ndatabase = {0}/index\ndefault_md = sha256\ndefault_crl_days = 2\n"


def openssl(*words, text=None):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True, input=text, text=True).stdout


class Shown:
    """A certificate as curl takes it: its own, what signed it, and the key."""

    def __init__(self, folder, name):
        self.pem, self.key, self.chain = (folder / f"{name}.{end}" for end in ("pem", "key", "chain"))

    def curl(self):
        return ["--cert", str(self.chain), "--key", str(self.key)]


class Authority:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.pem, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        openssl("req", "-x509", "-config", "/dev/null", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", 2, "-subj", f"/DC=com/DC=example/CN=CA of {self.folder.name}", "-keyout", self.key, "-out", self.pem,
                "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        self.made = 0

    def sign(self, subject, extensions=LEAF, by=None):
        """`by`: the certificate that signs; None: the authority."""
        self.made += 1
        shown = Shown(self.folder, f"c{self.made}")
        request, more = self.folder / "request", self.folder / "extensions"
        openssl("req", "-new", "-config", "/dev/null", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", subject, "-keyout", shown.key, "-out", request)
        more.write_text(extensions)
        signer, key = (by.pem, by.key) if by else (self.pem, self.key)
        openssl("x509", "-req", "-in", request, "-CA", signer, "-CAkey", key, "-set_serial", 100 + self.made, "-days", 1,
                "-sha256", "-extfile", more, "-out", shown.pem)
        shown.chain.write_text(shown.pem.read_text() + (by.chain.read_text() if by else ""))
        return shown

    def host(self, name):
        return self.sign(f"/DC=com/DC=example/CN={name}", LEAF + f"subjectAltName = DNS:{name}, IP:127.0.0.1\n")

    def proxy(self, of, subject, number):
        return self.sign(f"{subject}/CN={number}", PROXY, by=of)

    def install(self, directory):
        """Under its hashed name, as /etc/grid-security/certificates has it."""
        directory.mkdir(parents=True, exist_ok=True)
        hashed = openssl("x509", "-in", self.pem, "-noout", "-hash").strip()
        (directory / f"{hashed}.0").write_text(self.pem.read_text())
        return directory / f"{hashed}.r0"

    def certify(self, security):
        """This host, where vcycled's web server looks; the certificate."""
        host = self.host("localhost")
        for made, place in ((host.key, "key"), (host.pem, "cert")):
            fresh = security / "fresh"
            fresh.write_text(made.read_text())
            fresh.rename(security / f"vcycle.{place}.pem")
        return host

    def revoke(self, shown, into):
        """A revocation list that names one certificate."""
        config = self.folder / "lists.conf"
        config.write_text(LISTS.format(self.folder))
        (self.folder / "index").write_text("")
        common = ["-config", config, "-cert", self.pem, "-keyfile", self.key]
        openssl("ca", *common, "-revoke", shown.pem)
        openssl("ca", *common, "-gencrl", "-out", into)
