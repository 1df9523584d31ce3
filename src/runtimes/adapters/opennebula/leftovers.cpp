// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/leftovers.h"

#include <algorithm>
#include <array>
#include <utility>

#include "runtimes/adapters/opennebula/instantiation.h"
#include "runtimes/adapters/opennebula/stored_body.h"

namespace nephele::runtimes::one {
namespace {

using opennebula::Session;
using operations::Held;
using operations::Work;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view kind = "runtimes.leftover";
constexpr std::string_view turn_kind = "runtimes.turn";

/// OneFlow gets this long to undeploy by itself.
constexpr minutes undeploying{5};
constexpr seconds attempt_limit{120};
constexpr std::chrono::hours give_up{24 * 7};
/// Of a user's machines, how many are looked into for the tag: the newest.
constexpr std::size_t machines_searched = 200;

/// A turn of somebody who died leaves nothing to do.
class DeadTurn final : public operations::Handler {
 public:
  Task<Result<>> run(Work&) override { co_return Result<>{}; }
  void failed(sql::Tx&, const operations::Record&, const Error&) override {}
};

std::string object_of(RuntimeId id) {
  return "runtime:" + id.text();
}

json::Value to_json(const Remains& remains) {
  json::Object out;
  json::Array vms;
  for (const auto vm : remains.vms) vms.emplace_back(vm);
  out.append("tag", remains.tag);
  out.append("service", remains.service ? json::Value(*remains.service) : json::Value());
  out.append("vms", std::move(vms));
  out.append("document", remains.document ? json::Value(*remains.document) : json::Value());
  return out;
}

Remains remains_from(const json::Value& value) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto* found = value.at_path({name});
    return found == nullptr ? std::nullopt : found->integer();
  };
  Remains out{.tag = std::string(value.text_at({"tag"})),
              .service = number("service"),
              .vms = {},
              .document = number("document")};
  const auto* vms = value.at_path({"vms"});
  if (vms != nullptr && vms->if_array() != nullptr)
    for (const auto& vm : *vms->if_array()) out.vms.push_back(vm.integer().value_or(-1));
  return out;
}

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

Secret credentials_of(const Caller& caller) {
  return Secret(caller.user + ":" + caller.password.reveal());
}

/// OpenNebula's user names hold no colon.
Session session_from(const Secret& credentials) {
  const auto& text = credentials.reveal();
  const auto colon = text.find(':');
  return {.user = text.substr(0, colon),
          .password = Secret(colon == std::string::npos ? "" : text.substr(colon + 1)),
          .deadline = in(attempt_limit)};
}

/// Everything but a refusal of the credentials may be different next time. What takes its time stays `busy`.
std::unexpected<Error> later(Error error) {
  if (error.kind() == Kind::unauthorized || error.kind() == Kind::forbidden) return fail(std::move(error));
  return fail(error.kind() == Kind::busy ? Kind::busy : Kind::unavailable, error.sentence());
}

}  // namespace

Session session_of(const Caller& caller, SteadyTime deadline) {
  return {.user = caller.user, .password = caller.password, .deadline = deadline};
}

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
    co_await sleep_for(seconds{1});
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

Leftovers::Leftovers(sql::Database& database, operations::Operations& operations, Upstream upstream, const Clock& clock,
                     const Settings& settings, log::Logger log)
    : database_(database),
      operations_(operations),
      upstream_(upstream),
      clock_(clock),
      keys_keep_(settings.idempotency_keep),
      late_arrivals_(late_arrivals(settings)),
      log_(std::move(log)),
      dead_turn_(std::make_unique<DeadTurn>()) {}

Journal::Journal(Leftovers& leftovers, Held held, Remains what)
    : remains(std::move(what)), leftovers_(leftovers), held_(held) {}

Journal::~Journal() {
  if (!ended_) leftovers_.operations_.abandon(held_);
}

Task<Result<>> Journal::settle(std::optional<View> answer) {
  auto settled = co_await leftovers_.settle(held_, *this, std::move(answer));
  ended_ = settled.has_value();
  co_return settled;
}

