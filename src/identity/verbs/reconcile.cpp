// SPDX-License-Identifier: Apache-2.0
// reconcile-resources-astakos: what is used of our own resource, pending applications, and what should be.
#include <fmt/format.h>

#include <algorithm>

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
using projects::UnitFinding;

std::vector<Field<UnitFinding>> finding_fields() {
  return {
      {{"user", Type::text, "who has applied"}, [](const UnitFinding& f) { return Value(f.applicant); }},
      {{"resource", Type::text, "of what"},
       [](const UnitFinding&) { return Value(std::string("astakos.pending_app")); }},
      {{"applications", Type::integer, "how many wait"}, [](const UnitFinding& f) { return Value(f.applications); }},
      {{"user_usage", Type::integer, "as it is"}, [](const UnitFinding& f) { return Value(f.user_usage); }},
      {{"project_usage", Type::integer, "as it is in his own project"},
       [](const UnitFinding& f) { return Value(f.project_usage); }},
      {{"fixed", Type::boolean, "it is right now"}, [](const UnitFinding& f) { return Value(f.fixed); }},
  };
}

Result<> reconcile(Desk& desk, const Call& call, Out& out) {
  const bool fix = call.has("--fix");
  std::optional<std::string> only;
  if (const auto user = call.text("--user")) {
    TRY(const auto account, find_user(desk, *user));
    only = account.id.text();
  }
  if (const auto project = call.text("--project")) {
    if (only && *only != *project) return fail(Kind::invalid, "applications count in the user's own project alone");
    only = *project;
  }
  TRY(projects::Projects* const all, desk.projects());
  const auto findings = desk.threads().run(all->reconcile(only, fix, call.has("--force")));
  if (!findings) return fail(findings.error());
  if (!findings->empty()) {
    const auto table = manage::listing<UnitFinding>(
        finding_fields(),
        [&findings](const Call&, Filters&) -> Result<Pages<UnitFinding>> { return manage::one_page(*findings); });
    TRY_VOID(print_list(table, call, out));
  }
  const auto wrong = std::ranges::count(*findings, false, &UnitFinding::fixed);
  if (wrong > 0)
    return fail(Kind::conflict, fmt::format("{} {} wrong{}", wrong, wrong == 1 ? "is" : "are",
                                            fix ? " and over the limit; --force does it all the same"
                                                : "; reconcile-resources-astakos --fix puts right what can be"));
  return {};
}

}  // namespace

std::vector<manage::Verb> reconcile_verbs(Desk& desk) {
  return {{.name = "reconcile-resources-astakos",
           .help = "compares the usage of pending applications with those that there are",
           .options = {{"--user", "USER", "of this one alone"},
                       {"--project", "PROJECT", "of this user's own project alone"},
                       {"--fix", "", "puts right what can be"},
                       {"--force", "", "with --fix: also over the limit"}},
           .run = [&desk](const Call& call, Out& out) { return reconcile(desk, call, out); }}};
}

}  // namespace nephele::identity::verbs
