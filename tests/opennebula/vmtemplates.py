# SPDX-License-Identifier: Apache-2.0
"""VM templates, and what becomes of one when it is instantiated: disks, leases, context."""

import re
import time

from . import errors, restricted, template
from .pool import USE, Object
from .states import DONE
from .template import Template
from .vm import VirtualMachine
from .vm_methods import cpu_text

# What oned takes into /VM/TEMPLATE; everything else goes to USER_TEMPLATE.
MACHINE_ATTRIBUTES = {
    "CPU", "VCPU", "MEMORY", "VCPU_MAX", "MEMORY_MAX", "MEMORY_SLOTS", "MEMORY_RESIZE_MODE", "DISK", "NIC", "NIC_ALIAS",
    "NIC_DEFAULT", "CONTEXT", "GRAPHICS", "VIDEO", "INPUT", "OS", "FEATURES", "RAW", "PCI", "TOPOLOGY", "CPU_MODEL",
    "EMULATOR", "CPU_COST", "MEMORY_COST", "DISK_COST", "BACKUP_CONFIG", "TEMPLATE_ID", "TPM"}


class VmTemplate(Object):
    kind, auth_kind = "virtual machine template", "TEMPLATE"

    def __init__(self, template_id, owner, name, content):
        super().__init__(template_id, owner, name)
        self.template, self.created = content, int(time.time())

    def _make_xml(self):
        return (f"<VMTEMPLATE>{self.header_xml()}{self.permissions_xml()}<REGTIME>{self.created}</REGTIME>"
                f"{self.template.xml()}</VMTEMPLATE>")

    def extended_xml(self, world):
        """With what the images know about the disks."""
        content = self.template.copy()
        for disk in content.vectors("DISK"):
            image = find_image(world, disk)
            if image:
                for key, value in image.items():
                    disk.setdefault(key, value)
        return self._make_xml().replace(self.template.xml(), content.xml(), 1)


def find_image(world, disk):
    if "IMAGE_ID" in disk:
        return world.images.get(disk["IMAGE_ID"])
    if "IMAGE" in disk:
        return next((one for one in world.images.values() if one["IMAGE"] == disk["IMAGE"]), None)
    return None


def instantiate(world, user, template_id, name, hold, text):
    """The new machine; it begins its life at once."""
    source = world.templates.find(template_id)
    content = source.template.copy()
    try:
        extra = template.parse(text)
    except template.TemplateError as error:
        raise errors.OneError(errors.INTERNAL, str(error)) from None
    if extra.items:
        if not user.is_admin:
            bad = restricted.against(extra, content, True)
            if bad:
                raise errors.not_authorized(user, f"User Template includes a restricted attribute {bad}")
        content.merge(extra)
    for unwanted in ("NAME", "TEMPLATE_NAME"):
        content.erase(unwanted)
    content.set("TEMPLATE_ID", str(template_id))
    source.require(user, USE)
    machine, rest = _split(content)
    if len(name.encode()) > 128:
        raise errors.not_allocated("virtual machine template", "NAME is too long; max length is 128 chars.")
    _check_quota(world, user)
    vm_id = world.machines.next_id
    _check_capacity(machine)
    _prepare_disks(world, machine)
    _lease(world, user, machine, vm_id)
    _prepare_context(user, machine, rest, name or f"one-{vm_id}", vm_id)
    machine.set("VMID", str(vm_id))
    machine.set("AUTOMATIC_REQUIREMENTS", "(CLUSTER_ID = 0) & !(PUBLIC_CLOUD = YES)")
    vm = VirtualMachine(world, world.machines.take_id(), user, name or f"one-{vm_id}", machine, rest)
    if not template.well_formed(vm.xml()):
        raise errors.not_allocated("virtual machine template", "Error transforming the Virtual Machine to XML.")
    world.machines[vm_id] = vm
    vm.begin(hold)
    return vm


def _check_quota(world, user):
    most = world.settings["vms_quota"]
    if 0 <= most <= sum(vm.uid == user.id and vm.state != DONE for vm in world.machines.values()):
        raise errors.OneError(errors.AUTHORIZATION, f"User [{user.id}] : limit of {most} reached for VMS quota in VM.")


def _split(content):
    machine = {name: values for name, values in content.items.items() if name in MACHINE_ATTRIBUTES}
    rest = {name: values for name, values in content.items.items() if name not in MACHINE_ATTRIBUTES}
    return Template(machine), Template(rest)


def _positive(text, convert):
    try:
        value = convert(text)
    except ValueError:
        return None
    return value if value > 0 else None


