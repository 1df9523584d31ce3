// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "fleet/apel.h"
#include "fleet/files.h"

namespace nephele::fleet {

/// What is known of a machine's end, once and for all: written down before anything follows from it, so that whoever
/// goes on after a crash comes to the same.
struct Ending {
  Instant stopped{};
  std::string record = {};  ///< text of the accounting record; empty: none is due
  bool publish = false;     ///< also to apel-outgoing
};

/// Something is left to do for the ending of the machine in `folder`: it is called "ending" there, and "ended" once all
/// is done. Cheaper than to read it.
bool has_ending(const std::string& folder);
/// The ending of the machine in `folder` that was written down before, if any, done or not.
std::optional<Ending> ending_in(const std::string& folder);

/// Writes the ending down; its record gets a name from `now` and `salt`.
Result<> note_ending(const Files& files, const std::string& folder, const Ending& ending, Instant now,
                     std::uint32_t salt);

/// Files the record once in apel-archive and, where it is to be sent, once in apel-outgoing, wherever an earlier try
/// ended; ssmsend may take it away at any moment. Nothing to do: success.
///
/// The record waits in apel-staging until the ending says so, and is then renamed into apel-outgoing: if it is no
/// longer in apel-staging, it has been published.
/// `manages`: this manager acts on the machine; else it only finishes what it began itself before it lost it.
Result<> file_record(const Files& files, const std::string& folder, bool manages);

/// The mark of a machine whose record was filed because its cloud listed it no more: it outlives the machine's folder,
/// so that one that is listed again after all has no second record. It holds when that record ends.
std::string accounted_mark(const Files& files, const std::string& space, const std::string& id);

}  // namespace nephele::fleet
