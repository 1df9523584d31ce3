# SPDX-License-Identifier: Apache-2.0
"""Keystone: discovery, tokens of v3 and of v2.0."""

from .service import Refused, Reply, Service
from .world import CREDENTIAL, SECRET, USER, now_text


def _object(value, where):
    if not isinstance(value, dict):
        raise Refused(400, f"Invalid input for field '{where}': {value!r} is not of type 'object'")
    return value


class Keystone(Service):
    name = "identity"
    ROUTES = (("GET", "/", "versions", False), ("GET", "", "versions", False), ("GET", "/v3", "version3", False),
              ("GET", "/v3/", "version3", False), ("GET", "/v2.0", "version2", False),
              ("GET", "/v2.0/", "version2", False), ("POST", "/v3/auth/tokens", "tokens3", False),
              ("POST", "/v2.0/tokens", "tokens2", False))

    def _version(self, number, path, status="stable"):
        return {"id": number, "status": status, "updated": "2020-04-07T00:00:00Z",
                "links": [{"rel": "self", "href": f"{self.world.url}/identity/{path}/"}],
                "media-types": [{"base": "application/json",
                                 "type": f"application/vnd.openstack.identity-{path}+json"}]}

    def versions(self, _request):
        return Reply(300, {"versions": {"values": [self._version("v3.14", "v3"),
                                                   self._version("v2.0", "v2.0", "deprecated")]}})

    def version3(self, _request):
        return Reply(200, {"version": self._version("v3.14", "v3")})

    def version2(self, _request):
        return Reply(200, {"version": self._version("v2.0", "v2.0", "deprecated")})

    # --- v3 ---

    def tokens3(self, request):
        auth = _object(request.json().get("auth"), "auth")
        if set(auth) - {"identity", "scope"}:
            raise Refused(400, f"Additional properties are not allowed ('{sorted(set(auth))[0]}' was unexpected)")
        identity = _object(auth.get("identity"), "identity")
        methods = identity.get("methods")
        if not isinstance(methods, list) or not methods:
            raise Refused(400, "'methods' is a required property")
        if methods == ["password"]:
            self._password(_object(identity.get("password"), "password"))
            project = self._scope(auth.get("scope"))
        elif methods == ["application_credential"]:
            self._credential(_object(identity.get("application_credential"), "application_credential"))
            if "scope" in auth:
                raise Refused(401, "Application credentials cannot request a scope.")
            project = "fleet"
        elif methods == ["token"]:
            if self.world.token(_object(identity.get("token"), "token").get("id", "")) is None:
                raise self.unauthorized()
            project = self._scope(auth.get("scope"))
        else:
            raise Refused(401, f"Attempted to authenticate with an unsupported method: {methods}.")
        token = self.world.issue(project, unscoped=project is None)
        headers = [("X-Subject-Token", token.id), ("Vary", "X-Auth-Token")]
        return Reply(201, {"token": self._token3(token, methods)},
                     headers if self.world.settings["subject_header"] else [])

    def _domain(self, holder, what):
        domain = holder.get("domain")
        if not isinstance(domain, dict) or not ({"id", "name"} & set(domain)):
            raise Refused(400, f"Expecting to find domain in {what}. The server could not comply with the request "
                               "since it is either malformed or otherwise incorrect. The client is assumed to be in "
                               "error.")
        # The name as MySQL compares it, the id as it is.
        return domain.get("id") == "default" or str(domain.get("name", "")).casefold() == "default"

    def _password(self, password):
        user = _object(password.get("user"), "user")
        if not isinstance(user.get("password"), str):
            raise Refused(400, "Expecting to find password in user.")
        known = user.get("id") == self.world.user_id if "id" in user else (
            self._domain(user, "user") and user.get("name") == USER)
        if not known or user["password"] != self.world.password:
            raise self.unauthorized()

    def _credential(self, credential):
        if not isinstance(credential.get("secret"), str) or not isinstance(credential.get("id"), str):
            raise Refused(400, "'secret' is a required property")
        if credential["id"] != CREDENTIAL or credential["secret"] != SECRET or self.world.credential_revoked:
            raise self.unauthorized()

    def _scope(self, scope):
        if scope is None:
            return None
        if set(_object(scope, "scope")) != {"project"}:
            raise Refused(400, "Expecting to find one of project, domain, trust or system in scope.")
        wanted = _object(scope["project"], "project")
        if "id" in wanted:
            names = [name for name, number in self.world.projects.items() if number == wanted["id"]]
        else:
            names = [wanted.get("name")] if self._domain(wanted, "project") else []
        if not names or names[0] not in self.world.projects:
            raise self.unauthorized()
        return names[0]

    def _token3(self, token, methods):
        world = self.world
        shown = {"methods": methods, "audit_ids": ["3T2dc1CGQxyJsHdDu1xkcw"], "is_domain": False,
                 "issued_at": now_text(True, token.issued) + "Z", "expires_at": now_text(True, token.expires) + "Z",
                 "user": {"id": token.user, "name": USER, "domain": {"id": "default", "name": "Default"},
                          "password_expires_at": None}}
        if token.project is None:
            return shown
        region = world.settings["region"]
        # Another region stands first, and a third last: who takes any is led astray.
        shown["project"] = {"id": world.projects[token.project], "name": token.project,
                            "domain": {"id": "default", "name": "Default"}}
        shown["roles"] = [{"id": "9fe2ff9ee4384b1894a90878d3e92bab", "name": "member"}]
        shown["catalog"] = [
            {"id": f"service-{name}", "type": kind, "name": name,
             "endpoints": [{"id": f"{name}-{interface}-{place}", "interface": interface, "region": place,
                            "region_id": place, "url": url if (place, interface) == (region, "public") else
                            f"http://192.0.2.1/{interface}/{place}"}
                           for place in ("Elsewhere", region) for interface in ("admin", "internal", "public")]}
            for kind, name, url in world.catalog(token.project)]
        return shown

    # --- v2.0 ---

    def tokens2(self, request):
        auth = _object(request.json().get("auth"), "auth")
        credentials = auth.get("passwordCredentials")
        if not isinstance(credentials, dict) or not isinstance(credentials.get("password"), str):
            raise Refused(400, "Expecting to find valid JSON in passwordCredentials.")
        if credentials.get("username") != USER or credentials["password"] != self.world.password:
            raise self.unauthorized()
        names = [name for name, number in self.world.projects.items()
                 if name == auth.get("tenantName") or number == auth.get("tenantId")]
        if not names:
            raise self.unauthorized()
        token = self.world.issue(names[0])
        tenant = {"id": self.world.projects[names[0]], "name": names[0], "enabled": True}
        places = (self.world.settings["region"], "Elsewhere")
        services = [
            {"type": kind, "name": name, "endpoints_links": [],
             "endpoints": [{"region": place, "publicURL": url if place == places[0] else "http://192.0.2.1/",
                            "internalURL": "http://192.0.2.1/", "adminURL": "http://192.0.2.1/"} for place in places]}
            for kind, name, url in self.world.catalog(names[0])]
        return Reply(200, {"access": {
            "token": {"id": token.id, "issued_at": now_text(True, token.issued), "expires": now_text(at=token.expires),
                      "tenant": tenant},
            "user": {"id": token.user, "name": USER, "username": USER, "roles": [{"name": "member"}],
                     "roles_links": []},
            "serviceCatalog": services, "metadata": {"is_admin": 0, "roles": ["1"]}}})
