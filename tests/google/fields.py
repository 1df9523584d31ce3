# SPDX-License-Identifier: Apache-2.0
"""The parameter `fields` of Google's APIs: which members of an answer are wanted."""

import re

from .errors import Refused

TOKEN = re.compile(r"[A-Za-z0-9_*]+|[/(),]")


def parsed(text):
    """{"items": {"*": {"name": {}}}}; an empty dictionary is everything below."""
    tokens = TOKEN.findall(text)
    if "".join(tokens) != text or not tokens:
        raise Refused(400, f"Invalid field selection {text}", "invalidParameter")
    tree, rest = _level(tokens)
    if rest:
        raise Refused(400, f"Invalid field selection {text}", "invalidParameter")
    return tree


def _level(tokens):
    tree = {}
    while True:
        at, tokens = tree, list(tokens)
        while True:
            if not tokens or tokens[0] in "/(),":
                raise Refused(400, "Invalid field selection", "invalidParameter")
            at = at.setdefault(tokens.pop(0), {})
            if not tokens or tokens[0] != "/":
                break
            tokens.pop(0)
        if tokens and tokens[0] == "(":
            inner, tokens = _level(tokens[1:])
            if not tokens or tokens[0] != ")":
                raise Refused(400, "Invalid field selection", "invalidParameter")
            at.update(inner)
            tokens = tokens[1:]
        if not tokens or tokens[0] != ",":
            return tree, tokens
        tokens = tokens[1:]


def chosen(value, tree):
    if not tree:
        return value
    if isinstance(value, list):
        return [chosen(one, tree) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: chosen(inner, tree.get(name, tree.get("*", {}))) for name, inner in value.items()
            if name in tree or "*" in tree}
