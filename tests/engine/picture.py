# SPDX-License-Identifier: Apache-2.0
"""The admin guide's picture, each host with a network of its own, and a device out in the Internet:

      device ---- 198.51.100.0/24, 2001:db8::/64 ---- router (nginx)
                                                         | 10.10.10.1
                                  10.10.10.0/24, fd00:10:10:10::/64
                                    |               |              |
                                frontend .2     scheduler .3    engine .4

No packet leaves the machine. The test itself stands on the front-end, where the stand-in OpenNebula is asked.
"""

import contextlib
import pathlib
import re
import socket
import subprocess

import httpx
import private
import pytest
import tls_proxy
from opennebula.control_client import ALICE
from waiting import PATIENCE

NAME = "engine.cloud.test"                  # the site; one.cloud.test and flow.cloud.test are OpenNebula's
PUBLIC = {"IPv4": "198.51.100.1", "IPv6": "2001:db8::1"}
DEVICE = {"IPv4": "198.51.100.7", "IPv6": "2001:db8::7"}
INSIDE, INSIDE6 = "10.10.10.{}", "fd00:10:10:10::{}"
WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")  # however this process ends


class Hosts:
    def __init__(self):
        if not pathlib.Path("/proc/net/if_inet6").exists():
            pytest.skip("needs IPv6 in the kernel: the picture's router has a public IPv6 address")
        self.all = [private.Network() for _ in range(5)]
        self.router, self.frontend, self.scheduler, self.engine, self.device = self.all
        for host in self.all:
            with host:
                for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv6/conf/all/disable_ipv6",
                             "ipv6/conf/default/disable_ipv6"):
                    self._set(name, "0")
        try:
            self.router.ip("link add name lan type bridge")
        except subprocess.CalledProcessError:
            pytest.skip("needs a kernel with bridges")
        self.router.ip("link set lan up", "address add 10.10.10.1/24 dev lan",
                       "address add fd00:10:10:10::1/64 dev lan nodad",
                       f"link add name public type veth peer name eth0 netns {self.device.path}",
                       "link set public up", f"address add {PUBLIC['IPv4']}/24 dev public",
                       f"address add {PUBLIC['IPv6']}/64 dev public nodad")
        for number, host in enumerate((self.frontend, self.scheduler, self.engine), 2):
            self.router.ip(f"link add name to{number} type veth peer name eth0 netns {host.path}",
                           f"link set to{number} master lan up")
            self._connect(host, f"{INSIDE.format(number)}/24", f"{INSIDE6.format(number)}/64",
                          INSIDE.format(1), INSIDE6.format(1))
        # The worst of neighbours: it sends what is for the private network to the router.
        self._connect(self.device, f"{DEVICE['IPv4']}/24", f"{DEVICE['IPv6']}/64", PUBLIC["IPv4"], PUBLIC["IPv6"])

    @staticmethod
    def _set(name, value):
        """A knob of the network that we are in."""
        knob = pathlib.Path("/proc/sys/net", name)
        if knob.read_text().strip() != value:
            knob.write_text(value)

    @staticmethod
    def _connect(host, four, six, router, router6):
        host.ip("link set eth0 up", f"address add {four} dev eth0", f"address add {six} dev eth0 nodad",
                f"route add default via {router}", f"route add default via {router6}")

    @contextlib.contextmanager
    def forwarding(self):
        """The router passes on what is not for itself."""
        with self.router:
            self._set("ipv4/ip_forward", "1")
        try:
            yield
        finally:
            with self.router:
                self._set("ipv4/ip_forward", "0")

    def close(self):
        for host in self.all:
            host.close()


class Mounted:
    """A file of this machine that is another one for us; needs private.own_mounts()."""

    def __init__(self, path, text, copy):
        self.path, self.copy = path, copy
        self.write(text)
        subprocess.run(["mount", "--bind", str(copy), path], check=True)

    def write(self, text):
        self.copy.write_text(text)

    def close(self):
        subprocess.run(["umount", self.path], check=True)


