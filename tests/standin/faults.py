# SPDX-License-Identifier: Apache-2.0
"""Faults on demand: rules that say which calls go wrong, and how. Without rules a call passes straight through."""

import asyncio
import fnmatch

from .wire import answer

# kind -> its own members and their defaults
KINDS = {
    "error": {"status": 500, "text": "injected error"},
    "http": {"status": 502, "text": "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad "
                                    "Gateway</h1></center><hr><center>nginx</center></body></html>\r\n",
             "content_type": "text/html", "headers": {}},
    "reset": {},                # RST instead of an answer
    "close": {},                # the connection ends in good order, without an answer
    "hang": {"seconds": None},  # no answer; after the seconds the connection ends
    "hold": {"seconds": None},  # everything as always, but only after the seconds or when the rule is cleared
    "cut": {"bytes": 20},       # so many bytes of the answer, then the end
    "truncate": {"bytes": 60},  # a whole HTTP answer with only so many bytes of its body
    "garbage": {"text": "\x00\x01\x7f<<<not what you wait for>>>"},  # a whole HTTP answer with this body
    "noise": {"text": "SSH-2.0-OpenSSH_9.2\r\n"},  # what is no HTTP at all
    "slow": {"seconds": 1.0},   # the answer, later
    "trickle": {"bytes": 16, "seconds": 0.05},  # the answer in pieces
}
COMMON = {"kind", "server", "method", "object", "user", "first", "count", "execute"}
# These would be meaningless if the call had not been carried out.
ON_THE_ANSWER = {"cut", "truncate", "slow", "trickle"}


class Rule:
    """server, method (a pattern), object and user say which calls; of these it hits `count` (None: all) from the
    `first` on. With `execute` the call is carried out before its answer is spoiled."""

    def __init__(self, number, wanted, kinds):
        kind = wanted.get("kind")
        if kind not in kinds:
            raise ValueError(f"there is no fault \"{kind}\"; there are {', '.join(kinds)}")
        strange = set(wanted) - COMMON - set(kinds[kind])
        if strange:
            raise ValueError(f"a fault \"{kind}\" has no \"{sorted(strange)[0]}\"; it has "
                             f"{', '.join(sorted(COMMON | set(kinds[kind])))}")
        self.number, self.kind = number, kind
        self.server, self.method = wanted.get("server", "*"), wanted.get("method", "*")
        self.object, self.user = wanted.get("object"), wanted.get("user")
        self.first, self.count = wanted.get("first", 1), wanted.get("count", None)
        self.execute = wanted.get("execute", kind in ON_THE_ANSWER)
        self.options = {name: wanted.get(name, default) for name, default in kinds[kind].items()}
        self.seen = self.hits = 0

    def takes(self, server, method, target, user):
        if not (fnmatch.fnmatchcase(server, self.server) and fnmatch.fnmatchcase(method, self.method)):
            return False
        if self.object is not None and self.object != target or self.user is not None and self.user != user:
            return False
        self.seen += 1
        hit = self.seen >= self.first and (self.count is None or self.seen < self.first + self.count)
        self.hits += hit
        return hit

    def show(self):
        return {"number": self.number, "kind": self.kind, "server": self.server, "method": self.method,
                "object": self.object, "user": self.user, "first": self.first, "count": self.count,
                "execute": self.execute, "seen": self.seen, "hits": self.hits, **self.options}


