# SPDX-License-Identifier: Apache-2.0
"""One identity service, or several on one database, and what asks it: HTTP and Debian's own `openstack`."""

import json
import os
import secrets
import subprocess

import httpx

import cloud as houses
from cloud import PATIENCE, wait_for
from postgres import Postgres

ROOT, PASSWORD = "root", "correct-horse-battery"


def by_password(name=ROOT, password=PASSWORD, domain="default", scope=None, **user):
    """The body of a sign-in. `user`: other members, such as id."""
    if not user:
        user = {"name": name, "domain": {"id": domain}}
    auth = {"identity": {"methods": ["password"], "password": {"user": {**user, "password": password}}}}
    if scope is not None:
        auth["scope"] = scope
    return {"auth": auth}


def project_scope(name="admin", domain="default"):
    return {"project": {"name": name, "domain": {"id": domain}}}


class Service:
    """`beside`: another one, whose database this one uses too."""

    def __init__(self, name, postgres=False, beside=None):
        self.made = []
        try:
            self.database = beside.database if beside else (Postgres() if postgres else None)
            if self.database and not beside:
                self.made.append(self.database)
            self.house = houses.Cloud(name=name, services=["identity"])
            self.made.append(self.house)
            self.house.data.mkdir(mode=0o700)
            if self.database:
                self.key = beside.key if beside else self._new_key()
                self.house.data.joinpath("nephele.conf").write_text(
                    f"DATABASE = '{self.database.url}'\nSECRET_KEY_FILE = '{self.key}'\n")
        except BaseException:
            self.close()
            raise
        self.beside = beside
        self._client = None
        self._token = None

    def _new_key(self):
        key = self.house.directory / "installation.key"
        key.write_text(secrets.token_hex(32) + "\n")
        key.chmod(0o600)
        return key

    def start(self):
        self.house.start()
        self.url = json.loads((self.house.data / "endpoints.json").read_text())["identity"] + "/identity"
        self._client = httpx.Client(timeout=60 * PATIENCE)
        if not self.beside and self._token is None:
            self.house.run("account", "create", ROOT, "--admin", input=PASSWORD + "\n")
        return self

    def close(self):
        for thing in reversed(self.made):
            thing.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- HTTP ---------------------------------------------------------------------------------------------------

    def ask(self, method, path, body=None, token=None, headers=None, **more):
        headers = dict(headers or {})
        if token:
            headers["X-Auth-Token"] = token
        if body is not None:
            more["json"] = body
        return self._client.request(method, self.url + path, headers=headers, **more)

    def sign_in(self, body=None, **options):
        """A token's text; what the answer says of it is in .said."""
        answer = self.ask("POST", "/v3/auth/tokens", body or by_password(**options))
        assert answer.status_code == 201, answer.text
        return Token(answer.headers["X-Subject-Token"], answer.json()["token"])

    @property
    def root(self):
        """The administrator's token for the project admin."""
        if self._token is None:
            self._token = self.sign_in(scope=project_scope())
        return self._token

    def do(self, method, path, body=None, status=None, token=None):
        """As the administrator; the body that is answered."""
        answer = self.ask(method, "/v3" + path, body, token or self.root)
        wanted = status or {"POST": 201, "DELETE": 204, "PUT": 204}.get(method, 200)
        assert answer.status_code == wanted, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def make(self, kind, **members):
        """A new domain, project, user ...: what the service says of it."""
        return self.do("POST", f"/{kind}s", {kind: members})[kind]

    def role(self, name):
        return self.do("GET", f"/roles?name={name}")["roles"][0]["id"]

    def member(self, name, project=None):
        """A new user who is a member of a project; the project too."""
        project = project or self.make("project", name=f"project of {name}")
        user = self.make("user", name=name, password=PASSWORD)
        self.do("PUT", f"/projects/{project['id']}/users/{user['id']}/roles/{self.role('member')}")
        return user, project

    # ---- the client ---------------------------------------------------------------------------------------------

    def openstack(self, *arguments, check=True, **environment):
        """Debian's own client. `environment`: OS_... without the prefix; an empty one is not set."""
        settings = {"AUTH_URL": self.url + "/v3", "USERNAME": ROOT, "PASSWORD": PASSWORD, "PROJECT_NAME": "admin",
                    "USER_DOMAIN_NAME": "Default", "PROJECT_DOMAIN_NAME": "Default", "IDENTITY_API_VERSION": "3",
                    "REGION_NAME": "default", **environment}
        done = subprocess.run(
            ["openstack", *arguments], capture_output=True, text=True, timeout=120 * PATIENCE, stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(self.house.directory), "LC_ALL": "C.UTF-8",
                 **{f"OS_{name}": value for name, value in settings.items() if value}})
        if check:
            said = f"{done.returncode}\n{done.stdout}{done.stderr}"
            assert done.returncode == 0, f"openstack {' '.join(arguments)}: {said}"
        return done

    def told(self, *arguments, **environment):
        """What a command prints as JSON."""
        return json.loads(self.openstack(*arguments, "-f", "json", **environment).stdout)


class Token(str):
    def __new__(cls, text, said):
        token = super().__new__(cls, text)
        token.said = said
        return token


__all__ = ["PASSWORD", "PATIENCE", "ROOT", "Service", "by_password", "project_scope", "wait_for"]
