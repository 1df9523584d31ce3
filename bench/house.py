# SPDX-License-Identifier: Apache-2.0
"""The numbers of the house, each beside a limit measured in the same run. Started by scripts/bench."""

import argparse
import json
import pathlib
import sys

# The driver of a cloud is the system tests'.
TESTS = pathlib.Path(__file__).parents[1] / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "system")]

import commissions  # noqa: E402
import engine  # noqa: E402
import fleet  # noqa: E402
import get  # noqa: E402
import identity  # noqa: E402
import slow_backend  # noqa: E402
import start  # noqa: E402

# In the order of running: (names that it prints, function that yields Figures).
GROUPS = [
    (("runtimes.start.ratio", "runtimes.error_seen_ms"), start.measure),
    (("idle.rss_mib", "start.listen_ms", "runtimes.get.cpu_us", "runtimes.get.p99_ms"), get.measure),
    (("identity.validate.cpu_us", "identity.validate_pg.cpu_us", "identity.users.page_ms", "identity.issue.cpu_us"),
     identity.measure),
    (("slow_backend.rss_mib",), slow_backend.measure),
    (("identity.commissions.ratio", "identity.commissions.per_s"), commissions.measure),
    (("fleet.cycle.s", "fleet.cycle.rss_mib", "fleet.rules.ms", "fleet.simulate.s"), fleet.measure),
    (("engine.get.cpu_us", "engine.added_ms", "engine.slow_posts.rss_mib"), engine.measure),
]


def table_line(figure):
    bound = "" if figure["bound"] is None else f"≤ {figure['bound']:g}"
    beside = figure["beside"]
    neighbour = "" if beside is None else f"{beside['what']}: {beside['value']:g} {beside['unit']}"
    missed = "  ← missed" if figure["bound"] is not None and figure["value"] > figure["bound"] else ""
    return f"{figure['name']:27} {figure['value']:>9g} {figure['unit']:6} {bound:>8}   {neighbour}{missed}"


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names or beginnings of names")
    parser.add_argument("--check", action="store_true", help="exit 1 when a bound is missed")
    options = parser.parse_args()

    def wanted(names):
        return not options.only or any(name.startswith(part) for name in names for part in options.only)

    missed = False
    for names, measure in GROUPS:
        if not wanted(names):
            continue
        for figure in measure(wanted=lambda name: wanted((name,))):
            print(json.dumps(figure, ensure_ascii=False) if options.json else table_line(figure), flush=True)
            missed |= figure["bound"] is not None and figure["value"] > figure["bound"]
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
