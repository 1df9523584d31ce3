# SPDX-License-Identifier: Apache-2.0
"""The fleet's rules over 100,000 machines in 50 spaces: one round of decisions, and a simulated day. A whole cycle over
10,000 machines in 10 spaces, with their files in memory, on clouds that answer at once."""

import os
import statistics
import subprocess
import tempfile

from measuring import figure

PROGRAM = os.environ.get("NEPHELE_FLEET_RULES_PROGRAM", "build/release/bin/fleet_rules")
CYCLE = os.environ.get("NEPHELE_FLEET_CYCLE_PROGRAM", "build/release/bin/fleet_cycle")
ROUNDS = 3
MEMORY = "/dev/shm"  # its 40,000 folders are made with a sync for each file


def run(what):
    done = subprocess.run([PROGRAM, what], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr or "nothing was measured"
    return float(done.stdout)


def cycle():
    """(seconds, of CPU, MiB) of the median round."""
    rounds = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory(prefix="ne-bench-fleet-", dir=MEMORY if os.path.isdir(MEMORY) else None) as folder:
            done = subprocess.run([CYCLE, folder], capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr or "nothing was measured"
            rounds.append(tuple(map(float, done.stdout.split())))
    return sorted(rounds)[len(rounds) // 2]


def measure(wanted):
    if wanted("fleet.cycle.s") or wanted("fleet.cycle.rss_mib"):
        seconds, cpu, memory = cycle()
        yield figure("fleet.cycle.s", seconds, "s", 2, ("of CPU", cpu, "s"))
        yield figure("fleet.cycle.rss_mib", memory, "MiB", 100)
    if wanted("fleet.rules.ms"):
        yield figure("fleet.rules.ms", statistics.median(run("rules") for _ in range(ROUNDS)), "ms", 200)
    if wanted("fleet.simulate.s"):
        yield figure("fleet.simulate.s", run("simulate"), "s", 60)
