// SPDX-License-Identifier: Apache-2.0
// resource-list, resource-modify, quota-list, quota-verify.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/quantity.h"
#include "base/visible.h"
#include "identity/projects/defaults.h"
#include "identity/projects/upkeep.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Op;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;
using quota::Amount;
using quota::Holding;
using quota::Resource;

constexpr std::size_t page_rows = 1000;

Result<UnitStyle> style_of(const Call& call) {
  return unit_style_from(call.text("--unit-style").value_or("auto"));
}

/// Plain numbers stay numbers.
Value shown(Amount amount, bool bytes, UnitStyle style) {
  if (style == UnitStyle::none) return amount;
  return bytes ? show_bytes(amount, style) : show_count(amount, style);
}

bool counts_bytes(const Resource& resource) {
  return resource.unit == "bytes";
}

// ---- resources

struct ShownResource {
  Resource resource;
  UnitStyle style;
};

std::vector<Field<ShownResource>> resource_fields() {
  const auto amount = [](Amount Resource::* part) {
    return [part](const ShownResource& r) { return shown(r.resource.*part, counts_bytes(r.resource), r.style); };
  };
  return {
      {{"name", Type::text, "SERVICE.THING"}, [](const ShownResource& r) { return Value(r.resource.name); }},
      {{"id", Type::text, "the name: nothing else tells resources apart", false},
       [](const ShownResource& r) { return Value(r.resource.name); }},
      {{"system_default", Type::text, "limit in a user's own project"}, amount(&Resource::system_default)},
      {{"project_default", Type::text, "limit in other projects that say nothing"}, amount(&Resource::project_default)},
      {{"api_visible", Type::boolean, "programs see it"},
       [](const ShownResource& r) { return Value(r.resource.api_visible); }},
      {{"ui_visible", Type::boolean, "pages show it"},
       [](const ShownResource& r) { return Value(r.resource.ui_visible); }},
      {{"unit", Type::text, "what is counted", false}, [](const ShownResource& r) { return Value(r.resource.unit); }},
      {{"service", Type::text, "the service that brought it", false},
       [](const ShownResource& r) { return Value(r.resource.service_origin); }},
      {{"description", Type::text, "what it is", false},
       [](const ShownResource& r) { return Value(r.resource.description); }},
  };
}

Result<Pages<ShownResource>> all_resources(Desk& desk, const Call& call) {
  TRY(const auto style, style_of(call));
  TRY(Ground* const ground, desk.ground());
  TRY(auto resources, desk.threads().run(ground->quotas.resources()));
  std::vector<ShownResource> rows;
  for (auto& resource : resources) rows.push_back({std::move(resource), style});
  return manage::one_page(std::move(rows));
}

Result<std::optional<Amount>> amount_in(const Call& call, std::string_view option) {
  const auto text = call.text(option);
  if (!text) return std::optional<Amount>();
  auto amount = quantity_from(*text);
  if (!amount) return fail(std::move(amount).error().about(std::string(option)));
  if (*amount < 0) return fail(Kind::invalid, fmt::format("{} is below zero; write a number or inf", option));
  return std::optional(*amount);
}

Result<> modify_resource(Desk& desk, const Call& call, Out& out) {
  quota::ResourceChange change;
  TRY(change.system_default, amount_in(call, "--system-default"));
  TRY(change.project_default, amount_in(call, "--project-default"));
  TRY(change.api_visible, call.boolean("--api-visible"));
  TRY(change.ui_visible, call.boolean("--ui-visible"));
  if (!change.system_default && !change.project_default && !change.api_visible && !change.ui_visible)
    return fail(Kind::invalid, "nothing to change; resource-modify --help shows what can be");
  TRY(Ground* const ground, desk.ground());
  const std::string name = call.text("NAME").value_or("");
  const auto told = [now = ground->clock.now()](sql::Tx& tx, const quota::Resource& resource) {
    note(tx, now, "resource.changed",
         fmt::format("{} (system default {}, project default {}, api visible={}, ui visible={})", resource.name,
                     resource.system_default, resource.project_default, resource.api_visible, resource.ui_visible));
  };
  const auto changed =
      desk.threads().run(projects::modify_resource(ground->database, ground->quotas, name, change, told));
  if (!changed && changed.error().kind() == Kind::not_found)
    return fail(Kind::not_found, fmt::format("there is no resource \"{}\"; resource-list shows those that are", name));
  if (!changed) return fail(changed.error());
  const auto text = [&](Amount amount) {
    return manage::text_of(shown(amount, counts_bytes(*changed), UnitStyle::automatic));
  };
  out.print(fmt::format("Resource '{}': system default {}, project default {}, API {}, pages {}\n", changed->name,
                        text(changed->system_default), text(changed->project_default),
                        changed->api_visible ? "shown" : "hidden", changed->ui_visible ? "shown" : "hidden"));
  return {};
}

// ---- holdings

