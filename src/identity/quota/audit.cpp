// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/audit.h"

namespace nephele::identity::quota {

std::string_view to_string(Flaw flaw) noexcept {
  switch (flaw) {
    case Flaw::missing:
      return "missing";
    case Flaw::unexpected:
      return "unexpected";
    case Flaw::limit:
      return "limit";
    case Flaw::usage:
      return "usage";
    case Flaw::unexplained:
      return "unexplained";
  }
  return "unknown";
}

std::vector<Finding> compare(const Holding& found, std::optional<Amount> limit, const UsageSum& told,
                             const Audit& audit) {
  std::vector<Finding> findings;
  if (!limit && audit.unexpected && found.limit != 0) {
    Holding expected = found;
    expected.limit = 0;
    findings.push_back({Flaw::unexpected, found, expected});
  } else if (limit && *limit != found.limit) {
    Holding expected = found;
    expected.limit = *limit;
    findings.push_back({Flaw::limit, found, expected});
  }
  const auto usage = told.usage();
  if (!usage) {
    findings.push_back({Flaw::unexplained, found, found});
  } else if (*usage != Usage{found.usage_min, found.usage_max}) {
    Holding expected = found;
    expected.usage_min = usage->min;
    expected.usage_max = usage->max;
    findings.push_back({Flaw::usage, found, expected});
  }
  return findings;
}

}  // namespace nephele::identity::quota
