// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "runtimes/adapters/opennebula/function_view.h"
#include "runtimes/adapters/opennebula/opennebula.h"
#include "runtimes/adapters/opennebula/patience.h"
#include "runtimes/document.h"

namespace nephele::runtimes {

using namespace one;  // NOLINT(google-build-using-namespace): the rooms of this very adapter

namespace one {

std::string said_by(const Error& error) {
  const auto said = error.detail("text");
  return said.empty() ? error.sentence() : std::string(said);
}

Refusal refused_by(Code code, const Error& error, std::string subject) {
  Refusal out(code, std::move(subject), json::Value(said_by(error)));
  switch (error.kind()) {
    case Kind::invalid:
    case Kind::unauthorized:
    case Kind::forbidden:
    case Kind::not_found:
    case Kind::over_quota:
    case Kind::timeout:
      out.cause = error;
      break;
    default:
      break;  // a 500, but with OpenNebula's own words
  }
  return out;
}

std::vector<Role> functions_of(const json::Object& document) {
  std::vector<Role> out;
  for (const Role role : roles)
    if (has_function(document, role)) out.push_back(role);
  return out;
}

bool same_body(const std::string& rendered, const std::string& stored) {
  if (rendered == stored) return true;
  const auto a = opennebula::document_text(rendered);
  const auto b = opennebula::document_text(stored);
  return a && b && *a == *b;
}

}  // namespace one

OpenNebulaCloud::OpenNebulaCloud(Upstream upstream, opennebula::Dialects& dialects, Leftovers& leftovers,
                                 const Settings& settings, SrAuth sr_auth, log::Logger log)
    : upstream_(upstream),
      dialects_(dialects),
      leftovers_(leftovers),
      settings_(settings),
      sr_auth_(sr_auth),
      log_(std::move(log)) {}

Task<Answer<opennebula::Document>> OpenNebulaCloud::document_of(Session session, RuntimeId id,
                                                                opennebula::Glance* seen) {
  auto document = co_await upstream_.reader.document(std::move(session), id.number(), seen);
  if (!document && document.error().kind() == Kind::not_found) co_return refuse(Code::not_found);
  if (!document) co_return std::unexpected(refused_by(Code::document_unreadable, document.error()));
  if (document->type != document_type) co_return refuse(Code::not_found);
  co_return std::move(*document);
}

Task<Answer<OpenNebulaCloud::Loaded>> OpenNebulaCloud::load(Session session, RuntimeId id, opennebula::Glance* seen) {
  auto document = co_await document_of(std::move(session), id, seen);
  if (!document) co_return std::unexpected(std::move(document).error());
  auto stored = read_body(document->body);
  if (!stored) co_return std::unexpected(Refusal(Code::document_unreadable, {}, stored.error().sentence()));
  co_return Loaded{.id = id,
                   .name = std::move(document->header.name),
                   .owner = std::move(document->header.uname),
                   .body = std::move(document->body),
                   .stored = std::move(*stored)};
}

Task<Answer<std::vector<Function>>> OpenNebulaCloud::look(Session session, const Loaded& loaded,
                                                          opennebula::Glance* seen) {
  const auto& stored = loaded.stored;
  std::optional<opennebula::Service> service;
  std::string without = "its document does not say which service it is";
  if (stored.service_id) {
    const auto number = std::to_string(*stored.service_id);
    auto found = co_await upstream_.reader.service(session, *stored.service_id, seen);
    if (!found && found.error().kind() != Kind::not_found)
      co_return std::unexpected(refused_by(Code::service_unreadable, found.error(), number));
    if (found) service = std::move(*found);
    without = "service " + number + " no longer exists";
  }

  // The VM of each function: as OneFlow has it now, else the last one that is known.
  std::vector<Function> functions;
  std::vector<std::int64_t> ids;
  for (const Role role : functions_of(stored.document)) {
    const auto last = stored.vm_id(role).value_or(-1);
    const auto* has = service ? role_for(*service, role) : nullptr;
    const bool there = has != nullptr && !has->vms.empty();
    auto function = gone(role, last, service ? "the service has no VM for it any more" : without, stored.sizes(role));
    if (there) function.vm_id = has->vms.front();
    // Still being deployed: the VM has no number yet.
    if (!there && has != nullptr && has->cardinality > 0 && !opennebula::is_failed(service->state)) {
      function.state = FunctionState::pending;
      function.error.clear();
    }
    if (there) ids.push_back(function.vm_id);
    functions.push_back(std::move(function));
  }

  const auto vms = co_await upstream_.reader.vms(session, ids, seen);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto function = std::ranges::find(functions, ids[i], &Function::vm_id);
    if (vms[i]) {
      *function = function_of(function->role, *vms[i]);
    } else if (vms[i].error().kind() == Kind::not_found) {
      function->error = "VM " + std::to_string(ids[i]) + " no longer exists";
    } else {
      co_return std::unexpected(refused_by(Code::vm_unreadable, vms[i].error()));
    }
  }
  whereabouts_.remember(loaded.id, {.service = stored.service_id.value_or(-1), .vms = std::move(ids)});
  co_return functions;
}

Task<opennebula::Glance> OpenNebulaCloud::look_ahead(Session session, RuntimeId id) {
  const auto parts = whereabouts_.find(id);
  if (!parts || parts->service < 0) co_return opennebula::Glance{};
  co_return co_await upstream_.reader.look_ahead(std::move(session), {id.number(), parts->service}, parts->vms);
}

View OpenNebulaCloud::view_of(const Loaded& loaded, const std::vector<Function>& functions) const {
  return {.id = loaded.id,
          .runtime = render(loaded.id, loaded.stored.service_id, loaded.name, loaded.stored.document, functions)};
}

