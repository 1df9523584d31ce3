// SPDX-License-Identifier: Apache-2.0
#include "apps/snf_manage/export_verbs.h"

#include "identity/astakos/known_services.h"

namespace nephele::apps {

namespace {

using manage::Call;
using manage::Out;

/// Of the command line, else of the component's own setting, whether or not a program here reads it otherwise.
Result<std::string> base_url(ManageDesk& desk, const Call& call, const std::string& setting) {
  if (const auto given = call.text("--base-url")) return *given;
  TRY(const auto* const conf, desk.conf());
  if (const auto* entry = conf->root.entry(setting))
    if (const auto* text = entry->value.if_text(); text != nullptr && !text->empty()) return *text;
  return fail(Kind::invalid,
              "where the services are is not known: set " + setting + " in /etc/synnefo, or give --base-url URL");
}

manage::Verb export_verb(ManageDesk& desk, const std::string& component, const std::string& setting) {
  return {.name = "service-export-" + component,
          .help = "the services of " + component + " as JSON, for service-import",
          .options = {{"--base-url", "URL", "that they are below (" + setting + ")"}},
          .run = [&desk, component, setting](const Call& call, Out& out) -> Result<> {
            TRY(const auto url, base_url(desk, call, setting));
            if (!url.starts_with("http://") && !url.starts_with("https://"))
              return fail(Kind::invalid, "the base URL begins with http:// or https://");
            const auto services = identity::astakos::exported_services(component, url);
            out.print(json::pretty(json::Value(services.value_or(json::Object()))) + "\n");
            return {};
          },
          .logged = false};
}

}  // namespace

std::vector<manage::Verb> export_verbs(ManageDesk& desk) {
  return {export_verb(desk, "astakos", "ASTAKOS_BASE_URL"), export_verb(desk, "cyclades", "CYCLADES_BASE_URL"),
          export_verb(desk, "pithos", "PITHOS_BASE_URL")};
}

}  // namespace nephele::apps
