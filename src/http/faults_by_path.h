// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/router.h"

namespace nephele::http {

/// Several APIs behind one router, each with faults of its own: those of the longest prefix of the path answer, at
/// whole segments.
class FaultsByPath final : public Faults {
 public:
  /// All outlive it. `others` answer where no prefix fits.
  FaultsByPath(std::vector<std::pair<std::string, const Faults*>> by_prefix, const Faults& others)
      : by_prefix_(std::move(by_prefix)), others_(others) {}

  Response not_found(const Request& request) const override { return of(request).not_found(request); }
  Response method_not_allowed(const Request& request, std::string allow) const override {
    return of(request).method_not_allowed(request, std::move(allow));
  }
  Response internal(const Request& request) const override { return of(request).internal(request); }
  Response too_large(const Request& request, std::size_t limit) const override {
    return of(request).too_large(request, limit);
  }
  Response refused(const Request& request, const Error& error) const override {
    return of(request).refused(request, error);
  }
  Response timed_out(const Request& request) const override { return of(request).timed_out(request); }

 private:
  const Faults& of(const Request& request) const {
    const Faults* found = &others_;
    std::size_t longest = 0;
    for (const auto& [prefix, faults] : by_prefix_) {
      const auto rest = request.path.substr(std::min(prefix.size(), request.path.size()));
      if (prefix.size() < longest || !request.path.starts_with(prefix) || (!rest.empty() && rest.front() != '/'))
        continue;
      found = faults;
      longest = prefix.size();
    }
    return *found;
  }

  std::vector<std::pair<std::string, const Faults*>> by_prefix_;
  const Faults& others_;
};

}  // namespace nephele::http
