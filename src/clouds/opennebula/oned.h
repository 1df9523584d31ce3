// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "clouds/opennebula/call_log.h"
#include "clouds/opennebula/link.h"
#include "clouds/opennebula/model.h"
#include "clouds/opennebula/session.h"
#include "clouds/opennebula/xmlrpc.h"

namespace nephele::opennebula {

/// Whose objects a pool call gives.
enum class Pool : std::int32_t { of_group = -4, own = -3, usable = -2, own_and_group = -1 };
enum class Update : std::int32_t { replace = 0, merge = 1 };
enum class Recovery : std::int32_t { failure = 0, success = 1, retry = 2, erase = 3, recreate = 4, erase_record = 5 };

/// Several objects, each as its own call would have found it.
struct Glance {
  std::map<std::int64_t, Result<Document>> documents = {};
  std::map<std::int64_t, Result<Vm>> vms = {};
};

/// OpenNebula's core, over XML-RPC. Every call carries its caller's credentials and is judged by his rights. Reads are
/// repeated by themselves when a connection is refused or lost; what changes something never is. Errors: errors.h.
/// Calls may run at once, from any executor.
class Oned {
 public:
  /// `log` may be null, or outlives this.
  explicit Oned(const Endpoint& endpoint, CallLog* log = nullptr);

  // Reads.
  Task<Result<std::string>> version(Session session);         ///< "6.8.0", as it is told
  Task<Result<User>> user(Session session, std::int64_t id);  ///< -1: the caller himself
  Task<Result<VmTemplate>> vm_template(Session session, std::int64_t id);
  Task<Result<Vm>> vm(Session session, std::int64_t id);
  /// `state` -1: any but DONE, -2: any, otherwise a VmState. Entries are abbreviated.
  Task<Result<std::vector<Vm>>> vm_pool(Session session, Pool whose, std::int32_t state = -1);
  /// Those with these ids and between them, whole; each of them in any state but DONE.
  Task<Result<std::vector<Vm>>> vm_pool_extended(Session session, Pool whose, std::int64_t first, std::int64_t last);
  Task<Result<std::vector<VmTemplate>>> vm_template_pool(Session session, Pool whose);
  Task<Result<std::vector<Image>>> image_pool(Session session, Pool whose);
  Task<Result<Document>> document(Session session, std::int64_t id);
  /// All of these in one exchange, where each call by itself costs a connection: oned closes it behind every answer.
  /// Fails when the exchange does, or at once where oned has lately not understood it; each object has its own call
  /// then.
  Task<Result<Glance>> glance(Session session, std::vector<std::int64_t> documents, std::vector<std::int64_t> vms);
  /// In oned's order: newest first, unless its API_LIST_ORDER says otherwise.
  Task<Result<std::vector<Document>>> document_pool(Session session, Pool whose, std::int32_t type);

  // Changes of virtual machines. Texts are template text or XML.
  /// A new machine of a template, with `text` merged into it; its id.
  Task<Result<std::int64_t>> instantiate(Session session, std::int64_t vm_template, std::string name, std::string text);
  Task<Result<>> resize_vm(Session session, std::int64_t id, std::string text, bool enforce);
  Task<Result<>> resize_disk(Session session, std::int64_t id, std::int32_t disk, std::int64_t mib);
  Task<Result<>> update_vm(Session session, std::int64_t id, std::string text, Update how);  ///< its user template
  Task<Result<>> act_on_vm(Session session, std::string action, std::int64_t id);  ///< "resched", "terminate-hard"
  Task<Result<>> recover_vm(Session session, std::int64_t id, Recovery how);

  // Changes of documents. Texts as document_text() makes them.
  Task<Result<std::int64_t>> allocate_document(Session session, std::string text, std::int32_t type);  ///< its id
  Task<Result<>> update_document(Session session, std::int64_t id, std::string text, Update how);
  Task<Result<>> rename_document(Session session, std::int64_t id, std::string name);
  Task<Result<>> delete_document(Session session, std::int64_t id);

 private:
  struct Call {
    std::string method;
    std::vector<xmlrpc::Parameter> parameters = {};  ///< behind the session
    std::optional<std::int64_t> object = {};
    Effect effect = Effect::reads;
    bool shows_answer = false;  ///< to a log that wants texts
  };

  static Call of_document(std::int64_t id);
  static Call of_vm(std::int64_t id);

  /// Reads an object out of the payload with `decode`; what that refuses is garbage, for the caller and for the log.
  template <class Object>
  Task<Result<Object>> read(Session session, Call call, Result<Object> (*decode)(std::string));
  Task<Result<std::int64_t>> change(Session session, Call call);
  Task<Result<>> change_known(Session session, Call call);
  Task<Result<xmlrpc::Value>> ask(const Session& session, const Call& call, CallNote& note);
  Task<Result<std::vector<xmlrpc::Outcome>>> ask_together(const Session& session, std::span<const Call> calls);
  Task<Result<http::ClientResponse>> post(std::string body, std::string method, Effect effect, SteadyTime deadline);

  std::string url_;
  Link link_;
  CallLog* log_;
  std::atomic<SteadyTime> apart_until_ = SteadyTime::min();  ///< oned does not understand several calls at once
};

/// What a document is allocated from or updated to: `body` is JSON and becomes TEMPLATE/BODY, the name is left out in
/// updates. A `]]>` in the JSON is written with its last character as \u003e: oned keeps values in CDATA sections and
/// would break its own copy. Fails with `invalid` on what oned cannot keep.
Result<std::string> document_text(std::string_view body, std::optional<std::string_view> name = std::nullopt);

}  // namespace nephele::opennebula
