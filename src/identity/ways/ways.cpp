// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/ways.h"

#include <algorithm>

#include "base/utf8.h"
#include "identity/account_name.h"
#include "identity/store.h"
#include "identity/ways/account_facts.h"

namespace nephele::identity::ways {

namespace {

namespace accounts = identity::store;

constexpr std::size_t token_bytes = 32, token_text_max = 128;
constexpr std::size_t identifier_bytes_max = 255, person_bytes_max = 30;

std::unexpected<Error> too_old() {
  return fail(Kind::not_found, "This address was used already, or it is too old; sign in once more.");
}
std::unexpected<Error> no_account() {
  return fail(Kind::not_found, "no account has this id");
}

bool one_line(std::string_view what, const std::string& text, std::size_t bytes_max) {
  return check_text(what, text, bytes_max) && text.find_first_of("\r\n\t") == std::string::npos;
}

void note(sql::Tx& tx, const AccountId& account, std::string event, const Proof& proof, Time now) {
  life::store::insert(tx, {.at = now,
                           .account = account.text(),
                           .actor = account.text(),
                           .event = std::move(event),
                           .details = proof.module + " " + proof.identifier});
}

Way way_of(const Proof& proof, const AccountId& account, Time now) {
  return {.id = WayId(random_uuid()),
          .account = account,
          .module = proof.module,
          .identifier = proof.identifier,
          .affiliation = proof.affiliation,
          .info = proof.info,
          .created = now};
}

/// Who has the identifier; by an earlier one too, which then becomes the new one.
std::optional<Way> held(sql::Tx& tx, const Proof& proof) {
  auto way = store::by_identifier(tx, proof.module, proof.identifier);
  if (!way && !proof.earlier_identifier.empty()) way = store::by_identifier(tx, proof.module, proof.earlier_identifier);
  return way;
}

/// Who never proved his address gives way to who has proved the identifier again.
void make_room(sql::Tx& tx, const Proof& proof) {
  if (const auto way = held(tx, proof)) life::store::remove_unverified(tx, way->account);
}

/// The groups of who signs up by a module.
void welcome(sql::Tx& tx, const AccountId& account, const Policies& policies, const Source& source) {
  join_groups(tx, account, policies.creation_groups, source);
  join_groups(tx, account, policies.add_groups, source);
}

std::unexpected<Error> taken() {
  return fail(Kind::conflict, "Somebody else was faster: another account has this way to sign in now.");
}

}  // namespace

Result<Proof> tidied(Proof proof) {
  if (proof.identifier.empty() || !one_line("identifier", proof.identifier, identifier_bytes_max))
    return fail(Kind::invalid, "what the other side calls you cannot be used here");
  if (proof.earlier_identifier == proof.identifier ||
      !one_line("identifier", proof.earlier_identifier, identifier_bytes_max))
    proof.earlier_identifier.clear();
  if (!one_line("affiliation", proof.affiliation, identifier_bytes_max)) proof.affiliation.clear();
  if (!check_email(proof.email) || !name_key(proof.email)) proof.email.clear();
  for (auto* name : {&proof.first_name, &proof.last_name})
    if (!one_line("name", *name, person_bytes_max)) name->clear();
  if (proof.email.empty()) proof.forced.erase("email");
  if (proof.first_name.empty()) proof.forced.erase("first_name");
  if (proof.last_name.empty()) proof.forced.erase("last_name");
  return proof;
}

std::optional<std::string> accepting_way(sql::Tx& tx, const AccountId& account, const PolicyBook& book) {
  const auto profiles = store::profiles_of(tx, account);
  for (const auto& way : store::ways_of(tx, account))
    if (book.policies(way.module, profiles).automoderate) return "auth_provider_" + way.module;
  return std::nullopt;
}

Ways::Ways(sql::Database& database, life::AccountLife& life, const SecretKey& key, const Clock& clock,
           Settings settings, log::Logger log)
    : database_(database),
      life_(life),
      key_(key),
      clock_(clock),
      settings_(std::move(settings)),
      log_(std::move(log)) {}

std::string Ways::hash_of(const Secret& token) const {
  if (token.empty() || token.reveal().size() > token_text_max) return {};
  return key_.keyed_hash(token.reveal(), "identity.pending_way");
}

Policies Ways::policies(sql::Tx& tx, const AccountId& account, std::string_view module) const {
  return settings_.book.policies(module, store::profiles_of(tx, account));
}

Secret Ways::keep(sql::Tx& tx, const Proof& proof, Time now) const {
  Secret token(random_token(token_bytes));
  store::keep(tx, hash_of(token), {.proof = proof, .created = now, .expires = now + settings_.sign_up_within});
  return token;
}

Arrival Ways::look(sql::Tx& tx, const Proof& proof, const Visitor& visitor) const {
  Arrival arrival{.module = proof.module,
                  .visitor = visitor.account,
                  .policies = settings_.book.policies(proof.module),
                  .replaces = visitor.replaces,
                  .only_known = visitor.only_known};
  if (const auto way = held(tx, proof)) {
    const auto life = life::store::life(tx, way->account);
    arrival.holder = Holder{.account = way->account, .proved = life && life->email_verified};
    if (life) arrival.holder->state = life::state_of(*life);
    arrival.policies = policies(tx, way->account, proof.module);
  }
  if (visitor.account) {
    arrival.ways = store::ways_of(tx, *visitor.account);
    arrival.policies = policies(tx, *visitor.account, proof.module);
    const bool has_local = std::ranges::find(arrival.ways, local, &Way::module) != arrival.ways.end();
    if (has_local && !settings_.local_accounts_may_add) arrival.policies.add = false;
  }
  return arrival;
}

Result<Account> Ways::add(sql::Tx& tx, const Proof& proof, const Arrival& arrival, Time now) const {
  const AccountId account = *arrival.visitor;
  make_room(tx, proof);
  if (arrival.replaces) store::remove(tx, *arrival.replaces);
  if (!store::insert(tx, way_of(proof, account, now))) return taken();
  ways::join_groups(tx, account, arrival.policies.add_groups, {proof.module, now});
  note(tx, account, arrival.replaces ? "way.replaced" : "way.added", proof, now);
  return refresh(tx, account, proof, now);
}

Result<Account> Ways::let_in(sql::Tx& tx, const Proof& proof, const Arrival& arrival, Time now) const {
  const AccountId account = arrival.holder->account;
  if (!accounts::lock_enabled(tx, account)) return no_account();
  auto way = held(tx, proof);
  if (!way || way->account != account) return taken();
  if (way->identifier != proof.identifier) note(tx, account, "way.renamed", proof, now);
  way->identifier = proof.identifier;
  way->affiliation = proof.affiliation;
  way->info = proof.info;
  way->last_login = now;
  store::update(tx, *way);
  if (arrival.policies.mirror_groups) mirror_groups(tx, account, proof.groups, {proof.module, now});
  return refresh(tx, account, proof, now);
}

Task<Result<Arrived>> Ways::arrive(Proof said, Visitor visitor) {
  CO_TRY(const Proof proof, tidied(std::move(said)));
  const Time now = clock_.now();
  CO_TRY(auto arrived, co_await database_.write([&](sql::Tx& tx) -> Result<Arrived> {
    // What may be added hangs on what he has: nobody else adds to it meanwhile.
    if (visitor.account && !accounts::lock_enabled(tx, *visitor.account)) return no_account();
    if (visitor.holds) TRY_VOID(visitor.holds(tx));
    const Arrival arrival = look(tx, proof, visitor);
    TRY(const Step step, next_step(arrival, settings_.book));
    Arrived answer{.step = step};
    if (step == Step::sign_up || (visitor.only_look && step != Step::already && step != Step::let_in)) {
      answer.token = keep(tx, proof, now);
    } else if (step == Step::add || step == Step::replace) {
      TRY(answer.account, add(tx, proof, arrival, now));
    } else {
      TRY(answer.account, let_in(tx, proof, arrival, now));
    }
    return answer;
  }));
  // The identifier is in the audit log and the account's ways; this one goes to more eyes.
  log_.info("way.arrived",
            {{"module", proof.module}, {"account", arrived.account.id}, {"sign_up", arrived.step == Step::sign_up}});
  co_return arrived;
}

Task<Result<Pending>> Ways::pending(Secret token) {
  const std::string hash = hash_of(token);
  const Time now = clock_.now();
  if (hash.empty()) co_return too_old();
  CO_TRY(auto found, co_await database_.read([&](sql::Tx& tx) { return store::pending(tx, hash, now); }));
  if (!found) co_return too_old();
  co_return std::move(*found);
}

Task<Result<Account>> Ways::sign_up(Secret token, Form form) {
  CO_TRY(const Pending waiting, co_await pending(token));
  const Proof proof = waiting.proof;
  const std::string hash = hash_of(token);
  const Time now = clock_.now();
  const auto chosen = [&](const char* field, const std::string& said, const std::string& typed) {
    return proof.forced.contains(field) ? said : typed;
  };
  life::SignUp wanted{.email = chosen("email", proof.email, form.email),
                      .first_name = chosen("first_name", proof.first_name, form.first_name),
                      .last_name = chosen("last_name", proof.last_name, form.last_name),
                      .terms_agreed = form.terms_agreed,
                      .terms_shown = form.terms_shown,
                      .request_id = std::move(form.request_id),
                      .terms_later = form.terms_later};
  const Policies general = settings_.book.policies(proof.module);
  if (!general.create) co_return fail(Kind::forbidden, settings_.book.words(proof.module, Words::disabled_for_create));
  // Only an address that the module says itself is proved by it.
  wanted.address_proved = general.autoverify && proof.forced.contains("email");
  bool lost = false;
  wanted.also = [&](sql::Tx& tx, const Account& account) -> Result<> {
    lost = false;
    if (!store::take(tx, hash)) return too_old();
    make_room(tx, proof);
    if (held(tx, proof).has_value() || !store::insert(tx, way_of(proof, account.id, now))) {
      lost = true;
      return too_old();
    }
    if (general.mirror_groups) mirror_groups(tx, account.id, proof.groups, {proof.module, now});
    welcome(tx, account.id, general, {proof.module, now});
    note(tx, account.id, "way.added", proof, now);
    return {};
  };
  auto account = co_await life_.sign_up(std::move(wanted));
  if (lost) CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) { (void)store::take(tx, hash); }));
  co_return account;
}

