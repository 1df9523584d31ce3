# SPDX-License-Identifier: Apache-2.0
"""A OneFlow service and its life: deploying role by role, watched while it runs, undeployed at the end."""

import asyncio
import contextlib
import json
import re
import time

from . import documents, flow_role
from .states import ACTIVE, DONE, FAILURES, POWEROFF, STOPPED, SUSPENDED, UNDEPLOYED, UNKNOWN
from .template import Template

STATES = ("PENDING DEPLOYING RUNNING UNDEPLOYING WARNING DONE FAILED_UNDEPLOYING FAILED_DEPLOYING SCALING "
          "FAILED_SCALING COOLDOWN DEPLOYING_NETS UNDEPLOYING_NETS FAILED_DEPLOYING_NETS FAILED_UNDEPLOYING_NETS "
          "HOLD").split()
STATE = {name: number for number, name in enumerate(STATES)}
TRANSIENT = {"DEPLOYING", "UNDEPLOYING", "SCALING", "COOLDOWN", "DEPLOYING_NETS", "UNDEPLOYING_NETS"}
GONE_STATES = (STOPPED, SUSPENDED, POWEROFF, UNDEPLOYED)
MAX_LOG = 50


class FlowError(Exception):
    """The text of an answer 500."""


class Service:
    """Lives beside its document (type 100), whose BODY it rewrites after every change."""

    def __init__(self, world, document, body, owner):
        self.world, self.document, self.body, self.owner = world, document, body, owner
        self.waits = {}        # role name -> (kind, machines that are waited for)
        self.watched = False
        self.timer = self.next = None
        for role in body["roles"]:
            role.setdefault("state", STATE["PENDING"])
        body["start_time"] = int(time.time())

    # --- small things ---------------------------------------------------------------------------------------------

    @property
    def id(self):
        return self.document.id

    @property
    def state(self):
        return STATES[self.body["state"]]

    def log(self, severity, message):
        self.body.setdefault("log", []).append({"timestamp": int(time.time()), "severity": severity,
                                                "message": message})
        self.body["log"] = self.body["log"][-MAX_LOG:]

    def set_state(self, name):
        self.body["state"] = STATE[name]
        self.log("I", f"New state: {name}")

    def store(self):
        if self.world.documents.get(self.id) is self.document:
            self.document.set_body(json.dumps(self.body, ensure_ascii=False, separators=(",", ":")))

    def gone(self):
        return self.world.documents.get(self.id) is not self.document

    def role(self, name):
        return next((role for role in self.body["roles"] if role["name"] == name), None)

    def in_state(self, *names):
        return [role for role in self.body["roles"] if STATES[role["state"]] in names]

    def all_in(self, name):
        return len(self.in_state(name)) == len(self.body["roles"])

    def _later(self, seconds, what):
        """what() after a time, with None when somebody pushes."""
        if self.timer:
            self.timer.cancel()
        self.next = what
        self.timer = asyncio.get_running_loop().call_later(seconds, self.push) if seconds is not None else None

    def push(self):
        """Does now what is waited for. False when that is nothing."""
        if self.timer:
            self.timer.cancel()
        step, self.next, self.timer = self.next, None, None
        if step is None or self.gone():
            return False
        step()
        return True

    def forget(self):
        if self.timer:
            self.timer.cancel()
        self.next = None
        self.waits.clear()
        self.watched = False

    # --- deploying ------------------------------------------------------------------------------------------------

    def begin(self):
        """What happens before and after the 201: the networks (there are none), then the machines."""
        self.prepare()
        delay = self.world.settings["flow_deploy"]
        if delay == 0:
            self.deploy()
        else:
            self._later(delay, self.deploy)

    def prepare(self):
        self.set_state("DEPLOYING_NETS")
        for role in self.body["roles"]:
            role.setdefault("cooldown", self.world.settings["flow_cooldown"])
            role.setdefault("nodes", [])
            role.setdefault("on_hold", False)
        self.store()

    def _ready_to_deploy(self):
        waiting = self.in_state("PENDING")
        if self.body.get("deployment") != "straight":
            return waiting
        running = {role["name"] for role in self.in_state("RUNNING")}
        return [role for role in waiting if running.issuperset(role.get("parents") or [])]

    def deploy(self):
        roles = self._ready_to_deploy()
        if not roles:
            if self.all_in("RUNNING"):
                self.run()
            return
        failed = not self._deploy_roles(roles)
        self.set_state("FAILED_DEPLOYING" if failed else "DEPLOYING")
        self.store()
        self._look_at_waits()

    def _deploy_roles(self, roles):
        for role in roles:
            asked = flow_role.instantiate(self, role)
            if asked is None:
                role["state"] = STATE["FAILED_DEPLOYING"]
                return False
            role["state"] = STATE["DEPLOYING"]
            self._wait("deploy", role, asked)
        return True

    # --- waiting for machines -------------------------------------------------------------------------------------

    def _wait(self, kind, role, machines):
        self.waits[role["name"]] = (kind, set(machines))
        self._later(self.world.settings["flow_wait_timeout"], self._timeout)

    def machine_changed(self, vm):
        if self.gone():
            return
        for name, (kind, machines) in list(self.waits.items()):
            if vm.id in machines:
                self._look_at(name, kind, machines)
        if self.watched and vm.id in self.node_ids():
            self._watch(vm)

    def node_ids(self):
        return {node["deploy_id"] for role in self.body["roles"] for node in role["nodes"]}

    def _look_at_waits(self):
        for name, (kind, machines) in list(self.waits.items()):
            self._look_at(name, kind, machines)

    def _look_at(self, name, kind, machines, with_failures=False):
        """Events tell of the state that is waited for; of failures OneFlow learns only when it looks for them."""
        done_ones = set()
        for vm_id in list(machines):
            vm = self.world.machines[vm_id]
            if vm.state == DONE:
                machines.discard(vm_id)
                done_ones.add(vm_id)
            elif kind == "deploy":
                arrived = vm.ready() if self.body.get("ready_status_gate") else vm.is_running
                if arrived or vm.state in GONE_STATES:
                    machines.discard(vm_id)
            if with_failures and vm.state == ACTIVE and vm.lcm in FAILURES:
                self._failed(name, kind)
                return
        role = self.role(name)
        if done_ones:
            role["nodes"] = [node for node in role["nodes"] if node["deploy_id"] not in done_ones]
            if kind == "deploy":
                role["cardinality"] -= len(done_ones)
            self.store()
        if not machines and self.waits.get(name, (None, None))[1] is machines:
            del self.waits[name]
            (self._deployed if kind == "deploy" else self._undeployed)(role)

    def _timeout(self):
        for name, (kind, machines) in list(self.waits.items()):
            self._look_at(name, kind, machines, with_failures=True)
        if self.waits and not self.gone():
            self._later(self.world.settings["flow_wait_timeout"], self._timeout)

    def _failed(self, name, kind):
        state = "FAILED_DEPLOYING" if kind == "deploy" else "FAILED_UNDEPLOYING"
        self.waits.clear()
        self.role(name)["state"] = STATE[state]
        self.set_state(state)
        self.store()

    def _deployed(self, role):
        role["state"] = STATE["RUNNING"]
        if self.all_in("RUNNING"):
            self.run()
            return
        if self.body.get("deployment") == "straight" and not self._deploy_roles(self._ready_to_deploy()):
            self.set_state("FAILED_DEPLOYING")
        self.store()
        self._look_at_waits()

    def run(self):
        self.set_state("RUNNING")
        self.store()
        self.watched = True
        for vm_id in self.node_ids():
            self._watch(self.world.machines[vm_id])

    # --- the watchdog ---------------------------------------------------------------------------------------------

    def _watch(self, vm):
        role = next(role for role in self.body["roles"]
                    if any(node["deploy_id"] == vm.id for node in role["nodes"]))
        if vm.state == POWEROFF or vm.state == ACTIVE and (vm.lcm == UNKNOWN or vm.lcm in FAILURES):
            if self.state != "WARNING":
                self.set_state("WARNING")
            role["state"] = STATE["WARNING"]
        elif vm.state == DONE:
            before = role["cardinality"]
            if before > 0:
                self.log("I", f"Role {role['name']} scaling down from {before} to {before - 1} nodes")
                role["cardinality"] = before - 1
            role["nodes"] = [node for node in role["nodes"] if node["deploy_id"] != vm.id]
        elif vm.is_running:
            role["state"] = STATE["RUNNING"]
            if self.all_in("RUNNING") and self.state != "RUNNING":
                self.set_state("RUNNING")
        else:
            return
        self.store()
        if self.body.get("automatic_deletion") and not self.node_ids():
            with contextlib.suppress(FlowError):
                self.undeploy(self.owner)

    # --- the end --------------------------------------------------------------------------------------------------

    def _ready_to_undeploy(self):
        left = [role for role in self.body["roles"]
                if STATES[role["state"]] not in ("UNDEPLOYING", "DONE", "FAILED_UNDEPLOYING")]
        if self.body.get("deployment") != "straight":
            return left
        parents = {parent for role in self.body["roles"] if STATES[role["state"]] != "DONE"
                   for parent in role.get("parents") or []}
        return [role for role in left if role["name"] not in parents]

    def undeploy(self, user, force=False):
        state = self.state
        refused = state in TRANSIENT and state != "UNDEPLOYING" or state == "DONE" or state.startswith("FAILED")
        if refused and not force:
            raise FlowError(f"Service cannot be undeployed in state: {state}")
        self.watched = False
        if force:
            self.waits = {name: wait for name, wait in self.waits.items() if wait[0] == "undeploy"}
        roles = self._ready_to_undeploy()
        if not roles:
            # OneFlow takes it for done, whatever the machines do.
            self.delete(user)
            return
        problem = self._undeploy_roles(roles, user)
        self.set_state("FAILED_UNDEPLOYING" if problem else "UNDEPLOYING")
        self.store()
        if problem:
            raise FlowError(problem)
        self._look_at_waits()

    def _undeploy_roles(self, roles, user):
        for role in roles:
            asked = flow_role.shut_down(self, role, user)
            if asked is None:
                role["state"] = STATE["FAILED_UNDEPLOYING"]
                return (f"Error undeploying role {role['name']}: Error undeploying nodes for role "
                        f"`{role['name']}`")
            role["state"] = STATE["UNDEPLOYING"]
            self._wait("undeploy", role, asked)
        return None

    def _undeployed(self, role):
        role["state"] = STATE["DONE"]
        if self.all_in("DONE"):
            self.set_state("UNDEPLOYING_NETS")
            self.store()
            self._later(self.world.settings["flow_undeploy_nets"], lambda: self.delete(self.owner))
            return
        if self.body.get("deployment") == "straight":
            problem = self._undeploy_roles(self._ready_to_undeploy(), self.owner)
            if problem:
                self.set_state("FAILED_UNDEPLOYING")
        self.store()
        self._look_at_waits()

    def delete(self, user):
        self.forget()
        if not self.gone():
            documents.delete(self.world, self.document, user)
        self.world.services.pop(self.id, None)

    def recover(self, user):
        """Without delete: once more what failed."""
        if self.state in ("FAILED_DEPLOYING", "DEPLOYING", "PENDING"):
            self._recover_deploy(user)
        elif self.state in ("FAILED_UNDEPLOYING", "UNDEPLOYING", "FAILED_UNDEPLOYING_NETS"):
            for role in self.in_state("FAILED_UNDEPLOYING", "UNDEPLOYING"):
                role["state"] = STATE["RUNNING"]
            problem = self._undeploy_roles(self._ready_to_undeploy(), user)
            self.set_state("FAILED_UNDEPLOYING" if problem else "UNDEPLOYING")
        elif self.state == "DEPLOYING_NETS":
            self.deploy()
        else:
            raise FlowError(f"Service cannot be recovered in state: {self.state}")
        self.store()
        self._look_at_waits()

    def _recover_deploy(self, user):
        for role in self.in_state("FAILED_DEPLOYING", "DEPLOYING", "PENDING"):
            waiting = flow_role.retry(self, role, user)
            asked = flow_role.instantiate(self, role)
            if asked is None:
                role["state"] = STATE["FAILED_DEPLOYING"]
                self.set_state("FAILED_DEPLOYING")
                return
            role["state"] = STATE["DEPLOYING"]
            self._wait("deploy", role, waiting + asked)
        self.set_state("DEPLOYING")


def create(world, user, body):
    """The new service of a validated template, state PENDING; begin() starts its life."""
    body["state"] = STATE["PENDING"]
    _resolve_attributes(body)
    content = Template({"NAME": [body["name"]], "BODY": [""]})
    document = documents.allocate(world, user, content, documents.SERVICE)
    service = Service(world, document, body, user)
    service.store()
    world.services[document.id] = service
    return service


def _resolve_attributes(body):
    """$NAME of custom attributes that have values, up to 6.10."""
    for role in body["roles"]:
        values = {**(body.get("custom_attrs_values") or {}), **(role.get("custom_attrs_values") or {})}
        if values and role.get("vm_template_contents"):
            role["vm_template_contents"] = re.sub(
                r"\$(\w+)", lambda found: str(values.get(found.group(1), found.group())), role["vm_template_contents"])
