# SPDX-License-Identifier: Apache-2.0
"""One virtual machine under test: QEMU with the command line that guest/README.md fixes, and all its sockets."""

import base64
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time

from iso9660 import write_iso

SECRET = "oneadmin:opennebula"
SR_AUTH = base64.b64encode(SECRET.encode()).decode()
NOBODY = 65534


class Failure(Exception):
    pass


def wait_for(what, probe, seconds=30.0, pause=0.05):
    """The first true value of `probe`, asked again and again until `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause)


def context_text(variables):
    lines = ["# Context variables"]
    for key, value in variables.items():
        lines.append(key + "='" + value.replace("'", "'\\''") + "'")
    return "\n".join(lines) + "\n"


def make_folder(prefix):
    folder = tempfile.mkdtemp(prefix=prefix)
    if os.geteuid() == 0:
        os.chown(folder, NOBODY, NOBODY)
    return folder


class Lines:
    """A QMP monitor."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""
        self.events = []
        self.read()
        self.command("qmp_capabilities")

    def read(self, seconds=20.0):
        self.socket.settimeout(seconds)
        while b"\n" not in self.buffer:
            got = self.socket.recv(65536)
            if not got:
                raise Failure("QEMU has closed its monitor")
            self.buffer += got
        line, _, self.buffer = self.buffer.partition(b"\n")
        return json.loads(line)

    def command(self, name, **arguments):
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self.read()
            if "event" in answer:
                self.events.append(answer)
            elif "error" in answer:
                raise Failure(f"{name}: {answer['error']['desc']}")
            else:
                return answer["return"]

    def wait_event(self, name, seconds=30.0):
        deadline = time.monotonic() + seconds
        while True:
            for event in self.events:
                if event["event"] == name:
                    self.events.remove(event)
                    return event
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure(f"no event {name} within {seconds:.0f} s")
            try:
                answer = self.read(left)
            except socket.timeout:
                continue
            if "event" in answer:
                self.events.append(answer)


