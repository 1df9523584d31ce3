// SPDX-License-Identifier: Apache-2.0
// What a worker does about the rows whose requests ended badly.
#include <algorithm>
#include <utility>

#include "runtimes/adapters/opennebula/instantiation.h"
#include "runtimes/adapters/opennebula/leftovers.h"
#include "runtimes/adapters/opennebula/stored_body.h"

namespace nephele::runtimes::one {
namespace {

using opennebula::Session;
using operations::Work;
using std::chrono::minutes;
using std::chrono::seconds;

/// OneFlow gets this long to undeploy by itself.
constexpr minutes undeploying{5};
constexpr seconds attempt_limit{120};
/// Of a user's machines, how many are looked into for the tag: the newest.
constexpr std::size_t machines_searched = 1000;
/// "seen.1", "seen.2", ...: what was found on the way. A service that is gone tells no more which document and which
/// VMs were its own.
std::string seen(int number) {
  return "seen." + std::to_string(number);
}

/// What the request wrote down, or the worker after it.
Remains remains_of(const Work& work) {
  Remains out = remains_from(work.record().payload);
  for (int i = 1;; ++i) {
    const auto later = work.result_of(seen(i));
    if (!later) return out;
    out = remains_from(*later);
  }
}

Task<Result<>> remember(Work& work, Remains remains) {
  int number = 1;
  while (!work.starts(seen(number))) ++number;
  co_return co_await work.finished(seen(number), to_json(remains));
}

/// OpenNebula's user names hold no colon.
Session session_from(const Secret& credentials) {
  const auto& text = credentials.reveal();
  const auto colon = text.find(':');
  return {.user = text.substr(0, colon),
          .password = Secret(colon == std::string::npos ? "" : text.substr(colon + 1)),
          .deadline = in(attempt_limit)};
}

constexpr const char* refused = "refused";

/// All may be different next time, a refusal too: whoever checks the credentials may be away himself, and a user who
/// was disabled may come back. What takes its time stays `busy`.
std::unexpected<Error> later(const Error& error) {
  const bool is_refusal = error.kind() == Kind::unauthorized || error.kind() == Kind::forbidden;
  Error out(error.kind() == Kind::busy ? Kind::busy : Kind::unavailable, error.sentence());
  return fail(is_refusal ? std::move(out).with(refused, "yes") : std::move(out));
}

/// Documents tell which VM is a runtime's, and their owners may write into them what they like.
bool is_of(const opennebula::Vm& vm, const Remains& remains) {
  if (!remains.tag.empty() && vm.user.text(tag_attribute) == remains.tag) return true;
  return one::is_of(vm, remains.service);
}

}  // namespace

Task<Result<std::optional<std::int64_t>>> find_service(Upstream upstream, Session session, std::string tag) {
  CO_TRY(const auto services,
         co_await upstream.oned.document_pool(std::move(session), opennebula::Pool::own,
                                              static_cast<std::int32_t>(opennebula::DocumentType::service)));
  const auto found = std::ranges::find_if(services, [&](const auto& each) { return each.body.contains(tag); });
  co_return found == services.end() ? std::nullopt : std::optional(found->header.id);
}

Task<Result<>> force_service_away(Upstream upstream, Session session, std::int64_t id, const log::Logger* tale) {
  if (tale != nullptr) tale->info("Forcing service " + std::to_string(id) + " deletion");
  constexpr int tries_max = 8;
  std::string refusal;
  for (int i = 0;; ++i) {
    auto forced = co_await upstream.flow.recover_and_delete(session, id);
    if (forced || forced.error().kind() == Kind::not_found) co_return Result<>{};
    // OneFlow gives up at the first role whose VM still boots, and passes it over the next time: while it names
    // another one each time there is progress.
    auto why = forced.error().sentence();
    if (i + 1 == tries_max || (i > 0 && why == refusal)) co_return fail(std::move(forced).error());
    refusal = std::move(why);
    constexpr seconds pause{1};
    if (in(pause) > session.deadline) co_return fail(std::move(forced).error());
    co_await sleep_for(pause);
  }
}

Task<Result<>> remove_service(Upstream upstream, Session session, std::int64_t id, const log::Logger* tale) {
  const auto removed = co_await upstream.flow.remove(session, id);
  if (removed) co_return Result<>{};
  if (removed.error().kind() == Kind::not_found) {
    if (tale != nullptr) tale->warn("Serverless Runtime Service not found", {{"service", id}});
    co_return Result<>{};
  }
  co_return co_await force_service_away(upstream, std::move(session), id, tale);
}

Task<Result<>> Leftovers::run(Work& work) {
  CO_TRY(const auto credentials, work.sealed());
  auto remains = remains_of(work);
  auto session = session_from(credentials);
  if (!remains.boot.empty() && remains.boot != boot_) {
    const auto promised = co_await perhaps_promised(session, remains.tag);
    if (!promised) co_return later(promised.error());
    if (*promised) {
      log_.warn("leftover.kept", {{"runtime", **promised},
                                  {"user", work.record().actor},
                                  {"reason",
                                   "the machine was restarted in the moment of its creation; its owner may "
                                   "DELETE it"},
                                  {"request", work.record().request_id}});
      co_return Result<>{};
    }
    remains.boot.clear();  // and what comes late from now on was not promised
  }
  if (const auto gone = co_await clear_service(work, session, remains); !gone) co_return later(gone.error());
  if (const auto gone = co_await clear_documents(session, remains); !gone) co_return later(gone.error());
  if (const auto gone = co_await clear_machines(session, remains); !gone) co_return later(gone.error());
  // What a create set in motion may still arrive.
  if (!remains.tag.empty() && clock_.now() - work.record().created < late_arrivals_)
    co_return fail(Kind::busy, "what the request began may still arrive");
  log_.info("leftover.cleared", {{"object", work.record().object}, {"request", work.record().request_id}});
  co_return Result<>{};
}

/// The document, where the create went that far: then its caller may have been told.
Task<Result<std::optional<std::int64_t>>> Leftovers::perhaps_promised(Session session, std::string tag) {
  CO_TRY(const auto service, co_await find_service(upstream_, session, std::move(tag)));
  if (!service) co_return std::nullopt;
  CO_TRY(const auto documents, co_await documents_of(std::move(session), *service));
  co_return documents.empty() ? std::nullopt : std::optional(documents.front());
}

Task<Result<std::vector<std::int64_t>>> Leftovers::documents_of(Session session, std::int64_t service) {
  std::vector<std::int64_t> found;
  CO_TRY(const auto own,
         co_await upstream_.oned.document_pool(std::move(session), opennebula::Pool::own, document_type));
  for (const auto& document : own) {
    const auto stored = read_body(document.body);
    if (stored && stored->service_id == service) found.push_back(document.header.id);
  }
  co_return found;
}

Task<Result<>> Leftovers::clear_service(Work& work, Session session, Remains& remains) {
  const auto known = remains;
  if (!remains.service && !remains.tag.empty()) {
    CO_TRY(remains.service, co_await find_service(upstream_, session, remains.tag));
  }
  if (!remains.service) co_return Result<>{};
  const auto service = co_await upstream_.reader.service(session, *remains.service);
  if (!service && service.error().kind() == Kind::not_found) co_return Result<>{};
  if (!service) co_return fail(service.error());
  for (const auto& role : service->roles)
    for (const auto vm : role.vms)
      if (std::ranges::find(remains.vms, vm) == remains.vms.end()) remains.vms.push_back(vm);
  if (remains.service != known.service || remains.vms != known.vms) CO_TRY_VOID(co_await remember(work, remains));
  // A role that failed is not asked again by OneFlow itself, and its service stays UNDEPLOYING for ever.
  const bool goes_on = service->state == opennebula::ServiceState::undeploying &&
                       std::ranges::none_of(service->roles, &opennebula::Role::failed_undeploying);
  if (goes_on && clock_.now() - work.record().created < undeploying)
    co_return fail(Kind::busy, "service " + std::to_string(*remains.service) + " is being undeployed");
  CO_TRY_VOID(remains.tag.empty() ? co_await remove_service(upstream_, session, *remains.service)
                                  : co_await force_service_away(upstream_, session, *remains.service));
  co_return fail(Kind::busy, "service " + std::to_string(*remains.service) + " is on its way out");
}

Task<Result<>> Leftovers::clear_documents(Session session, const Remains& remains) {
  std::vector<std::int64_t> documents;
  if (remains.document) documents.push_back(*remains.document);
  if (!remains.tag.empty() && remains.service) {
    CO_TRY(const auto own, co_await documents_of(session, *remains.service));
    documents.insert(documents.end(), own.begin(), own.end());
  }
  for (const auto document : documents) {
    const auto erased = co_await upstream_.oned.delete_document(session, document);
    if (!erased && erased.error().kind() != Kind::not_found) co_return fail(erased.error());
  }
  co_return Result<>{};
}

Task<Result<std::vector<std::int64_t>>> Leftovers::machines_with_tag(Session session, std::string tag) {
  std::vector<std::int64_t> found;
  // The short pool tells nothing of what users wrote; the long one may be very long.
  CO_TRY(auto own, co_await upstream_.oned.vm_pool(session, opennebula::Pool::own));
  if (own.empty()) co_return found;
  std::ranges::sort(own, std::greater{}, [](const auto& vm) { return vm.header.id; });
  const auto newest = own.front().header.id;
  const auto oldest = own[std::min(own.size(), machines_searched) - 1].header.id;
  CO_TRY(const auto whole, co_await upstream_.oned.vm_pool_extended(session, opennebula::Pool::own, oldest, newest));
  for (const auto& vm : whole)
    if (vm.user.text(tag_attribute) == tag) found.push_back(vm.header.id);
  co_return found;
}

Task<Result<>> Leftovers::clear_machines(Session session, const Remains& remains) {
  auto ids = remains.vms;
  if (!remains.tag.empty()) {
    CO_TRY(const auto tagged, co_await machines_with_tag(session, remains.tag));
    for (const auto vm : tagged)
      if (std::ranges::find(ids, vm) == ids.end()) ids.push_back(vm);
  }
  std::string alive;
  for (const auto id : ids) {
    const auto vm = co_await upstream_.oned.vm(session, id);
    if (!vm && vm.error().kind() == Kind::not_found) continue;
    if (!vm) co_return fail(vm.error());
    if (vm->state == opennebula::VmState::done) continue;
    if (!is_of(*vm, remains)) {
      log_.warn("VM " + std::to_string(id) + " is not of this Serverless Runtime and stays, whatever its document says",
                {{"request", remains.tag}});
      continue;
    }
    alive += (alive.empty() ? "" : ", ") + std::to_string(id);
    // Refused while it boots: then the next attempt ends it.
    if (!opennebula::is_ending(vm->lcm_state)) (void)co_await upstream_.oned.act_on_vm(session, "terminate-hard", id);
  }
  if (!alive.empty()) co_return fail(Kind::busy, "not DONE yet: VM " + alive);
  co_return Result<>{};
}

/// Each try is a failed sign-in, and directories lock accounts after some of those within the hour.
std::optional<std::chrono::milliseconds> Leftovers::pause(const operations::Record& record, const Error& error) {
  if (error.detail(refused).empty()) return std::nullopt;
  return std::min(minutes(60), minutes(10) * std::max(record.attempt, 1));
}

void Leftovers::failed(sql::Tx&, const operations::Record& record, const Error& error) {
  log_.error("leftover.stays", {{"what", json::write(record.payload)},
                                {"user", record.actor},
                                {"reason", error.sentence()},
                                {"request", record.request_id}});
}

}  // namespace nephele::runtimes::one
