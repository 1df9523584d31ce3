// SPDX-License-Identifier: Apache-2.0
// service-import, service-list, service-show.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <iterator>

#include "base/settings/config_files.h"
#include "base/visible.h"
#include "identity/directory/catalog_store.h"
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

std::vector<Field<Service>> service_fields() {
  return {
      {{"id", Type::integer, "the short number that verbs take"}, [](const Service& s) { return Value(s.number); }},
      {{"name", Type::text, "unique among services"}, [](const Service& s) { return Value(s.name); }},
      {{"component", Type::text, "whose it is"}, [](const Service& s) { return Value(s.component); }},
      {{"type", Type::text, "what clients look for"}, [](const Service& s) { return Value(s.type); }},
      {{"public", Type::boolean, "the catalog of users has it", false},
       [](const Service& s) { return Value(s.is_public); }},
      {{"enabled", Type::boolean, "any catalog has it", false}, [](const Service& s) { return Value(s.enabled); }},
  };
}

Result<std::string> exported_text(const Call& call) {
  const std::string path = call.text("--json").value_or("");
  if (path.empty()) return fail(Kind::invalid, "--json FILE is missing; - stands for standard input");
  if (path != "-") return settings::read_file(path);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Result<> import_services(Desk& desk, const Call& call, Out& out) {
  TRY(const auto text, exported_text(call));
  auto exported = json::parse(text);
  if (!exported) return fail(std::move(exported).error().about(call.text("--json").value_or("")));
  TRY(Ground* const ground, desk.ground());
  TRY(const auto notes, desk.threads().run(ground->components.import_services(std::move(*exported))));
  for (const auto& note : notes) out.print(visible(note) + "\n");
  return {};
}

Result<Service> found_service(sql::Tx& tx, const std::string& wanted) {
  for (auto& service : directory::store::services(tx, "", ""))
    if (service.name == wanted || std::to_string(service.number) == wanted) return std::move(service);
  return fail(Kind::not_found, fmt::format("there is no service \"{}\"; service-list shows those that are", wanted));
}

Result<> show_service(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  Service service;
  std::vector<std::string> endpoints;
  TRY_VOID(desk.threads().run(ground->database.read([&](sql::Tx& tx) -> Result<> {
    TRY(service, found_service(tx, call.text("SERVICE").value_or("")));
    for (const auto& one : directory::store::endpoints(tx, {.service = service.id.text()}))
      endpoints.push_back(fmt::format("{} {} {}", one.version.empty() ? "-" : one.version, one.interface, one.url));
    return {};
  })));
  TRY(const auto all, desk.threads().run(ground->quotas.resources()));
  std::vector<std::string> resources;
  for (const auto& resource : all)
    if (resource.service_origin == service.name) resources.push_back(resource.name);
  manage::Sheet sheet;
  for (const auto& field : service_fields()) sheet.emplace_back(field.column.name, field.get(service));
  sheet.emplace_back("endpoints", std::move(endpoints));
  sheet.emplace_back("resources", std::move(resources));
  print_sheet(sheet, call.format(), out);
  return {};
}

}  // namespace

std::vector<manage::Verb> service_verbs(Desk& desk) {
  auto table = manage::listing<Service>(service_fields(), [&desk](const Call&, Filters&) -> Result<Pages<Service>> {
    TRY(Ground* const ground, desk.ground());
    const auto read = [](sql::Tx& tx) { return directory::store::services(tx, "", ""); };
    TRY(auto all, desk.threads().run(ground->database.read(read)));
    return manage::one_page(std::move(all));
  });
  return {
      {.name = "service-import",
       .help = "registers the services of a component, as its service-export-… printed them",
       .options = {{"--json", "FILE", "the export; - for standard input"}},
       .run = [&desk](const Call& call, Out& out) { return import_services(desk, call, out); }},
      manage::list_verb("service-list", "what the cloud offers, in the catalog's order", std::move(table)),
      {.name = "service-show",
       .help = "one service, with its endpoints and resources",
       .arguments = {{"SERVICE", "its id or name"}},
       .run = [&desk](const Call& call, Out& out) { return show_service(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
