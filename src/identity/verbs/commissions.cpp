// SPDX-License-Identifier: Apache-2.0
// commission-list, commission-show.
#include <fmt/format.h>

#include "base/visible.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;
using quota::Commission;

constexpr std::size_t page_rows = 500;

std::vector<Field<Commission>> commission_fields() {
  return {
      {{"serial", Type::integer, "its number"}, [](const Commission& c) { return Value(c.serial.number()); }},
      {{"name", Type::text, "what its component calls it"}, [](const Commission& c) { return Value(c.name); }},
      {{"clientkey", Type::text, "the component that resolves it"},
       [](const Commission& c) { return Value(c.client); }},
      {{"issue_time", Type::time, "when it was issued"}, [](const Commission& c) { return Value(c.issued); }},
  };
}

Result<Pages<Commission>> pending(Desk& desk, const Call& call) {
  TRY(const auto overdue, call.integer("--overdue"));
  if (overdue && *overdue < 0) return fail(Kind::invalid, "--overdue is below zero; write a number of seconds");
  TRY(Ground* const ground, desk.ground());
  std::optional<std::chrono::seconds> waited;
  if (overdue) waited = std::chrono::seconds(*overdue);
  return Pages<Commission>(
      [&desk, ground, waited, after = quota::Serial(0)]() mutable -> Result<std::vector<Commission>> {
        TRY(auto found, desk.threads().run(ground->quotas.commissions(waited, after, page_rows)));
        if (!found.empty()) after = found.back().serial;
        return found;
      });
}

Result<> show_commission(Desk& desk, const Call& call, Out& out) {
  TRY(const auto serial, call.integer("SERIAL"));
  TRY(Ground* const ground, desk.ground());
  const auto found = desk.threads().run(ground->quotas.show("", quota::Serial(serial.value_or(0))));
  if (!found && found.error().kind() == Kind::not_found)
    return fail(Kind::not_found,
                fmt::format("no commission {} is pending; commission-list shows those that are", serial.value_or(0)));
  if (!found) return fail(found.error());
  manage::Sheet sheet;
  for (const auto& field : commission_fields()) sheet.emplace_back(field.column.name, field.get(*found));
  std::vector<std::string> provisions;
  for (const auto& one : found->provisions)
    provisions.push_back(fmt::format("{} {} {} {:+}", one.key.holder, one.key.source.empty() ? "-" : one.key.source,
                                     one.key.resource, one.quantity));
  sheet.emplace_back("provisions", std::move(provisions));
  print_sheet(sheet, call.format(), out);
  return {};
}

}  // namespace

std::vector<manage::Verb> commission_verbs(Desk& desk) {
  auto table = manage::listing<Commission>(commission_fields(),
                                           [&desk](const Call& call, Filters&) { return pending(desk, call); });
  return {
      manage::list_verb("commission-list", "reservations of quota that are neither accepted nor rejected",
                        std::move(table), {{"--overdue", "SECONDS", "only those that have waited for so long"}}),
      {.name = "commission-show",
       .help = "one of them, with all that it reserves",
       .arguments = {{"SERIAL", "its number"}},
       .run = [&desk](const Call& call, Out& out) { return show_commission(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
