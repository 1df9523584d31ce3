# SPDX-License-Identifier: Apache-2.0
"""A person at a terminal."""

import os
import pty
import re
import select
import subprocess
import time

from cloud import PATIENCE

PROMPT = r"[\w.-]+:~# ?"


class Terminal:
    """A program under a terminal of its own."""

    def __init__(self, command, **options):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, **options)
        os.close(slave)
        self.text = ""

    def expect(self, pattern, seconds=20):
        deadline = time.monotonic() + seconds * PATIENCE
        while not (found := re.search(pattern, self.text)):
            left = deadline - time.monotonic()
            assert left > 0, f"{pattern!r} did not come; the screen:\n{self.text}"
            if select.select([self.master], [], [], min(left, 0.5))[0]:
                self.text += os.read(self.master, 65536).decode(errors="replace").replace("\r", "")
                self.text = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", self.text)  # a shell asks where its cursor is
        before, self.text = self.text[: found.end()], self.text[found.end() :]
        return before

    def type(self, line):
        os.write(self.master, line.encode() + b"\n")

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        os.close(self.master)


def console(house, runtime, role="FAAS"):
    """The machine's serial console with the shell's prompt on it."""
    terminal = Terminal(house.command("console", str(runtime[role]["VM_ID"])), env=house.environment, cwd=house.directory)
    terminal.type("")
    terminal.expect(PROMPT)
    # A shell that has just begun has a prompt of its own besides that of the empty line: what it says now comes after both.
    terminal.type("echo at-$((40 + 2))")
    terminal.expect(r"at-42\n" + PROMPT + "$")
    return terminal
