// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "clouds/ec2/account.h"
#include "clouds/ec2/model.h"

namespace nephele::ec2 {

/// One account of EC2, or of what speaks like it. Safe for many callers at once. Goes before the io_context of those
/// who called it. Errors stand in errors.h.
class Cloud {
 public:
  /// The clock dates signatures, and outlives this.
  Cloud(Account account, const Clock& clock);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  const Account& account() const noexcept;

  /// All instances of the account, also those that have just ended, or an error: never a part.
  Task<Result<std::vector<Instance>>> instances(SteadyTime deadline);
  /// Ready when EC2 has taken the order. Never sent twice; after an error of which may_have_happened() is true look for
  /// it, or order again with the same client token.
  Task<Result<Instance>> run(NewInstance wanted, SteadyTime deadline);
  /// One that is gone already is success.
  Task<Result<>> terminate(InstanceId id, SteadyTime deadline);
  /// Tags have no order, and may be set again.
  Task<Result<>> tag(InstanceId id, std::vector<std::pair<std::string, std::string>> tags, SteadyTime deadline);

  /// What of these there is; others are passed over. Only where is_modern().
  Task<Result<std::vector<InstanceType>>> instance_types(std::vector<std::string> names, SteadyTime deadline);

  Task<Result<std::vector<KeyPair>>> key_pairs(SteadyTime deadline);
  /// The name of the pair with this key ("ssh-rsa AAAA..."; the fingerprint of imported keys is the MD5 of the blob);
  /// imported as `name` when there is none. A pair that is called `name` is taken for it: not every service tells keys
  /// by that fingerprint, so the name should be one that no other key has.
  Task<Result<std::string>> ensure_key_pair(std::string public_key, std::string name, SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "a1:b2:...": how EC2 tells an imported key. Fails with `invalid` for what is no line of a .pub file.
Result<std::string> fingerprint_of(std::string_view public_key);

}  // namespace nephele::ec2
