# SPDX-License-Identifier: Apache-2.0
"""OneFlow's REST: JSON sent as text/html, errors as plain text, 401 and 403 the wrong way round."""

import base64
import binascii
import json
import re
import time

from standin import wire

from . import documents, errors, flow_service, flow_template
from .pool import BITS, USE
from .template import Template

HEADERS = [("Content-Type", "text/html;charset=utf-8"), ("X-XSS-Protection", "1; mode=block"),
           ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "SAMEORIGIN")]
STATUS_OF = {errors.AUTHORIZATION: 401, errors.AUTHENTICATION: 403, errors.NO_EXISTS: 404}

ROUTES = [(method, re.compile(f"^{pattern}$"), name) for method, pattern, name in (
    ("GET", "/service", "list_services"), ("GET", "/service/([^/]+)", "show_service"),
    ("DELETE", "/service/([^/]+)", "delete_service"), ("POST", "/service/([^/]+)/action", "act_on_service"),
    ("GET", "/service_template", "list_templates"), ("GET", "/service_template/([^/]+)", "show_template"),
    ("POST", "/service_template", "create_template"), ("DELETE", "/service_template/([^/]+)", "delete_template"),
    ("POST", "/service_template/([^/]+)/action", "act_on_template"))]


class Answer(Exception):
    """An answer that is no success."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


def pack(answer):
    status, text = answer
    if status == 204:
        return wire.answer(204, HEADERS[2:3], b"")
    body = text.encode("utf-8", "replace")
    return wire.answer(status, [*HEADERS, ("Content-Length", len(body))], body)


def head(answer):
    return pack(answer).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


NOT_FOUND = wire.answer(404, [("Content-Type", "text/html;charset=utf-8"), ("X-Cascade", "pass"),
                              ("Content-Length", 18)], b"<h1>Not Found</h1>")


def pretty(value):
    return json.dumps(value, indent=2, ensure_ascii=False)


def shown(document):
    """The document as OneFlow prints it: the header in strings, the body as real JSON."""
    content = document.template.hash()
    body = document.body()
    if body:
        content["BODY"] = json.loads(body)
    return {"ID": str(document.id), "UID": str(document.uid), "GID": str(document.gid), "UNAME": document.uname,
            "GNAME": document.gname, "NAME": document.name, "TYPE": str(document.type),
            "PERMISSIONS": {bit: str(value) for bit, value in zip(BITS, document.permissions)}, "TEMPLATE": content}


def number(text):
    """Ruby's to_i."""
    found = re.match(r"\s*[+-]?\d+", text)
    return int(found.group()) if found else 0


