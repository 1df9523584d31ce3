# SPDX-License-Identifier: Apache-2.0
"""Faults in oned's own words."""

from standin import faults

from . import errors, xmlrpc


# What oned's own answer is then.
OWN = {"error": lambda options: xmlrpc.failure(options["code"], options["text"], options["object_id"]),
       "fault": lambda options: xmlrpc.fault(options["code"], options["text"])}


class OneFaults(faults.Faults):
    KINDS = {**faults.KINDS,
             "error": {"code": errors.INTERNAL, "text": "injected error", "object_id": -1, "status": 500},
             "fault": {"code": -500, "text": "injected fault"}}

    def closes(self, server):
        return server == "oned"

    def garbage_type(self, server):
        return "text/xml; charset=utf-8" if server == "oned" else super().garbage_type(server)

    def _error(self, exchange, options, server, body, call, wrap):
        if server != "oned":
            super()._error(exchange, options, server, body, call, wrap)
            return
        exchange.finish(wrap(OWN["error"](options)), close=True)

    def _fault(self, exchange, options, _server, _body, _call, wrap):
        exchange.finish(wrap(OWN["fault"](options)), close=True)

    def carry_out_together(self, exchange, calls, wrap):
        """Several calls of oned in one exchange: an error or a fault is that of its own call, what spoils an answer
        spoils that of all of them. `calls`: (what, call, detail)."""
        rules = [self._rule_of(what) for what, _, _ in calls]
        spoiling = next((rule for rule in rules if rule and rule.kind not in OWN), None)
        outcomes = ["not executed"] * len(calls)

        def call():
            bodies = []
            for at, ((_, execute, _), rule) in enumerate(zip(calls, rules)):
                if rule and rule.kind in OWN:
                    bodies.append(OWN[rule.kind](rule.options))
                else:
                    body, outcomes[at] = execute()
                    bodies.append(body)
            return xmlrpc.together(bodies), "ok"

        def note(_outcome=None):
            began = exchange.began
            for (what, _, detail), rule, outcome in zip(calls, rules, outcomes):
                self.journal.note(*what, f"{rule.kind} ({outcome})" if rule else outcome, began, detail)
                began = None  # the exchange's time is counted once

        def plain():
            data = wrap(call()[0])
            note()
            exchange.finish(data, close=True)
        if spoiling is None:
            plain()
        elif spoiling.kind == "hold" and not spoiling.execute:
            self._wait(exchange, spoiling, plain)
        else:
            self._spoil(exchange, spoiling, "oned", call, wrap, note)
