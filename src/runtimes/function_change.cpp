// SPDX-License-Identifier: Apache-2.0
#include "runtimes/function_change.h"

#include <utility>

namespace nephele::runtimes {

void tell(sql::Tx& tx, EventLog& events, store::Record& record, std::string_view type, json::Object data) {
  events.append(tx, record.id, record.owner, ++record.last_event, type, std::move(data));
}

void tell_function(sql::Tx& tx, EventLog& events, store::Record& record, const Function& function,
                   std::string_view type, const std::string& reason) {
  json::Object data;
  data.append("FUNCTION", to_string(function.role));
  data.append("STATE", to_string(function.state));
  if (function.state == FunctionState::error) data.append("ERROR", function.error);
  data.append("ENDPOINT", function.endpoint);
  if (!reason.empty() && function.state != FunctionState::error) data.append("REASON", reason);
  tell(tx, events, record, type, std::move(data));
}

bool move(sql::Tx& tx, EventLog& events, store::Record& record, Function& function, MachineNews news,
          const std::string& reason) {
  if (!meaning(function.state, news)) return false;
  function.state = after(function.state, news);
  function.error = function.state == FunctionState::error ? reason : std::string{};
  tell_function(tx, events, record, function, "state", reason);
  return true;
}

}  // namespace nephele::runtimes