Task<> Journal::hand_over() {
  ended_ = co_await leftovers_.hand_over(held_, remains);
}

void Leftovers::register_handlers() {
  operations_.handle(std::string(kind), *this);
  operations_.handle(std::string(turn_kind), *dead_turn_);
}

Task<Result<Begun>> Leftovers::begin(const Caller& caller, Remains remains, std::optional<IdempotencyKey> key,
                                     SteadyTime deadline) {
  operations::NewOperation row{
      .kind = std::string(kind),
      .object = key ? "key:" + sha256_hex(caller.user + ":" + key->key) : "request:" + remains.tag,
      .actor = caller.user,
      .request_id = caller.request_id,
      .payload = to_json(remains),
      .sealed = credentials_of(caller),
      .runs_on = {},
      .limit = give_up};
  std::optional<store::UsedKey> used;
  const auto held = co_await alone(row, deadline, "another request with this Idempotency-Key is under way",
                                   [&](sql::Tx& tx, const Held& mine) -> Result<> {
                                     used.reset();  // it may run twice
                                     if (key)
                                       used = store::find_key(tx, caller.user, key->key, clock_.now() - keys_keep_);
                                     return used ? operations_.settle(tx, mine) : Result<>{};
                                   });
  if (!held) co_return fail(held.error());
  if (used) co_return Begun{.journal = nullptr, .used = std::move(used)};
  auto journal = std::make_unique<Journal>(*this, *held, std::move(remains));
  journal->owner = caller.user;
  journal->key = std::move(key);
  co_return Begun{.journal = std::move(journal), .used = std::nullopt};
}

Task<std::unique_ptr<Journal>> Leftovers::try_turn(const Caller& caller, RuntimeId id) {
  auto taken = co_await take_turn(caller, id, std::nullopt, std::chrono::steady_clock::now());
  co_return taken ? std::move(*taken) : nullptr;
}

Task<Result<std::unique_ptr<Journal>>> Leftovers::take_turn(const Caller& caller, RuntimeId id,
                                                            std::optional<Remains> remains, SteadyTime deadline) {
  operations::NewOperation row{.kind = std::string(remains ? kind : turn_kind),
                               .object = object_of(id),
                               .actor = caller.user,
                               .request_id = caller.request_id,
                               .payload = remains ? to_json(*remains) : json::Value(json::Object{}),
                               .sealed = remains ? std::optional(credentials_of(caller)) : std::nullopt,
                               .runs_on = {},
                               .limit = give_up};
  const auto held = co_await alone(row, deadline, "another request changes runtime " + id.text(),
                                   [](sql::Tx&, const Held&) -> Result<> { return {}; });
  if (!held) co_return fail(held.error());
  co_return std::make_unique<Journal>(*this, *held, std::move(remains).value_or(Remains{}));
}

/// Writes the row and does `also` in the same transaction, once no older row of the object is unfinished.
Task<Result<Held>> Leftovers::alone(operations::NewOperation row, SteadyTime deadline, std::string otherwise,
                                    std::function<Result<>(sql::Tx&, const Held&)> also) {
  constexpr milliseconds longest{500};
  for (milliseconds pause{25};; pause = std::min(pause * 2, longest)) {
    auto held = co_await database_.write([&](sql::Tx& tx) -> Result<Held> {
      // The row first: drawing its number is what lets one writer in at a time (decision 0008).
      auto mine = operations_.hold(tx, row);
      if (operations_.busy_before(tx, row.object, mine.id))
        return fail(Kind::busy, otherwise + "; try again when it has ended");
      TRY_VOID(also(tx, mine));
      return mine;
    });
    if (held || held.error().kind() != Kind::busy || in(pause) > deadline) co_return held;
    co_await sleep_for(pause);
  }
}

