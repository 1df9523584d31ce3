// SPDX-License-Identifier: Apache-2.0
#include "identity/quota/quotas.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "identity/quota/resource_store.h"

namespace nephele::identity::quota {

namespace {

constexpr std::size_t page_size = 1000;
constexpr std::size_t audited_at_once = 200;  // keeps locks short
constexpr std::size_t dropped_at_once = 1000;

using Names = std::set<std::string, std::less<>>;

/// A part of a selection; absent: every one.
class Wanted {
 public:
  explicit Wanted(const std::optional<std::vector<std::string>>& names) : every_(!names) {
    if (names) names_.insert(names->begin(), names->end());
  }
  bool operator()(std::string_view name) const { return every_ || names_.contains(name); }

 private:
  bool every_;
  Names names_;
};

/// All holdings, page by page, in one snapshot.
template <class F>
void each_holding(sql::Tx& tx, const Store& store, F take) {
  Key after;
  for (;;) {
    const auto page = store.page(tx, after, page_size);
    for (const auto& holding : page) take(holding);
    if (page.size() < page_size) return;
    after = page.back().key;
  }
}

/// Puts what the projects themselves have beside what their members have.
void add_projects(sql::Tx& tx, const Store& store, UserQuotas& quotas) {
  std::vector<std::string> holders;
  for (const auto& [user, projects] : quotas)
    for (const auto& [project, resources] : projects) holders.push_back(project_ref(project));
  std::map<std::pair<std::string, std::string>, Holding, std::less<>> whole;
  for (auto& holding : store.whole_projects(tx, std::move(holders)))
    whole.emplace(std::pair(std::string(uuid_of(holding.key.holder)), holding.key.resource), holding);
  for (auto& [user, projects] : quotas)
    for (auto& [project, resources] : projects)
      for (auto& [resource, quota] : resources) {
        const auto found = whole.find(std::pair(project, resource));
        if (found == whole.end()) continue;
        quota.project_usage = found->second.usage_max;
        quota.project_limit = found->second.limit;
        quota.project_pending = found->second.usage_max - found->second.usage_min;
      }
}

UserQuotas select_members(sql::Tx& tx, const Store& store, const Selection& selection) {
  const Names resources(selection.resources.begin(), selection.resources.end());
  const Wanted project_wanted(selection.projects);
  UserQuotas quotas;
  const auto take = [&](const Holding& holding) {
    const auto& key = holding.key;
    if (key.source.empty() || !resources.contains(key.resource) || !project_wanted(uuid_of(key.source))) return;
    quotas[std::string(uuid_of(key.holder))][std::string(uuid_of(key.source))].emplace(
        key.resource,
        MemberQuota{
            .usage = holding.usage_max, .limit = holding.limit, .pending = holding.usage_max - holding.usage_min});
  };
  if (selection.users) {
    for (const auto& user : *selection.users)
      for (const auto& holding : store.holdings_of(tx, user_ref(user))) take(holding);
  } else {
    each_holding(tx, store, take);
  }
  add_projects(tx, store, quotas);
  return quotas;
}

std::vector<std::string> shown_by_api(sql::Tx& tx) {
  std::vector<std::string> names;
  for (auto& resource : resources::all(tx))
    if (resource.api_visible) names.push_back(std::move(resource.name));
  return names;
}

std::vector<Key> keys_of(std::span<const Holding> holdings) {
  std::vector<Key> keys;
  for (const auto& holding : holdings) keys.push_back(holding.key);
  return keys;
}

/// A page of holdings, compared. What is fixed is fixed under the locks that it was read under.
std::vector<Finding> audit_page(sql::Tx& tx, const Store& store, std::span<const Holding> page,
                                const Expectations& expectations, const Audit& audit) {
  const auto keys = keys_of(page);
  if (audit.fix) expectations.hold(tx);
  const auto expected = expectations.of(tx, keys);
  Holdings holdings;
  if (audit.fix)
    holdings = store.lock(tx, keys);
  else
    for (const auto& holding : page) holdings.emplace(holding.key, holding);
  auto told = store.explained(tx, keys);
  std::vector<Finding> all;
  std::vector<Limit> limits;
  std::vector<Holding> usages;
  for (const auto& [key, holding] : holdings) {
    const auto limit = expected.find(key);
    for (auto& finding :
         compare(holding, limit == expected.end() ? std::nullopt : std::optional(limit->second), told[key], audit)) {
      finding.fixed = audit.fix && finding.flaw != Flaw::unexplained;
      if (finding.fixed && finding.flaw == Flaw::usage) usages.push_back(finding.expected);
      if (finding.fixed && finding.flaw != Flaw::usage) limits.push_back({key, finding.expected.limit});
      all.push_back(std::move(finding));
    }
  }
  store.save_usage(tx, usages);
  if (!limits.empty()) store.save_limits(tx, limits);
  return all;
}

/// Of limits that are expected, those for which there is no holding.
std::vector<Finding> audit_missing(sql::Tx& tx, const Store& store, const Expectations& expectations,
                                   const std::string& after, const Audit& audit, std::string& next) {
  if (audit.fix) expectations.hold(tx);
  auto page = expectations.all(tx, after);
  next = std::move(page.next);
  std::map<Key, Amount> limits;
  std::vector<Key> keys;
  for (auto& [key, limit] : page.limits)
    if (limits.insert_or_assign(key, limit).second) keys.push_back(key);
  const auto there = audit.fix ? store.lock(tx, std::move(keys)) : store.find(tx, std::move(keys));
  std::vector<Finding> all;
  std::vector<Limit> missing;
  for (const auto& [key, limit] : limits) {
    if (there.contains(key)) continue;
    missing.push_back({key, limit});
    all.push_back({Flaw::missing, {.key = key}, {.key = key, .limit = limit}, audit.fix});
  }
  if (audit.fix && !missing.empty()) store.save_limits(tx, missing);
  return all;
}

}  // namespace

Quotas::Quotas(sql::Database& database, const Clock& clock, Settings settings)
    : database_(database), clock_(clock), settings_(settings), store_(database.engine()) {}

Task<Result<ProjectQuotas>> Quotas::quotas_of(std::string user, std::vector<std::string> projects) {
  co_return co_await database_.read([&](sql::Tx& tx) {
    const Selection selection{.users = std::vector{user}, .projects = projects, .resources = shown_by_api(tx)};
    auto quotas = select_members(tx, store_, selection);
    return std::move(quotas[user]);
  });
}

Task<Result<UserQuotas>> Quotas::member_quotas(Selection selection) {
  co_return co_await database_.read([&](sql::Tx& tx) { return select_members(tx, store_, selection); });
}

Task<Result<WholeQuotas>> Quotas::project_quotas(Selection selection) {
  co_return co_await database_.read([&](sql::Tx& tx) {
    const Names resources(selection.resources.begin(), selection.resources.end());
    WholeQuotas quotas;
    const auto take = [&](const Holding& holding) {
      if (!holding.key.source.empty() || !resources.contains(holding.key.resource)) return;
      quotas[std::string(uuid_of(holding.key.holder))].emplace(holding.key.resource, holding);
    };
    if (selection.projects) {
      std::vector<std::string> holders;
      for (const auto& project : *selection.projects) holders.push_back(project_ref(project));
      for (const auto& holding : store_.whole_projects(tx, std::move(holders))) take(holding);
    } else {
      each_holding(tx, store_, take);
    }
    return quotas;
  });
}

Task<Result<std::vector<Holding>>> Quotas::holdings(Key after, std::size_t limit) {
  co_return co_await database_.read([&](sql::Tx& tx) { return store_.page(tx, after, std::min(limit, page_size)); });
}

Result<> Quotas::set_limits(sql::Tx& tx, std::span<const Limit> limits) const {
  for (const auto& [key, limit] : limits)
    if (limit < 0)
      return fail(Kind::invalid, fmt::format("the limit of {} for {} is {}; take a number from 0 to {}", key.resource,
                                             key.holder, limit, unlimited));
  store_.save_limits(tx, limits);
  return {};
}

Task<Result<std::vector<Finding>>> Quotas::verify(const Expectations& expected, Audit audit) {
  std::vector<Finding> findings;
  const auto add = [&](std::vector<Finding> some) {
    findings.insert(findings.end(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  };
  for (Key after;;) {
    std::vector<Holding> page;  // of the same snapshot as what is compared with it, if nothing is to be fixed
    const auto body = [&](sql::Tx& tx) {
      page = store_.page(tx, after, audited_at_once);
      return audit_page(tx, store_, page, expected, audit);
    };
    auto some = audit.fix ? co_await database_.write(body) : co_await database_.read(body);
    if (!some) co_return fail(some.error());
    add(std::move(*some));
    if (page.size() < audited_at_once) break;
    after = page.back().key;
  }
  for (std::string after;;) {
    std::string next;
    const auto body = [&](sql::Tx& tx) { return audit_missing(tx, store_, expected, after, audit, next); };
    auto some = audit.fix ? co_await database_.write(body) : co_await database_.read(body);
    if (!some) co_return fail(some.error());
    add(std::move(*some));
    if (next.empty()) co_return findings;
    after = std::move(next);
  }
}

Task<Result<std::size_t>> Quotas::tidy() {
  const Time before = clock_.now() - settings_.log_kept;
  for (std::size_t all = 0;;) {
    CO_TRY(const std::size_t some,
           co_await database_.write([&](sql::Tx& tx) { return store_.drop_log(tx, before, dropped_at_once); }));
    all += some;
    if (some < dropped_at_once) co_return all;
  }
}

Result<bool> Quotas::register_resource(sql::Tx& tx, Resource resource) const {
  if (resource.ui_visible && !resource.api_visible)
    return fail(Kind::invalid, fmt::format("resource {} is shown on pages but not by the API; show it by both, or not "
                                           "on pages",
                                           resource.name));
  const auto found = resources::find(tx, resource.name);
  if (found && found->service_origin != resource.service_origin)
    return fail(Kind::conflict, fmt::format("resource {} belongs to the service {}; {} must name its own otherwise",
                                            resource.name, found->service_origin, resource.service_origin));
  resource.system_default = unlimited;
  resource.project_default = resource.api_visible ? 0 : unlimited;
  resources::save(tx, resource);
  return !found.has_value();
}

Result<Resource> Quotas::modify_resource(sql::Tx& tx, const std::string& name, const ResourceChange& change) const {
  auto found = resources::find(tx, name);
  if (!found) return fail(Kind::not_found, fmt::format("no resource {}; resource-list shows all", name));
  Resource& resource = *found;
  for (const auto& limit : {change.system_default, change.project_default})
    if (limit && *limit < 0) return fail(Kind::invalid, "a default is a number from 0, or inf");
  if (change.ui_visible == true && change.api_visible == false)
    return fail(Kind::invalid, "what the API hides cannot be shown on pages; change one of the two");
  resource.system_default = change.system_default.value_or(resource.system_default);
  resource.project_default = change.project_default.value_or(resource.project_default);
  resource.ui_visible = change.ui_visible.value_or(resource.ui_visible && change.api_visible != false);
  resource.api_visible = change.api_visible.value_or(resource.api_visible || change.ui_visible == true);
  resources::set_policy(tx, resource);
  return resource;
}

Task<Result<std::vector<Resource>>> Quotas::resources() {
  co_return co_await database_.read([](sql::Tx& tx) { return resources::all(tx); });
}

}  // namespace nephele::identity::quota
