# SPDX-License-Identifier: Apache-2.0
"""A role and its machines: what OneFlow asks of oned, as the service's owner or as who ends it."""

import re

from . import errors, flow_template, vm_methods, vmtemplates
from .pool import USE
from .states import ACTIVE, FAILURES


def instantiate(service, role):
    """The machines that the role lacks, or None with the reason in the service's log."""
    asked = []
    wanted = role["cardinality"] - len(role["nodes"])
    objects = "template_id" in role
    reference = role["template_id" if objects else "vm_template"]
    if wanted > 0:
        role.setdefault("last_vmname", 0)
    for _ in range(wanted):
        try:
            text = _object_text(service, role, reference) if objects else _text(service, role)
            name = f"{role['name']}_{role['last_vmname']}_(service_{service.id})"
            role["last_vmname"] += 1
            vm = vmtemplates.instantiate(service.world, service.owner, reference, name, bool(role["on_hold"]), text)
        except errors.OneError as error:
            service.log("E", f"Role {role['name']} : Instantiate failed for template {reference}; "
                             f"[one.template.instantiate] {error.text}")
            return None
        asked.append(vm.id)
        service.world.services_of_machines[vm.id] = service
        role["nodes"].append({"deploy_id": vm.id, "vm_info": {"VM": {
            "ID": str(vm.id), "UID": str(vm.uid), "GID": str(vm.gid), "UNAME": vm.uname, "GNAME": vm.gname,
            "NAME": vm.name}}})
    return asked


def _text(service, role):
    text = role.get("vm_template_contents") or ""
    return _evaluate(service, role, f"{text}\nSERVICE_ID = {service.id}\nROLE_NAME = \"{role['name']}\"")


def _object_text(service, role, template_id):
    content = dict(role.get("template_contents") or {})
    if content:
        source = service.world.templates.find(template_id)
        source.require(service.owner, USE)
        content = flow_template.deep_merge(source.template.hash(), content, merge_arrays=False)
    content.update(SERVICE_ID=service.id, ROLE_NAME=role["name"])
    return _evaluate(service, role, flow_template.raw(content))


def _evaluate(service, role, text):
    """${PARENT.PATH} becomes what stands there in a machine of the parent; everything else becomes nothing."""
    def value(found):
        parent, *path = found.group(1).split(".")
        if parent not in (role.get("parents") or []):
            return ""
        for node in service.role(parent)["nodes"]:
            rest = service.world.machines[node["deploy_id"]].xml()
            for part in path:
                rest = rest.partition(f"<{part.upper()}>")[2]
            if rest:
                return re.sub(r"^<!\[CDATA\[|\]\]>$", "", rest.partition("</")[0])
        return ""
    return re.sub(r"\$\{(.*?)\}", value, text)


def retry(service, role, user):
    """recover 2 for every machine that failed; those that may come up yet."""
    waiting = []
    for node in role["nodes"]:
        vm = service.world.machines[node["deploy_id"]]
        if vm.state == ACTIVE and vm.lcm in FAILURES:
            try:
                vm_methods.recover(service.world, user, vm.id, 2)
            except errors.OneError as error:
                service.log("E", f"Role {role['name']} : Retry failed for VM {vm.id}; [one.vm.recover] {error.text}")
                continue
        waiting.append(vm.id)
    return waiting


def shut_down(service, role, user):
    """The machines that are asked to end, or None when one withstands."""
    action = role.get("shutdown_action") or service.body.get("shutdown_action") or \
        service.world.settings["flow_shutdown_action"]
    action = "terminate-hard" if action == "terminate-hard" else "terminate"
    asked, all_well = [], True
    for vm_id in [node["deploy_id"] for node in role["nodes"]]:
        try:
            _end(service, role, vm_id, user, action)
            asked.append(vm_id)
        except errors.OneError as error:
            service.log("E", f"Role {role['name']} : Delete failed for VM {vm_id}; [one.vm.recover] {error.text}")
            all_well = False
    return asked if all_well else None


def _end(service, role, vm_id, user, action):
    """terminate, else terminate-hard, else delete, which needs ADMIN."""
    try:
        vm_methods.action(service.world, user, action, vm_id)
        return
    except errors.OneError as error:
        service.log("E", f"Role {role['name']} : Terminate failed for VM {vm_id}, will perform a Delete; "
                         f"[one.vm.action] {error.text}")
    if action != "terminate-hard":
        try:
            vm_methods.action(service.world, user, "terminate-hard", vm_id)
            return
        except errors.OneError:
            pass
    vm_methods.recover(service.world, user, vm_id, 3)
