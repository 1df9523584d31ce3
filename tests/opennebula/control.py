# SPDX-License-Identifier: Apache-2.0
"""The control port, in JSON: knobs, faults, the journal, and what happens behind a client's back."""

from standin import control
from standin.control import Refused

from . import documents, errors, fixtures, template, vm_methods
from .states import DONE, NUMBER, STATES


def _number(text):
    try:
        return int(text)
    except ValueError:
        raise Refused(404, f"\"{text}\" is no id") from None


class Control(control.Control):
    ERRORS = (errors.OneError, template.TemplateError)
    OWN = (
        ("POST", "/vm_failures", "add_vm_failure"), ("DELETE", "/vm_failures", "clear_vm_failures"),
        ("GET", "/leftovers", "leftovers"), ("GET", "/vms", "list_vms"),
        ("GET", "/vms/([^/]+)", "show_vm"), ("POST", "/vms/([^/]+)", "change_vm"),
        ("DELETE", "/vms/([^/]+)", "end_vm"), ("GET", "/services", "list_services"),
        ("POST", "/services/([^/]+)", "change_service"), ("DELETE", "/services/([^/]+)", "remove_service"),
        ("GET", "/documents", "list_documents"), ("GET", "/documents/([^/]+)", "show_document"),
        ("POST", "/documents/([^/]+)", "change_document"), ("DELETE", "/documents/([^/]+)", "remove_document"),
        ("POST", "/documents", "add_document"), ("POST", "/users", "add_user"),
        ("POST", "/users/([^/]+)", "change_user"), ("POST", "/vm_templates", "add_vm_template"),
        ("POST", "/service_templates", "add_service_template"), ("POST", "/runtimes", "add_runtimes"))

    def add_vm_failure(self, wanted):
        """{"action", "count", "text"}: the driver fails so often at prolog, boot, resize, disk_resize, terminate or
        epilog."""
        actions = ("prolog", "boot", "resize", "disk_resize", "terminate", "epilog")
        if wanted["action"] not in actions:
            raise Refused(400, f"a driver fails at {', '.join(actions)}")
        self.world.vm_failures.append([wanted["action"], int(wanted.get("count", 1)),
                                       wanted.get("text", "the driver says no")])
        return {}

    def clear_vm_failures(self, _wanted):
        self.world.vm_failures.clear()
        return {}

    def leftovers(self, _wanted):
        return fixtures.leftovers(self.world)

    # --- machines -------------------------------------------------------------------------------------------------

    def _vm(self, number):
        found = self.world.machines.get(_number(number))
        if found is None:
            raise Refused(404, f"there is no machine {number}")
        return found

    def list_vms(self, _wanted):
        return [vm_methods.describe(vm) for vm in self.world.machines.values()]

    def show_vm(self, _wanted, number):
        vm = self._vm(number)
        return {**vm_methods.describe(vm), "template": vm.template.hash(), "user_template": vm.user_template.hash()}

    def change_vm(self, wanted, number):
        """state and lcm_state (numbers or names), template and user_template (text that is merged), remove (names of
        the user template), error, push: true (the step that is waited for is done now)."""
        vm = self._vm(number)
        strange = set(wanted) - {"state", "lcm_state", "template", "user_template", "remove", "error", "push"}
        if strange:
            raise Refused(400, f"a machine has no \"{sorted(strange)[0]}\" to change")
        for part, target in (("template", vm.template), ("user_template", vm.user_template)):
            if part in wanted:
                target.merge(template.parse(wanted[part]))
        for name in wanted.get("remove", ()):
            vm.user_template.erase(name)
        if "error" in wanted:
            vm.set_error(wanted["error"])
        vm.changed()
        if "state" in wanted or "lcm_state" in wanted:
            state = wanted.get("state", "ACTIVE")
            lcm = wanted.get("lcm_state", 0)
            vm.put(STATES.index(state) if isinstance(state, str) else state,
                   NUMBER[lcm] if isinstance(lcm, str) else lcm)
        elif wanted.get("push"):
            if not vm.push():
                raise Refused(409, f"machine {number} waits for nothing")
        else:
            for listener in self.world.vm_listeners:
                listener(vm)
        return vm_methods.describe(vm)

    def end_vm(self, _wanted, number):
        vm = self._vm(number)
        vm.put(DONE)
        return vm_methods.describe(vm)

    # --- documents ------------------------------------------------------------------------------------------------

    def list_services(self, _wanted):
        return [{"id": one.id, "user": one.document.uname, "name": one.document.name, "state": one.body["state"],
                 "state_name": one.state, "nodes": sorted(one.node_ids())} for one in self.world.services.values()]

    def _document(self, number):
        found = self.world.documents.get(_number(number))
        if found is None:
            raise Refused(404, f"there is no document {number}")
        return found

    def change_service(self, wanted, number):
        """body: members that replace those of its body; forget_vm_info: true (as when OneFlow could not read the
        machines); push: true (the step that it waits for is done now)."""
        service = self.world.services.get(self._document(number).id)
        if service is None:
            raise Refused(404, f"document {number} is no service")
        if not wanted or set(wanted) - {"body", "forget_vm_info", "push"}:
            raise Refused(400, "a service takes body, forget_vm_info or push")
        service.body.update(wanted.get("body", {}))
        if wanted.get("forget_vm_info"):
            for role in service.body["roles"]:
                for node in role.get("nodes", ()):
                    node["vm_info"] = None
        service.store()
        if wanted.get("push") and not service.push():
            raise Refused(409, f"service {number} waits for nothing")
        return {"id": service.id, "state": service.body["state"], "state_name": service.state}

    def remove_service(self, _wanted, number):
        """The document vanishes; its machines go on."""
        document = self._document(number)
        service = self.world.services.pop(document.id, None)
        if service is None:
            raise Refused(404, f"document {number} is no service")
        service.forget()
        del self.world.documents[document.id]
        return {}

    def list_documents(self, wanted):
        kind = wanted.get("type")
        return [{"id": one.id, "type": one.type, "name": one.name, "user": one.uname}
                for one in self.world.documents.values() if kind is None or one.type == int(kind)]

    def show_document(self, _wanted, number):
        one = self._document(number)
        return {"id": one.id, "type": one.type, "name": one.name, "user": one.uname,
                "permissions": list(one.permissions), "template": one.template.hash()}

    def change_document(self, wanted, number):
        """name, permissions (nine bits), template (text or XML that replaces the old)."""
        one = self._document(number)
        if not wanted or set(wanted) - {"name", "permissions", "template"}:
            raise Refused(400, "a document takes name, permissions or template")
        if "template" in wanted:
            one.template = template.parse(wanted["template"])
        one.name = wanted.get("name", one.name)
        one.permissions = tuple(wanted.get("permissions", one.permissions))
        one.changed()
        return self.show_document({}, number)

    def remove_document(self, _wanted, number):
        del self.world.documents[self._document(number).id]
        return {}

    def add_document(self, wanted):
        """{"user", "type", "template"}: the template in text or XML."""
        made = documents.allocate(self.world, self.world.names[wanted["user"]], template.parse(wanted["template"]),
                                  int(wanted["type"]))
        return {"id": made.id}

    # --- more to work with ----------------------------------------------------------------------------------------

    def add_user(self, wanted):
        group = (0, "oneadmin") if wanted.get("admin") else (int(wanted.get("gid", 1)), wanted.get("group", "users"))
        user = self.world.add_user(wanted["name"], wanted["password"], group)
        user.attributes.update(wanted.get("attributes", {}))
        return {"id": user.id}

    def change_user(self, wanted, name):
        """password: the old one is good no more."""
        if name not in self.world.names:
            raise Refused(404, f"there is no user \"{name}\"")
        self.world.names[name].password = wanted["password"]
        return {}

    def add_vm_template(self, wanted):
        owner = self.world.names[wanted.get("user", "oneadmin")]
        made = fixtures.add_vm_template(self.world, owner, wanted["name"], wanted["text"],
                                        wanted.get("permissions", fixtures.SHARED))
        return {"id": made.id}

    def add_service_template(self, wanted):
        """{"name", "roles": [["FAAS", "function"], …], "more": {}, "permissions": [9 bits], "old": true}"""
        owner = self.world.names[wanted.get("user", "oneadmin")]
        made = fixtures.add_service_template(self.world, owner, wanted["name"], wanted["roles"], wanted.get("more"),
                                             wanted.get("permissions", fixtures.SHARED), wanted.get("old", False))
        return {"id": made.id}

    def add_runtimes(self, wanted):
        user = self.world.names[wanted["user"]]
        return {"ids": fixtures.add_runtimes(self.world, user, wanted.get("template", "Function"),
                                             int(wanted.get("count", 1)))}
