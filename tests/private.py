# SPDX-License-Identifier: Apache-2.0
"""Mounts and networks of our own: faults of a whole machine, made where nobody else meets them."""

import ctypes
import fcntl
import os
import socket
import struct
import subprocess

import pytest

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1


def _unshare(what, why):
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(what) != 0:
        pytest.skip(f"needs root that may make namespaces, {why}", allow_module_level=True)


def _loopback_up():
    with socket.socket() as s:
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP))


def may_mount():
    """Whether a program of ours may mount what nobody else sees: root in a container may not."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"],
                                                capture_output=True, timeout=20).returncode == 0


def own_mounts():
    """From here on this process and its children see mounts that nobody else sees, and that end with them."""
    _unshare(CLONE_NEWNS, "to mount what nobody else sees")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


def own_network():
    """From here on this process and its children have a loopback of their own."""
    _unshare(CLONE_NEWNET, "to listen where nobody else does")
    _loopback_up()


class Network:
    """A network beside ours: `with network:` this thread and what it starts are in it, and sockets stay where they were
    made. It has no name and no process keeps it: it is gone with the last program in it, however this one ends."""

    def __init__(self):
        self._way_back = []
        here = self._of_this_thread()
        try:
            _unshare(CLONE_NEWNET, "to make hosts with networks of their own")
            _loopback_up()
            self._descriptor = self._of_this_thread()
        finally:
            self._go_to(here)
            os.close(here)

    @staticmethod
    def _of_this_thread():
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    @staticmethod
    def _go_to(descriptor):
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")

    @property
    def path(self):
        """As `ip link … netns` takes it."""
        return f"/proc/{os.getpid()}/fd/{self._descriptor}"

    def ip(self, *lines):
        """What each line would be behind `ip`."""
        with self:
            subprocess.run(["ip", "-batch", "-"], input="\n".join(lines), text=True, check=True)

    def close(self):
        os.close(self._descriptor)

    def __enter__(self):
        self._way_back.append(self._of_this_thread())
        self._go_to(self._descriptor)
        return self

    def __exit__(self, *_):
        back = self._way_back.pop()
        self._go_to(back)
        os.close(back)


def listener(address, port=8000):
    """Another program's socket; with SO_REUSEADDR, as most servers open theirs."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen()
    return s


def small_disk(directory, megabytes, files):
    """A file system of its own at `directory`: so many MiB, so many files."""
    directory.mkdir(mode=0o711, exist_ok=True)
    options = f"size={megabytes}m,nr_inodes={files},mode=711"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(directory)], check=True)
