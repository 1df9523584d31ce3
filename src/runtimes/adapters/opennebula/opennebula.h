// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "clouds/opennebula/dialect.h"
#include "runtimes/adapters/opennebula/instantiation.h"
#include "runtimes/adapters/opennebula/leftovers.h"
#include "runtimes/adapters/opennebula/recipes.h"
#include "runtimes/adapters/opennebula/sr_auth.h"
#include "runtimes/adapters/opennebula/stored_body.h"
#include "runtimes/adapters/opennebula/whereabouts.h"
#include "runtimes/runtime_cloud.h"
#include "runtimes/settings.h"

/// The runtimes port over somebody's OpenNebula: a runtime is a OneFlow service and a document of type 1337, which
/// holds all of its state. Callers are passed through: OpenNebula judges every call by their own credentials (Provision
/// Engine contract, 4 and 5).
namespace nephele::runtimes {

class OpenNebulaCloud final : public RuntimeCloud {
 public:
  /// All outlive this. `log` is the engine's log, read by people: its lines are sentences of the contract (6.2).
  OpenNebulaCloud(one::Upstream upstream, opennebula::Dialects& dialects, one::Leftovers& leftovers,
                  const Settings& settings, SrAuth sr_auth, log::Logger log);

  Task<Answer<View>> create(Caller caller, NewRuntime wanted) override;
  Task<Answer<View>> read(Caller caller, RuntimeId id) override;
  Task<Answer<View>> update(Caller caller, RuntimeId id, Change change) override;
  Task<Answer<>> remove(Caller caller, RuntimeId id) override;
  Task<Answer<Listed>> list(Caller caller, ListPage page) override;
  bool keeps_events() const noexcept override { return false; }

 private:
  using Session = opennebula::Session;

  /// A service template with what each function's VM gets.
  struct Plan {
    opennebula::ServiceTemplate from;
    json::Object merge;
    std::vector<Role> functions;
    std::vector<std::int64_t> vm_templates;  ///< of the functions
  };
  /// A runtime's document, and what it says.
  struct Loaded {
    RuntimeId id;
    std::string name;
    std::string owner;
    std::string body;  ///< as it lies there
    one::Stored stored;
  };

  // opennebula_create.cpp
  Answer<opennebula::ServiceTemplate> choose(std::vector<opennebula::ServiceTemplate> templates,
                                             const json::Object& document) const;
  /// `recipe`: the VM templates that it will probably need.
  Task<Answer<Plan>> plan(Session session, const Caller& caller, const json::Object& document, std::string tag,
                          std::vector<std::int64_t> recipe);
  /// Everything that leaves something behind; `remains` is kept up to date for whoever has to clear up.
  Task<Answer<View>> deploy(Session session, const Plan& plan, Specification wanted, one::Remains& remains);
  Task<> look_for_refused(Session session, one::Remains& remains);
  Task<Answer<opennebula::Service>> machines_of(Session session, std::int64_t service, const std::vector<Role>& wanted);
  Task<Answer<View>> write_down(Session session, Specification wanted, std::int64_t service,
                                std::vector<Function> functions, one::Remains& remains);
  /// What the caller is to hear of it: empty, or why the service is still there. A worker goes on in any case.
  Task<std::string> clear_up(const Caller& caller, one::Journal& journal);

  // opennebula_read.cpp
  /// `seen`: what is known already, see Reader.
  Task<Answer<opennebula::Document>> document_of(Session session, RuntimeId id, opennebula::Glance* seen);
  Task<Answer<Loaded>> load(Session session, RuntimeId id, opennebula::Glance* seen = nullptr);
  /// The functions as they are now, each from its VM; those that are gone are in ERROR.
  Task<Answer<std::vector<Function>>> look(Session session, const Loaded& loaded, opennebula::Glance* seen = nullptr);
  /// All of a runtime in one exchange, when its parts are where they last were.
  Task<opennebula::Glance> look_ahead(Session session, RuntimeId id);
  View view_of(const Loaded& loaded, const std::vector<Function>& functions) const;
  /// Writes what was seen, if that is news and nobody else is changing the runtime.
  Task<> keep(Session session, const Caller& caller, const Loaded& loaded, const std::vector<Function>& functions);

  // opennebula_update.cpp
  Task<Answer<View>> update_in_turn(Session session, RuntimeId id, const Specification& wanted);
  Task<Answer<>> check(Session session, const Loaded& loaded, const Specification& wanted,
                       const std::vector<Function>& functions);
  Task<Answer<>> recover(Session session, const Loaded& loaded, const Function& function);
  Task<Answer<>> change(Session session, const Specification& wanted, const Function& function, bool wishes_changed);
  Task<Answer<bool>> resize(Session session, const WantedSizes& wanted, const Function& function,
                            const opennebula::Vm& before);
  /// True where the VM got to know wishes that it lacked, or that are new to the runtime.
  Task<Answer<bool>> tell_wishes(Session session, const Specification& wanted, const opennebula::Vm& before,
                                 bool wishes_changed);
  Task<Answer<bool>> resize_disk(Session session, const WantedSizes& wanted, const Function& function);
  Task<Answer<opennebula::Vm>> settled(Session session, const Function& function);

  one::Upstream upstream_;
  opennebula::Dialects& dialects_;
  one::Leftovers& leftovers_;
  const Settings& settings_;
  const SrAuth sr_auth_;
  log::Logger log_;
  one::Whereabouts whereabouts_;
  one::Recipes recipes_;
  std::atomic<int> beside_ = 0;  ///< creates that read and write at once
};

namespace one {

/// OpenNebula's own words, or ours where it said none.
std::string said_by(const Error& error);

/// What OpenNebula said, word for word, goes to the caller; where the catalogue says so, its kind chooses the status.
Refusal refused_by(Code code, const Error& error, std::string subject = {});

/// The same to oned, which gets `]]>` in another spelling than we render it in.
bool same_body(const std::string& rendered, const std::string& stored);

/// The roles that the document asks for.
std::vector<Role> functions_of(const json::Object& document);

}  // namespace one
}  // namespace nephele::runtimes
