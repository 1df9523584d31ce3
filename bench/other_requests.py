# SPDX-License-Identifier: Apache-2.0
"""Asks URL every 50 ms until standard input ends, then prints the slowest answer in milliseconds.

A program of its own: inside the one that makes the load, its interpreter's lock would be measured.
"""

import select
import sys
import time

import httpx


def main():
    slowest = 0.0
    with httpx.Client(timeout=30) as client:
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            began = time.monotonic()
            assert client.get(sys.argv[1]).status_code == 200
            slowest = max(slowest, (time.monotonic() - began) * 1000)
    print(slowest)


if __name__ == "__main__":
    main()
