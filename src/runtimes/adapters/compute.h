// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "bus/bus.h"
#include "compute/compute.h"
#include "compute/tx.h"
#include "operations/operations.h"
#include "runtimes/event_log.h"
#include "runtimes/flavour.h"
#include "runtimes/runtime_cloud.h"
#include "runtimes/settings.h"
#include "runtimes/store.h"
#include "sql/sql.h"

/// The runtimes port over our own compute: one server per function, rows in runtimes_*. Every change of a runtime and
/// what it asks of compute are one transaction.
namespace nephele::runtimes {

class ComputeCloud final : public RuntimeCloud {
 public:
  ComputeCloud(sql::Database& database, compute::Compute& compute, operations::Operations& operations, EventLog& events,
               const Clock& clock, const Settings& settings, log::Logger log);

  Task<Answer<View>> create(Caller caller, NewRuntime wanted) override;
  Task<Answer<View>> read(Caller caller, RuntimeId id) override;
  Task<Answer<View>> update(Caller caller, RuntimeId id, Change change) override;
  Task<Answer<>> remove(Caller caller, RuntimeId id) override;
  Task<Answer<Listed>> list(Caller caller, ListPage page) override;

 private:
  /// A function on its way to new sizes.
  struct Resizing {
    Role role;
    operations::OperationId operation;
    FunctionSizes from, target;
  };
  /// What the first transaction of an update did.
  struct Begun {
    std::string runtime;                ///< as it reads now
    std::vector<Resizing> resizing;     ///< empty: nothing to wait for
    std::optional<Refusal> recovering;  ///< a recovery was started instead; this is the answer
  };

  Answer<View> create_in(sql::Tx& tx, const Caller& caller, const NewRuntime& wanted);
  Answer<Flavour> choose_flavour(sql::Tx& tx, const json::Object& document) const;
  Answer<Function> create_function(sql::Tx& tx, const Caller& caller, const store::Record& record, Role role,
                                   const Flavour& flavour);

  Answer<Begun> begin_update(sql::Tx& tx, const Caller& caller, RuntimeId id, const Specification& wanted);
  Answer<> recover(sql::Tx& tx, const Caller& caller, store::Record& record, const Specification& wanted, Begun& begun);
  Answer<> resize(sql::Tx& tx, const Caller& caller, store::Record& record, const Specification& wanted, Begun& begun);
  /// Waits for the outcome, then says whether each function has what was asked for.
  Task<Answer<View>> finish_update(RuntimeId id, std::vector<Resizing> resizing, SteadyTime deadline);

  sql::Database& database_;
  compute::Compute& compute_;
  operations::Operations& operations_;
  EventLog& events_;
  const Clock& clock_;
  const Settings& settings_;
  log::Logger log_;
};

/// Moves the functions' STATE by what compute tells. Register it: bus.consume(compute::server_changed, news).
class ComputeNews final : public bus::Consumer {
 public:
  ComputeNews(EventLog& events, const Clock& clock, log::Logger log);
  Result<> consume(sql::Tx& tx, const bus::Message& message) override;

 private:
  EventLog& events_;
  const Clock& clock_;
  log::Logger log_;
};

}  // namespace nephele::runtimes
