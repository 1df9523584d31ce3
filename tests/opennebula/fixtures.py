# SPDX-License-Identifier: Apache-2.0
"""What a fresh stand-in holds: users, networks, images, VM templates and service templates."""

import json

from . import documents, flow_role, flow_service, flow_template, oneflow
from .states import DONE
from .template import Template, parse
from .vmtemplates import Network, VmTemplate

ADMIN = ("oneadmin", "opennebula")
ALICE = ("alice", "alice-secret")
BOB = ("bob", 'b:o%b&é"')  # whatever a client may get wrong in a header, a session string or XML

SHARED = (1, 1, 0, 1, 0, 0, 1, 0, 0)

NETWORKS = {
    "net0": {"IP": "10.0.{a}.{b}"},
    "dual": {"IP": "10.1.{a}.{b}", "IP6_LINK": "fe80::400:aff:fe00:{n}", "IP6_ULA": "fd00::400:aff:fe00:{n}",
             "IP6_GLOBAL": "2001:db8::400:aff:fe00:{n}"},
    "static6": {"IP6": "2001:db8:6::{n}"},
    "static46": {"IP": "10.2.{a}.{b}", "IP6": "2001:db8:46::{n}"},
    "elastic": {"IP": "10.3.{a}.{b}", "EXTERNAL_IP": "203.0.113.{b}"},
}

IMAGES = {
    "0": {"IMAGE": "function", "IMAGE_ID": "0", "SIZE": "1024"},
    "1": {"IMAGE": "data", "IMAGE_ID": "1", "SIZE": "512"},
}


def _machine(disk='DISK=[IMAGE_ID="0"]', nic='NIC=[NETWORK="net0"]',
             context='CONTEXT=[NETWORK="YES",SSH_PUBLIC_KEY="$USER[SSH_PUBLIC_KEY]"]', memory=128):
    return "\n".join(("CPU=1", "VCPU=1", f"MEMORY={memory}", disk, nic, context,
                      'GRAPHICS=[LISTEN="0.0.0.0",TYPE="VNC"]', "OS=[BOOT=\"\"]", 'LOGO="images/logos/linux.png"'))


# name -> (text, permissions or None for private); the ids follow the order.
VM_TEMPLATES = {
    "function": (_machine(), SHARED),
    "data": (_machine(disk='DISK=[IMAGE_ID="1"]', memory=192), SHARED),
    "broken": (_machine(disk='DISK=[IMAGE_ID="999"]'), SHARED),
    "secret": (_machine(), None),
    "sized": (_machine(disk='DISK=[IMAGE_ID="0",SIZE="2048",DEV_PREFIX="vd"]'), SHARED),
    "two-disks": (_machine(disk='DISK=[IMAGE_ID="0"]\nDISK=[IMAGE_ID="1",SIZE="768"]'), SHARED),
    "no-context": (_machine(context=""), SHARED),
    "no-nic": (_machine(nic=""), SHARED),
    "no-disk": (_machine(disk=""), SHARED),
    "dual-stack": (_machine(nic='NIC=[NETWORK="dual"]'), SHARED),
    "static-ipv6": (_machine(nic='NIC=[NETWORK="static6"]'), SHARED),
    "static-both": (_machine(nic='NIC=[NETWORK="static46"]'), SHARED),
    "external-ip": (_machine(nic='NIC=[NETWORK="elastic"]\nNIC=[NETWORK="net0"]'), SHARED),
    "report-ready": (_machine(context='CONTEXT=[NETWORK="YES",REPORT_READY="YES",TOKEN="YES"]'), SHARED),
}

# name -> (roles as (name, VM template), more members of the body). The name is the tuple of flavours.
SERVICE_TEMPLATES = {
    "Function": ([("FAAS", "function")], {}),
    "Function-Data": ([("FAAS", "function"), ("DAAS", "data")], {}),
    "nature": ([("FAAS", "function")], {}),
    "nature-s3": ([("FAAS", "function"), ("DAAS", "data")], {}),
    "FAILED_DEPLOY": ([("FAAS", "broken")], {}),
    "DenyVMTemplate": ([("FAAS", "secret")], {}),
    "Reversed-Data": ([("DAAS", "data"), ("FAAS", "function")], {}),
    "Extra": ([("HELPER", "data"), ("FAAS", "function")], {}),
    "Extra-Data": ([("FAAS", "function"), ("HELPER", "no-nic"), ("DAAS", "data")], {}),
    "Parents-Data": ([("FAAS", "function"), ("DAAS", "data")], {"parents": {"DAAS": ["FAAS"]}}),
    "SizedDisk": ([("FAAS", "sized")], {}),
    "TwoDisks": ([("FAAS", "two-disks")], {}),
    "NoContext": ([("FAAS", "no-context")], {}),
    "NoNic": ([("FAAS", "no-nic")], {}),
    "NoDisk": ([("FAAS", "no-disk")], {}),
    "DualStack": ([("FAAS", "dual-stack")], {}),
    "StaticIPv6": ([("FAAS", "static-ipv6")], {}),
    "StaticBoth": ([("FAAS", "static-both")], {}),
    "ExternalIP": ([("FAAS", "external-ip")], {}),
    "ReportReady": ([("FAAS", "report-ready")], {"ready_status_gate": True}),
}