struct ShownHolding {
  Holding holding;
  bool bytes = false;
  UnitStyle style = UnitStyle::automatic;
  std::string email = {};
};

std::vector<Field<ShownHolding>> holding_fields() {
  return {
      {{"holder", Type::text, "user:UUID, or project:UUID for a whole project"},
       [](const ShownHolding& h) { return Value(h.holding.key.holder); }},
      {{"email", Type::text, "the user's address", false, "--display-mails"},
       [](const ShownHolding& h) { return Value(h.email); }},
      {{"source", Type::text, "project:UUID that it counts in"},
       [](const ShownHolding& h) { return h.holding.key.source.empty() ? Value() : Value(h.holding.key.source); }},
      {{"resource", Type::text, "what is counted"},
       [](const ShownHolding& h) { return Value(h.holding.key.resource); }},
      {{"limit", Type::text, "how much may be used"},
       [](const ShownHolding& h) { return shown(h.holding.limit, h.bytes, h.style); }},
      {{"usage", Type::text, "how much is, with what is reserved"},
       [](const ShownHolding& h) { return shown(h.holding.usage_max, h.bytes, h.style); }},
      {{"user", Type::text, "the user's uuid", false},
       [](const ShownHolding& h) {
         const auto& holder = h.holding.key.holder;
         return holder.starts_with("user:") ? Value(std::string(quota::uuid_of(holder))) : Value();
       }},
  };
}

/// Conditions on numbers, which are typed like "10G".
class Amounts {
 public:
  static Result<Amounts> taken_from(Filters& filters) {
    Amounts amounts;
    for (const auto& [column, part] : {std::pair{"limit", &Holding::limit}, std::pair{"usage", &Holding::usage_max}})
      for (const Op op : {Op::equal, Op::unequal, Op::greater, Op::greater_equal, Op::less, Op::less_equal})
        while (const auto text = filters.take(column, op)) {
          auto amount = quantity_from(manage::text_of(*text));
          if (!amount) return fail(std::move(amount).error().about(column));
          amounts.conditions_.push_back({part, op, *amount});
        }
    return amounts;
  }
  bool hold(const Holding& holding) const {
    return std::ranges::all_of(conditions_, [&](const Condition& condition) {
      return manage::holds(holding.*condition.part, condition.op, condition.wanted);
    });
  }

 private:
  struct Condition {
    Amount Holding::* part;
    Op op;
    Amount wanted;
  };
  std::vector<Condition> conditions_;
};

Result<std::set<std::string>> byte_resources(Desk& desk, Ground& ground) {
  TRY(const auto resources, desk.threads().run(ground.quotas.resources()));
  std::set<std::string> names;
  for (const auto& resource : resources)
    if (counts_bytes(resource)) names.insert(resource.name);
  return names;
}

/// Addresses of the users among the rows.
Result<> add_mails(Desk& desk, Ground& ground, std::vector<ShownHolding>& rows) {
  std::map<std::string, std::string> mails;
  for (auto& row : rows) {
    const auto& holder = row.holding.key.holder;
    if (!holder.starts_with("user:")) continue;
    const auto [mail, fresh] = mails.try_emplace(holder);
    if (fresh) {
      const auto account = desk.threads().run(ground.identity.find(AccountId(std::string(quota::uuid_of(holder)))));
      if (!account && account.error().kind() != Kind::not_found) return fail(account.error());
      if (account) mail->second = account->email;
    }
    row.email = mail->second;
  }
  return {};
}

Result<Pages<ShownHolding>> holdings(Desk& desk, const Call& call, Filters& filters) {
  TRY(const auto style, style_of(call));
  TRY(auto amounts, Amounts::taken_from(filters));
  TRY(Ground* const ground, desk.ground());
  TRY(auto bytes, byte_resources(desk, *ground));
  const bool over = call.has("--overlimit"), mails = call.has("--display-mails");
  return Pages<ShownHolding>([=, &desk, amounts = std::move(amounts), bytes = std::move(bytes), after = quota::Key(),
                              ended = false]() mutable -> Result<std::vector<ShownHolding>> {
    std::vector<ShownHolding> rows;
    while (rows.empty() && !ended) {  // an empty answer would be the end of the list
      TRY(auto page, desk.threads().run(ground->quotas.holdings(after, page_rows)));
      ended = page.size() < page_rows;
      if (!page.empty()) after = page.back().key;
      for (auto& holding : page) {
        if ((over && holding.usage_max <= holding.limit) || !amounts.hold(holding)) continue;
        const bool counted = bytes.contains(holding.key.resource);
        rows.push_back({.holding = std::move(holding), .bytes = counted, .style = style});
      }
    }
    if (mails) TRY_VOID(add_mails(desk, *ground, rows));
    return rows;
  });
}

// ---- verification

