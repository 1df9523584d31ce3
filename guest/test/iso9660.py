# SPDX-License-Identifier: Apache-2.0
"""A minimal ISO 9660 writer: one folder, a few files, a label. Enough for a context CD-ROM."""

import math
import struct

SECTOR = 2048


def _both16(value):
    return struct.pack("<H", value) + struct.pack(">H", value)


def _both32(value):
    return struct.pack("<I", value) + struct.pack(">I", value)


def _record(name, sector, size, flags):
    body = _both32(sector) + _both32(size) + bytes([123, 1, 1, 0, 0, 0, 0]) + bytes([flags, 0, 0]) + _both16(1)
    body += bytes([len(name)]) + name + (b"" if len(name) % 2 else b"\0")
    return bytes([len(body) + 2, 0]) + body


def write_iso(path, label, files):
    """`files`: names of the root folder ("context.sh") to their bytes."""
    sector = 21
    entries = []
    for name, content in sorted(files.items()):
        base, _, extension = name.upper().partition(".")
        entries.append((f"{base}.{extension};1".encode(), sector, content))
        sector += max(1, math.ceil(len(content) / SECTOR))
    total = max(sector, 32)
    root = _record(b"\0", 20, SECTOR, 2) + _record(b"\1", 20, SECTOR, 2)
    root += b"".join(_record(name, at, len(content), 0) for name, at, content in entries)
    table = bytes([1, 0]) + struct.pack("<I", 20) + struct.pack("<H", 1) + b"\0\0"
    table_big = bytes([1, 0]) + struct.pack(">I", 20) + struct.pack(">H", 1) + b"\0\0"
    date = b"2023111422132000\0"
    volume = b"\1CD001\1\0" + b" " * 32 + label.encode().ljust(32) + b"\0" * 8 + _both32(total) + b"\0" * 32
    volume += _both16(1) + _both16(1) + _both16(SECTOR) + _both32(len(table))
    volume += struct.pack("<II", 18, 0) + struct.pack(">II", 19, 0) + _record(b"\0", 20, SECTOR, 2)
    volume = volume.ljust(813, b" ") + date * 4 + b"\1\0"
    image = bytearray(total * SECTOR)

    def put(at, data):
        image[at * SECTOR:at * SECTOR + len(data)] = data

    put(16, volume)
    put(17, b"\xffCD001\1")
    put(18, table)
    put(19, table_big)
    put(20, root)
    for _, at, content in entries:
        put(at, content)
    with open(path, "wb") as out:
        out.write(image)