Task<Result<Account>> Ways::sign_up(life::SignUp wanted) {
  const std::string module(local);
  const Policies general = settings_.book.policies(module);
  if (!settings_.book.offers(module) || !general.create)
    co_return fail(Kind::forbidden, settings_.book.words(module, Words::disabled_for_create));
  const Time now = clock_.now();
  wanted.also = [&](sql::Tx& tx, const Account& account) -> Result<> {
    welcome(tx, account.id, general, {module, now});
    return {};
  };
  co_return co_await life_.sign_up(std::move(wanted));
}

void Ways::join_groups(sql::Tx& tx, const AccountId& account, const std::string& module) const {
  ways::join_groups(tx, account, policies(tx, account, module).add_groups, {module, clock_.now()});
}

Task<Result<>> Ways::attach(AccountId account, Secret token, std::optional<WayId> replaces, StillHolds holds) {
  const std::string hash = hash_of(token);
  const Time now = clock_.now();
  if (hash.empty()) co_return too_old();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    const auto waiting = store::pending(tx, hash, now);
    if (!waiting || !store::take(tx, hash)) return too_old();
    if (!accounts::lock_enabled(tx, account)) return no_account();
    if (holds) TRY_VOID(holds(tx));
    const Arrival arrival = look(tx, waiting->proof, {.account = account, .replaces = replaces});
    TRY(const Step step, next_step(arrival, settings_.book));
    if (step == Step::add || step == Step::replace) TRY_VOID(add(tx, waiting->proof, arrival, now));
    return {};
  });
}

