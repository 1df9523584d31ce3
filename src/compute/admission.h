// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/error.h"
#include "compute/backend.h"

/// Does one more machine fit? Pure: decided in the transaction that writes the reservation.
namespace nephele::compute {

/// What the servers of the database have reserved already.
struct Reserved {
  Bytes memory;  ///< of guests, without the hypervisors' overhead
  Bytes disk;
  std::uint64_t machines = 0;
};

/// The reason why a change from `before` (nothing for a new machine) to `after` does not fit, with its numbers.
std::optional<Error> does_not_fit(const Capacity& capacity, const Reserved& reserved,
                                  const std::optional<Sizes>& before, const Sizes& after);

/// The reason why a disk of that size cannot hold the image's.
std::optional<Error> disk_too_small(const Image& image, Bytes disk);

}  // namespace nephele::compute
