# SPDX-License-Identifier: Apache-2.0
"""Builds the agent's pure parts for this machine with sanitizers, and runs their tests."""

import glob
import os
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT = os.path.join(os.path.dirname(HERE), "agent")
HOUSE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "src")  # what the agent shares with the programs
PARTS = ["text", "frames", "context", "http_message", "http_parser", "http_server", "http_connection", "loop", "sha256",
         "object_key", "object_store", "object_list", "machine_facts", "user_data"]


def unit_tests(_image):
    sources = [os.path.join(AGENT, part + ".cpp") for part in PARTS] + sorted(glob.glob(os.path.join(HERE, "unit", "*.cpp")))
    with tempfile.TemporaryDirectory(prefix="nephele-guest-unit-") as folder:
        program = os.path.join(folder, "unit")
        flags = ["-std=c++23", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-pthread",
                 "-Wall", "-Wextra", "-Werror", "-I", AGENT, "-I", HOUSE]
        objects = [os.path.join(folder, os.path.basename(source) + ".o") for source in sources]
        commands = [["clang++-19", *flags, "-c", source, "-o", output] for source, output in zip(sources, objects)]
        running = []
        for command in commands:
            if len(running) >= 2:
                finish(running.pop(0))
            running.append(subprocess.Popen(command))
        for process in running:
            finish(process)
        subprocess.run(["clang++-19", *flags, "-o", program, *objects], check=True, timeout=300)
        subprocess.run([program], check=True, timeout=300, cwd=folder)


def finish(process):
    if process.wait(300) != 0:
        raise RuntimeError("the agent's tests do not compile")
