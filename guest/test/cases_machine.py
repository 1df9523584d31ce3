# SPDX-License-Identifier: Apache-2.0
"""The machine changes under the guest: memory, processors, disk, power."""

import base64
import time

from cases_boot import check
from machine import Machine, wait_for

MIB = 1 << 20


def the_balloon_shows_exactly_the_memory_asked_for(image):
    with Machine(image, memory=256).boot() as vm:
        check(vm.status()["memory_mib"] == 256, str(vm.status()))
        for wanted in (133, 197, 256):
            vm.qmp.command("balloon", value=wanted * MIB)
            wait_for(f"{wanted} MiB", lambda: vm.status()["memory_mib"] == wanted)
            check(vm.qmp.command("query-balloon")["actual"] == wanted * MIB, "balloon")


def the_guest_brings_hot_added_processors_and_memory_on_line(image):
    with Machine(image).boot() as vm:
        slots = vm.qmp.command("query-hotpluggable-cpus")
        free = sorted((slot for slot in slots if "qom-path" not in slot), key=lambda slot: slot["props"]["core-id"])
        began = time.monotonic()
        for number, slot in enumerate(free[:2]):
            vm.qmp.command("device_add", driver=slot["type"], id=f"cpu{number + 1}", **slot["props"])
        wait_for("3 processors", lambda: vm.status()["cpus"] == 3)
        vm.qmp.command("object-add", **{"qom-type": "memory-backend-memfd", "id": "mem1", "size": 128 * MIB})
        vm.qmp.command("device_add", driver="pc-dimm", id="dimm1", memdev="mem1")
        wait_for("256 MiB", lambda: vm.status()["memory_mib"] == 256)
        print(f"      on line after {time.monotonic() - began:.1f} s", flush=True)
        wait_for("usable memory", lambda: vm.status()["memory_usable_mib"] > 200)


def the_guest_sees_its_disk_grow_and_grows_its_file_system(image):
    with Machine(image, disk="100M", context={"ROLE": "DAAS"}).boot() as vm:
        before = vm.status()
        check(before["disk_mib"] == 100, str(before))
        vm.qmp.command("block_resize", **{"node-name": "d0", "size": 600 * MIB})
        wait_for("600 MiB", lambda: vm.status()["disk_mib"] == 600)
        wait_for("the file system", lambda: vm.status()["disk_free_mib"] > before["disk_free_mib"] + 400)
        check(vm.http("PUT", "/objects/big", b"x" * (120 * MIB // 4), seconds=60)[0] == 201, "PUT after growing")


def the_power_button_stops_the_guest_in_order(image):
    with Machine(image).boot() as vm:
        wait_for("the shell", lambda: "built-in shell" in vm.serial_log())
        time.sleep(1)  # the button's driver is loaded last; the host repeats the press, this test wants to see one
        vm.qmp.command("system_powerdown")
        began = time.monotonic()
        vm.frames.wait("stopping", 10)
        check(vm.qmp.wait_event("SHUTDOWN", 20)["data"]["reason"] == "guest-shutdown", "reason")
        print(f"      {time.monotonic() - began:.2f} s from the button to SHUTDOWN", flush=True)
        check(vm.qmp.command("query-status")["status"] == "shutdown", "status")


def the_guest_reboots_from_its_shell_and_keeps_its_objects(image):
    script = base64.b64encode(b"#!/bin/sh\necho the owner speaks\n").decode()
    with Machine(image, context={"ROLE": "DAAS", "USER_DATA": script}).boot() as vm:
        wait_for("the script", lambda: "the owner speaks" in vm.serial_log())
        boot_id = vm.status()["boot_id"]
        check(vm.http("PUT", "/objects/kept", b"over a reboot")[0] == 201, "PUT")
        wait_for("the shell", lambda: "~# " in vm.serial_log())
        vm.type_lines(["reboot"], "rebooting")
        vm.frames.wait("rebooting", 10)
        check(vm.qmp.wait_event("RESET", 20)["data"]["guest"], "RESET")
        vm.frames.wait("ready", 90)
        check(vm.status()["boot_id"] != boot_id, "boot_id")
        check(vm.http("GET", "/objects/kept")[1] == b"over a reboot", "the object")
        wait_for("the script, at each boot", lambda: vm.serial_log().count("the owner speaks") == 2)


def the_guest_recovers_from_being_killed(image):
    with Machine(image, context={"ROLE": "DAAS"}).boot() as vm:
        for number in range(20):
            check(vm.http("PUT", f"/objects/n{number}", str(number).encode() * 1000)[0] == 201, "PUT")
        vm.process.kill()
        vm.process.wait(20)
        vm.boot()
        for number in range(20):
            check(vm.http("GET", f"/objects/n{number}")[1] == str(number).encode() * 1000, "acknowledged, so kept")


def the_guest_lives_in_little_memory(image):
    with Machine(image, memory=96).boot() as vm:
        check(vm.status()["memory_mib"] == 96, str(vm.status()))
        print(f"      of 96 MiB are free: {vm.status()['memory_available_mib']}", flush=True)


def the_idle_guest_sleeps(image):
    with Machine(image).boot() as vm:
        wait_for("the end of the boot", lambda: "~# " in vm.serial_log())
        vm.frames.close()  # a port without a host is hung up for ever: it must not wake the agent
        time.sleep(3)

        def ticks():
            with open(f"/proc/{vm.process.pid}/stat", encoding="ascii") as stat:
                fields = stat.read().rpartition(")")[2].split()
            return int(fields[11]) + int(fields[12])

        before = ticks()
        time.sleep(10)
        used = ticks() - before
        print(f"      {used * 10} ms of CPU in 10 s", flush=True)
        check(used < 60, f"{used * 10} ms of CPU in 10 s of idleness")


def the_host_learns_of_a_panic(image):
    with Machine(image, append="root=/dev/none") as vm:
        vm.start()
        check(vm.qmp.wait_event("GUEST_PANICKED", 60)["data"]["action"] == "pause", "action")


def the_guest_runs_without_disc_and_context(image):
    with Machine(image, disc=False).boot() as vm:
        check(vm.ready["ip"] == "10.0.2.15", f"DHCP: {vm.ready}")
        check(vm.status()["name"] == "localhost", str(vm.status()))


def the_guest_runs_from_memory_without_a_disk(image):
    with Machine(image) as vm:
        words = vm.arguments.index("-append") + 1
        vm.arguments[words] = vm.arguments[words].replace(" root=/dev/vda", "")
        vm.boot()
        check(vm.status()["name"] == "vm", str(vm.status()))
        wait_for("the shell", lambda: "~# " in vm.serial_log())
        check("rom" in vm.type_lines(["lsblk; echo over $((40+2))"], "over 42"), "lsblk")