Task<Result<>> Ways::enter(AccountId account, std::string module) {
  const Time now = clock_.now();
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!policies(tx, account, module).login)
      return fail(Kind::forbidden, settings_.book.words(module, Words::cannot_login));
    store::used(tx, account, module, now);
    return {};
  });
}

Task<Result<Overview>> Ways::overview(AccountId account) {
  co_return co_await database_.read([&](sql::Tx& tx) {
    const auto ways = store::ways_of(tx, account);
    const auto profiles = store::profiles_of(tx, account);
    const auto& book = settings_.book;
    Overview overview;
    for (const auto& way : ways) {
      const auto policies = book.policies(way.module, profiles);
      overview.ways.push_back({.way = way,
                               .title = book.title(way.module),
                               .removable = may_remove(way, ways, policies, book).has_value(),
                               .replaceable = way.module != local && policies.replace && book.offers(way.module)});
    }
    const bool has_local = std::ranges::find(ways, local, &Way::module) != ways.end();
    for (const auto& module : book.modules())
      if ((!has_local || settings_.local_accounts_may_add) &&
          may_add(module, ways, book.policies(module, profiles), book))
        overview.addable.push_back(module);
    return overview;
  });
}

Task<Result<>> Ways::remove(AccountId account, WayId wanted) {
  const Time now = clock_.now();
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!accounts::find_to_change(tx, account)) return no_account();
    const auto ways = store::ways_of(tx, account);
    const auto way = std::ranges::find(ways, wanted, &Way::id);
    if (way == ways.end()) return fail(Kind::not_found, "Your account has no such way to sign in.");
    TRY_VOID(may_remove(*way, ways, policies(tx, account, way->module), settings_.book));
    if (way->module == local) {
      accounts::replace_password(tx, account, "");
    } else {
      store::remove(tx, wanted);
    }
    note(tx, account, "way.removed", {.module = way->module, .identifier = way->identifier}, now);
    return {};
  }));
  log_.info("way.removed", {{"account", account}});
  co_return Result<>{};
}

