// SPDX-License-Identifier: Apache-2.0
#include "apps/snf_manage/settings_verbs.h"

namespace nephele::apps {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;
using settings::Shown;

std::vector<Field<Shown>> setting_fields() {
  return {
      {{"name", Type::text, "as the files write it"}, [](const Shown& s) { return Value(s.name); }},
      {{"value", Type::text, "in force; secrets are hidden"}, [](const Shown& s) { return Value(s.value); }},
      {{"unit", Type::text, "of a number", false}, [](const Shown& s) { return Value(s.unit); }},
      {{"origin", Type::text, "file and line, or default"}, [](const Shown& s) { return Value(s.origin); }},
      {{"meaning", Type::text, "what it does", false}, [](const Shown& s) { return Value(s.meaning); }},
  };
}

}  // namespace

std::vector<manage::Verb> settings_verbs(ManageDesk& desk) {
  auto list = manage::listing<Shown>(setting_fields(), [&desk](const Call& call, Filters&) -> Result<Pages<Shown>> {
    TRY(const auto* const conf, desk.conf());
    std::vector<Shown> rows;
    for (const Shown& row : conf->shown)
      if (!call.has("--changed") || row.origin != "default") rows.push_back(row);
    return manage::one_page(std::move(rows));
  });
  return {
      manage::list_verb("setting-list", "the settings of /etc/synnefo in force, and where each comes from",
                        std::move(list), {{"--changed", "", "only those that a file sets"}}),
      {.name = "setting-sample",
       .help = "a commented file with all settings of the identity service",
       .run =
           [](const Call&, Out& out) {
             out.print(identity::sample_settings());
             return Result<>();
           },
       .logged = false},
  };
}

}  // namespace nephele::apps
