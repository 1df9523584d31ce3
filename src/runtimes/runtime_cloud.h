// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/async.h"
#include "runtimes/document.h"
#include "runtimes/model.h"
#include "runtimes/refusal.h"

/// The port of this service: the whole life of a runtime, for a caller. Adapters: compute (ours), later OpenNebula.
/// Above it and shared by all: HTTP, schema, order of checks, texts, states.
namespace nephele::runtimes {

/// A runtime as it is answered.
struct View {
  RuntimeId id;
  std::string runtime;  ///< the object under SERVERLESS_RUNTIME, as text (document.h)
};

/// Same account, key and body: the same answer, for a day, also after a crash. Another body: idempotency_key_reused.
struct IdempotencyKey {
  std::string key;
  std::string body_hash;
};

struct NewRuntime {
  Specification specification;
  std::optional<IdempotencyKey> idempotency;
};

/// What an update wants; members that are absent mean "as it is".
struct Change {
  Specification wanted;
  SteadyTime deadline;  ///< the caller goes then; the work goes on
};

struct ListPage {
  RuntimeId after;
  std::size_t limit = 100;
};

struct Listed {
  std::vector<std::string> runtimes;  ///< like View::runtime, in order of ids
  std::optional<RuntimeId> next;      ///< `after` of the following page, if there is one
};

/// Every call may come from any thread of the server. Refusals carry the codes of the catalogue.
class RuntimeCloud {
 public:
  virtual ~RuntimeCloud() = default;

  /// Answers as soon as the machines exist, normally PENDING; never waits until they run. A refusal leaves nothing.
  virtual Task<Answer<View>> create(Caller caller, NewRuntime wanted) = 0;
  virtual Task<Answer<View>> read(Caller caller, RuntimeId id) = 0;
  /// All that can be checked is checked before the first change. Answers when the sizes are as wanted, or why not.
  virtual Task<Answer<View>> update(Caller caller, RuntimeId id, Change change) = 0;
  /// Afterwards nobody finds it; the work goes on behind. Never needs its machines to be well.
  virtual Task<Answer<>> remove(Caller caller, RuntimeId id) = 0;
  /// The caller's own, by id.
  virtual Task<Answer<Listed>> list(Caller caller, ListPage page) = 0;

  /// Whether all that happens to a runtime is written to the event log. If not, who watches it must look.
  virtual bool keeps_events() const noexcept { return true; }
};

}  // namespace nephele::runtimes
