# SPDX-License-Identifier: Apache-2.0
"""What the guest is there for: functions, objects, the link between two machines, snapshots."""

import base64
import json
import os
import shutil
import socket
import threading
import time

from cases_boot import check
from machine import SR_AUTH, Failure, Machine, context_text, make_folder, wait_for

FUNCTION = b"""#!/bin/sh
case $QUERY_STRING in
echo) cat ;;
fail) echo "it went wrong" >&2; exit 3 ;;
who) id -u; id -G; grep Cap /proc/self/status; grep NoNewPrivs /proc/self/status; ls /proc | grep -c '^[0-9]' ;;
hang) sleep 1000 ;;
stray) (sleep 1000 & sleep 1000 & exec sleep 1000) & echo left ;;
flood) yes ;;
count) wc -c ;;
fork) f() { f | f & }; f; sleep 1; echo alive ;;
memory) awk 'BEGIN { s = "x"; while (1) s = s s }' ;;
env) env ;;
slow) sleep 1; echo slow ;;
deaf) echo deaf ;;
esac
"""


def the_function_runs_unprivileged_and_within_limits(image):
    context = {"FUNCTION_TIMEOUT": "100", "FUNCTION_ENV_COLOUR": "it's blue\nand green", "FUNCTION_TYPE": "text/plain"}
    with Machine(image, "fn-f", context=context, function=FUNCTION).boot() as vm:
        def call(what, body=b"", path="/"):
            return vm.http("POST", f"{path}?{what}", body, seconds=120)

        check(vm.http("POST", "/?echo", b"hello")[:2] == (200, b"hello"), "echo")
        check(call("echo", b"hi", "/function")[2]["Content-Type"] == "text/plain", "type")
        big = os.urandom(700_000)
        check(call("echo", big)[1] == big, "a big echo")
        check(call("count", b"z" * 5_000_000)[1].split() == [b"5000000"], "a streamed body")
        check(call("deaf", b"z" * 3_000_000)[:2] == (200, b"deaf\n"), "a function that does not read")
        code, body, _ = call("fail")
        error = json.loads(body)["error"]
        check(code == 500 and error["exit_status"] == 3 and error["stderr"] == "it went wrong\n", str(body))
        check("guest: function: it went wrong" in vm.serial_log(), "stderr in the log")
        who = call("who")[1].decode().split()
        check(who[:2] == ["990", "990"], str(who))
        check(all(int(value, 16) == 0 for name, value in zip(who, who[1:]) if name in ("CapEff:", "CapPrm:")), str(who))
        check(who[who.index("NoNewPrivs:") + 1] == "1" and int(who[-1]) < 8, str(who))
        variables = call("env")[1].decode()
        check("COLOUR=it's blue\nand green\n" in variables and "SR_AUTH" not in variables, variables)
        code, body, _ = call("flood")
        check(code == 500, f"flood: {code} {body[:200]}")
        check(call("stray")[:2] == (200, b"left\n"), "stray processes")
        code, body, _ = call("memory")
        check(code == 500 and json.loads(body)["error"]["exit_status"] == 137, f"all memory: {code} {body}")
        call("fork")
        check(vm.http("GET", "/health")[0] == 200, "health after a fork bomb")
        wait_for("the shell", lambda: "~# " in vm.serial_log())
        left = vm.type_lines(["ps -o user,pid | grep -c '^functio'; echo over $((40+2))"], "over 42")
        check("\n0\n" in left, f"processes are left over: {left}")
        results = []
        threads = [threading.Thread(target=lambda: results.append(call("slow")[0])) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        check(results == [200] * 10, f"ten calls at once: {results}")


def the_function_that_hangs_is_ended(image):
    with Machine(image, "fn-h", context={"FUNCTION_TIMEOUT": "3"}, function=FUNCTION).boot() as vm:
        code, body, _ = vm.http("POST", "/?hang", b"", seconds=60)
        check(code == 504, f"hang: {code} {body[:200]}")
        check(vm.http("GET", "/health")[0] == 200, "health after it")


def the_machine_without_a_function_says_so(image):
    with Machine(image).boot() as vm:
        for path in ("/", "/function"):
            code, body, _ = vm.http("POST", path, b"x" * 1000)
            check(code == 404 and "function" in json.loads(body)["error"]["message"], str(body))
        vm.frames.send("function", b"#!/bin/sh\necho by frame\n")
        wait_for("the function", lambda: vm.http("POST", "/")[:2] == (200, b"by frame\n"))
        vm.frames.send("function", b"")
        wait_for("no function", lambda: vm.http("POST", "/")[0] == 404)


def the_object_store_keeps_objects(image):
    with Machine(image, context={"ROLE": "DAAS", "FLAVOUR": "s3"}, disk="100M").boot() as vm:
        check(vm.status()["role"] == "DAAS", str(vm.status()))
        body = os.urandom(300_000)
        code, answer, headers = vm.http("PUT", "/objects/a/b%20c/%C3%A4.bin", body, {"Content-Type": "image/x"})
        check(code == 201 and json.loads(answer)["key"] == "a/b c/\u00e4.bin", str(answer))
        etag = headers["ETag"]
        code, got, headers = vm.http("GET", "/objects/a/b%20c/%C3%A4.bin")
        check(code == 200 and got == body and headers["ETag"] == etag and headers["Content-Type"] == "image/x", "GET")
        code, got, headers = vm.http("HEAD", "/objects/a/b%20c/%C3%A4.bin")
        check(code == 200 and headers["Content-Length"] == "300000" and got == b"", "HEAD")
        check(vm.http("GET", "/objects/a/b%20c/%C3%A4.bin", headers={"If-None-Match": etag})[0] == 304, "304")
        code, got, headers = vm.http("GET", "/objects/a/b%20c/%C3%A4.bin", headers={"Range": "bytes=10-19"})
        check(code == 206 and got == body[10:20] and headers["Content-Range"] == "bytes 10-19/300000", "range")
        check(vm.http("PUT", "/objects/a", b"both a and a/...")[0] == 201, "a key above another")
        check(vm.http("PUT", "/objects/a", b"again")[0] == 200, "replaced")
        check(vm.http("PUT", "/objects/a", b"no", {"If-None-Match": "*"})[0] == 412, "only new")
        check(vm.http("PUT", "/objects/chunks", iter([b"one ", b"two"]))[0] == 201,
              "chunked")
        check(vm.http("GET", "/objects/chunks")[1] == b"one two", "chunked content")
        for key in ("", "%00", "a//b", "../x", "a/./b", "%ff", "x" * 2000, "a%0ab"):
            code = vm.http("PUT", "/objects/" + key, b"x")[0]
            check(400 <= code < 500, f"key {key[:20]!r}: {code}")
        keys = [f"n/{number:03}" for number in range(57)] + ["n-1", "n0", "n/", "n/a/b"]
        keys.remove("n/")
        for key in keys:
            check(vm.http("PUT", "/objects/" + key, key.encode())[0] == 201, key)
        seen, marker = [], ""
        while marker is not None:
            page = json.loads(vm.http("GET", f"/objects?prefix=n&limit=10&marker={marker}")[1])
            seen += [entry["key"] for entry in page["objects"]]
            marker = page["next"]
        check(seen == sorted(keys), f"listed {seen}")
        check(json.loads(vm.http("GET", "/objects?prefix=n/a")[1])["objects"][0]["key"] == "n/a/b", "prefix")
        check(vm.http("GET", "/objects?limit=0")[0] == 400, "limit")
        check(vm.http("DELETE", "/objects/n/a/b")[0] == 204 and vm.http("DELETE", "/objects/n/a/b")[0] == 404, "DELETE")
        check(vm.http("GET", "/objects/n/a/b")[0] == 404, "gone")
        check(vm.http("PUT", "/objects/huge", headers={"Content-Length": "400000000"})[0] == 507, "a full disk")
        filler = b"f" * (20 << 20)
        codes = [vm.http("PUT", f"/objects/fill{n}", iter([filler]), None, 60)[0]
                 for n in range(6)]
        check(codes[0] == 201 and codes[-1] == 507, f"filling the disk: {codes}")
        check(vm.http("GET", "/objects/a")[1] == b"again" and vm.http("GET", "/health")[0] == 200, "full but alive")
        check(vm.http("DELETE", "/objects/fill0")[0] == 204, "delete on a full disk")
        check(vm.http("PUT", "/objects/fits", b"again")[0] == 201, "room again")
        half = socket.create_connection(("127.0.0.1", vm.port), 10)
        half.sendall(b"PUT /objects/half HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nonly this")
        half.close()
        check(vm.http("GET", "/objects/half")[0] == 404, "half an upload")


def the_function_machine_reaches_its_data_machine(image):
    folder = make_folder("nephele-guest-link-")
    function = b"#!/bin/sh\nprintf 'PUT /objects/made HTTP/1.1\\r\\nHost: d\\r\\nContent-Length: 9\\r\\n" \
               b"Connection: close\\r\\n\\r\\nby a func' | nc $PEER_IP 8000\n"
    ends = [os.path.join(folder, "a"), os.path.join(folder, "b")]
    try:
        data_context = {"ROLE": "DAAS", "ETH1_MAC": "52:54:00:00:01:02", "ETH1_IP": "192.168.77.2",
                        "ETH1_MASK": "255.255.255.0"}
        function_context = {"ETH1_MAC": "52:54:00:00:01:01", "ETH1_IP": "192.168.77.1", "PEER_IP": "192.168.77.2",
                            "ETH1_MASK": "255.255.255.0"}
        with Machine(image, "data", context=data_context, link=(ends[1], ends[0], "52:54:00:00:01:02")) as data, \
                Machine(image, "fn", context=function_context, function=function,
                        link=(ends[0], ends[1], "52:54:00:00:01:01")) as vm:
            vm.boot()
            code, _, _ = vm.http("GET", "/peer")
            check(code in (502, 504), f"without a peer: {code}")
            data.boot()
            code, body, _ = wait_for("the peer", lambda: (lambda got: got[0] == 200 and got)(vm.http("GET", "/peer")))
            answer = json.loads(body)
            check(answer["ready"] and json.loads(answer["answer"]) == {"status": "ready"}, str(answer))
            code, body, _ = vm.http("POST", "/")
            check(code == 200 and b"201 Created" in body, str(body))
            check(data.http("GET", "/objects/made")[1] == b"by a func", "the object")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def the_context_can_come_through_the_control_port(image):
    with Machine(image, append="nephele.wait_context", context={"SET_HOSTNAME": "from-disc"}) as vm:
        vm.start()
        wait_for("WAITING", lambda: "guest: WAITING" in vm.serial_log(), 90)
        vm.frames.send("query")
        check(vm.frames.receive(10) == ("booting", b""), "booting")
        context = dict(vm.context, SET_HOSTNAME="from-port", PORTS="8000 8080", USER_DATA=user_data("from the port"))
        vm.frames.send("time", b"1893456000.5")
        vm.frames.send("context", context_text(context).encode())
        ready = json.loads(vm.frames.wait("ready", 10))
        check(ready["ports"] == [8000, 8080], str(ready))
        status = vm.status()
        check(status["name"] == "from-port" and "SR_AUTH" not in str(status), str(status))
        check("2030" in vm.http("GET", "/")[2]["Date"], "the clock")
        wait_for("the shell", lambda: "~# " in vm.serial_log())
        wait_for("the script", lambda: "this is from the port" in vm.serial_log())
        log = vm.serial_log()
        check(log.index("guest: READY") < log.index("this is from the port"), "the script ran before the machine was ready")
        kept = vm.type_lines(["cat /run/nephele/context; echo over $((40+2))"], "over 42")
        check(SR_AUTH not in kept, "the credentials were kept")
        vm.type_lines(["kill -9 $(pidof nephele-agent)"], "nephele-agent")
        vm.frames.wait("ready", 20)
        check(vm.status()["name"] == "from-port", "the context over a crash of the agent")
        vm.frames.send("context", context_text(dict(context, USER_DATA=user_data("another one"))).encode())
        vm.frames.wait("ready", 10)
        ran = vm.type_lines(["cat /root/ran; echo over $((40+4))"], "over 44")
        check("\nthis is from the port\nover 44" in ran, f"not one script in one boot: {ran}")


def user_data(text):
    return base64.b64encode(f"#!/bin/sh\necho this is {text} | tee -a /root/ran\n".encode()).decode()


def the_clones_of_one_snapshot_part(image):
    """Two machines restored from one state: with an entropy frame each, their random numbers differ."""
    script = b"#!/bin/sh\nhead -c 32 /dev/urandom | od -An -tx1 | tr -d ' \\n'\n"
    folder = make_folder("nephele-guest-clone-")
    try:
        with Machine(image, "template", append="nephele.wait_context") as template:
            template.start()
            wait_for("WAITING", lambda: "guest: WAITING" in template.serial_log(), 90)
            time.sleep(1)
            template.qmp.command("stop")
            state = os.path.join(folder, "state")
            descriptor = os.open(state, os.O_RDWR | os.O_CREAT, 0o644)
            pass_descriptor(template, descriptor)
            template.qmp.command("migrate", uri="fd:state")
            wait_for("the snapshot", lambda: template.qmp.command("query-migrate").get("status") == "completed")
            os.close(descriptor)
            arguments = template.arguments
            disk = os.path.join(folder, "disk.qcow2")
            shutil.copy(template.path("disk.qcow2"), disk)
        numbers = [clone(image, arguments, state, disk, script, seed) for seed in (b"1" * 64, b"2" * 64)]
        check(len(numbers[0]) == 64 and numbers[0] != numbers[1], f"the same randomness: {numbers}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def pass_descriptor(vm, descriptor):
    socket.send_fds(vm.qmp.socket, [b'{"execute":"getfd","arguments":{"fdname":"state"}}\n'], [descriptor])
    while "return" not in (answer := vm.qmp.read()):
        if "error" in answer:
            raise Failure(str(answer))


def clone(image, arguments, state, disk, script, seed):
    with Machine(image, "clone", append="nephele.wait_context") as vm:
        shutil.copy(disk, vm.path("disk.qcow2"))
        if os.geteuid() == 0:
            os.chown(vm.path("disk.qcow2"), 65534, 65534)
        vm.arguments = arguments + ["-incoming", "defer"]
        vm.start()
        descriptor = os.open(state, os.O_RDONLY)
        pass_descriptor(vm, descriptor)
        vm.qmp.command("migrate-incoming", uri="fd:state")
        wait_for("the restore", lambda: vm.qmp.command("query-status")["status"] in ("paused", "running", "postmigrate"))
        os.close(descriptor)
        vm.qmp.command("cont")
        vm.frames.send("entropy", seed)
        vm.frames.send("function", script)
        vm.frames.send("context", context_text(vm.context).encode())
        wait_for("ready", lambda: said_ready(vm), 30)
        return vm.http("POST", "/")[1].decode()


def said_ready(vm):
    """The first bytes may meet a driver that does not know its host yet: the host repeats."""
    vm.frames.send("query")
    try:
        return vm.frames.wait("ready", 0.5) is not None
    except Failure:
        return False
