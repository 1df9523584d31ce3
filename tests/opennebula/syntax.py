# SPDX-License-Identifier: Apache-2.0
"""The text form of templates: NAME = value, NAME = [ A = v, B = v ]. Strict and odd where oned is."""

import re


class TemplateError(Exception):
    """The sentence that oned answers with code 8192."""


VARIABLE, EQUAL, EQUAL_EMPTY, COMMA, OBRACKET, CBRACKET, STRING, CCDATA, END = (
    "VARIABLE", "EQUAL", "EQUAL_EMPTY", "COMMA", "OBRACKET", "CBRACKET", "STRING", "CCDATA", "$end")

# The longest match wins, the earlier of two equal ones. None: skipped. \r is no blank, as in oned.
_OUTSIDE = [
    (None, re.compile(r"[ \t]*#[^\n]*\n")),
    (None, re.compile(r"[ \t\n]+")),
    (VARIABLE, re.compile(r"[A-Za-z0-9_]+")),
    (EQUAL, re.compile(r"[ \t]*=[ \t]*")),
    (EQUAL_EMPTY, re.compile(r"[ \t]*=[ \t]*\n")),
    (COMMA, re.compile(r"[ \t\n]*,[ \t\n]*")),
    (CBRACKET, re.compile(r"[ \t\n]*\][ \t\n]*")),
]
_OPENING = re.compile(r"[ \t]*\[[ \t\n]*")
_BARE = re.compile(r"[^=# \t\n,\[\]]+")
_CDATA_LINE = re.compile(r"[^\n]*\]\]>[^\n]*")


def _quoted_end(text, start):
    """Where the quoted string that starts here ends; 0 if it never does. A quote after a backslash is inside, unless
    no other quote follows: the longest match."""
    last = 0
    at = text.find('"', start + 1)
    while at != -1:
        last = at + 1
        if text[at - 1] != "\\":
            break
        at = text.find('"', at + 1)
    return last


class _Lexer:
    def __init__(self, text):
        self.text = text
        self.at = 0
        self.in_value = False
        self.has_cdata = "]]>" in text
        self.line, self.first, self.last = 1, 0, 0

    def _take(self, end):
        token = self.text[self.at:end]
        self.at = end
        self.line += token.count("\n")
        # oned never starts its columns anew at a line's end.
        self.first, self.last = self.last, self.last + len(token.encode("utf-8", "surrogatepass"))
        return token

    def _value(self):
        text, at = self.text, self.at
        best, end = None, at
        matched = _OPENING.match(text, at)
        if matched:
            best, end = OBRACKET, matched.end()
        if self.has_cdata:
            matched = _CDATA_LINE.match(text, at)
            if matched and matched.end() > end:
                best, end = CCDATA, matched.end()
        if text[at] == '"' and _quoted_end(text, at) > end:
            best, end = '"', _quoted_end(text, at)
        matched = _BARE.match(text, at)
        if matched and matched.end() > end:
            best, end = STRING, matched.end()
        if best is None:
            self._take(at + 1)
            return None
        token = self._take(end)
        self.in_value = False
        if best == '"':
            return STRING, token[1:-1]
        return best, token

    def _outside(self):
        best, end = None, self.at
        found = False
        for kind, pattern in _OUTSIDE:
            matched = pattern.match(self.text, self.at)
            if matched and matched.end() > end:
                best, end, found = kind, matched.end(), True
        if not found:
            end = self.at + 1  # oned prints the character on its own output and goes on
        token = self._take(end)
        if best == EQUAL:
            self.in_value = True
        return (best, token) if best else None

    def next(self):
        while self.at < len(self.text):
            token = self._value() if self.in_value else self._outside()
            if token:
                return token
        return END, ""


def parse_text(text):
    """[(NAME, string or {NAME: string})], or TemplateError."""
    text = text.partition("\0")[0]
    lexer = _Lexer(text)
    found = []
    token = lexer.next()
    while token[0] != END:
        name = _expect(lexer, token, VARIABLE).upper()
        token = lexer.next()
        if token[0] == EQUAL_EMPTY:
            found.append((name, ""))
        else:
            _expect(lexer, token, EQUAL, EQUAL_EMPTY)
            found.append((name, _value(lexer)))
        token = lexer.next()
    return found


def _value(lexer):
    kind, text = lexer.next()
    if kind == STRING:
        return text.replace('\\"', '"')
    if kind == CCDATA:
        raise TemplateError("Parse error.")
    _expect(lexer, (kind, text), OBRACKET, STRING, CCDATA)
    return _vector(lexer)


def _vector(lexer):
    members = {}
    token = lexer.next()
    if token[0] == CBRACKET:
        return members
    while True:
        name = _expect(lexer, token, VARIABLE, *(() if members else (CBRACKET,))).upper()
        _expect(lexer, lexer.next(), EQUAL)
        value = _expect(lexer, lexer.next(), STRING)
        members.setdefault(name, value.replace('\\"', '"'))
        token = lexer.next()
        if token[0] == CBRACKET:
            return members
        _expect(lexer, token, COMMA, CBRACKET)
        token = lexer.next()


def _expect(lexer, token, *kinds):
    if token[0] != kinds[0]:
        wanted = " or ".join(kinds)
        raise TemplateError(f"Parse error: syntax error, unexpected {token[0]}, expecting {wanted} "
                            f"at line {lexer.line}, columns {lexer.first}:{lexer.last}")
    return token[1]