std::vector<Field<quota::Finding>> finding_fields() {
  const auto number = [](Amount Holding::* part, bool expected) {
    return [part, expected](const quota::Finding& f) { return Value((expected ? f.expected : f.found).*part); };
  };
  return {
      {{"flaw", Type::text, "what is wrong"},
       [](const quota::Finding& f) { return Value(std::string(to_string(f.flaw))); }},
      {{"holder", Type::text, "whose"}, [](const quota::Finding& f) { return Value(f.expected.key.holder); }},
      {{"source", Type::text, "in which project"},
       [](const quota::Finding& f) { return Value(f.expected.key.source); }},
      {{"resource", Type::text, "of what"}, [](const quota::Finding& f) { return Value(f.expected.key.resource); }},
      {{"limit", Type::integer, "as it is"}, number(&Holding::limit, false)},
      {{"expected_limit", Type::integer, "as it should be"}, number(&Holding::limit, true)},
      {{"usage_min", Type::integer, "as it is"}, number(&Holding::usage_min, false)},
      {{"expected_usage_min", Type::integer, "as it should be"}, number(&Holding::usage_min, true)},
      {{"usage_max", Type::integer, "as it is"}, number(&Holding::usage_max, false)},
      {{"expected_usage_max", Type::integer, "as it should be"}, number(&Holding::usage_max, true)},
      {{"fixed", Type::boolean, "it is right now"}, [](const quota::Finding& f) { return Value(f.fixed); }},
  };
}

Result<> verify_quota(Desk& desk, const Call& call, Out& out) {
  const bool fix = call.has("--fix");
  TRY(Ground* const ground, desk.ground());
  const projects::ProjectLimits expected;
  TRY(auto findings, desk.threads().run(ground->quotas.verify(
                         expected, {.fix = fix, .unexpected = call.has("--include-unexpected-holdings")})));
  const auto wrong = static_cast<std::size_t>(std::ranges::count(findings, false, &quota::Finding::fixed));
  if (!findings.empty()) {
    const auto table = manage::listing<quota::Finding>(
        finding_fields(),
        [&findings](const Call&, Filters&) -> Result<Pages<quota::Finding>> { return manage::one_page(findings); });
    TRY_VOID(print_list(table, call, out));
  }
  if (wrong > 0)
    return fail(Kind::conflict,
                fmt::format("{} of what was looked at {} wrong{}", wrong, wrong == 1 ? "is" : "are",
                            fix ? " and must be judged by somebody" : "; quota-verify --fix puts right what can be"));
  return {};
}

}  // namespace

Result<std::vector<std::string>> quota_lines(Desk& desk, const AccountId& account, const Call& call) {
  TRY(const auto style, style_of(call));
  TRY(Ground* const ground, desk.ground());
  TRY(const auto resources, desk.threads().run(ground->quotas.resources()));
  std::map<std::string, bool> bytes;
  quota::Selection selection{.users = std::vector{account.text()}};
  for (const auto& resource : resources) {
    bytes[resource.name] = counts_bytes(resource);
    selection.resources.push_back(resource.name);
  }
  TRY(const auto users, desk.threads().run(ground->quotas.member_quotas(std::move(selection))));
  std::vector<std::string> lines;
  for (const auto& [user, projects] : users)
    for (const auto& [project, held] : projects)
      for (const auto& [resource, one] : held)
        lines.push_back(fmt::format("{} {} {} of {}", project, resource,
                                    manage::text_of(shown(one.usage, bytes[resource], style)),
                                    manage::text_of(shown(one.limit, bytes[resource], style))));
  return lines;
}

std::vector<manage::Verb> quota_verbs(Desk& desk) {
  auto resources = manage::listing<ShownResource>(
      resource_fields(), [&desk](const Call& call, Filters&) { return all_resources(desk, call); });
  auto quotas = manage::listing<ShownHolding>(
      holding_fields(), [&desk](const Call& call, Filters& filters) { return holdings(desk, call, filters); });
  return {
      manage::list_verb("resource-list", "what is counted, and how much of it everybody gets", std::move(resources),
                        {unit_style}),
      {.name = "resource-modify",
       .help = "changes what everybody gets, and who sees it",
       .arguments = {{"NAME", "such as cyclades.vm"}},
       .options = {{"--system-default", "LIMIT", "limit in users' own projects: 20, 4G, inf"},
                   {"--project-default", "LIMIT", "limit in other projects that say nothing"},
                   {"--api-visible", "BOOL", "programs see it; False hides it from pages too"},
                   {"--ui-visible", "BOOL", "pages show it; True shows it to programs too"}},
       .run = [&desk](const Call& call, Out& out) { return modify_resource(desk, call, out); }},
      manage::list_verb("quota-list", "who may use how much, and does", std::move(quotas),
                        {{"--overlimit", "", "only where more is used than may be"},
                         {"--display-mails", "", "with users' addresses"},
                         unit_style}),
      {.name = "quota-verify",
       .help = "compares usage with what commissions tell",
       .options = {{"--fix", "", "puts right what can be"},
                   {"--include-unexpected-holdings", "", "also limits that no project grants; --fix makes them 0"}},
       .run = [&desk](const Call& call, Out& out) { return verify_quota(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
