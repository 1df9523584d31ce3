// SPDX-License-Identifier: Apache-2.0
#include "fleet/cloud_options.h"

#include <algorithm>
#include <array>

namespace nephele::fleet {

namespace {

constexpr bool address = true, no_address = false, file = true;

constexpr std::array options{
    CloudOption{"flavor_names", ""},
    CloudOption{"api_version", ""},  // of Keystone; of every space in contract vcycle, 1.4
    CloudOption{"zones", "openstack ec2 google azure"},
    CloudOption{"volume_gb_per_processor", "openstack"},
    CloudOption{"url", "openstack ec2 google azure occi dbce opennebula creamce", address},
    CloudOption{"ca_file", "openstack ec2 google azure occi dbce opennebula", no_address, file},
    CloudOption{"project_name", "openstack azure occi dbce"},
    CloudOption{"project_id", "openstack google"},
    CloudOption{"domain_name", "openstack occi"},
    CloudOption{"username", "openstack azure occi opennebula"},
    CloudOption{"password_base64", "openstack occi opennebula"},
    CloudOption{"password", "openstack azure occi opennebula"},
    CloudOption{"region", "openstack ec2"},
    CloudOption{"security_groups", "openstack ec2 azure"},
    CloudOption{"subnets", "ec2 google azure"},
    CloudOption{"network", "google dbce"},
    CloudOption{"disk_type", "google azure"},
    CloudOption{"public_ip", "google azure dbce"},
    CloudOption{"flavor_processors", "ec2 occi dbce"},
    CloudOption{"version", "ec2 dbce"},
    CloudOption{"glance_api", "openstack"},
    CloudOption{"network_uuid", "openstack"},
    CloudOption{"cred_id", "openstack"},
    CloudOption{"cred_secret", "openstack"},
    CloudOption{"compute_microversion", "openstack"},
    CloudOption{"access_key", "ec2"},
    CloudOption{"secret_key", "ec2"},
    CloudOption{"service", "ec2"},
    CloudOption{"signature", "ec2"},
    CloudOption{"tag_at_creation", "ec2"},
    CloudOption{"client_email", "google"},
    CloudOption{"private_key", "google"},
    CloudOption{"key_file", "google", no_address, file},
    CloudOption{"token_url", "google", address},
    CloudOption{"subscription", "azure"},
    CloudOption{"resource_group", "azure"},
    CloudOption{"location", "azure"},
    CloudOption{"tenant_id", "azure"},
    CloudOption{"client_id", "azure"},
    CloudOption{"client_secret", "azure"},
    CloudOption{"login_url", "azure", address},
    CloudOption{"certificate", "azure"},
    CloudOption{"pfx", "azure"},
    CloudOption{"proxy", "occi", no_address, file},
    CloudOption{"identity_provider", "occi"},
    CloudOption{"protocol", "occi"},
    CloudOption{"token_file", "occi", no_address, file},
    CloudOption{"key", "dbce"}};

}  // namespace

bool CloudOption::is_known_to(std::string_view api) const noexcept {
  if (apis.empty()) return true;
  for (std::string_view left = apis;;) {
    const auto end = left.find(' ');
    if (left.substr(0, end) == api) return true;
    if (end == std::string_view::npos) return false;
    left.remove_prefix(end + 1);
  }
}

std::span<const CloudOption> cloud_options() noexcept {
  return options;
}

const CloudOption* cloud_option(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(options, name, &CloudOption::name);
  return found == options.end() ? nullptr : found;
}

}  // namespace nephele::fleet