Task<Result<std::string>> Ways::instead_of_password(AccountId account) {
  co_return co_await database_.read([&](sql::Tx& tx) {
    std::string others;
    for (const auto& way : store::ways_of(tx, account)) {
      if (way.module == local) return std::string();
      if (settings_.book.offers(way.module)) others += (others.empty() ? "" : ", ") + settings_.book.title(way.module);
    }
    return others.empty()
               ? others
               : "Classic login is not enabled for your account. Please use one of the ways that it has: " + others +
                     ".";
  });
}

Task<Result<std::string>> Ways::keeper_of_address(AccountId account) {
  if (settings_.address_keepers.empty()) co_return std::string();
  co_return co_await database_.read([&](sql::Tx& tx) -> std::string {
    for (const auto& way : store::ways_of(tx, account))
      if (way.active && settings_.address_keepers.contains(way.module) && settings_.book.offers(way.module))
        return settings_.book.title(way.module);
    return {};
  });
}

Task<Result<std::string>> Ways::missing(AccountId account) {
  co_return co_await database_.read([&](sql::Tx& tx) -> std::string {
    if (!settings_.book.requires_any() && !store::any_required_profile(tx)) return {};
    const auto ways = store::ways_of(tx, account);
    const auto profiles = store::profiles_of(tx, account);
    for (const auto& module : settings_.book.modules())
      if (settings_.book.policies(module, profiles).required &&
          std::ranges::find(ways, module, &Way::module) == ways.end())
        return module;
    return {};
  });
}

}  // namespace nephele::identity::ways
