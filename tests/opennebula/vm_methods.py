# SPDX-License-Identifier: Apache-2.0
"""What may be done to a machine, by whom, in which state: the one.vm.* methods."""

from . import errors, restricted, template
from .pool import ADMIN, MANAGE
from .states import (ACTIVE, CLONING, CLONING_FAILURE, DONE, FAILURES, HOLD, INIT, LCM, NUMBER, PENDING, POWEROFF,
                     RUNNING, STOPPED, SUSPENDED, UNDEPLOYED, UNKNOWN)

ACTIONS = {"terminate", "terminate-hard", "hold", "release", "stop", "suspend", "resume", "reboot", "reboot-hard",
           "resched", "unresched", "poweroff", "poweroff-hard", "undeploy", "undeploy-hard"}


def operation_of(world, action):
    """MANAGE or ADMIN, as oned.conf's lists say it; "-hard" and "un-" share their action's line."""
    base = action.removesuffix("-hard")
    return ADMIN if {"unresched": "resched"}.get(base, base) in world.settings["vm_admin_operations"] else MANAGE


def _refuse(text):
    raise errors.OneError(errors.ACTION, text)


def _parse(text, prefix=""):
    try:
        return template.parse(text)
    except template.TemplateError as error:
        raise errors.OneError(errors.INTERNAL, f"{prefix}{error}") from None


def action(world, user, name, vm_id):
    vm = world.machines.find(vm_id)
    vm.require(user, operation_of(world, name))
    if name not in ACTIONS:
        _refuse(f"Action \"{name}\" is not supported")
    base = name.removesuffix("-hard")
    error = {"terminate": _terminate, "resched": _resched, "unresched": _resched, "poweroff": _power_off,
             "resume": _resume, "hold": _hold, "release": _release, "reboot": _reboot}.get(base, _save)(vm, name)
    if error:
        _refuse(f"Error performing action \"{name}\": {error}")
    return vm_id


def _unavailable(vm):
    return f"This action is not available for state {vm.state_name()}"


def _terminate(vm, name):
    if vm.state in (SUSPENDED, POWEROFF, STOPPED, UNDEPLOYED):
        vm.epilog()
    elif vm.state in (INIT, PENDING, HOLD, CLONING, CLONING_FAILURE):
        vm.done()
    elif vm.state == ACTIVE:
        shutting_down = vm.lcm == NUMBER["SHUTDOWN"] and name == "terminate-hard"
        if vm.is_up or shutting_down:
            vm.shutdown()
        elif vm.lcm in FAILURES:
            vm.clean_up()
        else:
            return f"Could not terminate VM {vm.id}, wrong state {vm.state_name()}."
    return None


def _resched(vm, name):
    if not (vm.is_up or vm.state == POWEROFF):
        return _unavailable(vm)
    vm.set_resched(name == "resched")
    return None


def _power_off(vm, name):
    again = name == "poweroff-hard" and vm.lcm == NUMBER["SHUTDOWN_POWEROFF"]
    if not (vm.is_up or again):
        return _unavailable(vm)
    vm.power_off()
    return None


def _resume(vm, _name):
    if vm.state in (STOPPED, UNDEPLOYED):
        vm.schedule()
    elif vm.state in (SUSPENDED, POWEROFF) or (vm.state == ACTIVE and vm.lcm == UNKNOWN):
        vm.resume()
    else:
        return _unavailable(vm)
    return None


def _hold(vm, _name):
    if vm.state != PENDING:
        return _unavailable(vm)
    vm.put(HOLD)
    return None


def _release(vm, _name):
    if vm.state != HOLD:
        return _unavailable(vm)
    vm.schedule()
    return None


def _reboot(vm, _name):
    return None if vm.is_running else _unavailable(vm)


def _save(vm, name):
    base = name.removesuffix("-hard")
    also = {"suspend": (), "stop": (SUSPENDED,), "undeploy": (POWEROFF,)}[base]
    if not (vm.is_running or vm.state in also or (base == "undeploy" and vm.is_up)):
        return _unavailable(vm)
    {"suspend": vm.suspend, "stop": vm.stop, "undeploy": vm.undeploy}[base]()
    return None


def recover(world, user, vm_id, operation):
    names = {0: "recover", 1: "recover", 2: "retry", 3: "delete", 4: "delete-recreate", 5: "delete"}
    if operation not in names:
        _refuse("Wrong recovery operation code")
    vm = world.machines.find(vm_id)
    vm.require(user, operation_of(world, names[operation]))
    if operation in (3, 5):
        delete(vm)
    elif operation == 4:
        if vm.state == DONE:
            _refuse(f"Could not perform a delete-recreate on VM {vm_id}, wrong state DONE.")
        vm.schedule()
    elif vm.state != ACTIVE:
        what = "a retry" if operation == 2 else "a recover operation"
        _refuse(f"Could not perform {what} on VM {vm_id}, wrong state {vm.state_name()}.")
    elif operation == 2:
        vm.retry()
    else:
        vm.recover(operation == 1)
    return vm_id


