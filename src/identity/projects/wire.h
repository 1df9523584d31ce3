// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "base/json.h"
#include "identity/astakos/faults.h"
#include "identity/projects/model.h"
#include "identity/projects/rules.h"

/// Projects and memberships as JSON, both ways: no I/O.
namespace nephele::identity::projects::wire {

struct WantedAction {
  Action action = Action::suspend;
  std::string reason = {};
  std::optional<ApplicationId> application = {};
};
/// {"suspend": {"reason": "..."}}; clients also write "reasons", or the reason alone.
astakos::Answer<WantedAction> action_from(const json::Object& body);

struct WantedStep {
  Step step = Step::leave;
  std::string reason = {};
};
/// {"accept": "reason"}
astakos::Answer<WantedStep> step_from(const json::Object& body);

struct Entry {
  ProjectId project;
  std::optional<std::string> user = {};  ///< enroll him; absent: the caller joins
};
/// {"join": {"project": ID}} or {"enroll": {"project": ID, "user": E-MAIL}}
astakos::Answer<Entry> entry_from(const json::Object& body);

/// Of the query's mode; nothing when it is none.
std::optional<Mode> mode_from(std::string_view text) noexcept;

json::Value to_json(const ShownProject& project);
json::Value to_json(const ShownMembership& membership);
json::Value to_json(const Submitted& submitted);

}  // namespace nephele::identity::projects::wire
