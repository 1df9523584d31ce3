#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes template_cases.json: template texts, and what OpenNebula's own lexer and parser make of them.

    make_template_cases.py CHECKOUT [TAG] > template_cases.json

CHECKOUT is a clone of github.com/OpenNebula/one; TAG is release-6.8.0. Needs clang++, libxml2-dev and libssl-dev. A case
is a text and the XML that oned keeps of it, or null when it refuses the text.
"""
import json
import os
import random
import subprocess
import sys
import tempfile

DRIVER = r"""
#include <cstdio>
#include <iostream>
#include <string>
#include "Template.h"

namespace ssl_util {  // NebulaUtil.cc wants them, a template does not
int base64_encode(const std::string&, std::string&) { return -1; }
void base64_decode(const std::string&, std::string&) {}
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::string text, xml;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2)
      text += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    Template what;
    char* error = nullptr;
    const bool good = what.parse(text, &error) == 0;
    if (good) what.to_xml(xml);
    std::printf("\x01%s", good ? "+" : "-");  // the lexer prints what it does not know: marked, it can be told apart
    for (const unsigned char c : xml) std::printf("%02x", c);
    std::puts("");
  }
}
"""

SOURCES = ["src/parsers/template_parser.cc", "src/parsers/template_syntax.cc", "src/parsers/mem_collector.cc",
           "src/template/Template.cc", "src/common/Attribute.cc", "src/common/NebulaUtil.cc"]

TEXTS = [
    "", "\n", "CPU=1", "CPU = 0.5\n", "A=1 B=2", 'A="x y = [ # ]"', r'A="say \"hi\""', r'A="c:\dir \\ x"',
    'A="one\ntwo"\nB=3', 'A=""', "A =  \nB=1", "A=", "A", "=1", "A = []", "A=[\n]", "DISK = [ IMAGE_ID = 0,\n size=\"1\" ]",
    "NIC=[A=1]NIC=[A=2]", "A=[X=1,X=2]", "A=[X=1,]", "A=[,X=1]", "A=[X=\n]", "A=[X=[Y=1]]", "# one\nA=1 # two\n",
    "A=1 # open", 'A=x"y', 'A="x"y', 'A="x\\"', 'A="x\\" B="y"', 'A="a]]>b"', 'A="a\n]]>b"', "A=1;", "A=1,B=2",
    'HOT_RESIZE=[CPU_HOT_ADD_ENABLED=YES,\nMEMORY_HOT_ADD_ENABLED=YES]\nCONTEXT=[NETWORK="YES",\nSR_AUTH="eA==\n"]\n',
]
PIECES = ["A", "b1", "_c", " = ", "=", '"', "\\", '\\"', "x", "\n", " ", "[", "]", ",", "\t", "1.5", '"q v"', "$", "é",
          '"a\\""', "=[", "]\n", " , ", '""', "A=1\n", 'B=[C=2,D="3"]\n', "'", "# c\n", "X=", "Y = ", "v "]


def value(source):
    inside = "".join(source.choice(["a", "B", " ", "\\", '\\"', "\n", "[", "]", ",", "=", "#", "é", "$"])
                     for _ in range(source.randrange(6)))
    return source.choice([f'"{inside}"', f'"{inside}"', "bare", "1.5", "a\"b", "c\\d"])


def item(source):
    name = source.choice(["A", "b1", "_c", "DISK"])
    equals = source.choice(["=", " = ", "\t="])
    if source.random() < 0.5:
        return name + equals + value(source) + source.choice(["\n", " ", "\n\n", " # remark\n"])
    comma = source.choice([",", " , ", ",\n", "\n,", ", # remark\n"])
    members = comma.join(source.choice(["X", "y", "SIZE"]) + equals + value(source) for _ in range(source.randrange(4)))
    return name + equals + source.choice(["[", "[ ", "[\n"]) + members + source.choice(["]", " ]", "\n]\n", "] "])


def texts():
    source = random.Random(9)
    yield from TEXTS
    for _ in range(800):
        yield "".join(item(source) for _ in range(source.randrange(1, 4)))
    for _ in range(6000):
        yield "".join(source.choice(PIECES) for _ in range(source.randrange(1, 14)))


def parsed_by_oned(checkout, tag, all_texts):
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", checkout, "archive", tag, "include", *SOURCES, "src/parsers"],
                                 check=True, capture_output=True).stdout
        subprocess.run(["tar", "x", "-C", folder], input=archive, check=True)
        util = os.path.join(folder, "src/common/NebulaUtil.cc")
        with open(util, encoding="utf-8") as file:
            text = file.read().replace("random<short uint>", "random<unsigned short>")  # clang wants the type's name
        with open(util, "w", encoding="utf-8") as file:
            file.write(text)
        with open(os.path.join(folder, "driver.cc"), "w", encoding="utf-8") as file:
            file.write(DRIVER)
        subprocess.run(["clang++-19", "-w", "-std=c++17", "-O1", "-Iinclude", "-Isrc/parsers", "-I/usr/include/libxml2",
                        "driver.cc", *SOURCES, "-lxml2", "-lcrypto", "-lz", "-o", "driver"], cwd=folder, check=True)
        lines = "".join(text.encode().hex() + "\n" for text in all_texts).encode()
        out = subprocess.run([os.path.join(folder, "driver")], input=lines, check=True, capture_output=True).stdout
    for part in out.split(b"\x01")[1:]:
        line = part.split(b"\n")[0].decode()
        yield bytes.fromhex(line[1:]).decode() if line.startswith("+") else None


def main():
    checkout, tag = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "release-6.8.0"
    all_texts = list(dict.fromkeys(texts()))
    kept, refused = [], 0
    for text, xml in zip(all_texts, parsed_by_oned(checkout, tag, all_texts), strict=True):
        refused += xml is None
        if text in TEXTS or xml is not None or refused <= 400:
            kept.append({"text": text, "xml": xml})
    print("[\n" + ",\n".join(json.dumps(case, ensure_ascii=True) for case in kept) + "\n]")


main()
