# SPDX-License-Identifier: Apache-2.0
"""Requests of which one call to OpenNebula goes wrong: on several engines at once, each before its own stand-in."""

import concurrent.futures
import dataclasses
import queue
import threading
import uuid

import httpx
from checks import ITEMS, body_of, spec
from engine import Engine, wait_for
from opennebula.control_client import NOTHING_LEFT, StandIn

FAST = {"pending": 0, "prolog": 0, "boot": 0, "resize": 0, "disk_resize": 0, "flow_deploy": 0, "shutdown": 0,
        "epilog": 0, "cleanup": 0, "flow_undeploy_nets": 0}
CHANGE = {"NAME": "changed", "FAAS": {"FLAVOUR": "", "CPU": 2, "MEMORY": 200, "DISK_SIZE": 1200},
          "DEVICE_INFO": {"LATENCY_TO_PE": 0.25}}
STATUSES = {"POST": {400, 401, 403, 422, 500, 504}, "GET": {401, 403, 404, 500},
            "PUT": {400, 401, 403, 404, 423, 500, 504}, "DELETE": {401, 403, 404, 423, 500}}


@dataclasses.dataclass(frozen=True)
class Fault:
    name: str
    rule: dict
    kills: bool = False  # the engine dies while the call is under way

    def __str__(self):
        return self.name


def refusals(server):
    if server == "oned":
        return [Fault(f"error {code:#06x}", {"kind": "error", "code": code, "text": "the injected reason"})
                for code in (0x0100, 0x0200, 0x0400, 0x2000)]
    return [Fault(f"status {status}", {"kind": "error", "status": status, "text": "the injected reason"})
            for status in (401, 403, 404, 500)]


def faults_of(server, method):
    common = [*refusals(server), Fault("timeout", {"kind": "hang"}), Fault("reset", {"kind": "reset"}),
              Fault("cut", {"kind": "cut"}), Fault("garbage", {"kind": "garbage"}), Fault("502", {"kind": "http"}),
              Fault("kill", {"kind": "hang"}, kills=True)]
    if method.endswith(".info") or method.startswith("GET ") or method == "one.system.version":
        return common
    # OneFlow may have written a service down before it refuses.
    left = [Fault("done, 500", {"kind": "error", "status": 500, "text": "the injected reason", "execute": True})]
    return [*common, *(left if server == "oneflow" else []), Fault("done, timeout", {"kind": "hang", "execute": True}),
            Fault("done, closed", {"kind": "close", "execute": True}),
            Fault("done, garbage", {"kind": "garbage", "execute": True}),
            Fault("done, kill", {"kind": "hang", "execute": True}, kills=True)]


class Request:
    """What is asked, on what, and what a client does who was told no. `methods`: only these calls go wrong."""

    def __init__(self, name, verb, body=None, prepare=None, methods=None):
        self.name, self.verb, self.body, self.prepare = name, verb, body, prepare or (lambda lane, user: None)
        self.methods = methods

    def send(self, client, number):
        path = ITEMS if self.verb == "POST" else f"{ITEMS}/{number}"
        return client.request(self.verb, path, json=self.body)


def _running(lane, user):
    number = lane.one.add_runtimes(user, "Function-Data")[0]
    return number


def _news(lane, user):
    number = _running(lane, user)
    with lane.engine.client((user, lane.passwords[user])) as client:
        shown = body_of(client.get(f"{ITEMS}/{number}"))["SERVERLESS_RUNTIME"]
    lane.one.change_vm(shown["FAAS"]["VM_ID"], template="MEMORY=300")
    return number


def _known(lane, user):
    """The engine has seen a create of this caller, which left nothing: the next one is planned while its row is
    written."""
    rule = lane.one.fault("error", server="oneflow", method="* instantiate", user=user, status=403, text="not yet")
    with lane.engine.client((user, lane.passwords[user])) as client:
        assert REQUESTS["POST"].send(client, None).status_code == 403
    lane.one.clear_faults(rule)


PAIR = spec("Function", "Data", NAME="mine")
REQUESTS = {each.name: each for each in (
    Request("POST", "POST", PAIR),
    Request("POST once more", "POST", PAIR, _known, ("one.documentpool.info", "one.template.info")),
    Request("POST that fails", "POST", spec("FAILED_DEPLOY")),
    Request("GET", "GET", None, _news),
    Request("PUT", "PUT", {"SERVERLESS_RUNTIME": CHANGE}, _running),
    Request("DELETE", "DELETE", None, _running))}


@dataclasses.dataclass
class Outcome:
    request: str
    call: str
    fault: str
    status: object = None   # None: the engine died
    again: object = None
    problems: list = dataclasses.field(default_factory=list)

    def line(self):
        return (f"{self.request:16} {self.call:52} {self.fault:14} {self.status or 'died':>5} {self.again or '':>5}  "
                f"{'; '.join(self.problems) or 'nothing left'}")


