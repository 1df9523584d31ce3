# SPDX-License-Identifier: Apache-2.0
"""A virtual machine: its XML and its life, step after step, each after its delay or when it is pushed."""

import asyncio
import time

from .pool import Object
from .states import (ACTIVE, DONE, FAILURES, HOLD, LCM, NUMBER, PENDING, POWEROFF, RUNNING, STATES, STOPPED, SUSPENDED,
                     UNDEPLOYED, UNKNOWN)

# A host that is full is looked at again after this.
FULL_HOST_RETRY = 0.2

# failed step -> (state that its failure leaves, what the driver calls the step)
FAILS_TO = {"prolog": ("PROLOG_FAILURE", "PROLOG"), "boot": ("BOOT_FAILURE", "DEPLOY"),
            "boot_undeploy": ("BOOT_UNDEPLOY_FAILURE", "DEPLOY"), "boot_stopped": ("BOOT_STOPPED_FAILURE", "RESTORE"),
            "epilog": ("EPILOG_FAILURE", "EPILOG")}


class VirtualMachine(Object):
    kind, auth_kind = "virtual machine", "VM"

    def __init__(self, world, vm_id, owner, name, template, user_template):
        super().__init__(vm_id, owner, name)
        self.world, self.template, self.user_template = world, template, user_template
        self.state, self.lcm = PENDING, 0
        self.previous = (PENDING, 0)
        self.resched = 0
        self.created, self.ended = int(time.time()), 0
        self.history = None      # when its stay on the host began: the last of them, of which oned keeps one each
        self.left = 0            # when it ended
        self.sequence = 0
        self.capacity = (0, 0)   # what it holds of the host
        self._next = self._timer = None

    # --- what it looks like ---------------------------------------------------------------------------------------

    def _make_xml(self):
        deploy_id = f"one-{self.id}" if self.history else ""
        return (f"<VM>{self.header_xml()}{self.permissions_xml()}<LAST_POLL>{self.created}</LAST_POLL>"
                f"{self._state_xml()}<RESCHED>{self.resched}</RESCHED><STIME>{self.created}</STIME>"
                f"<ETIME>{self.ended}</ETIME><DEPLOY_ID>{deploy_id}</DEPLOY_ID><MONITORING></MONITORING>"
                f"<SCHED_ACTIONS></SCHED_ACTIONS>{self.template.xml()}{self.user_template.xml('USER_TEMPLATE')}"
                f"{self._history_xml()}<BACKUPS><BACKUP_CONFIG></BACKUP_CONFIG><BACKUP_IDS></BACKUP_IDS></BACKUPS>"
                "</VM>")

    def _state_xml(self):
        return (f"<STATE>{self.state}</STATE><LCM_STATE>{self.lcm}</LCM_STATE>"
                f"<PREV_STATE>{self.previous[0]}</PREV_STATE><PREV_LCM_STATE>{self.previous[1]}</PREV_LCM_STATE>")

    def _history_xml(self):
        if not self.history:
            return "<HISTORY_RECORDS/>"
        begun, ended = self.history, self.left
        return (f"<HISTORY_RECORDS><HISTORY><OID>{self.id}</OID><SEQ>{self.sequence}</SEQ><HOSTNAME>host0</HOSTNAME><HID>0</HID>"
                f"<CID>0</CID><STIME>{begun}</STIME><ETIME>{ended}</ETIME><VM_MAD><![CDATA[dummy]]></VM_MAD>"
                f"<TM_MAD><![CDATA[dummy]]></TM_MAD><DS_ID>0</DS_ID><PSTIME>{begun}</PSTIME><PETIME>{begun}</PETIME>"
                f"<RSTIME>{begun}</RSTIME><RETIME>{ended}</RETIME><ESTIME>{ended}</ESTIME><EETIME>{ended}</EETIME>"
                "<ACTION>0</ACTION><UID>-1</UID><GID>-1</GID><REQUEST_ID>-1</REQUEST_ID></HISTORY></HISTORY_RECORDS>")

    def pool_xml(self):
        """As one.vmpool.info abbreviates it."""
        kept = {name: self.template.items[name] for name in ("CPU", "MEMORY", "DISK", "NIC", "GRAPHICS")
                if name in self.template.items}
        return (f"<VM>{self.header_xml()}<LAST_POLL>{self.created}</LAST_POLL>{self._state_xml()}"
                f"<RESCHED>{self.resched}</RESCHED><STIME>{self.created}</STIME><ETIME>{self.ended}</ETIME>"
                f"<DEPLOY_ID></DEPLOY_ID>{type(self.template)(kept).xml()}<USER_TEMPLATE></USER_TEMPLATE>"
                f"{self._history_xml()}</VM>")

    def state_name(self):
        return LCM[self.lcm] if self.state == ACTIVE else STATES[self.state]

    def ready(self):
        return self.user_template.get("READY").strip() == "YES"

    def set_error(self, text):
        self.user_template.set("ERROR", f"{time.ctime()}: {text}")

    # --- its steps ------------------------------------------------------------------------------------------------

    def put(self, state, lcm=0):
        """Into another state; nothing that was on its way goes on."""
        self.halt()
        if (state, lcm) != (self.state, self.lcm):
            self.previous = (self.state, self.lcm)
        self.state, self.lcm = state, lcm
        if state == DONE and not self.ended:
            self.ended = int(time.time())
        if state in (DONE, POWEROFF, STOPPED, UNDEPLOYED) and not self.left:
            self.left = int(time.time())
        if state in (DONE, STOPPED, UNDEPLOYED):
            self.hold_capacity(False)
        self.changed()
        for listener in self.world.vm_listeners:
            listener(self)

    def halt(self):
        if self._timer:
            self._timer.cancel()
        self._timer = self._next = None

    def later(self, delay, step):
        """step() after the delay of this setting; with None only when somebody pushes."""
        seconds = self.world.settings[delay] if isinstance(delay, str) else delay
        self._next = step
        if seconds is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self.push)

    def push(self):
        """Does the next step now. False when there is none."""
        step = self._next
        self.halt()
        if step is None:
            return False
        step()
        return True

    def _pass(self, lcm_name, delay, then, fails_as=None, on_failure=None):
        """Through an active state: then() at its end, or on_failure(text) if the driver fails."""
        self.put(ACTIVE, NUMBER[lcm_name])

        def end():
            text = self.world.driver_fails(fails_as) if fails_as else None
            if text is not None and on_failure:
                on_failure(text)
            else:
                then()
        self.later(delay, end)

    def _fail(self, step, text):
        state, driver = FAILS_TO[step]
        self.set_error(f"{driver}: {text}")
        self.put(ACTIVE, NUMBER[state])

    def running(self):
        self.put(ACTIVE, RUNNING)

    def begin(self, hold=False):
        if hold:
            self.put(HOLD)
        else:
            self.schedule()

    def schedule(self):
        self.put(PENDING)
        self.later("pending", self._place)

    def _place(self):
        refused = self.hold_capacity(True)
        if refused:
            self.user_template.set("SCHED_MESSAGE", f"{time.ctime()}: Cannot dispatch VM: {refused}")
            self.changed()
            self.later(FULL_HOST_RETRY, self._place)
            return
        if self.user_template.erase("SCHED_MESSAGE"):
            self.changed()
        if self.history is None:
            self.history = int(time.time())
        self.prolog()

    def prolog(self):
        self._pass("PROLOG", "prolog", self.boot, "prolog", lambda text: self._fail("prolog", text))

    def boot(self, lcm_name="BOOT", failed="boot"):
        if self.left:   # back on the host
            self.history, self.left, self.sequence = int(time.time()), 0, self.sequence + 1
        self._pass(lcm_name, "boot", self.running, "boot", lambda text: self._fail(failed, text))

    def shutdown(self):
        """terminate of a machine that runs."""
        def back(text):
            self.set_error(f"SHUTDOWN: {text}")
            self.running()
        self._pass("SHUTDOWN", "shutdown", self.epilog, "terminate", back)

    def epilog(self):
        self._pass("EPILOG", "epilog", self.done, "epilog", lambda text: self._fail("epilog", text))

    def clean_up(self):
        self._pass("CLEANUP_DELETE", "cleanup", self.done)

    def done(self):
        self.put(DONE)

    def power_off(self):
        self._pass("SHUTDOWN_POWEROFF", "poweroff", lambda: self.put(POWEROFF))

    def suspend(self):
        self._pass("SAVE_SUSPEND", "save", lambda: self.put(SUSPENDED))

    def stop(self):
        self._pass("SAVE_STOP", "save", lambda: self._pass("EPILOG_STOP", "epilog", lambda: self.put(STOPPED)))

    def undeploy(self):
        self._pass("SHUTDOWN_UNDEPLOY", "save",
                   lambda: self._pass("EPILOG_UNDEPLOY", "epilog", lambda: self.put(UNDEPLOYED)))

    def resume(self):
        self.boot({POWEROFF: "BOOT_POWEROFF", SUSPENDED: "BOOT_SUSPENDED"}.get(self.state, "BOOT_UNKNOWN"))

    def set_resched(self, wanted):
        self.resched = int(wanted)
        self.changed()
        delay = self.world.settings["migrate"]
        if wanted and delay is not None and self.state == ACTIVE:
            def arrive():
                self.resched = 0
                self.running()
            self.later(delay, lambda: self._pass("MIGRATE", "save", arrive))

    def resize_hot(self, before, apply, revert):
        """apply() is done at once, as oned does it; the old values stand in RESIZE until the driver is through."""
        apply()
        self.template.items["RESIZE"] = [before]
        self.resched = 0

        def end():
            self.template.erase("RESIZE")
            self.running()

        def back(text):
            revert()
            self.set_error(f"RESIZE: {text}")
            end()
        self._pass("HOTPLUG_RESIZE", "resize", end, "resize", back)

    def resize_disk(self, disk, size):
        before, old = (self.state, self.lcm), disk["SIZE"]
        names = {ACTIVE: "DISK_RESIZE", POWEROFF: "DISK_RESIZE_POWEROFF", UNDEPLOYED: "DISK_RESIZE_UNDEPLOYED"}
        disk["SIZE"] = str(size)

        def back(text):
            disk["SIZE"] = old
            self.set_error(f"RESIZE_DISK: {text}")
            self.put(*before)
        self._pass(names[self.state], "disk_resize", lambda: self.put(*before), "disk_resize", back)

    def retry(self):
        """recover 2: the failed driver action once more; whoever has nothing to retry stays as he is."""
        again = {"BOOT_FAILURE": self.boot, "PROLOG_FAILURE": self.prolog, "EPILOG_FAILURE": self.epilog,
                 "BOOT_UNDEPLOY_FAILURE": lambda: self.boot("BOOT_UNDEPLOY", "boot_undeploy"),
                 "BOOT_STOPPED_FAILURE": lambda: self.boot("BOOT_STOPPED", "boot_stopped"),
                 "BOOT": self.boot}.get(LCM[self.lcm])
        if again:
            again()

    def recover(self, success):
        """recover 1 and 0: as if the driver had answered so."""
        if self.lcm in FAILURES and success:
            name = LCM[self.lcm]
            {"PROLOG_FAILURE": self.boot, "EPILOG_FAILURE": self.done}.get(name, self.running)()
        elif self._next and success:
            self.push()
        elif self.lcm == NUMBER["BOOT"]:
            self._fail("boot", "recovered as a failure")
        elif self.lcm == NUMBER["PROLOG"]:
            self._fail("prolog", "recovered as a failure")

    # --- the host -------------------------------------------------------------------------------------------------

    def wanted_capacity(self):
        """(hundredths of a core, KB)"""
        return int(float(self.template.get("CPU", "0")) * 100), int(self.template.get("MEMORY", "0")) * 1024

    def hold_capacity(self, wanted):
        """Takes from the host what the template says, or gives it back. The sentence why not, or None."""
        world = self.world
        world.running_cpu -= self.capacity[0]
        world.running_memory -= self.capacity[1]
        held, self.capacity = self.capacity, (0, 0)
        if not wanted:
            return None
        cpu, memory = self.wanted_capacity()
        free_cpu = world.settings["host_cpu"] - world.running_cpu
        free_memory = world.settings["host_memory"] - world.running_memory
        refused = None
        if cpu > free_cpu:
            refused = f"Not enough CPU: {cpu}/{free_cpu}"
        elif memory > free_memory:
            refused = f"Not enough memory: {memory}/{free_memory}"
        self.capacity = held if refused else (cpu, memory)
        world.running_cpu += self.capacity[0]
        world.running_memory += self.capacity[1]
        return refused

    @property
    def is_running(self):
        return self.state == ACTIVE and self.lcm == RUNNING

    @property
    def is_up(self):
        return self.state == ACTIVE and self.lcm in (RUNNING, UNKNOWN)