class OneFlow:
    def __init__(self, house, prefix):
        self.house, self.prefix = house, prefix.rstrip("/")

    @property
    def world(self):
        return self.house.world

    def handle(self, exchange):
        path = exchange.path
        if self.prefix:
            if not path.startswith(self.prefix + "/"):
                exchange.finish(NOT_FOUND)
                return
            path = path[len(self.prefix):]
        path = re.sub(r"^/+", "/", path)
        route, target = None, None
        for method, pattern, name in ROUTES:
            found = pattern.match(path)
            if found and method == ("GET" if exchange.method == "HEAD" else exchange.method):
                route, target = name, found.group(1) if found.groups() else None
                break
        action, body = self._action(route, exchange.body)
        label = re.sub(r"^(/\w+)/[^/]+", r"\1/{id}", path) + (f" {action}" if action else "")
        method = f"{exchange.method} {label}"
        user_name, secret = credentials(exchange.headers.get("authorization"))
        what = ("oneflow", method, number(target) if target else None, user_name or "")
        wrap = pack if exchange.method != "HEAD" else head
        detail = body["action"] if isinstance(body, dict) else None

        def call():
            status, text = self.answer(route, target, user_name, secret, exchange.body, body)
            return (status, text), f"http {status}"

        self.house.faults.carry_out(exchange, what, call, wrap if route else lambda answer: self._unrouted(answer),
                                    detail, self.world.settings["flow_auth"])

    @staticmethod
    def _unrouted(answer):
        return NOT_FOUND if answer[0] == 404 else pack(answer)

    @staticmethod
    def _action(route, body):
        """(name of the action, parsed body or the error) of the routes that have one."""
        if route not in ("act_on_service", "act_on_template"):
            return "", None
        try:
            parsed = json.loads(body)
            perform = parsed["action"]["perform"]
            return perform if isinstance(perform, str) else "", parsed
        except (ValueError, KeyError, TypeError) as error:
            return "", error

    def answer(self, route, target, user_name, secret, raw, body):
        if user_name is None:
            return 401, "A username and password must be provided"
        try:
            user = self.world.authenticate(f"{user_name}:{secret}")
        except errors.OneError:
            return 401, "Invalid credentials"
        if route is None:
            return 404, "<h1>Not Found</h1>"
        try:
            if isinstance(body, Exception):
                raise body
            return getattr(self, route)(user, target, body if body is not None else raw)
        except Answer as answer:
            return answer.status, answer.text
        except flow_service.FlowError as error:
            return 500, str(error)
        except errors.OneError as error:
            text = error.text if error.text.startswith("[") else f"[{_method_of(error)}] {error.text}"
            return STATUS_OF.get(error.code, 500), text
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return 500, self._trace(error)

    def _trace(self, error):
        """What nobody has caught: up to 6.8 a trace, then JSON."""
        reason = f"{type(error).__name__}: {error}"
        if self.world.settings.release >= (6, 10):
            return json.dumps({"message": "Internal server error", "reason": reason})
        return f"{reason}\n\t/usr/lib/one/oneflow/oneflow-server.rb:1:in `<main>'"

    # --- services ---------------------------------------------------------------------------------------------------

    def _find(self, user, target, kind):
        document = self.world.documents.get(number(target))
        if document is None:
            raise errors.OneError(errors.NO_EXISTS, f"[one.document.info] Error getting document [{number(target)}].")
        if not document.allows(user, USE):
            raise errors.OneError(errors.AUTHORIZATION, f"[one.document.info] User [{user.id}] : Not authorized to "
                                                        f"perform USE DOCUMENT [{document.id}].")
        if document.type != kind:
            raise Answer(500, f"[DocumentInfo] Error getting document [{number(target)}].")
        return document

    def _list(self, user, kind):
        found = [shown(one) for _, one in sorted(self.world.documents.items(), reverse=True)
                 if one.type == kind and one.allows(user, USE)]
        return 200, pretty({"DOCUMENT_POOL": {"DOCUMENT": found} if found else {}})

    def list_services(self, user, _target, _raw):
        return self._list(user, documents.SERVICE)

    def show_service(self, user, target, _raw):
        return 200, pretty({"DOCUMENT": shown(self._find(user, target, documents.SERVICE))})

    def _service(self, user, target):
        return self.world.services[self._find(user, target, documents.SERVICE).id]

    def delete_service(self, user, target, _raw):
        self._service(user, target).undeploy(user)
        return 204, ""

    def act_on_service(self, user, target, body):
        perform, options = body["action"].get("perform"), body["action"].get("params") or {}
        if perform == "recover":
            service = self._service(user, target)
            if options.get("delete"):
                service.undeploy(user, force=True)
            else:
                service.recover(user)
        elif perform == "rename":
            self._rename(user, self._find(user, target, documents.SERVICE), options)
        elif perform == "chmod":
            self._chmod(user, self._find(user, target, documents.SERVICE), options)
        else:
            raise Answer(500, f"Action {perform} not supported")
        return 204, ""

    @staticmethod
    def _rename(user, document, options):
        if not options.get("name"):
            raise Answer(500, "Action rename: You have to specify a name")
        document.rename(user, options["name"])

    @staticmethod
    def _chmod(user, document, options):
        if not options.get("octet"):
            raise Answer(500, "Action chmod: You have to specify an OCTET")
        bits = [int(bool(int(digit) & mask)) for digit in str(options["octet"]) for mask in (4, 2, 1)]
        document.chmod(user, bits)

    # --- service templates ------------------------------------------------------------------------------------------

    def list_templates(self, user, _target, _raw):
        return self._list(user, documents.SERVICE_TEMPLATE)

    def show_template(self, user, target, _raw):
        return 200, pretty({"DOCUMENT": shown(self._find(user, target, documents.SERVICE_TEMPLATE))})

    def create_template(self, user, _target, raw):
        try:
            body = json.loads(raw)
            flow_template.validate(body, self.world.settings.release)
        except flow_template.Invalid as error:
            raise Answer(400, str(error)) from None
        except ValueError as error:
            raise Answer(400, f"unexpected token: {error}") from None
        return 201, pretty({"DOCUMENT": shown(create_template(self.world, user, body))})

    def delete_template(self, user, target, _raw):
        documents.delete(self.world, self._find(user, target, documents.SERVICE_TEMPLATE), user)
        return 204, ""

    def act_on_template(self, user, target, body):
        perform, options = body["action"].get("perform"), body["action"].get("params") or {}
        if perform == "instantiate":
            return self._instantiate(user, self._find(user, target, documents.SERVICE_TEMPLATE), options)
        document = self._find(user, target, documents.SERVICE_TEMPLATE)
        if perform == "rename":
            self._rename(user, document, options)
        elif perform == "chmod":
            self._chmod(user, document, options)
        else:
            raise Answer(500, f"Action {perform} not supported")
        return 204, ""

    def _instantiate(self, user, document, options):
        merge_template = options.get("merge_template") or {}
        body = json.loads(document.body())
        release = self.world.settings.release
        inputs = "user_inputs" if release >= (7, 0) else "custom_attrs"
        _check_inputs(inputs, body.get(inputs), merge_template.get(f"{inputs}_values"))
        body = flow_template.merged(body, merge_template, release)
        try:
            flow_template.validate(body, release)
        except flow_template.Invalid as error:
            raise Answer(500, str(error)) from None
        service = flow_service.create(self.world, user, body)
        answer = 201, pretty({"DOCUMENT": shown(service.document)})
        service.begin()
        return answer


def _method_of(error):
    return "one.document.rename" if "NAME" in error.text else "one.document.update"


def _check_inputs(name, wanted, values):
    if not wanted:
        return
    if values is None:
        raise Answer(400, "The Service template specifies custom attributes but no values have been found")
    if not isinstance(wanted, dict) or not isinstance(values, dict):
        raise Answer(400, f"Wrong {name} or {name}_values format")
    if set(wanted) - set(values):
        raise Answer(400, "Verify that every custom attribute have its corresponding value defined")


def create_template(world, user, body):
    body["registration_time"] = int(time.time())
    content = Template({"NAME": [body["name"]], "BODY": [json.dumps(body, ensure_ascii=False, separators=(",", ":"))]})
    return documents.allocate(world, user, content, documents.SERVICE_TEMPLATE)


def credentials(header):
    """(user, password) of HTTP Basic, read as leniently as Rack does; (None, None) without."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    encoded = re.sub(r"[^A-Za-z0-9+/]", "", encoded)
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password