Task<Result<>> Leftovers::settle(Held held, const Journal& journal, std::optional<View> answer) {
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    TRY_VOID(operations_.settle(tx, held));
    if (!journal.key || !answer) return {};
    const Time now = clock_.now();
    (void)store::claim_key(tx, journal.owner, journal.key->key, journal.key->body_hash, now, now - keys_keep_);
    store::answer_key(tx, journal.owner, journal.key->key, answer->id, answer->runtime);
    return {};
  });
}

Task<bool> Leftovers::hand_over(Held held, Remains remains) {
  const auto payload = to_json(remains);
  // A create that is cleared up no longer keeps its key, nor do machines that end keep those waiting who would change a
  // runtime that is gone.
  std::string object;
  if (!remains.tag.empty()) {
    object = "request:" + remains.tag;
  } else if (!remains.document) {
    object = "removed:" + held.id.text();
  }
  const auto done =
      co_await database_.write([&](sql::Tx& tx) { return operations_.let_go(tx, held, payload, object); });
  // The lease runs out instead, and a worker begins with what was written at the start.
  if (!done) log_.warn("leftover.not_handed_over", {{"operation", held.id}, {"reason", done.error().sentence()}});
  co_return done.has_value();
}

Task<Result<>> Leftovers::run(Work& work) {
  CO_TRY(const auto credentials, work.sealed());
  auto remains = remains_of(work);
  auto session = session_from(credentials);
  if (auto gone = co_await clear_service(work, session, remains); !gone) co_return later(std::move(gone).error());
  if (auto gone = co_await clear_documents(session, remains); !gone) co_return later(std::move(gone).error());
  if (auto gone = co_await clear_machines(session, remains); !gone) co_return later(std::move(gone).error());
  // What a create set in motion may still arrive.
  if (!remains.tag.empty() && clock_.now() - work.record().created < late_arrivals_)
    co_return fail(Kind::busy, "what the request began may still arrive");
  log_.info("leftover.cleared", {{"object", work.record().object}, {"request", work.record().request_id}});
  co_return Result<>{};
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
    CO_TRY(const auto own, co_await upstream_.oned.document_pool(session, opennebula::Pool::own, document_type));
    for (const auto& document : own) {
      const auto stored = read_body(document.body);
      if (stored && stored->service_id == remains.service) documents.push_back(document.header.id);
    }
  }
  for (const auto document : documents) {
    const auto erased = co_await upstream_.oned.delete_document(session, document);
    if (!erased && erased.error().kind() != Kind::not_found) co_return fail(erased.error());
  }
  co_return Result<>{};
}

Task<Result<std::vector<std::int64_t>>> Leftovers::machines_with_tag(Session session, std::string tag) {
  std::vector<std::int64_t> found;
  CO_TRY(auto own, co_await upstream_.oned.vm_pool(session, opennebula::Pool::own));
  std::ranges::sort(own, std::greater{}, [](const auto& vm) { return vm.header.id; });
  if (own.size() > machines_searched) own.resize(machines_searched);
  std::vector<std::int64_t> ids;
  ids.reserve(own.size());
  for (const auto& vm : own) ids.push_back(vm.header.id);
  for (const auto& vm : co_await upstream_.reader.vms(session, ids))
    if (vm && vm->user.text(tag_attribute) == tag) found.push_back(vm->header.id);
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
    alive += (alive.empty() ? "" : ", ") + std::to_string(id);
    // Refused while it boots: then the next attempt ends it.
    if (!opennebula::is_ending(vm->lcm_state)) (void)co_await upstream_.oned.act_on_vm(session, "terminate-hard", id);
  }
  if (!alive.empty()) co_return fail(Kind::busy, "not DONE yet: VM " + alive);
  co_return Result<>{};
}

void Leftovers::failed(sql::Tx&, const operations::Record& record, const Error& error) {
  log_.error("leftover.stays", {{"what", json::write(record.payload)},
                                {"user", record.actor},
                                {"reason", error.sentence()},
                                {"request", record.request_id}});
}

}  // namespace nephele::runtimes::one
