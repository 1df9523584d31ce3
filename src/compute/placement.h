// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "compute/admission.h"
#include "compute/model.h"

/// Who runs machines, and which of them gets the next one. Pure: decided in the transaction that writes the server.
namespace nephele::compute {

/// What a driver last said of itself. Whoever can read the database can admit servers by it.
struct Driver {
  DriverId id;
  std::string host;  ///< its name, for people
  std::string address_pool;
  Capacity capacity;
  Time said;  ///< the epoch: it was stopped in an orderly way
};

struct Candidate {
  Driver driver;
  Reserved reserved;  ///< by servers placed there
};

/// When one looks, and how long a driver may have been silent then.
struct Look {
  Time now;
  std::chrono::milliseconds silence;
};

/// Why nothing new can be given to this driver: it was stopped, or has been silent for too long.
std::optional<Error> silence_of(const Driver& driver, const Look& look);

/// The one that gets a machine of these sizes: of those that live and where it fits, the one with most memory left.
/// With `only` (the other end of a private link is there) just that one. The error, `timeout` for silence and
/// `over_quota` for size, is of the one that came closest.
Result<Driver> choose_driver(std::span<const Candidate> candidates, const Sizes& sizes,
                             const std::optional<DriverId>& only, const Look& look);

}  // namespace nephele::compute
