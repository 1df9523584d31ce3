// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "fleet/files.h"
#include "fleet/shares.h"

namespace nephele::fleet {

/// What is remembered of a type: last_abort_times of the contract, and beside it the creations that failed in a row. A
/// file that cannot be read says nothing; so does one whose time is more than an hour to come: the clock has been set
/// back since, and its type must not wait for that time.
TypeHistory read_history(const Files& files, const std::string& space, const std::string& type, Instant now);
/// Never back: an earlier time than the one known changes nothing.
Result<> note_abort(const Files& files, const std::string& space, const std::string& type, Instant when, Instant now);
/// A creation was refused or never came up; several at one time count once.
Result<> note_failure(const Files& files, const std::string& space, const std::string& type, Instant when);
/// One came up: the next failure is the first again.
Result<> forget_failures(const Files& files, const std::string& space, const std::string& type);

}  // namespace nephele::fleet
