# SPDX-License-Identifier: Apache-2.0
"""Starts, drives and stops a stand-in from pytest:

    with StandIn() as one:
        one.fault("error", server="oned", method="one.vm.info", code=512, text="no", count=1)
        ...
        assert one.leftovers() == NOTHING_LEFT
"""

import pathlib

from standin import control_client

from . import fixtures

ADMIN, ALICE, BOB = fixtures.ADMIN, fixtures.ALICE, fixtures.BOB
NOTHING_LEFT = {"services": [], "machines": [], "runtimes": []}


class StandIn(control_client.StandIn):
    """What is not said here is in tests/standin/control_client.py; oned, oneflow and control are URLs."""

    folder = pathlib.Path(__file__).resolve().parent
    oned = oneflow = ""

    def driver_fails(self, action, count=1, text="the driver says no"):
        self._ask("POST", "/vm_failures", {"action": action, "count": count, "text": text})

    def driver_recovers(self):
        self._ask("DELETE", "/vm_failures")

    def leftovers(self):
        """What a test that has cleaned up does not leave behind; compare with NOTHING_LEFT."""
        return self._ask("GET", "/leftovers")

    # --- behind the client's back ---

    def vms(self):
        return self._ask("GET", "/vms")

    def vm(self, vm_id):
        return self._ask("GET", f"/vms/{vm_id}")

    def change_vm(self, vm_id, **changes):
        return self._ask("POST", f"/vms/{vm_id}", changes)

    def push_vm(self, vm_id):
        return self.change_vm(vm_id, push=True)

    def end_vm(self, vm_id):
        return self._ask("DELETE", f"/vms/{vm_id}")

    def services(self):
        return self._ask("GET", "/services")

    def push_service(self, service_id):
        return self.change_service(service_id, push=True)

    def change_service(self, service_id, **changes):
        return self._ask("POST", f"/services/{service_id}", changes)

    def remove_service(self, service_id):
        self._ask("DELETE", f"/services/{service_id}")

    def documents(self, kind=None):
        return self._ask("GET", "/documents", **({} if kind is None else {"type": kind}))

    def document(self, document_id):
        return self._ask("GET", f"/documents/{document_id}")

    def add_document(self, user, kind, template):
        return self._ask("POST", "/documents", {"user": user, "type": kind, "template": template})["id"]

    def change_document(self, document_id, **changes):
        return self._ask("POST", f"/documents/{document_id}", changes)

    def remove_document(self, document_id):
        self._ask("DELETE", f"/documents/{document_id}")

    def add_user(self, name, password, **more):
        return self._ask("POST", "/users", {"name": name, "password": password, **more})["id"]

    def change_password(self, name, password):
        self._ask("POST", f"/users/{name}", {"password": password})

    def add_vm_template(self, name, text, **more):
        return self._ask("POST", "/vm_templates", {"name": name, "text": text, **more})["id"]

    def add_service_template(self, name, roles, **more):
        return self._ask("POST", "/service_templates", {"name": name, "roles": roles, **more})["id"]

    def add_runtimes(self, user, template="Function", count=1):
        return self._ask("POST", "/runtimes", {"user": user, "template": template, "count": count})["ids"]