def _check_capacity(machine):
    def refuse(what):
        raise errors.not_allocated("virtual machine template", what)

    memory = _positive(machine.get("MEMORY"), int)
    if memory is None:
        refuse("MEMORY attribute must be a positive integer value.")
    machine.set("MEMORY", str(memory))
    cpu = _positive(machine.get("CPU"), float)
    if cpu is None:
        refuse("CPU attribute must be a positive float or integer value.")
    machine.set("CPU", cpu_text(cpu))
    if machine.get("VCPU"):
        vcpu = _positive(machine.get("VCPU"), int)
        if vcpu is None:
            refuse("VCPU attribute must be a positive integer value.")
        machine.set("VCPU", str(vcpu))
    mode = machine.get("MEMORY_RESIZE_MODE")
    if mode and mode.upper() not in ("BALLOONING", "HOTPLUG"):
        refuse("MEMORY_RESIZE_MODE must be BALLOONING or HOTPLUG")


def _prepare_disks(world, machine):
    for number, disk in enumerate(machine.vectors("DISK")):
        image = find_image(world, disk)
        if image is None and ("IMAGE_ID" in disk or "IMAGE" in disk):
            named = f"ID: {disk['IMAGE_ID']}" if "IMAGE_ID" in disk else f"NAME: {disk['IMAGE']}"
            raise errors.not_allocated("virtual machine template",
                                       f"DISK {number}: Image with {named} does not exist")
        wanted = disk.get("SIZE", "")
        if wanted and _positive(wanted, int) is None or not wanted and image is None:
            raise errors.not_allocated("virtual machine template",
                                       f"DISK {number}: SIZE attribute must be a positive integer value.")
        if image:
            disk.update({key: value for key, value in image.items() if key != "SIZE"})
            # An image never shrinks.
            disk["SIZE"] = str(max(int(image["SIZE"]), int(wanted or 0)))
            disk["ORIGINAL_SIZE"] = image["SIZE"]
        disk["DISK_ID"] = str(number)
        disk["TARGET"] = disk.get("TARGET", f"vd{chr(ord('a') + number)}")
        disk.update(CLONE="YES", SAVE="NO", READONLY="NO", TM_MAD="dummy")


def _lease(world, user, machine, vm_id):
    for number, nic in enumerate(machine.vectors("NIC")):
        network = None
        if "NETWORK_ID" in nic:
            network = next((one for one in world.networks.values() if str(one.id) == nic["NETWORK_ID"]), None)
            missing = f"Virtual network with ID: {nic['NETWORK_ID']} does not exist"
        elif "NETWORK" in nic:
            network = world.networks.get(nic["NETWORK"])
            missing = (f"User {user.id} does not own a network with name: {nic['NETWORK']} . "
                       "Set NETWORK_UNAME or NETWORK_UID of owner in NIC.")
        else:
            nic["NIC_ID"] = str(number)
            continue
        if network is None:
            raise errors.not_allocated("virtual machine template", f"NIC {number}: {missing}")
        nic.update(network.lease(vm_id), NIC_ID=str(number))


class Network:
    """Addresses by pattern; {n} is the lease's number, and {a}.{b} its two lower bytes."""

    def __init__(self, network_id, name, patterns):
        self.id, self.name, self.patterns, self.given = network_id, name, patterns, 9

    def lease(self, vm_id):
        self.given += 1
        high, low = divmod(self.given, 250)
        numbers = {"n": f"{self.given:x}", "a": high % 250, "b": low}
        return {"NETWORK": self.name, "NETWORK_ID": str(self.id), "AR_ID": "0", "BRIDGE": "br0", "SECURITY_GROUPS": "0",
                "TARGET": f"one-{vm_id}-0", "VN_MAD": "dummy", "MAC": f"02:00:0a:00:{high % 250:02x}:{low:02x}",
                **{key: pattern.format(**numbers) for key, pattern in self.patterns.items()}}


_VARIABLE = re.compile(r"\$(\w+)(?:\[([^\]]*)\])?")


def _prepare_context(user, machine, rest, name, vm_id):
    context = machine.vector("CONTEXT")
    if context is None:
        return

    def resolve(found):
        variable, member = found.group(1).upper(), (found.group(2) or "").strip().upper()
        known = {"UID": str(user.id), "UNAME": user.name, "GID": str(user.gid), "GNAME": user.group, "NAME": name,
                 "VMID": str(vm_id)}
        if variable == "USER":
            return user.attributes.get(member, "")
        return known.get(variable) or machine.get(variable) or rest.get(variable)

    for key, value in context.items():
        context[key] = _VARIABLE.sub(resolve, value)
    if context.get("NETWORK", "").upper() == "YES":
        for nic in machine.vectors("NIC"):
            number = nic["NIC_ID"]
            for member, entry in (("IP", "IP"), ("MAC", "MAC"), ("IP6", "IP6"), ("IP6_GLOBAL", "IP6"),
                                  ("IP6_ULA", "IP6_ULA"), ("EXTERNAL_IP", "EXTERNAL_IP")):
                if nic.get(member):
                    context.setdefault(f"ETH{number}_{entry}", nic[member])
    context["DISK_ID"] = str(len(machine.vectors("DISK")))
    context["TARGET"] = context.get("TARGET", "hda")