def load(world):
    world.add_user(*ADMIN, group=(0, "oneadmin"))
    world.add_user("serveradmin", "server-secret", group=(0, "oneadmin"))
    for name, password in (ALICE, BOB):
        world.add_user(name, password).attributes["SSH_PUBLIC_KEY"] = f"ssh-ed25519 AAAA {name}"
    for number, (name, patterns) in enumerate(NETWORKS.items()):
        world.networks[name] = Network(number, name, patterns)
    world.images.update({number: dict(image) for number, image in IMAGES.items()})
    admin = world.users[0]
    for name, (text, permissions) in VM_TEMPLATES.items():
        add_vm_template(world, admin, name, text, permissions)
    for name, (roles, more) in SERVICE_TEMPLATES.items():
        add_service_template(world, admin, name, roles, more)
    # Two of one name: the newer one wins. One that ordinary users do not see. One from before an upgrade.
    add_service_template(world, admin, "Twice", [("FAAS", "broken")])
    add_service_template(world, admin, "Twice", [("FAAS", "function")])
    add_service_template(world, admin, "Hidden", [("FAAS", "function")], permissions=None)
    if world.settings.object_form:
        add_service_template(world, admin, "OldFormat-Data", [("FAAS", "function"), ("DAAS", "data")], old=True)


def add_vm_template(world, owner, name, text, permissions=SHARED):
    made = VmTemplate(world.templates.take_id(), owner, name, parse(text))
    if permissions:
        made.permissions = tuple(permissions)
    world.templates[made.id] = made
    return made


def _template_id(world, name):
    for one in world.templates.values():
        if one.name == name:
            return one.id
    raise ValueError(f"there is no VM template \"{name}\"")


def add_service_template(world, owner, name, roles, more=None, permissions=SHARED, old=False):
    more = dict(more or {})
    parents = more.pop("parents", {})
    objects = world.settings.object_form and not old
    body = {"name": name, "deployment": "straight", "description": "", "roles": [], "ready_status_gate": False, **more}
    for role, vm_template in roles:
        number = _template_id(world, vm_template) if isinstance(vm_template, str) else vm_template
        entry = {"name": role, **({"type": "vm"} if objects else {}), "cardinality": 1,
                 "template_id" if objects else "vm_template": number,
                 "elasticity_policies": [], "scheduled_policies": []}
        if role in parents:
            entry["parents"] = parents[role]
        body["roles"].append(entry)
    if not old:
        flow_template.validate(body, world.settings.release)
    made = oneflow.create_template(world, owner, body)
    if permissions:
        made.permissions = tuple(permissions)
        made.changed()
    return made


def add_runtimes(world, user, template_name, count):
    """For benchmarks: serverless runtimes as after a POST, their machines RUNNING already. Their document ids."""
    source = next((one for one in world.documents.values()
                   if one.type == documents.SERVICE_TEMPLATE and one.name == template_name), None)
    if source is None:
        raise ValueError(f"there is no service template \"{template_name}\"")
    made = []
    for _ in range(count):
        body = json.loads(source.body())
        flow_template.validate(body, world.settings.release)
        service = flow_service.create(world, user, body)
        service.prepare()
        for role in body["roles"]:
            flow_role.instantiate(service, role)
            role["state"] = flow_service.STATE["RUNNING"]
        runtime = {}
        for role in body["roles"]:
            vm = world.machines[role["nodes"][0]["deploy_id"]]
            vm.hold_capacity(True)
            vm.running()
            disk, nic = vm.template.vector("DISK") or {}, vm.template.vector("NIC") or {}
            runtime[role["name"]] = {
                "FLAVOUR": template_name, "VM_ID": vm.id, "STATE": "RUNNING", "CPU": int(vm.template.get("VCPU", "0")),
                "MEMORY": int(vm.template.get("MEMORY")), "DISK_SIZE": int(disk.get("SIZE", 0)),
                "ENDPOINT": nic.get("EXTERNAL_IP") or nic.get("IP6") or nic.get("IP") or ""}
        service.run()
        content = Template({"NAME": [f"{template_name}-{service.id}"],
                            "BODY": [json.dumps({**runtime, "SERVICE_ID": service.id}, separators=(",", ":"))]})
        made.append(documents.allocate(world, user, content, documents.RUNTIME).id)
    return made


def leftovers(world):
    """What a test that has cleaned up does not leave behind."""
    return {"services": sorted(one.id for one in world.documents.values() if one.type == documents.SERVICE),
            "machines": sorted(vm.id for vm in world.machines.values() if vm.state != DONE),
            "runtimes": sorted(one.id for one in world.documents.values() if one.type == documents.RUNTIME)}
