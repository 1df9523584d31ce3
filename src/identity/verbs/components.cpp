// SPDX-License-Identifier: Apache-2.0
// component-add, component-list, component-show, component-modify, component-remove.
#include <fmt/format.h>

#include "base/visible.h"
#include "identity/astakos/component_store.h"
#include "identity/verbs/verbs.h"

namespace nephele::identity::verbs {

namespace {

using astakos::Component;
using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;

std::vector<Field<Component>> component_fields() {
  return {
      {{"id", Type::integer, "the short number that verbs take"}, [](const Component& c) { return Value(c.number); }},
      {{"name", Type::text, "what its services call it"}, [](const Component& c) { return Value(c.name); }},
      {{"base_url", Type::text, "its services are below it"}, [](const Component& c) { return Value(c.base_url); }},
      {{"ui_url", Type::text, "its pages", false}, [](const Component& c) { return Value(c.ui_url); }},
      {{"token_created", Type::time, "when its token was made; the token itself is not kept", false},
       [](const Component& c) { return Value(c.token_created); }},
      {{"token_expires", Type::time, "how long its token is good", false},
       [](const Component& c) { return manage::optional_value(c.token_expires); }},
  };
}

std::string word(const Call& call, std::string_view name) {
  return call.text(name).value_or("");
}

void print_token(const Secret& token, Out& out) {
  out.print_secret(fmt::format("Token: {}\n", token.reveal()));
}

Result<> add_component(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  Component wanted{.name = word(call, "NAME"), .ui_url = word(call, "--ui-url"), .base_url = word(call, "--base-url")};
  TRY(const auto made, desk.threads().run(ground->components.add(std::move(wanted))));
  out.print(fmt::format("Component '{}' created with id {}\n", visible(made.first.name), made.first.number));
  print_token(made.second, out);
  return {};
}

Result<> show_component(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  TRY(const auto found, desk.threads().run(ground->components.find(word(call, "COMPONENT"))));
  const auto read = [&](sql::Tx& tx) { return astakos::store::services_of(tx, found.name); };
  TRY(auto services, desk.threads().run(ground->database.read(read)));
  manage::Sheet sheet;
  for (const auto& field : component_fields()) sheet.emplace_back(field.column.name, field.get(found));
  sheet.emplace_back("services", std::move(services));
  print_sheet(sheet, call.format(), out);
  return {};
}

Result<> modify_component(Desk& desk, const Call& call, Out& out) {
  if (call.has("--auth-token") && call.has("--renew-token"))
    return fail(Kind::invalid, "--auth-token and --renew-token exclude each other; give one");
  const astakos::ComponentChange change{
      .ui_url = call.text("--ui-url"), .base_url = call.text("--base-url"), .token = call.secret("--auth-token")};
  const bool changes = change.ui_url || change.base_url || change.token;
  if (!changes && !call.has("--renew-token") && !call.has("--purge-services"))
    return fail(Kind::invalid, "nothing to change; component-modify --help shows what can be");
  TRY(Ground* const ground, desk.ground());
  const std::string name = word(call, "COMPONENT");
  TRY(const auto component, desk.threads().run(ground->components.modify(name, change)));
  const std::string shown = visible(component.name);
  if (changes) out.print(fmt::format("Component '{}' is changed\n", shown));
  if (call.has("--purge-services")) {
    TRY(const auto purged, desk.threads().run(ground->components.purge_services(name)));
    out.print(fmt::format("{} services of component '{}' are removed\n", purged, shown));
  }
  if (call.has("--renew-token")) {
    TRY(const auto token, desk.threads().run(ground->components.renew_token(name)));
    out.print(fmt::format("Component '{}' has a new token\n", shown));
    print_token(token, out);
  }
  return {};
}

Result<> remove_component(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  const std::string name = word(call, "COMPONENT");
  TRY_VOID(desk.threads().run(ground->components.remove(name)));
  out.print(fmt::format("Component '{}' is removed, with its services\n", visible(name)));
  return {};
}

}  // namespace

std::vector<manage::Verb> component_verbs(Desk& desk) {
  auto table =
      manage::listing<Component>(component_fields(), [&desk](const Call&, Filters&) -> Result<Pages<Component>> {
        TRY(Ground* const ground, desk.ground());
        TRY(auto all, desk.threads().run(ground->components.list()));
        return manage::one_page(std::move(all));
      });
  const manage::Option ui{"--ui-url", "URL", "of its pages"}, base{"--base-url", "URL", "that its services are below"};
  return {
      {.name = "component-add",
       .help = "registers a part of the cloud; prints the token that it calls us with",
       .arguments = {{"NAME", "such as cyclades"}},
       .options = {ui, base},
       .run = [&desk](const Call& call, Out& out) { return add_component(desk, call, out); }},
      manage::list_verb("component-list", "parts of the cloud that have a token here", std::move(table)),
      {.name = "component-show",
       .help = "one of them, with its services",
       .arguments = {{"COMPONENT", "its id or name"}},
       .run = [&desk](const Call& call, Out& out) { return show_component(desk, call, out); }},
      {.name = "component-modify",
       .help = "changes one",
       .arguments = {{"COMPONENT", "its id or name"}},
       .options = {ui,
                   base,
                   {"--auth-token", "TOKEN", "one that the component has already", false, true},
                   {"--renew-token", "", "a new token is made and printed; the old one is refused"},
                   {"--purge-services", "", "removes its services and their endpoints"}},
       .run = [&desk](const Call& call, Out& out) { return modify_component(desk, call, out); }},
      {.name = "component-remove",
       .help = "removes one with its services and its token",
       .arguments = {{"COMPONENT", "its id or name"}},
       .run = [&desk](const Call& call, Out& out) { return remove_component(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
