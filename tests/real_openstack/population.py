# SPDX-License-Identifier: Apache-2.0
"""What an admin sets up before anybody can use a cloud: services and their endpoints, a project with a member, a network,
flavors."""

import configurations
from keystoneauth1 import session
from keystoneauth1.identity import v3

DOMAIN = {"user_domain_name": "Default", "project_domain_name": "Default"}
USER, MEMBERS_PASSWORD, PROJECT = "vcycle", "of-the-member", "fleet"
FLAVORS = {"small": 1, "medium": 2, "y": 4}
SERVICES = {"image": "glance", "placement": "placement", "network": "neutron", "compute": "nova"}


def signed_in(url, username, password, project):
    """A keystoneauth session: OpenStack's own library, nothing of ours."""
    auth = v3.Password(url, username=username, password=password, project_name=project, **DOMAIN)
    return session.Session(auth=auth, connect_retries=3)


class Rest:
    """One service's calls, as JSON."""

    def __init__(self, signed, url):
        self.session, self.url = signed, url

    def call(self, method, path, body=None, **more):
        answer = self.session.request(self.url + path, method, json=body, **more)
        return answer.json() if answer.content else None

    def get(self, path):
        return self.call("GET", path)

    def post(self, path, **body):
        return self.call("POST", path, body)


def register(cloud, admin):
    """Before the services start: they look each other up."""
    keystone = Rest(admin, cloud.url("identity"))
    roles = {one["name"]: one["id"] for one in keystone.get("/roles")["roles"]}
    for project, user, password, role in (("service", "service", configurations.PASSWORD, "admin"),
                                          (PROJECT, USER, MEMBERS_PASSWORD, "member")):
        made = keystone.post("/projects", project={"name": project, "domain_id": "default"})["project"]["id"]
        who = keystone.post("/users", user={"name": user, "password": password, "domain_id": "default"})["user"]["id"]
        keystone.call("PUT", f"/projects/{made}/users/{who}/roles/{roles[role]}")
        if project == "service":   # Keystone's own mark of those whose word counts for others'
            role = keystone.post("/roles", role={"name": "service"})["role"]["id"]
            keystone.call("PUT", f"/projects/{made}/users/{who}/roles/{role}")
    for kind, name in SERVICES.items():
        service = keystone.post("/services", service={"type": kind, "name": name})["service"]["id"]
        for interface in ("public", "internal", "admin"):
            keystone.post("/endpoints", endpoint={"service_id": service, "interface": interface, "url": cloud.url(kind),
                                                  "region_id": configurations.REGION})
    return made, who


def furnish(cloud, admin, member, project):
    """Once all services answer. What the project's network is called, and its id."""
    compute, network = Rest(admin, cloud.url("compute")), Rest(admin, cloud.url("network") + "/v2.0")
    for name, processors in FLAVORS.items():
        compute.post("/flavors", flavor={"name": name, "vcpus": processors, "ram": 512 * processors, "disk": 1})
    net = network.post("/networks", network={"name": "net", "project_id": project})["network"]["id"]
    network.post("/subnets", subnet={"network_id": net, "ip_version": 4, "cidr": "10.11.0.0/16", "enable_dhcp": False,
                                     "project_id": project})
    Rest(member, cloud.url("network") + "/v2.0").post("/security-groups", security_group={"name": "vc"})
    return net
