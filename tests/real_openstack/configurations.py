# SPDX-License-Identifier: Apache-2.0
"""The services' files: Debian's defaults wherever they do, few processes, lists in small pages."""

REGION = "RegionOne"
PASSWORD = "of-a-cloud-for-tests"    # of each service, and of the admin
# Rows of a page: small, so that lists have many. Glance's default page is smaller still than what may be asked for.
SERVERS_PAGE, IMAGES_PAGE = 5, 3

TEXTS = {
    "keystone.conf": """
[database]
connection = {databases}/keystone
[token]
provider = fernet
[fernet_tokens]
key_repository = {folder}/fernet
[fernet_receipts]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
""",
    "glance-api.conf": """
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {image}
workers = 0
limit_param_default = {images_page}
api_limit_max = {images_page}
node_staging_uri = file://{folder}/staging
[database]
connection = {databases}/glance
[glance_store]
stores = file
default_store = file
filesystem_store_datadir = {folder}/images
[paste_deploy]
flavor = keystone
config_file = {root}/usr/share/glance-common/glance-api-paste.ini
[oslo_concurrency]
lock_path = {folder}/locks
""",
    "placement.conf": """
[placement_database]
connection = {databases}/placement
""",
    "neutron.conf": """
[DEFAULT]
bind_host = 127.0.0.1
bind_port = {network}
core_plugin = ml2
service_plugins =
api_workers = 0
rpc_workers = 0
rpc_state_report_workers = 0
dhcp_agent_notification = false
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
transport_url = {transport}
api_paste_config = {root}/usr/share/neutron-common/api-paste.ini
state_path = {folder}
[database]
connection = {databases}/neutron
[ml2]
type_drivers = local
tenant_network_types = local
mechanism_drivers = nephele
[quotas]
quota_port = -1
[oslo_concurrency]
lock_path = {folder}/locks
""",
    # osapi_compute_workers is 1 process; the scheduler's and conductor's default is one for each processor.
    "nova.conf": """
[DEFAULT]
compute_driver = fake.FakeDriver
host = host1
my_ip = 127.0.0.1
enabled_apis = osapi_compute
osapi_compute_listen = 127.0.0.1
osapi_compute_listen_port = {compute}
osapi_compute_workers = 1
transport_url = {transport}
state_path = {folder}
[api]
max_limit = {servers_page}
[api_database]
connection = {databases}/nova_api
[database]
connection = {databases}/nova
[conductor]
workers = 1
[scheduler]
workers = 1
[wsgi]
api_paste_config = {root}/usr/share/nova-common/api-paste.ini
[vnc]
enabled = false
[oslo_concurrency]
lock_path = {folder}/locks
[glance]
api_servers = http://127.0.0.1:{image}
[placement]
{account}
[neutron]
{account}
[service_user]
send_service_user_token = false
""",
}
# As Nova is asked: a token that is revoked opens nothing from the next call on.
AUTHTOKEN = """
[keystone_authtoken]
www_authenticate_uri = {identity_url}
{account}
token_cache_time = -1
service_token_roles_required = true
"""
ACCOUNT = """auth_type = password
auth_url = {identity_url}
username = service
password = {password}
project_name = service
user_domain_name = Default
project_domain_name = Default
region_name = {region}
"""


def write(folder, **facts):
    """All files into `folder`. facts: root, databases, transport, and each service's port by its type."""
    facts = {**facts, "folder": folder, "region": REGION, "password": PASSWORD, "servers_page": SERVERS_PAGE,
             "images_page": IMAGES_PAGE, "identity_url": f"http://127.0.0.1:{facts['identity']}/v3"}
    facts["account"] = ACCOUNT.format(**facts)
    for name, text in TEXTS.items():
        if name != "keystone.conf":
            text += AUTHTOKEN
        (folder / name).write_text(text.format(**facts))
        (folder / name).chmod(0o600)
