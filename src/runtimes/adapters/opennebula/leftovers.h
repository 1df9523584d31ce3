// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "clouds/opennebula/oned.h"
#include "clouds/opennebula/oneflow.h"
#include "clouds/opennebula/reader.h"
#include "operations/operations.h"
#include "runtimes/adapters/opennebula/patience.h"
#include "runtimes/adapters/opennebula/remains.h"
#include "runtimes/model.h"
#include "runtimes/refusal.h"
#include "runtimes/runtime_cloud.h"
#include "runtimes/settings.h"
#include "runtimes/store.h"

/// What must not stay behind in OpenNebula, whatever breaks in the middle (contract, 4.2, 4.5, Q39). Before the first
/// call that changes something, a row of operations says what may come of it; who made the row settles it, or a worker
/// clears up: after a failure at once, after a kill -9 in the next process.
namespace nephele::runtimes::one {

/// A create whose answer was lost may still bring forth its service, and a service its VMs: 90 s after the last moment
/// at which it may be asked for. Its row may be as old as the whole create then: it is written while the templates are
/// read.
constexpr std::chrono::seconds late_arrivals(const Settings& settings) noexcept {
  return settings.timeout + besides + std::chrono::seconds{90};
}

/// The three ways to OpenNebula; they outlive whoever has this.
struct Upstream {
  opennebula::Oned& oned;
  opennebula::OneFlow& flow;
  opennebula::Reader& reader;
};

class Leftovers;

/// A row that is in our hands. When it goes out of scope without a word, because the request was cut off in the middle
/// or the database did not take the word, a worker takes the row when its lease has run out.
class Journal {
 public:
  Journal(Leftovers& leftovers, operations::Held held, Remains what);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// Nothing is left to do. Fails when the row is not ours any more. `answer` is what the key of this create answers
  /// from now on.
  Task<Result<>> settle(std::optional<View> answer = std::nullopt);
  /// A worker sees to `remains` from now on.
  Task<> hand_over();

  Remains remains;
  std::string owner;                  ///< whose key
  std::optional<IdempotencyKey> key;  ///< of the create
  /// What the row's end has to outlast. `kill` where nothing goes wrong when a power cut brings the row back.
  sql::Outlasts end_outlasts = sql::Outlasts::power_cut;

 private:
  Leftovers& leftovers_;
  operations::Held held_;
  bool ended_ = false;
};

/// How a create begins: with a row, or with the answer that its key has had.
struct Begun {
  std::unique_ptr<Journal> journal;
  std::optional<store::UsedKey> used;
};

class Leftovers final : public operations::Handler {
 public:
  Leftovers(sql::Database& database, operations::Operations& operations, Upstream upstream, const Clock& clock,
            const Settings& settings, log::Logger log);

  /// With operations, before they start.
  void register_handlers();

  /// Before a create begins. The credentials are sealed until the row ends. With a key: waits for another create of the
  /// same key to end, `busy` when it does not in time; when there is an answer for the key already, nothing is begun.
  Task<Result<Begun>> begin(const Caller& caller, Remains remains, std::optional<IdempotencyKey> key,
                            SteadyTime deadline);
  /// One at a time per runtime, also among engines that share a database. Waits for its turn, then `busy`. With
  /// `remains` a worker goes on with the removal when this process dies; without, the turn just ends then.
  Task<Result<std::unique_ptr<Journal>>> take_turn(const Caller& caller, RuntimeId id, std::optional<Remains> remains,
                                                   SteadyTime deadline);
  /// The same without waiting; null when somebody else has the turn.
  Task<std::unique_ptr<Journal>> try_turn(const Caller& caller, RuntimeId id);

  // operations::Handler
  Task<Result<>> run(operations::Work& work) override;
  std::optional<std::chrono::milliseconds> pause(const operations::Record& record, const Error& error) override;
  void failed(sql::Tx& tx, const operations::Record& record, const Error& error) override;

 private:
  friend class Journal;
  Task<Result<>> settle(operations::Held held, const Journal& journal, std::optional<View> answer);
  Task<bool> hand_over(operations::Held held, Remains remains);
  Task<Result<operations::Held>> alone(operations::NewOperation row, SteadyTime deadline, std::string otherwise,
                                       std::function<Result<>(sql::Tx&, const operations::Held&)> also,
                                       sql::Outlasts outlasts = sql::Outlasts::power_cut);
  Task<Result<std::optional<std::int64_t>>> perhaps_promised(opennebula::Session session, std::string tag);
  Task<Result<std::vector<std::int64_t>>> documents_of(opennebula::Session session, std::int64_t service);
  Task<Result<>> clear_service(operations::Work& work, opennebula::Session session, Remains& remains);
  Task<Result<>> clear_documents(opennebula::Session session, const Remains& remains);
  Task<Result<>> clear_machines(opennebula::Session session, const Remains& remains);
  Task<Result<std::vector<std::int64_t>>> machines_with_tag(opennebula::Session session, std::string tag);

  sql::Database& database_;
  operations::Operations& operations_;
  Upstream upstream_;
  const Clock& clock_;
  std::chrono::hours keys_keep_;
  std::chrono::seconds late_arrivals_;
  std::string boot_;  ///< this one of the machine
  log::Logger log_;
  std::unique_ptr<operations::Handler> dead_turn_;
};

opennebula::Session session_of(const Caller& caller, SteadyTime deadline);

/// The caller's service that carries the tag of a create; nothing when there is none.
Task<Result<std::optional<std::int64_t>>> find_service(Upstream upstream, opennebula::Session session, std::string tag);

/// Undeploys the service; where that is refused, removes it from whatever state it is in, with a second try after 1 s
/// (contract, 4.5) and more while they get on. Gone already: success. `tale`: where people are told; null for workers,
/// which do it again and again.
Task<Result<>> remove_service(Upstream upstream, opennebula::Session session, std::int64_t id,
                              const log::Logger* tale = nullptr);
/// The second way at once.
Task<Result<>> force_service_away(Upstream upstream, opennebula::Session session, std::int64_t id,
                                  const log::Logger* tale = nullptr);

}  // namespace nephele::runtimes::one
