// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "identity/quota/quotas.h"
#include "identity/quota/rules.h"
#include "identity/quota/tx.h"

namespace nephele::identity::quota {

namespace {

Error about(Error error, std::string_view name, const Provision& provision) {
  error.with("name", std::string(name)).with("holder", provision.key.holder);
  if (!provision.key.source.empty()) error.with("source", provision.key.source);
  error.with("resource", provision.key.resource).with("quantity", std::to_string(provision.quantity));
  return error;
}

Error no_holding(const Provision& provision) {
  const auto& key = provision.key;
  return about(
      Error(Kind::not_found, fmt::format("there is no holding of {} for {}{}{}; see what it has in its quotas",
                                         key.resource, key.holder, key.source.empty() ? "" : " from ", key.source)),
      "NoHoldingError", provision);
}

Error refusal(Refused why, const Holding& holding, const Provision& provision) {
  const auto& key = provision.key;
  if (why == Refused::no_capacity)
    return about(Error(Kind::over_quota,
                       fmt::format("{} has not enough capacity of {}: {} of {} in use, {} more wanted", key.holder,
                                   key.resource, holding.usage_max, holding.limit, provision.quantity)),
                 "NoCapacityError", provision)
        .with("limit", std::to_string(holding.limit))
        .with("usage", std::to_string(holding.usage_max));
  return about(Error(Kind::over_quota,
                     fmt::format("{} attempts to release more {} than it contains: {} wanted, {} in use", key.holder,
                                 key.resource, provision.quantity, holding.usage_min)),
               "NoQuantityError", provision)
      .with("limit", "0")
      .with("usage", std::to_string(holding.usage_min));
}

Error unknown(Serial serial) {
  return {Kind::not_found, fmt::format("serial {} does not exist", serial.number())};
}

std::vector<Key> keys_of(std::span<const Provision> provisions) {
  std::vector<Key> keys;
  for (const auto& provision : provisions) keys.push_back(provision.key);
  return keys;
}

/// What is wanted of each serial, and what must fail, in the order of serials.
std::vector<std::pair<Serial, Verdict>> sorted(std::span<const Serial> accept, std::span<const Serial> reject,
                                               Resolved& resolved) {
  const std::set<Serial> accepts(accept.begin(), accept.end());
  const std::set<Serial> rejects(reject.begin(), reject.end());
  std::vector<std::pair<Serial, Verdict>> wanted;
  for (const Serial serial : accepts) {
    if (rejects.contains(serial))
      resolved.failed.emplace_back(
          serial, Error(Kind::invalid, fmt::format("cannot both accept and reject serial {}", serial.number())));
    else
      wanted.emplace_back(serial, Verdict::accept);
  }
  for (const Serial serial : rejects)
    if (!accepts.contains(serial)) wanted.emplace_back(serial, Verdict::reject);
  std::ranges::sort(wanted, {}, &std::pair<Serial, Verdict>::first);
  return wanted;
}

template <class T>
void append(std::vector<T>& all, std::vector<T> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace

Result<std::vector<Provision>> Quotas::checked(const NewCommission& wanted) const {
  TRY(auto provisions, summed(wanted.provisions));
  if (provisions.size() > settings_.provisions_max)
    return fail(Kind::invalid, fmt::format("a commission has at most {} provisions, this one {}; split it",
                                           settings_.provisions_max, provisions.size()));
  return provisions;
}

Result<Serial> Quotas::reserve(sql::Tx& tx, const NewCommission& wanted) {
  TRY(auto provisions, checked(wanted));
  const Serial serial = serials_.take(tx);
  auto holdings = store_.lock(tx, keys_of(provisions));
  std::vector<Holding> changed;
  for (const auto& provision : provisions) {
    const auto found = holdings.find(provision.key);
    if (found == holdings.end()) return fail(no_holding(provision));
    auto after = issued(found->second, provision.quantity, wanted.force);
    if (!after) return fail(refusal(after.error(), found->second, provision));
    if (wanted.auto_accept) after = resolved(*after, provision.quantity, Verdict::accept);
    changed.push_back(std::move(*after));
  }
  store_.save_usage(tx, changed);
  const Time now = clock_.now();
  if (!wanted.auto_accept) {
    store_.insert(tx, {serial, wanted.client, wanted.name, now, std::move(provisions)});
    return serial;
  }
  std::vector<Logged> rows;
  for (std::size_t i = 0; i < changed.size(); ++i)
    rows.push_back(
        {std::move(changed[i]), serial, wanted.client, wanted.name, provisions[i].quantity, now, now, Verdict::accept});
  store_.log(tx, rows);
  return serial;
}

/// `ended` by serial, taken from the pending ones.
void Quotas::end(sql::Tx& tx, std::span<const Ended> ended) const {
  std::vector<Key> keys;
  for (const auto& [commission, verdict] : ended) append(keys, keys_of(commission.provisions));
  auto holdings = store_.lock(tx, std::move(keys));
  const Time now = clock_.now();
  std::vector<Logged> rows;
  for (const auto& [commission, verdict] : ended) {
    for (const auto& provision : commission.provisions) {
      const auto found = holdings.find(provision.key);
      if (found == holdings.end()) continue;  // holdings never go; somebody's hand must not keep this from its end
      found->second = resolved(std::move(found->second), provision.quantity, verdict);
      rows.push_back({found->second, commission.serial, commission.client, commission.name, provision.quantity,
                      commission.issued, now, verdict});
    }
  }
  std::vector<Holding> changed;
  for (auto& [key, holding] : holdings) changed.push_back(std::move(holding));
  store_.save_usage(tx, changed);
  store_.log(tx, rows);
}

Result<> Quotas::settle(sql::Tx& tx, const std::string& client, Serial serial, Verdict verdict) const {
  auto commission = store_.take(tx, client, serial);
  if (!commission) return fail(unknown(serial));
  const Ended ended{std::move(*commission), verdict};
  end(tx, std::span(&ended, 1));
  return {};
}

Result<Resolved> Quotas::resolve_some(sql::Tx& tx, const std::string& client,
                                      std::span<const std::pair<Serial, Verdict>> wanted) const {
  std::vector<Serial> serials;
  for (const auto& [serial, verdict] : wanted) serials.push_back(serial);
  auto commissions = store_.take(tx, client, serials);
  Resolved resolved;
  std::vector<Ended> ended;
  auto found = commissions.begin();  // both go by serial
  for (const auto& [serial, verdict] : wanted) {
    if (found == commissions.end() || found->serial != serial) {
      resolved.failed.emplace_back(serial, unknown(serial));
      continue;
    }
    ended.push_back({std::move(*found++), verdict});
    (verdict == Verdict::accept ? resolved.accepted : resolved.rejected).push_back(serial);
  }
  end(tx, ended);
  return resolved;
}

Task<Result<Serial>> Quotas::issue(NewCommission wanted) {
  co_return co_await database_.write([&](sql::Tx& tx) { return reserve(tx, wanted); });
}

Task<Result<>> Quotas::resolve(std::string client, Serial serial, Verdict verdict) {
  co_return co_await database_.write([&](sql::Tx& tx) { return settle(tx, client, serial, verdict); });
}

Task<Result<Resolved>> Quotas::resolve(std::string client, std::vector<Serial> accept, std::vector<Serial> reject) {
  Resolved all;
  const auto wanted = sorted(accept, reject, all);
  std::span<const std::pair<Serial, Verdict>> rest = wanted;
  bool any = false;
  while (!rest.empty()) {
    const auto some = rest.first(std::min(rest.size(), settings_.resolved_at_once));
    rest = rest.subspan(some.size());
    auto part = co_await database_.write([&](sql::Tx& tx) { return resolve_some(tx, client, some); });
    if (!part && !any) co_return fail(part.error());
    if (!part) {  // what is on disk must be told, so the others fail one by one
      for (const auto& [serial, verdict] : some) all.failed.emplace_back(serial, part.error());
      continue;
    }
    any = true;
    append(all.accepted, std::move(part->accepted));
    append(all.rejected, std::move(part->rejected));
    append(all.failed, std::move(part->failed));
  }
  co_return all;
}

Task<Result<std::vector<Serial>>> Quotas::pending(std::string client) {
  constexpr std::size_t page = 1000;
  std::vector<Serial> serials;
  for (;;) {
    const Serial after = serials.empty() ? Serial(0) : serials.back();
    CO_TRY(const auto some,
           co_await database_.read([&](sql::Tx& tx) { return store_.pending(tx, client, Time::max(), after, page); }));
    for (const auto& commission : some) serials.push_back(commission.serial);
    if (some.size() < page) co_return serials;
  }
}

Task<Result<Commission>> Quotas::show(std::string client, Serial serial) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<Commission> {
    auto commission = store_.find(tx, serial);
    if (!commission || (!client.empty() && commission->client != client)) return fail(unknown(serial));
    return std::move(*commission);
  });
}

Task<Result<std::vector<Commission>>> Quotas::commissions(std::optional<std::chrono::seconds> overdue, Serial after,
                                                          std::size_t limit) {
  const Time before = overdue ? clock_.now() - *overdue : Time::max();
  co_return co_await database_.read(
      [&](sql::Tx& tx) { return store_.pending(tx, "", before, after, std::min<std::size_t>(limit, 1000)); });
}

}  // namespace nephele::identity::quota

namespace nephele::identity {

Result<quota::Serial> reserve(sql::Tx& tx, quota::Quotas& quotas, const quota::NewCommission& wanted) {
  return quotas.reserve(tx, wanted);
}

Result<> settle(sql::Tx& tx, quota::Quotas& quotas, const std::string& client, quota::Serial serial,
                quota::Verdict verdict) {
  return quotas.settle(tx, client, serial, verdict);
}

}  // namespace nephele::identity
