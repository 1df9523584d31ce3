// SPDX-License-Identifier: Apache-2.0
#include "identity/astakos/known_services.h"

#include <array>

namespace nephele::identity::astakos {

namespace {

struct KnownService {
  std::string_view component, name, type, prefix, version;
  bool is_public;
};
constexpr std::array services{KnownService{"astakos", "astakos_account", "account", "account", "v1.0", true},
                              KnownService{"astakos", "astakos_identity", "identity", "identity", "v2.0", true},
                              KnownService{"astakos", "astakos_weblogin", "astakos_weblogin", "weblogin", "", true},
                              KnownService{"astakos", "astakos_oauth2", "astakos_auth", "oauth2", "", true},
                              KnownService{"astakos", "astakos_ui", "astakos_ui", "ui", "", false},
                              KnownService{"astakos", "astakos_admin", "astakos_admin", "admin", "", false},
                              KnownService{"cyclades", "cyclades_compute", "compute", "compute", "v2.0", true},
                              KnownService{"cyclades", "cyclades_plankton", "image", "image", "v1.0", true},
                              KnownService{"cyclades", "cyclades_network", "network", "network", "v2.0", true},
                              KnownService{"cyclades", "cyclades_volume", "volume", "volume", "v2.0", true},
                              KnownService{"cyclades", "cyclades_vmapi", "vmapi", "vmapi", "v1.0", true},
                              KnownService{"cyclades", "cyclades_admin", "admin", "admin", "", true},
                              KnownService{"cyclades", "cyclades_userdata", "cyclades_userdata", "userdata", "", false},
                              KnownService{"cyclades", "cyclades_helpdesk", "cyclades_helpdesk", "helpdesk", "", false},
                              KnownService{"cyclades", "cyclades_ui", "cyclades_ui", "ui", "", false},
                              KnownService{"pithos", "pithos_object-store", "object-store", "object-store", "v1", true},
                              KnownService{"pithos", "pithos_public", "pithos_public", "public", "", false},
                              KnownService{"pithos", "pithos_ui", "pithos_ui", "ui", "", false}};

struct KnownResource {
  std::string_view service, name, description, unit;
  bool ui_visible = true, api_visible = true;
};
constexpr std::array resources{
    KnownResource{"astakos_account", "astakos.pending_app", "Number of pending project applications", "", false, false},
    KnownResource{"cyclades_compute", "cyclades.vm", "Number of virtual machines", ""},
    KnownResource{"cyclades_compute", "cyclades.total_cpu", "Number of virtual machine processors", "", false},
    KnownResource{"cyclades_compute", "cyclades.cpu", "Number of processors of running virtual machines", ""},
    KnownResource{"cyclades_compute", "cyclades.total_ram", "Virtual machine memory size", "bytes", false},
    KnownResource{"cyclades_compute", "cyclades.ram", "Memory size of running virtual machines", "bytes"},
    KnownResource{"cyclades_compute", "cyclades.disk", "Virtual machine disk size", "bytes"},
    KnownResource{"cyclades_network", "cyclades.network.private", "Number of private networks", ""},
    KnownResource{"cyclades_network", "cyclades.floating_ip", "Number of floating IP addresses", ""},
    KnownResource{"pithos_object-store", "pithos.diskspace", "Pithos account diskspace", "bytes"}};

json::Object resources_of(const KnownService& service) {
  json::Object out;
  for (const auto& known : resources) {
    if (known.service != service.name) continue;
    json::Object one;
    one.append("name", known.name);
    one.append("desc", known.description);
    if (!known.unit.empty()) one.append("unit", known.unit);
    one.append("service_type", service.type);
    one.append("service_origin", service.name);
    one.append("ui_visible", known.ui_visible);
    one.append("api_visible", known.api_visible);
    out.append(std::string(known.name.substr(known.name.find('.') + 1)), std::move(one));
  }
  return out;
}

}  // namespace

std::optional<json::Object> exported_services(std::string_view component, std::string_view base_url) {
  while (base_url.ends_with('/')) base_url.remove_suffix(1);
  json::Object out;
  for (const auto& service : services) {
    if (service.component != component) continue;
    std::string url = std::string(base_url) + "/" + std::string(service.prefix);
    if (!service.version.empty()) url += "/" + std::string(service.version);
    json::Object endpoint, one;
    endpoint.append("versionId", service.version);
    endpoint.append("publicURL", std::move(url));
    one.append("component", service.component);
    one.append("type", service.type);
    one.append("prefix", service.prefix);
    one.append("public", service.is_public);
    one.append("endpoints", json::Array{json::Value(std::move(endpoint))});
    one.append("resources", resources_of(service));
    out.append(std::string(service.name), std::move(one));
  }
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace nephele::identity::astakos
