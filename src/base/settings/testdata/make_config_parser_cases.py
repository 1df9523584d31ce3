#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes config_parser_cases.json: settings files and what Python's own configparser makes of them.

Run it again after adding a case: ./make_config_parser_cases.py > config_parser_cases.json
"""
import configparser
import json
import random

CASES = {
    "Empty": [""],
    "OneOption": ["[a]\nx = 1\n"],
    "NoNewlineAtEnd": ["[a]\nx=1"],
    "WindowsLines": ["[a]\r\nx = 1\r\n  2\r\n\r\n[b]\r\ny: 2\r\n"],
    "Colon": ["[a]\nx: 1\ny : 2\nurl = http://h:5000/v3\nu: a=b\n"],
    "NamesAreFolded": ["[A]\nFooBar = 1\nfoo BAR = 2\n"],
    "SectionsAreNotFolded": ["[a]\nx=1\n[A]\nx=2\n"],
    "EmptyValue": ["[a]\nx =\ny=\n"],
    "QuotesStay": ["[a]\nx = \"q\"\ny = ''\n"],
    "Defaults": ["[DEFAULT]\nhome = /srv\nx = 1\n[a]\nx = 2\n[b]\n"],
    "DefaultsTwice": ["[DEFAULT]\nx=1\n[a]\ny=1\n[DEFAULT]\nz=2\n"],
    "DefaultOptionTwice": ["[DEFAULT]\nx=1\n[a]\n[DEFAULT]\nx=2\n"],
    "OnlyDefaults": ["[DEFAULT]\nx = 1\n"],
    "Comments": ["# c\n; c\n[a]\n# c\nx = 1 # stays\ny = 2 ; stays\n  # indented comment\n"],
    "CommentInValue": ["[a]\nx = 1\n  # gone\n  2\n ; gone too\n  3\n"],
    "MultiLine": ["[a]\nx = 1\n  2\n\t3\ny = 4\n"],
    "MultiLineFromEmpty": ["[a]\nx =\n  1\n  2\n"],
    "BlankLinesInValue": ["[a]\nx = 1\n\n  2\n\n\n  3\n\ny = 1\n"],
    "BlankLineWithBlanks": ["[a]\nx = 1\n   \n  2\n"],
    "TrailingBlankLines": ["[a]\nx = 1\n\n\n\n[b]\ny = 2\n\n"],
    "ContinuationLooksLikeOption": ["[a]\nx = 1\n  y = 2\n  [b]\nz = 3\n"],
    "IndentedSection": ["  [a]\n  x = 1\n    2\n  y = 2\nz = 3\n"],
    "IndentedOptionAfterHeader": ["[a]\n   x = 1\n   y = 2\n     more\n  z = 3\n"],
    "Dedent": ["[a]\n    x = 1\n  y = 2\n   cont\n"],
    "HeaderTail": ["[a] # x\nx=1\n[b]c]\ny=2\n[ c ]\nz=3\n"],
    "EmptyHeader": ["[]\nx=1\n"],
    "EmptyHeaderInside": ["[a]\n[]\n"],
    "OpenHeader": ["[a\nx=1\n"],
    "NoSection": ["x = 1\n[a]\n"],
    "NoDelimiter": ["[a]\nx\n"],
    "NoName": ["[a]\n= 1\n"],
    "NoNameColon": ["[a]\n: 1\n"],
    "DuplicateOption": ["[a]\nx=1\nX=2\n"],
    "DuplicateSection": ["[a]\nx=1\n[b]\n[a]\ny=2\n"],
    "TwoFiles": ["[a]\nx=1\ny=1\n[c]\n", "[a]\nx=2\n[b]\nz=3\n"],
    "TwoFilesDefaults": ["[a]\ny=%(x)s\n[DEFAULT]\nx=1\n", "[DEFAULT]\nx=2\n"],
    "Percent": ["[a]\nx = 100%%\ny = %%(x)s\n"],
    "Reference": ["[a]\nhome = /srv\ndata = %(home)s/data\nlog = %(DATA)s/log\n"],
    "ReferenceToDefault": ["[DEFAULT]\nhome = /srv\n[a]\nd = %(home)s\n[b]\nhome = /b\nd = %(home)s\n"],
    "ReferenceInDefault": ["[DEFAULT]\nd = %(home)s/d\n[a]\nhome = /a\n[b]\nhome = /b\n"],
    "ReferenceOverLines": ["[a]\nh = 1\n  2\nx = <%(h)s>\n"],
    "ReferenceMissing": ["[a]\nx = %(none)s\n"],
    "ReferenceToItself": ["[a]\nx = %(x)s\n"],
    "ReferenceCircle": ["[a]\nx = %(y)s\ny = %(x)s\n"],
    "TenDeep": ["[a]\nv0 = end\n" + "".join(f"v{i} = %(v{i - 1})s\n" for i in range(1, 10))],
    "ElevenDeep": ["[a]\nv0 = %%\n" + "".join(f"v{i} = %(v{i - 1})s\n" for i in range(1, 11))],
    "PercentAlone": ["[a]\nx = 5%\n"],
    "PercentOther": ["[a]\nx = %d\n"],
    "PercentOpen": ["[a]\nx = %(y\ny = 1\n"],
    "PercentEmptyName": ["[a]\nx = %()s\n"],
    "PercentNoS": ["[a]\nx = %(y)d\ny = 1\n"],
    "PercentInDefaultOnly": ["[DEFAULT]\nx = %\n"],
    "NameWithPercent": ["[a]\nx%% = 1\n"],
    "ValueOfDelimiters": ["[a]\nx = = 1\ny := 2\nz == 3\n"],
    "FormFeed": ["[a]\n\fx = 1\f\n"],
    "Unicode": ["[a]\nname = h\u00e9llo\n"],
    "SectionBrackets": ["[a[b]]\nx = 1\n"],
    "RepeatedWithinTwoFiles": ["[a]\nx=1\n", "[a]\nx=1\nx=2\n"],
}

COMMON = ["  cont", "\tcont = 2", "   # c", "# c", "; c", "", "  ", "\t"]
LINES = ["[a]", "[b]", "[DEFAULT]", "[c] ; t", "x = 1", "y: 2", "  x2=3", "z = %(x)s", "w = %%", " i = 5", "q =",
         "u = a ; b", "k=%(y)s%(x)s", "r: %(z)s"]
WRONG = ["[", "[]", "x", "= 1", "v = %", "X = 3", "p = %(none)s"]


def meaning(files):
    parser = configparser.ConfigParser()
    try:
        for text in files:
            parser.read_string(text.replace("\r\n", "\n"))
        tree = {name: dict(parser.items(name)) for name in parser.sections()}
    except configparser.Error as error:
        return {"error": type(error).__name__}
    if parser.defaults():
        tree["DEFAULT"] = dict(parser.defaults())
    return {"tree": tree}


def random_cases(count):
    source = random.Random(1)
    for number in range(count):
        lines = source.sample(LINES, source.randint(2, 7)) + source.choices(COMMON, k=source.randint(0, 5))
        lines += source.choices(WRONG, k=source.choice([0] * 7 + [1]))
        source.shuffle(lines)
        lines = source.choice([[], ["[0]"], ["[DEFAULT]", "x=d", "y=d", "z=d", "[0]"]]) + lines
        yield f"Random{number}", ["\n".join(lines) + "\n"]


cases = [{"name": name, "files": files, **meaning(files)}
         for name, files in [*CASES.items(), *random_cases(300)]]
print("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]")
