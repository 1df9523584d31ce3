// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "clouds/opennebula/model.h"
#include "clouds/opennebula/oned.h"

/// OneFlow changed its language at 7.0: how a role names its VM template, how it is overridden, how roles are merged.
namespace nephele::opennebula {

enum class Dialect : std::uint8_t {
  v6,  ///< `vm_template`, `vm_template_contents` as text, roles merged by position
  v7,  ///< `template_id`, `template_contents` as an object, roles merged by name
};

Dialect dialect_of(const Version& version) noexcept;

/// Finds out once which OpenNebula is there, and keeps it for a while: it may be upgraded under us, but not faster than
/// this, since it is away meanwhile.
class Dialects {
 public:
  /// `forced`: the setting of an operator; nothing is asked then. `oned` outlives this.
  explicit Dialects(Oned& oned, std::optional<Dialect> forced = std::nullopt,
                    std::chrono::seconds keep = std::chrono::seconds(30));

  Task<Result<Version>> version(Session session);
  /// A role with `template_id` says it; otherwise the version does.
  Task<Result<Dialect>> dialect(Session session, const ServiceTemplate& service_template);

 private:
  std::optional<Version> kept();
  void keep(Version version);

  Oned& oned_;
  std::optional<Dialect> forced_;
  std::chrono::seconds keep_;
  std::mutex mutex_;
  std::optional<Version> version_;
  SteadyTime until_;
};

/// What one role gets instead of its VM template's own attributes. In v6 whole attributes are replaced, so DISK and
/// CONTEXT must be complete; in v7 they are merged member by member.
struct RoleOverride {
  std::string name;
  Template contents;
};

/// `merge_template` for OneFlow::instantiate. v6 merges by position: one element per role of the template, in its
/// order, with its own name. v7 merges by name: only the overridden ones. Fails with `invalid` when an override names
/// no role of the template, or cannot be written. An overridden role that would get no machine gets one.
Result<json::Object> merge_template(const ServiceTemplate& service_template, const std::vector<RoleOverride>& overrides,
                                    Dialect dialect);

}  // namespace nephele::opennebula
