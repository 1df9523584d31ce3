#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""dpkg-query, apt-get, apt-cache, sudo and cmake of a machine that a test describes. WORLD is a JSON file:
{"needs": {NAME: [NAME or "A|B", ...]}, "installed": [NAME, ...]}; calls are written to WORLD.log."""

import json
import os
import pathlib
import sys

WORLD = pathlib.Path(os.environ["WORLD"])
world = json.loads(WORLD.read_text())
needs, installed = world["needs"], set(world["installed"])
tool, words = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
names = [word for word in words if word in needs]


def satisfied(need, present):
    return any(name in present for name in need.split("|"))


def without(gone):
    """What is left when these go: who needs something that is gone, goes too."""
    present = installed - set(gone)
    while broken := {name for name in present if not all(satisfied(need, present) for need in needs[name])}:
        present -= broken
    return present


def with_more(wanted):
    present = installed | set(wanted)
    while missing := {need.split("|")[0] for name in present for need in needs[name] if not satisfied(need, present)}:
        present |= missing
    return present


def save(present):
    WORLD.write_text(json.dumps(world | {"installed": sorted(present)}))


if tool == "dpkg-query":
    for name in names:
        if name in installed:
            print(f"ii  {name}")
    sys.exit(0 if set(names) <= installed else 1)
if tool == "apt-cache":
    sys.exit(0)
if tool == "sudo":
    words = words[1:] if words[:1] == ["-n"] else words
    os.execvp(words[0], words)
if tool == "cmake":
    if words[0] == "--build":
        for program in ("provision-engine-server", "provision-engine-cli"):
            path = pathlib.Path("build/release/bin") / program
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('#!/bin/sh\n[ "$1" != status ] || exit 3\necho built\n')
            path.chmod(0o755)
    sys.exit(0)
assert tool == "apt-get", tool
with open(f"{WORLD}.log", "a") as log:
    log.write(" ".join(words) + "\n")
simulated = "-s" in words
if "install" in words:
    after = with_more(names)
    for name in sorted(after - installed):
        print(f"Inst {name} (1.0 Debian:12 [amd64])" if simulated else f"Setting up {name}")
elif "remove" in words:
    after = without(names)
    for name in sorted(installed - after):
        print(f"Purg {name} [1.0]")
else:
    after = installed
if not simulated:
    save(after)