class Names(Mounted):
    """/etc/hosts: the site's name by one family or both; OpenNebula's names inside, one by each family."""

    def __init__(self, folder):
        super().__init__("/etc/hosts", "", folder / "hosts")
        self.public("IPv4", "IPv6")

    def public(self, *families):
        lines = [f"{PUBLIC[family]} {NAME} elsewhere.cloud.test" for family in families]
        inside = f"{INSIDE.format(1)} one.cloud.test\n{INSIDE6.format(1)} flow.cloud.test\n"
        self.write("127.0.0.1 localhost\n::1 localhost\n" + "\n".join(lines) + "\n" + inside)


def fill_in(text, certificate):
    """The shipped site as its head tells the admin: name, two files, the engine's address (the picture's already)."""
    places = {r"(?m)^( *server_name )engine\.example\.org;$": rf"\g<1>{NAME};",
              r"/etc/letsencrypt/live/engine\.example\.org/fullchain\.pem": f"{certificate}/fullchain.pem",
              r"/etc/letsencrypt/live/engine\.example\.org/privkey\.pem": f"{certificate}/privkey.pem",
              r"(?m)^( *server )10\.10\.10\.4:1337;$": rf"\g<1>{INSIDE.format(4)}:1337;"}
    for wanted, filled in places.items():
        text, count = re.subn(wanted, filled, text)
        assert count, f"the shipped site has no {wanted}"
    rest = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in rest if "example.org" in line or "letsencrypt" in line], "a place that the head hides"
    return text


def opennebula_site(authority):
    """What an admin writes for OpenNebula behind the same proxy: two names, OneFlow also below a path."""
    site = ""
    for name, places in (("one.cloud.test", {"/RPC2": "2633"}), ("flow.cloud.test", {"/": "2474/", "/flow/": "2474/"})):
        folder = authority.issue(name)
        site += f"server {{ listen 443 ssl; listen [::]:443 ssl; server_name {name};\n"
        site += f"ssl_certificate {folder}/fullchain.pem; ssl_certificate_key {folder}/privkey.pem;\n"
        for path, target in places.items():
            site += f"location {path} {{ proxy_pass http://{INSIDE.format(2)}:{target}; }}\n"
        site += "}\n"
    return site


class _FromThere(httpx.HTTPTransport):
    def __init__(self, network, **more):
        super().__init__(**more)
        self._network = network

    def handle_request(self, request):
        with self._network:
            return super().handle_request(request)


class Deployment:
    """Hosts, names, authority and nginx; engines come and go."""

    def __init__(self, folder):
        private.own_mounts()
        with contextlib.ExitStack() as made:
            self.hosts = Hosts()
            made.callback(self.hosts.close)
            self.names = Names(folder)
            made.callback(self.names.close)
            self.folder, self.authority = folder, tls_proxy.Authority(folder / "authority")
            sites = {"a-engine": fill_in(tls_proxy.SITE.read_text(), self.authority.issue(NAME)),
                     "opennebula": opennebula_site(self.authority)}
            (folder / "nginx").mkdir()
            self.nginx = tls_proxy.Nginx(folder / "nginx", sites, 443, wrap=WITH_PARENT)
            made.callback(self.nginx.stop)
            with self.hosts.router:
                self.nginx.start()
            self._made = made.pop_all()

    def trusted(self):
        """The system believes our authority, as it does those of the world."""
        return contextlib.closing(Mounted("/etc/ssl/certs/ca-certificates.crt", self.authority.certificate.read_text(),
                                          self.folder / "ca-certificates.crt"))

    def client(self, user=ALICE, host=None, port=443, base=None):
        """An HTTP client on the device, or on another host."""
        return httpx.Client(base_url=base or f"https://{NAME}:{port}", timeout=90 * PATIENCE, trust_env=False,
                            auth=user and tuple(part.encode() for part in user),
                            transport=_FromThere(host or self.hosts.device, trust_env=False,
                                                 verify=str(self.authority.certificate)))

    def close(self):
        self._made.close()


def can_connect(host, address, port, seconds=1):
    """True, or how it failed."""
    with host:
        try:
            socket.create_connection((address, port), seconds).close()
            return True
        except OSError as error:
            return type(error)