Task<> OpenNebulaCloud::keep(Session session, const Caller& caller, const Loaded& loaded,
                             const std::vector<Function>& functions) {
  const auto service = loaded.stored.service_id;
  // Others may look and seldom write; who owns it looks too, and then it is written.
  if (loaded.owner != caller.user || same_body(render_members(loaded.stored.document, service, functions), loaded.body))
    co_return;
  const auto turn = co_await leftovers_.try_turn(caller, loaded.id);
  if (!turn) co_return;  // who has it writes the document at his end
  // Once more: somebody may have changed it since, and only what the VMs say is ours to say.
  auto now = co_await load(session, loaded.id);
  if (now) {
    const auto body = render_members(now->stored.document, service, functions);
    if (const auto text = opennebula::document_text(body); text && !same_body(body, now->body)) {
      log_.info("Updating Serverless Runtime Document " + loaded.id.text());
      const auto written =
          co_await upstream_.oned.update_document(session, loaded.id.number(), *text, opennebula::Update::merge);
      // Whoever may only look sees the fresh state all the same.
      if (!written)
        log_.warn("Failed to update Serverless Runtime " + loaded.id.text(), {{"reason", written.error().sentence()}});
    }
  }
  (void)co_await turn->settle();
}

Task<Answer<View>> OpenNebulaCloud::read(Caller caller, RuntimeId id) {
  const auto session = session_of(caller, in(settings_.timeout + besides));
  auto seen = co_await look_ahead(session, id);
  auto loaded = co_await load(session, id, &seen);
  if (!loaded) co_return std::unexpected(std::move(loaded).error());
  const auto functions = co_await look(session, *loaded, &seen);
  if (!functions) co_return std::unexpected(functions.error());
  co_await keep(session, caller, *loaded, *functions);
  co_return view_of(*loaded, *functions);
}

Task<Answer<Listed>> OpenNebulaCloud::list(Caller caller, ListPage page) {
  const auto session = session_of(caller, in(settings_.timeout + besides));
  auto own = co_await upstream_.oned.document_pool(session, opennebula::Pool::own, document_type);
  if (!own) co_return std::unexpected(refused_by(Code::document_unreadable, own.error()));
  std::ranges::sort(*own, {}, [](const auto& document) { return document.header.id; });
  Listed out;
  for (const auto& document : *own) {
    const RuntimeId id(document.header.id);
    if (id <= page.after) continue;
    if (out.runtimes.size() == page.limit) {
      out.next = page.after;
      break;
    }
    page.after = id;
    const auto stored = read_body(document.body);
    if (!stored) continue;  // not ours to read; GET of this one says why
    out.runtimes.push_back(render(id, stored->service_id, document.header.name, stored->document, {}));
  }
  co_return out;
}

Task<Answer<>> OpenNebulaCloud::remove(Caller caller, RuntimeId id) {
  auto session = session_of(caller, in(settings_.timeout + besides));
  const auto turn_by = in(settings_.timeout);
  const auto document = co_await document_of(session, id, nullptr);
  if (!document) co_return std::unexpected(document.error());
  const auto stored = read_body(document->body);
  Remains remains{.tag = {}, .service = {}, .vms = {}, .document = id.number()};
  if (stored) {
    remains.service = stored->service_id;
    for (const Role role : functions_of(stored->document))
      if (const auto vm = stored->vm_id(role)) remains.vms.push_back(*vm);
  } else {
    log_.warn("Serverless Runtime Document " + id.text() + " cannot be read; a service of it is not known and stays",
              {{"reason", stored.error().sentence()}});
  }
  // OneFlow may have replaced a VM since the document was written; without an answer the ones written there must do.
  bool service_is_gone = false;
  if (remains.service) {
    const auto service = co_await upstream_.reader.service(session, *remains.service);
    // OneFlow itself answers 500 where the number is another kind of document's.
    service_is_gone = !service && service.error().kind() == Kind::not_found;
    if (service)
      for (const auto& role : service->roles)
        for (const auto vm : role.vms)
          if (std::ranges::find(remains.vms, vm) == remains.vms.end()) remains.vms.push_back(vm);
  }

  const auto turn = co_await leftovers_.take_turn(caller, id, remains, turn_by);
  if (!turn && turn.error().kind() == Kind::busy)
    co_return refuse(Code::transient_state, turn.error(), "of this Serverless Runtime");
  if (!turn) co_return refuse(Code::document_not_deleted, turn.error());

  // Whoever waited for a turn has as much time as one who did not.
  session.deadline = in(settings_.timeout + besides);
  log_.info("Deleting Serverless Runtime Service");
  if (service_is_gone) {
    log_.warn("Serverless Runtime Service not found", {{"service", *remains.service}});
  } else if (remains.service) {
    log_.info("Deleting service " + std::to_string(*remains.service));
    const auto removed = co_await remove_service(upstream_, session, *remains.service, &log_);
    if (!removed) {
      (void)co_await (*turn)->settle();
      co_return std::unexpected(
          refused_by(Code::service_not_deleted, removed.error(), std::to_string(*remains.service)));
    }
  }
  log_.info("Deleting Serverless Runtime Document");
  const auto erased = co_await upstream_.oned.delete_document(session, id.number());
  const bool done = erased || erased.error().kind() == Kind::not_found;
  // Who is told that there is none asks once more later: only what was erased by us is certainly gone.
  if (erased) (*turn)->remains.document.reset();
  // OneFlow lets go of machines that are still booting; from now on a worker ends them (contract, Q39).
  co_await (*turn)->hand_over();
  if (!done) co_return std::unexpected(refused_by(Code::document_not_deleted, erased.error()));
  log_.info("Serverless Runtime Document deleted");
  co_return Answer<>{};
}

}  // namespace nephele::runtimes
