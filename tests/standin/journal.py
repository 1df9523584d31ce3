# SPDX-License-Identifier: Apache-2.0
"""Who asked what, when, and what came of it. Never a secret: sessions stay out, SR_AUTH is struck out."""

import collections
import re
import time

FIELDS = ("seq", "server", "method", "object", "user", "start", "end", "outcome", "detail")

SECRET = ("SR_AUTH", "PASSWORD", "TOKEN")

_NAMES = "|".join(SECRET)
_TEXT = re.compile(rf'(\b(?:{_NAMES})\s*=\s*)(?:"(?:[^"\\]|\\.)*"?|[^\s,\]"]+)')
_XML = re.compile(rf"(<({_NAMES})>).*?(</\2>)", re.S)


def struck_out(value):
    """The same without secrets: in template text, in template XML and under their names in objects."""
    if isinstance(value, str):
        return _XML.sub(r"\1***\3", _TEXT.sub(r'\1"***"', value)) if value else value
    if isinstance(value, dict):
        return {name: "***" if name in SECRET else struck_out(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [struck_out(inner) for inner in value]
    return value


class Journal:
    def __init__(self, limit=100_000):
        self.entries = collections.deque(maxlen=limit)
        self.seq = 0

    def note(self, server, method, target, user, outcome, start=None, detail=None):
        now = time.time()
        self.seq += 1
        if detail is not None:
            detail = struck_out(detail)
        self.entries.append((self.seq, server, method, target, user, start or now, now, outcome, detail))

    def since(self, seq):
        return [dict(zip(FIELDS, entry)) for entry in self.entries if entry[0] > seq]

    def clear(self):
        self.entries.clear()