class Lane:
    def __init__(self, version):
        self.one = StandIn(settings={**FAST, "version": version}).start()
        self.engine = Engine(self.one, {"one_timeout": 2, "timeout": 6})
        self.engine.start()
        self.passwords = {}

    def close(self):
        self.engine.close()
        self.one.stop()

    def user(self):
        name = f"u{uuid.uuid4().hex[:10]}"
        self.passwords[name] = f"hush-{uuid.uuid4().hex}:%&"
        self.one.add_user(name, self.passwords[name])
        return name

    def calls_of(self, request):
        """(server, method, which of them) for each call of a request that nothing disturbs."""
        user = self.user()
        number = request.prepare(self, user)
        since = self.one.mark()
        with self.engine.client((user, self.passwords[user])) as client:
            answer = request.send(client, number)
            calls, seen = [], {}
            for entry in self.one.journal(since):
                # What workers do afterwards is no call of this request: they come after its last one.
                method = entry["method"]
                seen[method] = seen.get(method, 0) + 1
                if entry["user"] == user and seen[method] <= 4 and method in (request.methods or seen):
                    calls.append((entry["server"], method, seen[method]))
            if request.verb == "POST" and answer.status_code == 201:
                number = body_of(answer)["SERVERLESS_RUNTIME"]["ID"]
            if number is not None:
                client.delete(f"{ITEMS}/{number}")
        self.until_clean()
        return calls

    def until_clean(self):
        wait_for("nothing is left", lambda: self.one.leftovers() == NOTHING_LEFT, 60)

    def try_it(self, request, call, fault):
        server, method, which = call
        outcome = Outcome(request.name, f"{server} {method} #{which}", fault.name)
        user = self.user()
        credentials = (user, self.passwords[user])
        number = request.prepare(self, user)
        rule = self.one.fault(server=server, method=method, user=user, first=which, count=1, **fault.rule)
        with self.engine.client(credentials) as client:
            try:
                answer = self._killed(request, client, number) if fault.kills else request.send(client, number)
                self._judge(request, answer, outcome)
            except httpx.TransportError:
                if not fault.kills:
                    outcome.problems.append("no answer")
                answer = None
        self.one.clear_faults(rule)
        with self.engine.client(credentials) as client:
            self._again(request, client, number, answer, outcome)
        try:
            self.until_clean()
        except AssertionError:
            outcome.problems.append(f"left: {self.one.leftovers()}")
            self.one.reset()  # the next one begins with nothing
        return outcome

    def _killed(self, request, client, number):
        """The engine dies as soon as the call hangs, and is started again; where no such call comes it lives."""
        with concurrent.futures.ThreadPoolExecutor(1) as sender:
            sent = sender.submit(request.send, client, number)
            wait_for("the call hangs or the request ends",
                     lambda: sent.done() or self.one.faults()[0]["hits"], 30)
            if not sent.done():
                self.engine.kill()
                self.engine.start()
            return sent.result()

    def _judge(self, request, answer, outcome):
        outcome.status = answer.status_code
        text = answer.text
        if any(password in text for password in self.passwords.values()) or "hush-" in text:
            outcome.problems.append("a secret in the answer")
        if answer.status_code < 300:
            return
        if answer.status_code not in STATUSES[request.verb]:
            outcome.problems.append(f"{answer.status_code} is no answer to {request.verb}")
        body = body_of(answer)
        if not (isinstance(body.get("error"), str) and isinstance(body.get("message"), (str, dict, list))):
            outcome.problems.append(f"no error of the published form: {text}")

    def _again(self, request, client, number, answer, outcome):
        """What a client does: once more if it was told no, and at the end DELETE."""
        good = answer is not None and answer.status_code < 300
        if not good:
            def settled():
                again = request.send(client, number)
                return again if again.status_code != 423 else None
            answer = wait_for("the second try is taken", settled, 30)
            outcome.again = answer.status_code
            self._judge(request, answer, Outcome("", "", ""))
        gone = request.verb == "DELETE" and answer.status_code == 404  # the first one went through
        if answer.status_code >= 300 and not gone and request.name != "POST that fails":
            outcome.problems.append(f"the second try: {answer.status_code} {answer.text[:200]}")
        if request.verb == "DELETE":
            return
        if request.verb == "POST" and answer.status_code < 300:
            number = body_of(answer)["SERVERLESS_RUNTIME"]["ID"]
        if number is None:
            return
        if request.verb == "PUT" and answer.status_code < 300:
            self._compare(body_of(answer)["SERVERLESS_RUNTIME"], outcome)
        erased = client.delete(f"{ITEMS}/{number}")
        if erased.status_code != 204:
            outcome.problems.append(f"DELETE: {erased.status_code} {erased.text[:200]}")

    def _compare(self, shown, outcome):
        machine = self.one.vm(shown["FAAS"]["VM_ID"])
        there = {"NAME": self.one.document(shown["ID"])["name"], "CPU": int(machine["template"]["VCPU"]),
                 "MEMORY": int(machine["template"]["MEMORY"]), "DISK_SIZE": int(machine["template"]["DISK"]["SIZE"])}
        for source, seen in (("shown", {**shown["FAAS"], "NAME": shown["NAME"]}), ("there", there)):
            for member, value in {**CHANGE["FAAS"], "NAME": CHANGE["NAME"]}.items():
                if member != "FLAVOUR" and seen[member] != value:
                    outcome.problems.append(f"{source} {member} {seen[member]}, not {value}")


class Lanes:
    def __init__(self, number, version="6.8.0"):
        with concurrent.futures.ThreadPoolExecutor(number) as starters:
            self.all = list(starters.map(Lane, [version] * number))
        self.free = queue.Queue()
        for lane in self.all:
            self.free.put(lane)

    def close(self):
        for lane in self.all:
            lane.close()

    def run(self, tries):
        """Outcomes of (request, call, fault), in that order."""
        gone = threading.Event()

        def one(what):
            lane = self.free.get()
            try:
                return None if gone.is_set() else lane.try_it(*what)
            except BaseException:
                gone.set()
                raise
            finally:
                self.free.put(lane)
        with concurrent.futures.ThreadPoolExecutor(len(self.all)) as workers:
            return list(workers.map(one, tries))

    def secrets(self):
        for lane in self.all:
            lane.engine.check_no_secret(lane.passwords.items(), more=["hush-"])
