# SPDX-License-Identifier: Apache-2.0
"""Keystone as far as it gives tokens: v2 with VOMS (IFCA's keystone-voms) or passwords, v3 with its federation."""

import json
import re

from . import world as worlds
from .errors import Refused

FEDERATION = re.compile(r"/v3/OS-FEDERATION/identity_providers/([^/]+)/protocols/([^/]+)/auth")


def call(world, exchange):
    """(status, object, headers)"""
    path, method = exchange.path, exchange.method
    if path == "/v2.0/tokens" and method == "POST":
        return 200, _token_v2(world, exchange, _auth(exchange)), ()
    if path in ("/v2.0/tenants", "/v2.0/tenants/") and method == "GET":
        _shown(world, exchange)
        return 200, {"tenants": [{"id": "id-" + name, "name": name, "enabled": True} for name in world.settings["tenants"]],
                     "tenants_links": []}, ()
    found = FEDERATION.fullmatch(path)
    if found and method in ("GET", "POST"):
        if found.groups() != (worlds.PROVIDER, worlds.PROTOCOL):
            raise Refused(404, "Could not find identity provider or protocol")
        if exchange.headers.get("authorization") != f"Bearer {worlds.ACCESS_TOKEN}" and not _has_certificate(world, exchange):
            raise Refused(401, "The request you have made requires authentication.")
        return 201, {"token": {"methods": [worlds.PROTOCOL]}}, [("X-Subject-Token", world.new_token())]
    if path == "/v3/auth/projects" and method == "GET":
        _shown(world, exchange)
        return 200, {"projects": [{"id": "id-" + name, "name": name, "enabled": True} for name in world.settings["tenants"]]}, ()
    if path == "/v3/auth/tokens" and method == "POST":
        return 201, {"token": {}}, [("X-Subject-Token", _token_v3(world, _auth(exchange)))]
    raise Refused(404, "The resource could not be found.")


def _auth(exchange):
    if exchange.headers.get("content-type") != "application/json":
        raise Refused(400, "Expecting to find application/json in Content-Type header")
    try:
        return json.loads(exchange.body)["auth"]
    except (ValueError, KeyError, TypeError):
        raise Refused(400, "Expecting to find auth in request body") from None


def _shown(world, exchange):
    token = exchange.headers.get("x-auth-token")
    if token not in world.tokens:
        raise Refused(401, "The request you have made requires authentication.")
    return token


def _has_certificate(world, exchange):
    return not world.settings["certificate_needed"] or bool(exchange.connection.transport.get_extra_info("peercert"))


def _tenant(name):
    if name != worlds.TENANTS[-1]:
        raise Refused(401, "Your VO is not authorized")
    return name


def _token_v2(world, exchange, auth):
    if "voms" in auth:
        if auth["voms"] is not True:
            raise Refused(400, "Error in JSON, 'voms' must be set to true")
        if not _has_certificate(world, exchange):
            raise Refused(400, "Expecting to find X.509 Proxy Certificate in the environment")
    elif "passwordCredentials" in auth:
        given = auth["passwordCredentials"]
        if (given.get("username"), given.get("password")) != worlds.USER:
            raise Refused(401, "Invalid user / password")
    else:
        raise Refused(400, "Expecting to find valid credentials in auth")
    if set(auth) - {"voms", "passwordCredentials", "tenantName"}:
        raise Refused(400, "Invalid input for auth")
    tenant = _tenant(auth["tenantName"]) if "tenantName" in auth else None
    return {"access": {"token": {"id": world.new_token(tenant), "expires": "2030-01-01T00:00:00Z"}, "serviceCatalog": []}}


def _token_v3(world, auth):
    identity = auth.get("identity", {})
    if identity.get("methods") == ["token"]:
        if identity["token"]["id"] not in world.tokens:
            raise Refused(401, "The request you have made requires authentication.")
    elif identity.get("methods") == ["password"]:
        user = identity["password"]["user"]
        if (user["name"], user["password"], user["domain"]) != (*worlds.USER, {"name": "default"}):
            raise Refused(401, "The request you have made requires authentication.")
    else:
        raise Refused(400, "Invalid input for field 'identity/methods'")
    project = auth.get("scope", {}).get("project")
    return world.new_token(_tenant(project["id"].removeprefix("id-")) if project else None)
