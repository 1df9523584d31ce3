// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtimes/event_log.h"
#include "runtimes/state_machine.h"
#include "runtimes/store.h"

namespace nephele::runtimes {

/// Appends an event of the runtime as a whole to its sequence.
void tell(sql::Tx& tx, EventLog& events, store::Record& record, std::string_view type, json::Object data = {});

/// An event about one function: FUNCTION, STATE, ENDPOINT and, where there is one, the reason.
void tell_function(sql::Tx& tx, EventLog& events, store::Record& record, const Function& function,
                   std::string_view type, const std::string& reason = {});

/// Moves one function along the state machine and tells it. True when anything that users see changed; the caller saves
/// the record.
bool move(sql::Tx& tx, EventLog& events, store::Record& record, Function& function, MachineNews news,
          const std::string& reason);

}  // namespace nephele::runtimes
