# SPDX-License-Identifier: Apache-2.0
"""The control port, in JSON: knobs, faults, the journal. What there is behind a client's back is each stand-in's own."""

import asyncio
import json
import re

from . import wire


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


class Control:
    """One method per route; house holds the world, the faults, the journal and the servers."""

    COMMON = (
        ("GET", "/", "overview"), ("POST", "/reset", "reset"), ("GET", "/settings", "settings"),
        ("POST", "/settings", "settings"), ("GET", "/faults", "show_faults"), ("POST", "/faults", "add_fault"),
        ("DELETE", "/faults", "clear_faults"), ("DELETE", "/faults/(\\d+)", "clear_faults"),
        ("POST", "/listen", "listen"), ("GET", "/troubles", "troubles"), ("GET", "/journal", "journal"),
        ("DELETE", "/journal", "clear_journal"), ("POST", "/stop", "stop"))
    OWN = ()     # (method, path as a pattern, name): of one stand-in
    ERRORS = ()  # of what its methods call; they are answered with 400, as ValueError is

    def __init__(self, house):
        self.house = house
        self.routes = [(method, re.compile(f"^{path}$"), name) for method, path, name in self.COMMON + self.OWN]
        self.tasks = set()  # asyncio itself holds them only weakly

    @property
    def world(self):
        return self.house.world

    def handle(self, exchange):
        task = asyncio.get_running_loop().create_task(self._answer(exchange))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _answer(self, exchange):
        try:
            status, value = 200, await self._call(exchange)
        except Refused as refused:
            status, value = refused.status, {"error": refused.text}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            status, value = 400, {"error": f"{type(error).__name__}: {error}"}
        except self.ERRORS as error:
            status, value = 400, {"error": str(error)}
        body = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        headers = [("Content-Type", "application/json"), ("Content-Length", len(body))]
        exchange.finish(wire.answer(status, headers, body))

    async def _call(self, exchange):
        known = False
        for method, path, name in self.routes:
            found = path.match(exchange.path)
            if not found:
                continue
            known = True
            if method != exchange.method:
                continue
            wanted = json.loads(exchange.body) if exchange.body else {}
            if not isinstance(wanted, dict):
                raise Refused(400, "a request's body is a JSON object")
            query = dict(part.partition("=")[::2] for part in exchange.query.split("&") if part)
            value = getattr(self, name)({**query, **wanted}, *found.groups())
            return await value if asyncio.iscoroutine(value) else value
        raise Refused(405 if known else 404, f"there is no {exchange.method} {exchange.path}; see GET /")

    # --- what most worlds have ---

    @staticmethod
    def several(wanted, add):
        """{"count"} and members that all of them get; add makes one and gives it."""
        count = int(wanted.pop("count", 1))
        return {"ids": [add(**wanted)["id"] for _ in range(count)]}

    @staticmethod
    def become(one, wanted, what):
        """Members of one that become others; it cannot get such as it does not have."""
        strange = set(wanted) - set(one)
        if strange:
            raise Refused(400, f"{what} has no \"{sorted(strange)[0]}\"")
        one.update(wanted)
        return one

    def overview(self, _wanted):
        return {"routes": [f"{method} {path.pattern[1:-1]}" for method, path, _ in self.routes],
                "urls": self.house.urls()}

    async def reset(self, wanted):
        """Everything anew: the settings of the start and these, no faults, every port open."""
        self.house.reset(wanted)
        for server in self.house.servers.values():
            await server.listen()
        return dict(self.world.settings)

    def settings(self, wanted):
        self.world.settings.change(wanted)
        return dict(self.world.settings)

    # --- faults ---

    def show_faults(self, _wanted):
        return [rule.show() for rule in self.house.faults.rules]

    def add_fault(self, wanted):
        return self.house.faults.add(wanted).show()

    def clear_faults(self, _wanted, number=None):
        self.house.faults.clear(int(number) if number else None)
        return {}

    async def listen(self, wanted):
        """{"api": false}: a port that is not listened on refuses every connection."""
        for name, on in wanted.items():
            server = self.house.servers[name]
            if on:
                await server.listen()
            else:
                server.deafen()
        return {name: server.listener is not None for name, server in self.house.servers.items()}

    # --- what has happened ---

    def troubles(self, _wanted):
        """Faults of the stand-in itself; a test run must end with none."""
        return self.house.troubles

    def journal(self, wanted):
        return self.house.journal.since(int(wanted.get("since", 0)))

    def clear_journal(self, _wanted):
        self.house.journal.clear()
        return {}

    def stop(self, _wanted):
        asyncio.get_running_loop().call_later(0.05, self.house.stopped.set)
        return {}