class Faults:
    KINDS = KINDS

    def __init__(self, journal):
        self.journal = journal
        self.rules = []
        self.made = 0
        self.waiting = {}   # exchange -> (number of its rule, what is done at the end of the wait)

    def add(self, wanted):
        self.made += 1
        rule = Rule(self.made, wanted, self.KINDS)
        self.rules.append(rule)
        return rule

    def clear(self, number=None):
        """One rule goes, or all; what hangs because of it ends, what is held goes on."""
        self.rules = [rule for rule in self.rules if number is not None and rule.number != number]
        for exchange, (owner, release) in list(self.waiting.items()):
            if number in (None, owner):
                del self.waiting[exchange]
                release()

    def _wait(self, exchange, rule, release):
        """release() after the rule's seconds or when it is cleared; when the client leaves first, never."""
        self.waiting[exchange] = (rule.number, release)

        def end():
            if self.waiting.pop(exchange, None):
                release()

        def over(_sent):
            self.waiting.pop(exchange, None)
        exchange.after = over
        if rule.options["seconds"] is not None:
            asyncio.get_running_loop().call_later(rule.options["seconds"], end)

    def closes(self, _server):
        """Whether the service ends the connection after every answer."""
        return False

    def garbage_type(self, _server):
        """The content type of what makes no sense."""
        return "text/html;charset=utf-8"

    def _rule_of(self, what):
        rule = None
        for one in self.rules:  # every rule counts, the first that hits is carried out
            hit = one.takes(*what)
            rule = rule or (one if hit else None)
        return rule

    def carry_out(self, exchange, what, call, wrap, detail=None, delay=0):
        """Runs call() -> (body, outcome) and sends wrap(body), unless a rule has it otherwise."""
        start = exchange.began
        server, method, target, user = what
        rule = self._rule_of(what)

        def note(outcome):
            self.journal.note(server, method, target, user, outcome, start, detail)

        def plain():
            body, outcome = call()
            data = wrap(body)
            note(outcome)
            exchange.finish(data, close=self.closes(server))

        def begin():
            if rule is None:
                plain()
            elif rule.kind == "hold" and not rule.execute:
                self._wait(exchange, rule, plain)
            else:
                self._spoil(exchange, rule, server, call, wrap, note)

        if delay:
            asyncio.get_running_loop().call_later(delay, begin)
        else:
            begin()

    def _spoil(self, exchange, rule, server, call, wrap, note):
        """The other kinds: the call is made or not, and noted; then comes what the rule has for an answer."""
        body, outcome = call() if rule.execute else (None, "not executed")
        note(f"{rule.kind} ({outcome})")
        if rule.kind == "hang":
            self._wait(exchange, rule, exchange.drop)
            return
        if rule.kind == "hold":
            self._wait(exchange, rule, lambda: exchange.finish(wrap(body), close=self.closes(server)))
            return
        getattr(self, f"_{rule.kind}")(exchange, rule.options, server, body, call, wrap)

    def _error(self, exchange, options, _server, _body, _call, wrap):
        exchange.finish(wrap((options["status"], options["text"])))

    def _http(self, exchange, options, _server, _body, _call, _wrap):
        exchange.finish(_page(options["status"], options["content_type"], options["text"].encode(),
                              options["headers"].items()), close=True)

    def _reset(self, exchange, _options, _server, _body, _call, _wrap):
        exchange.drop(reset=True)

    def _close(self, exchange, _options, _server, _body, _call, _wrap):
        exchange.drop()

    def _answer(self, body, call, wrap):
        return wrap(body if body is not None else call()[0])

    def _cut(self, exchange, options, _server, body, call, wrap):
        exchange.finish(self._answer(body, call, wrap)[:options["bytes"]], close=True)

    def _truncate(self, exchange, options, _server, body, call, wrap):
        head, _, content = self._answer(body, call, wrap).partition(b"\r\n\r\n")
        kind = _content_type(head)
        exchange.finish(_page(200, kind, content[:options["bytes"]]), close=True)

    def _garbage(self, exchange, options, server, _body, _call, _wrap):
        exchange.finish(_page(200, self.garbage_type(server), options["text"].encode("latin-1", "replace")), close=True)

    def _noise(self, exchange, options, _server, _body, _call, _wrap):
        exchange.finish(options["text"].encode("latin-1", "replace"), close=True)

    def _slow(self, exchange, options, server, body, call, wrap):
        asyncio.get_running_loop().call_later(
            options["seconds"],
            lambda: exchange.finish(self._answer(body, call, wrap), close=self.closes(server)))

    def _trickle(self, exchange, options, _server, body, call, wrap):
        data, size = self._answer(body, call, wrap), options["bytes"]
        loop = asyncio.get_running_loop()

        def go_on(at):
            if exchange.gone or at + size >= len(data):
                exchange.finish(data[at:], close=True)
                return
            exchange.send(data[at:at + size])
            loop.call_later(options["seconds"], go_on, at + size)
        go_on(0)


def _page(status, content_type, body, more=()):
    headers = [("Content-Type", content_type), ("Content-Length", len(body)), ("Connection", "close"), *more]
    return answer(status, headers, body)


def _content_type(head):
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-type:"):
            return line.split(b":", 1)[1].strip().decode()
    return "text/plain"
