# SPDX-License-Identifier: Apache-2.0
"""Boot, READY, the console of the user guide, and what must never leave the machine."""

import json
import os
import socket
import subprocess
import time

from machine import SECRET, SR_AUTH, Failure, Machine, wait_for


def check(condition, text):
    if not condition:
        raise Failure(text)


def the_accelerator_probe_passes_under_emulation(image):
    done = subprocess.run(
        ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "microvm,acpi=off,isa-serial=on",
         "-accel", "tcg", "-m", "32", "-bios", os.path.join(image, "accel-probe.bin"), "-display", "none", "-serial",
         "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=30, check=False)
    check(done.returncode == 85 and done.stdout.startswith(b"RPLU"), f"{done.returncode} {done.stdout!r}")


def the_machine_says_ready_and_who_it_is(image):
    with Machine(image, "fn-1", context={"FLAVOUR": "nature", "NAME": "x"}).boot() as vm:
        check(vm.ready["ports"] == [8000] and vm.ready["ip"] == "10.0.2.15", f"ready: {vm.ready}")
        print(f"      ready at uptime {vm.ready['uptime']} s", flush=True)
        status = vm.status()
        check(status["name"] == "fn-1" and status["flavour"] == "nature" and status["role"] == "FAAS", str(status))
        check(status["memory_mib"] == 128 and status["cpus"] == 1 and status["disk_mib"] == 1024, str(status))
        check(status["boot_id"] == vm.ready["boot_id"] and status["disk_free_mib"] > 900, str(status))
        check(vm.http("GET", "/health")[:2] == (200, b'{"status":"ready"}\n'), "health")
        check("guest: READY port=8000 ip=10.0.2.15" in vm.serial_log(), "READY on the console")
        for _ in range(3):  # whoever comes to the control port is answered
            vm.reconnect()
            vm.frames.send("query")
            check(json.loads(vm.frames.wait("ready", 5))["boot_id"] == status["boot_id"], "query")


def the_transcript_of_the_user_guide_works_as_typed(image):
    with Machine(image, "localhost", disk="200M").boot() as vm:
        wait_for("a shell prompt", lambda: "localhost:~# " in vm.serial_log())
        seen = vm.type_lines([
            "lsblk", "mount /dev/sr0 /mnt/; echo mounted $?",
            "cat /mnt/context.sh | grep SR_AUTH | cut -d \"'\" -f 2 | base64 -d",
            "umount /mnt; echo over $((40+2))"], "over 42")
        check("NAME MAJ:MIN RM  SIZE RO TYPE MOUNTPOINTS" in seen, seen)
        rows = {line.split()[0]: line.split() for line in seen.splitlines() if line.split()}
        check(rows["sr0"][1:3] == ["11:0", "1"] and rows["sr0"][5] == "rom", seen)
        check(rows["vda"][3] == "200M" and rows["vda"][5:] == ["disk", "/"], seen)
        check("mounted 0" in seen, seen)
        check(SECRET + "localhost:~#" in seen, seen)
        vm.qmp.command("blockdev-open-tray", id="cdrom0")  # refused when the guest still held the medium


def the_machine_never_gives_credentials_to_the_network(image):
    context = {"FLAVOUR": "nature", "PRIVATE_TOKEN": "do-not-tell", "PEER_IP": "127.0.0.1"}
    function = b"#!/bin/sh\nenv; cat /proc/*/environ /run/nephele/* /dev/sr0 /dev/vport* /mnt/* 2>&1; set\n" \
               b"find / -xdev -type f -readable 2>/dev/null | xargs grep -l -e opennebula -e b25lYWRtaW4 2>/dev/null\n"
    with Machine(image, "fn-secret", context=context, function=function).boot() as vm:
        seen = b""
        paths = ["/", "/health", "/peer", "/function", "/objects", "/objects/a", "/context.sh", "/context", "/sr0",
                 "/..%2f..%2frun/nephele/context", "/../../run/nephele/context", "//run/nephele/context", "/?x=1",
                 "/proc/self/environ", "/mnt/context.sh", "/metrics", "/function/context.sh", "*"]
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
            for path in paths:
                _, body, headers = vm.http(method, path)
                seen += body + str(headers).encode()
        for word in (SR_AUTH, SECRET, "opennebula", "do-not-tell"):
            check(word.encode() not in seen, f"{word} left the machine")


def the_http_server_takes_anything(image):
    junk = [b"\r\n\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 4096, b"A" * 20000,
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 3000 + b"\r\n", b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
            b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"]
    with Machine(image).boot() as vm:
        slow = []
        for _ in range(100):  # clients that never finish their request
            client = socket.create_connection(("127.0.0.1", vm.port), 10)
            client.sendall(b"GET / HT")
            slow.append(client)
        for data in junk:
            client = socket.create_connection(("127.0.0.1", vm.port), 10)
            client.settimeout(20)
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                got = b""
                while piece := client.recv(65536):
                    got += piece
                codes = [line for line in got.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
                check(all(b" 4" in code[:11] or b" 5" in code[:11] and b" 50" in code[:12] for code in codes),
                      f"{data[:30]!r}: {codes}")
            except (ConnectionResetError, BrokenPipeError):
                pass
            finally:
                client.close()
        pipelined = socket.create_connection(("127.0.0.1", vm.port), 10)
        pipelined.sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n" * 20)
        pipelined.settimeout(10)
        got = b""
        while got.count(b'{"status":"ready"}') < 20:
            piece = pipelined.recv(65536)
            check(piece, "a pipelined answer is missing")
            got += piece
        pipelined.close()
        wait_for("slow clients are let go", lambda: all(closed(client) for client in slow), 30, 0.5)
        check(vm.http("GET", "/health")[0] == 200, "health after all that")


def closed(client):
    client.settimeout(0.01)
    try:
        while client.recv(4096):
            pass
        return True
    except (socket.timeout, BlockingIOError):
        return False
    except OSError:
        return True


def the_control_port_takes_torn_and_foreign_frames(image):
    with Machine(image).boot() as vm:
        frames = vm.frames
        frames.socket.sendall(b"nonsense without a length\n\n\nunknown 5\nhelloquery 0\n")
        frames.wait("ready", 5)
        frames.socket.sendall(b"context 999999999999\nquery 99999999999\n\xff\xfe" + b"x" * 300 + b"\nquery 0\n")
        frames.wait("ready", 5)
        frames.socket.sendall(b"context 400000\n" + b"x" * 400000 + b"query 0\n")  # longer than a context may be
        frames.wait("ready", 10)
        frames.socket.sendall(b"context 1000\nSET_HOSTNAME='torn")
        vm.reconnect()
        time.sleep(0.3)
        vm.frames.send("query")
        try:
            vm.frames.wait("ready", 1)
        except Failure:  # taken for the rest of the torn frame: the host repeats, the guest gives the rest up
            time.sleep(2.2)
            vm.frames.send("query")
            vm.frames.wait("ready", 5)
        for part in (b"que", b"ry ", b"0", b"\n"):
            vm.frames.socket.sendall(part)
            time.sleep(0.1)
        vm.frames.wait("ready", 5)
        check(vm.status()["name"] == "vm", "a torn context was used")
