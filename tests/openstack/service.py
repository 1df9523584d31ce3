# SPDX-License-Identifier: Apache-2.0
"""What the services have in common: routes, answers, refusals, tokens, pages."""

import json
import re
import urllib.parse
import uuid

REALM = "Keystone uri=\"{}/identity/v3\""


class Refused(Exception):
    """An answer outside 2xx, in the words of the real service."""

    def __init__(self, status, text, headers=(), **more):
        super().__init__(text)
        self.status, self.text, self.headers, self.more = status, text, list(headers), more


class Reply:
    __slots__ = ("status", "headers", "body")

    def __init__(self, status, value=None, headers=(), raw=None, kind="application/json"):
        self.status, self.headers = status, list(headers)
        self.body = b"" if raw is None and value is None else raw if raw is not None else json.dumps(value).encode()
        if self.body:
            self.headers.append(("Content-Type", kind))


class Request:
    """One call of a service: the path below the service's root, the query by names, the body when it is asked for."""

    def __init__(self, exchange, path):
        self.method, self.path, self.headers, self.raw = exchange.method, path, exchange.headers, exchange.body
        self.query = urllib.parse.parse_qs(exchange.query, keep_blank_values=True)
        self.parameters = ()
        self.token = None

    def first(self, name, default=None):
        return self.query[name][0] if name in self.query else default

    def json(self, kind="application/json"):
        if self.headers.get("content-type", "").partition(";")[0].strip() != kind:
            raise Refused(415, f"Unsupported Content-Type; write {kind}")
        try:
            return json.loads(self.raw)
        except ValueError:
            raise Refused(400, "Malformed request body") from None


class Service:
    """A real service's face. ROUTES: (method, path as a pattern, name of the method that answers, whether it needs a
    token). `{id}` stands for one part of a path."""

    name = ""
    ROUTES = ()

    def __init__(self, world):
        self.world = world
        self.routes = [(method, re.compile("^" + re.escape(path).replace(r"\{id\}", "([^/]+)") + "$"), path, answer,
                        secured) for method, path, answer, secured in self.ROUTES]

    def find(self, method, path):
        """(route's own name, parameters, name of the method that answers, secured); Refused when there is none."""
        known = False
        for verb, pattern, title, answer, secured in self.routes:
            found = pattern.match(path)
            if found:
                known = True
                if verb == method:
                    return f"{method} {title}", [urllib.parse.unquote(one) for one in found.groups()], answer, secured
        raise Refused(405 if known else 404, "The resource could not be found.")

    def answer(self, request, answer, secured):
        if secured:
            self.check_token(request)
        self.prepare(request)
        return getattr(self, answer)(request, *request.parameters)

    def check_token(self, request):
        request.token = self.world.token(request.headers.get("x-auth-token", ""))
        if request.token is None or request.token.project is None:
            raise self.unauthorized()

    def unauthorized(self):
        return Refused(401, "The request you have made requires authentication.",
                       [("WWW-Authenticate", REALM.format(self.world.url))])

    def prepare(self, request):
        """A service's own look at a request before it is carried out."""

    def refusal(self, refused):
        """A Refused as the service writes it."""
        title = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}
        return Reply(refused.status, {"error": {"code": refused.status, "title": title.get(refused.status, "Error"),
                                                "message": refused.text}}, refused.headers)


def page_of(rows, request, most, default=None, missing=400, place_of=None):
    """(the rows of the page, the id after which the next begins or None). Ids are row["id"]; place_of(id) tells where
    the page after a row begins that is no longer there."""
    text = request.first("limit")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise Refused(400, f"Invalid input for query parameters limit. Value: {text}. '{text}' does not match "
                           "'^[0-9]*$'")
    limit = min(int(text), most) if text else default or most
    start = 0
    marker = request.first("marker")
    if marker:
        ids = [row["id"] for row in rows]
        start = ids.index(marker) + 1 if marker in ids else place_of(marker) if place_of else None
        if start is None:
            raise Refused(missing, f"marker [{marker}] not found")
    page = rows[start:start + limit]
    more = start + limit < len(rows) and page
    return page, page[-1]["id"] if more else None


def next_query(request, marker):
    query = [(name, value) for name, values in request.query.items() for value in values if name != "marker"]
    return urllib.parse.urlencode([*query, ("marker", marker)])


def new_id():
    return str(uuid.uuid4())


UUID = re.compile("^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.I)


def is_uuid(text):
    return isinstance(text, str) and bool(UUID.match(text))
