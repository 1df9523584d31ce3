// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "clouds/opennebula/dialect.h"
#include "clouds/opennebula/model.h"
#include "clouds/opennebula/template.h"
#include "runtimes/model.h"
#include "runtimes/settings.h"

/// What an instantiation overrides in the templates of a service (contract, 4.1, 5.4, 5.5, 12). Pure.
namespace nephele::runtimes::one {

/// Why oned would not keep a document under this name, or would refuse to give it this one later (`renaming`: it is
/// stricter then). Empty when it would.
std::string objection_to_name(std::string_view name, bool renaming);

/// The role of a service template that is this function: the exact name first, then ignoring case (decision K9).
const opennebula::RoleTemplate* role_for(const opennebula::ServiceTemplate& from, Role role);
const opennebula::Role* role_for(const opennebula::Service& from, Role role);

/// Each size: the caller's, else the VM template's, else the configured default (decision C8).
FunctionSizes planned_sizes(const WantedSizes& wanted, const opennebula::VmTemplate& from,
                            const CapacitySettings& capacity);

/// SCHED_REQUIREMENTS, SCHED_RANK and DEVICE_INFO from SCHEDULING and DEVICE_INFO, in the caller's order. Names of
/// members that OpenNebula cannot carry go to `left_out`.
opennebula::Template wishes_of(const json::Object& document, std::vector<std::string>& left_out);

/// Are these wishes in what a VM carries (its USER_TEMPLATE)? What is empty is as good as absent.
bool carries(const opennebula::Template& user, const opennebula::Template& wishes);

/// Everything that one role's VM gets besides its template.
struct FunctionPlan {
  FunctionSizes sizes;
  std::string sr_auth;            ///< base64 of user:password; empty: the VM gets none
  opennebula::Template wishes;    ///< wishes_of()
  std::int64_t service_template;  ///< FLAVOURS: the orchestrator reads it from the VM
  std::string tag;                ///< by which a service whose id never reached us is found again
};

/// The attribute of a VM that carries FunctionPlan::tag.
inline constexpr std::string_view tag_attribute = "NEPHELE_REQUEST";

/// Is it a VM of this service, by what OneFlow wrote into it? A document tells VMs too, but its owner may write there
/// what he likes, and others' VMs are not to be touched in his name.
bool is_of(const opennebula::Vm& vm, std::optional<std::int64_t> service);

/// `invalid` when the VM template has no DISK.
Result<opennebula::Template> override_of(const FunctionPlan& plan, const opennebula::VmTemplate& from,
                                         const CapacitySettings& capacity, opennebula::Dialect dialect);

}  // namespace nephele::runtimes::one
