// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "base/secret.h"
#include "clouds/rest/link.h"

/// The API of Deutsche Börse Cloud Exchange, as far as its clients here use it (contract vcycle, 3.5).
namespace nephele::dbce {

struct Account {
  std::string url = {};      ///< "https://api.cloud.exchange"
  std::string version = {};  ///< "v1": the next part of the path
  Secret key = {};

  rest::Settings link = {};
};

struct Machine {
  std::string id = {};
  std::string name = {};
  std::string state = {};  ///< "started", "stopped", "error", "unknown"
  std::optional<std::int64_t> processors = {};
};

struct NewMachine {
  std::string name = {};
  std::string platform = {}, image = {}, configuration = {}, network = {};  ///< ids
  std::string cloud_config = {};  ///< as the machine is to see it; base64 is made of it here
};

/// One account. Calls come one at a time. Errors stand in clouds/rest/errors.h.
class Cloud {
 public:
  explicit Cloud(Account account);
  ~Cloud();
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;

  /// Every machine, of all pages, or an error: never a part.
  Task<Result<std::vector<Machine>>> machines(SteadyTime deadline);
  /// The new machine's id. Never sent twice; where rest::may_have_happened() is true of the error, look for it.
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline);
  /// Begun when it is answered, and done some time later. One that has an address already is `conflict`.
  Task<Result<>> assign_public_ip(std::string id, SteadyTime deadline);
  /// One that is gone already is success.
  Task<Result<>> remove(std::string id, SteadyTime deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace nephele::dbce