class Frames:
    """The host's end of the control port."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, kind, payload=b""):
        self.socket.sendall(f"{kind} {len(payload)}\n".encode() + payload)

    def receive(self, seconds=30.0):
        deadline = time.monotonic() + seconds
        while True:
            head = re.match(rb"([a-z_-]+) (\d+)\n", self.buffer)
            if head and len(self.buffer) >= head.end() + int(head[2]):
                payload = self.buffer[head.end():head.end() + int(head[2])]
                self.buffer = self.buffer[head.end() + len(payload):]
                return head[1].decode(), payload
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failure(f"no frame within {seconds:.0f} s")
            self.socket.settimeout(left)
            try:
                got = self.socket.recv(65536)
            except socket.timeout:
                continue
            if not got:
                raise Failure("QEMU has closed the control port")
            self.buffer += got

    def wait(self, kind, seconds=30.0):
        deadline = time.monotonic() + seconds
        while True:
            got, payload = self.receive(max(0.1, deadline - time.monotonic()))
            if got == kind:
                return payload

    def close(self):
        self.socket.close()


class Machine:
    def __init__(self, image, name="vm", memory=128, context=None, function=None, disc=True, append="", disk="1G",
                 link=None, folder=None):
        self.image = image
        self.name = name
        self.folder = folder or make_folder("nephele-guest-test-")
        self.own_folder = folder is None
        self.process = None
        self.frames = None
        variables = {"SR_AUTH": SR_AUTH, "SET_HOSTNAME": name, "ETH0_IP": "10.0.2.15", "ETH0_MASK": "255.255.255.0",
                     "ETH0_MAC": "52:54:00:00:00:01"}
        variables.update(context or {})
        self.context = {key: value for key, value in variables.items() if value is not None}
        if disc:
            files = {"context.sh": context_text(self.context).encode()}
            if function is not None:
                files["function"] = function
            write_iso(self.path("context.iso"), "CONTEXT", files)
        if not os.path.exists(self.path("disk.qcow2")):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", os.path.join(image, "root.qcow2"), "-F",
                            "qcow2", self.path("disk.qcow2"), disk], check=True, timeout=60)
        if os.geteuid() == 0:
            for entry in os.listdir(self.folder):
                os.chown(self.path(entry), NOBODY, NOBODY)
        self.arguments = self._arguments(memory, disc, append, link)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _arguments(self, memory, disc, append, link):
        with open(os.path.join(self.image, "cmdline"), encoding="ascii") as text:
            words = text.read().strip()
        disc_node = ["-blockdev", "node-name=cd0,driver=raw,read-only=on,file.driver=file,file.filename=context.iso"]
        arguments = [
            "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-name", f"guest={self.name}",
            "-machine", "q35,memory-backend=ram0,vmport=off,dump-guest-core=off", "-accel", "tcg,tb-size=64",
            "-cpu", "qemu64", "-smp", "1,maxcpus=4", "-m", f"{memory},slots=4,maxmem=1G",
            "-object", f"memory-backend-memfd,id=ram0,size={memory}M,prealloc=off,share=on",
            "-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
            "-no-shutdown", "-action", "panic=pause", "-pidfile", "pid", "-qmp", "unix:qmp,server=on,wait=off",
            "-chardev", "socket,id=ser,path=console,server=on,wait=off,logfile=serial.log,logappend=on",
            "-serial", "chardev:ser", "-kernel", os.path.join(self.image, "vmlinux"),
            "-initrd", os.path.join(self.image, "initrd.img"), "-append", f"{words} root=/dev/vda {append}".strip(),
            "-blockdev", "node-name=d0,driver=qcow2,discard=unmap,file.driver=file,file.filename=disk.qcow2",
            "-device", "virtio-blk-pci,drive=d0,id=vd0,serial=root,werror=stop,rerror=report",
            *(disc_node if disc else []), "-device", "virtio-scsi-pci,id=scsi0",
            "-device", "scsi-cd,bus=scsi0.0,id=cdrom0" + (",drive=cd0" if disc else ""),
            "-netdev", "user,id=n0,ipv6=off,restrict=on,hostfwd=tcp:127.0.0.1:0-:8000",
            "-device", "virtio-net-pci,netdev=n0,id=net0,mac=52:54:00:00:00:01,romfile=",
            "-device", "virtio-serial-pci,id=vs0", "-chardev", "socket,id=ctl,path=ctl,server=on,wait=off",
            "-device", "virtserialport,chardev=ctl,name=nephele.0", "-device", "virtio-rng-pci",
            "-device", "virtio-balloon-pci,id=bal0,free-page-reporting=on", "-device", "pvpanic-pci",
            "-device", "pcie-root-port,id=rp0,chassis=1", "-device", "pcie-root-port,id=rp1,chassis=2",
        ]
        if link:
            mine, theirs, mac = link
            arguments += ["-netdev", f"dgram,id=n1,local.type=unix,local.path={mine},"
                          f"remote.type=unix,remote.path={theirs}",
                          "-device", f"virtio-net-pci,netdev=n1,id=net1,mac={mac},romfile="]
        return arguments

    def start(self):
        extra = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        with open(self.path("qemu.err"), "wb") as errors:
            self.process = subprocess.Popen(self.arguments, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True, **extra)

        def connected():
            if self.process.poll() is not None:
                with open(self.path("qemu.err"), encoding="utf8") as errors:
                    raise Failure("QEMU has ended: " + errors.read())
            try:
                return Lines(self.path("qmp"))
            except (FileNotFoundError, ConnectionRefusedError):
                return None

        self.qmp = wait_for("QEMU's monitor", connected)
        table = self.qmp.command("human-monitor-command", **{"command-line": "info usernet"})
        self.port = int(re.search(r"TCP\[HOST_FORWARD\]\s+\d+\s+127\.0\.0\.1\s+(\d+)", table)[1])
        self.frames = Frames(self.path("ctl"))
        return self

    def boot(self, seconds=90.0):
        self.start()
        self.ready = json.loads(self.frames.wait("ready", seconds))
        return self

    def reconnect(self):
        self.frames.close()
        self.frames = Frames(self.path("ctl"))

    def http(self, method, path, body=None, headers=None, seconds=30.0):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            try:
                connection.request(method, path, body=body, headers=headers or {})
            except (BrokenPipeError, ConnectionResetError):
                pass  # the machine has answered before the end of the body
            response = connection.getresponse()
            return response.status, response.read(), dict(response.getheaders())
        finally:
            connection.close()

    def status(self):
        code, body, _ = self.http("GET", "/")
        if code != 200:
            raise Failure(f"GET / says {code}")
        return json.loads(body)

    def serial_log(self):
        with open(self.path("serial.log"), "rb") as log:
            return log.read().decode(errors="replace")

    def type_lines(self, lines, until, seconds=30.0):
        """Types on the serial console and returns what came back up to `until`."""
        console = socket.socket(socket.AF_UNIX)
        console.connect(self.path("console"))
        console.settimeout(1)
        seen = b""
        try:
            for line in lines:
                console.sendall(line.encode() + b"\n")
            deadline = time.monotonic() + seconds
            while until.encode() not in seen:
                if time.monotonic() > deadline:
                    raise Failure(f"the console did not show {until!r}, but {seen.decode(errors='replace')!r}")
                try:
                    seen += console.recv(65536)
                except socket.timeout:
                    continue
        finally:
            console.close()
        return seen.decode(errors="replace").replace("\r", "")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(20)
        if self.own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