def delete(vm):
    if vm.state == ACTIVE:
        vm.clean_up()
    elif vm.state != DONE:
        vm.done()


def _number(text, convert):
    """As C++ streams read it: the whole text or nothing, and nothing is 0."""
    text = text.strip(" \t\n\r\f\v") if text[:1].isspace() else text
    try:
        return convert(text) if text and "_" not in text and not text[-1].isspace() else 0
    except ValueError:
        return 0


def cpu_text(value):
    """At most two decimals, cut off."""
    whole = int(round(value * 10000)) // 100
    text = f"{whole // 100}.{whole % 100:02d}".rstrip("0").rstrip(".")
    return text or "0"


def resize(world, user, vm_id, text):
    wanted = _parse(text)
    vm = world.machines.find(vm_id)
    vm.require(user, operation_of(world, "resize"))
    if not user.is_admin:
        name = restricted.first(wanted)
        if name:
            raise errors.not_authorized(user, f"Template includes a restricted attribute {name}")
    cpu = _number(wanted.get("CPU"), float)
    memory, vcpu = _number(wanted.get("MEMORY"), int), _number(wanted.get("VCPU"), int)
    for value, what in ((cpu, "CPU must be a positive float or integer value."),
                        (memory, "MEMORY must be a positive integer value."),
                        (vcpu, "VCPU must be a positive integer value.")):
        if value < 0:
            raise errors.OneError(errors.INTERNAL, what)
    if vm.state == ACTIVE and vm.lcm != RUNNING or vm.state in (STOPPED, DONE, SUSPENDED):
        _refuse(f"Cannot resize a VM in state {vm.state_name()}")

    before = {name: vm.template.get(name) for name in ("CPU", "MEMORY", "VCPU") if vm.template.get(name)}
    after = dict(before)
    if cpu:
        after["CPU"] = cpu_text(cpu)
    if memory:
        after["MEMORY"] = str(memory)
    if vcpu:
        after["VCPU"] = str(vcpu)
    hot = vm.state == ACTIVE
    if hot and after == before:
        return vm_id
    _apply(vm, before, after)
    if hot or vm.state == POWEROFF:
        refused = vm.hold_capacity(True)
        if refused:
            _apply(vm, after, before)
            _refuse(refused)
    if hot:
        def revert():
            _apply(vm, after, before)
            vm.hold_capacity(True)
        vm.resize_hot({"CPU": before.get("CPU", "0"), "MEMORY": before.get("MEMORY", "0"),
                       "VCPU": before.get("VCPU", "0")}, vm.changed, revert)
    return vm_id


def _apply(vm, old, new):
    for name in old:
        if name not in new:
            vm.template.erase(name)
    for name, value in new.items():
        vm.template.set(name, value)
    vm.changed()


def disk_resize(world, user, vm_id, disk_id, text):
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        _refuse("Disk SIZE is not a valid integer")
    size = int(text)
    vm = world.machines.find(vm_id)
    vm.require(user, operation_of(world, "disk-resize"))
    disk = next((one for one in vm.template.vectors("DISK") if one.get("DISK_ID") == str(disk_id)), None)
    if disk is None:
        _refuse("VM disk does not exist")
    if size <= int(disk.get("SIZE") or 0):
        _refuse("New disk size has to be greater than current one")
    if not (vm.state in (POWEROFF, UNDEPLOYED) or vm.is_running):
        _refuse(f"Could not resize disk for VM {vm_id}, wrong state {vm.state_name()}.")
    vm.resize_disk(disk, size)
    return disk_id


def update(world, user, vm_id, text, append):
    vm = world.machines.find(vm_id)
    vm.require(user, operation_of(world, "update"))
    if append not in (0, 1):
        raise errors.OneError(errors.XML_RPC_API, "Wrong update type")
    prefix = "Cannot update template. "
    wanted = _parse(text, prefix)
    if not user.is_admin:
        name = restricted.against(wanted, vm.user_template, append == 1)
        if name:
            what = (f"User Template includes a restricted attribute {name}" if append
                    else f"Tried to change restricted attribute: {name}")
            raise errors.OneError(errors.INTERNAL, prefix + what)
    before = vm.user_template
    if append:
        vm.user_template = before.copy()
        vm.user_template.merge(wanted)
    else:
        vm.user_template = wanted
    vm.changed()
    if not template.well_formed(vm.xml()):
        # As with documents: oned says yes, its database says no.
        vm.user_template = before
        vm.changed()
    for listener in world.vm_listeners:
        listener(vm)  # READY may have come
    return vm_id


def describe(vm):
    """For the control port."""
    return {"id": vm.id, "name": vm.name, "user": vm.uname, "state": vm.state, "lcm_state": vm.lcm,
            "state_name": vm.state_name(), "lcm_name": LCM[vm.lcm], "resched": vm.resched}
