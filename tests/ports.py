# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that tests start."""

import pathlib
import random
import socket

given = set()


def free_port():
    """Below those that the system gives to connections, which might take it before the server does."""
    lowest = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = random.randrange(2048, lowest) if lowest > 4096 else random.randrange(2048, 65000)
        if port in given:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        given.add(port)
        return port
