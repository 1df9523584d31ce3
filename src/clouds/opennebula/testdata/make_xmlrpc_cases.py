#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes xmlrpc_cases.json: answers as Python's own xmlrpc.client writes them, with what they hold.

Run it again after adding a case: ./make_xmlrpc_cases.py > xmlrpc_cases.json
"""
import json
import random
import xmlrpc.client

TEXTS = [
    "", " ", "\n", "\t x \t", "plain", "<VM><ID>7</ID></VM>", "a&b<c>d\"e'f", "]]>", "<![CDATA[x]]>", "&lt;", "&#65;",
    "é ü 漢 𝄞", "line\nline\n", "  both ends  ", "a" * 5000, "{\"a\": \"\\u0001\"}", "-->", "<?xml?>", "\u0085\u2028",
]
NUMBERS = [0, 1, -1, 255, 2**31 - 1, -(2**31)]


def answer(*values):
    """The values, and the bytes of the answer."""
    xml = xmlrpc.client.dumps((list(values),), methodresponse=True, encoding="utf-8")
    return {"values": list(values[:4]), "xml": xml}


def fault(code, text):
    return {"fault": [code, text], "xml": xmlrpc.client.dumps(xmlrpc.client.Fault(code, text), methodresponse=True)}


def random_text(source):
    alphabet = "ab <>&\"'\n\t]![CDATA;#x0é漢"
    return "".join(source.choice(alphabet) for _ in range(source.randrange(40)))


def main():
    source = random.Random(6)
    cases = [answer(True, text, 0) for text in TEXTS]
    cases += [answer(True, number, 0) for number in NUMBERS]
    cases += [answer(True, True, 0), answer(True, 5, 0, "extra", [1, {"a": 2}], 2.5, b"bytes")]
    cases += [answer(False, text, 1024, 7, -1) for text in TEXTS]
    cases += [answer(False, "no object", 512, -1, -1), answer(False, "three only", 256)]
    cases += [fault(-506, "Method 'one.x' not defined"), fault(-501, "Not enough parameters"), fault(0, "")]
    cases += [answer(source.random() < 0.5, random_text(source), source.choice(NUMBERS)) for _ in range(200)]
    print("[\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases) + "\n]")


main()
