// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/async.h"
#include "clouds/openstack/account.h"
#include "clouds/openstack/compute.h"
#include "clouds/openstack/image.h"
#include "clouds/openstack/network.h"

namespace nephele::openstack {

class CallLog;

/// One account on one OpenStack. Safe for many callers at once; the token is theirs together. Goes before the
/// io_context of those who called it.
class Cloud {
 public:
  /// `log` may be null, or outlives this.
  explicit Cloud(Account account, CallLog* log = nullptr);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// Signs in unless a token is there, and looks whether the catalog has compute and image services. The other calls
  /// sign in by themselves; this one tells early.
  Task<Result<>> connect(SteadyTime deadline);

  Compute& compute() noexcept;
  Images& images() noexcept;
  Networks& networks() noexcept;
  Volumes& volumes() noexcept;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nephele::openstack
