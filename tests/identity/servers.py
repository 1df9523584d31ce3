# SPDX-License-Identifier: Apache-2.0
"""Debian's slapd and Apache for one test: out of a temporary folder, on free ports of the loopback, with nothing of the
system's own configuration."""

import base64
import contextlib
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from cloud import can_connect, wait_for
from ports import free_port


class Daemon:
    """`user`: whom it runs as where we are root; none: as we are."""

    def __init__(self, name, user=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ne-{name}-"))
        (self.folder / "owner").write_text(str(os.getpid()))  # conftest clears up after a killed test run
        self.port = free_port()
        self.process = None
        self.as_user = []
        self.environment = None
        self.owner = None
        if os.geteuid() == 0 and user is not None:
            self.owner = pwd.getpwnam(user)
            self.as_user = ["setpriv", f"--reuid={self.owner.pw_uid}", f"--regid={self.owner.pw_gid}", "--clear-groups"]

    def give_folder(self):
        if self.owner is None:
            return
        for path in [self.folder, *self.folder.rglob("*")]:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(self, *command, check=True):
        done = subprocess.run([*self.as_user, *map(str, command)], capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, cwd=self.folder, env=self.environment)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def begin(self, *command):
        with open(self.folder / "output", "ab") as output:
            self.process = subprocess.Popen([*self.as_user, *map(str, command)], stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, cwd=self.folder, env=self.environment,
                                            start_new_session=True)

        def listens():
            assert self.process.poll() is None, self.log()
            return can_connect("127.0.0.1", self.port) if isinstance(self.port, int) else self.port.exists()

        wait_for(f"{command[0]} listens", listens, 60)

    def log(self):
        return (self.folder / "output").read_text(errors="replace")[-4000:]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process is not None and self.process.poll() is None:
            # The whole group: a frozen one takes no other word, and Apache has children.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


SLAPD_CONF = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
attributetype ( 1.3.6.1.4.1.55555.1 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.55555.2 NAME 'likeActiveDirectory' SUP top AUXILIARY MAY objectGUID )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
database mdb
maxsize 16777216
suffix "dc=example,dc=org"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=reader,dc=example,dc=org" read by anonymous auth
"""


class Slapd(Daemon):
    """OpenLDAP with people below ou=people,dc=example,dc=org (password NAME-password) and the group "staff"."""

    def __init__(self, people):
        super().__init__("slapd", "openldap")
        try:
            # A copy: where AppArmor watches, Debian's profile for /usr/sbin/slapd keeps it out of temporary folders.
            shutil.copy("/usr/sbin/slapd", self.folder / "slapd")
            self.write("slapd.conf", SLAPD_CONF.format(folder=self.folder))
            self.write("people.ldif", self._ldif(people))
            (self.folder / "db").mkdir()
            self.give_folder()
            self.run(self.folder / "slapd", "-T", "add", "-f", self.folder / "slapd.conf",
                     "-l", self.folder / "people.ldif")
            self.start()
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _ldif(people):
        text = """dn: dc=example,dc=org
objectClass: domain
dc: example

dn: cn=reader,dc=example,dc=org
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-password

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups
"""
        for number, (name, sn) in enumerate(people.items()):
            guid = base64.b64encode(bytes([number] + list(range(1, 16)))).decode()
            text += f"""
dn: uid={name},ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: likeActiveDirectory
uid: {name}
cn: {name}
givenName: {name.capitalize()}
sn: {sn}
mail: {name}@example.org
objectGUID:: {guid}
userPassword: {name}-password
"""
        first = next(iter(people))
        return text + f"""
dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid={first},ou=people,dc=example,dc=org
"""

    @property
    def url(self):
        return f"ldap://127.0.0.1:{self.port}"

    def start(self):
        self.begin(self.folder / "slapd", "-f", self.folder / "slapd.conf", "-h", f"{self.url}/", "-d", "0")

    def change(self, ldif):
        """While it is down, by its own program."""
        self.stop()
        self.write("change.ldif", ldif)
        self.run(self.folder / "slapd", "-T", "modify", "-f", self.folder / "slapd.conf",
                 "-l", self.folder / "change.ldif")
        self.start()

    settings = """
import ldap
from django_auth_ldap.config import LDAPSearch, GroupOfNamesType
AUTH_LDAP_SERVER_URI = "{url}"
AUTH_LDAP_BIND_DN = "cn=reader,dc=example,dc=org"
AUTH_LDAP_BIND_PASSWORD = "reader-password"
AUTH_LDAP_USER_SEARCH = LDAPSearch("ou=people,dc=example,dc=org", ldap.SCOPE_SUBTREE, "(uid=%(user)s)")
AUTH_LDAP_GROUP_SEARCH = LDAPSearch("ou=groups,dc=example,dc=org", ldap.SCOPE_SUBTREE, "(objectClass=groupOfNames)")
AUTH_LDAP_GROUP_TYPE = GroupOfNamesType(name_attr="cn")
AUTH_LDAP_CONNECTION_OPTIONS = {{ldap.OPT_NETWORK_TIMEOUT: 3, ldap.OPT_TIMEOUT: 4}}
"""

    def astakos(self):
        """What an administrator writes to have it."""
        return self.settings.format(url=self.url)


BALANCER = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4;
  scgi_temp_path {folder}/t5;
  upstream identity {{ {servers} }}
  server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://identity; proxy_set_header Host $http_host; }} }}
}}
"""


class Balancer(Daemon):
    """Debian's nginx before several processes. It tries each anew: one that was away a moment ago may be the only one now."""

    def __init__(self, ports):
        super().__init__("balancer")
        servers = " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
        conf = self.write("conf", BALANCER.format(folder=self.folder, servers=servers, port=self.port))
        self.begin("/usr/sbin/nginx", "-c", conf, "-e", self.folder / "error.log")
        self.url = f"http://127.0.0.1:{self.port}"
