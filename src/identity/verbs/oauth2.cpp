// SPDX-License-Identifier: Apache-2.0
// oauth2-client-add, oauth2-client-list, oauth2-client-remove.
#include <fmt/format.h>

#include <utility>

#include "base/visible.h"
#include "identity/oauth2/server.h"
#include "identity/verbs/verbs.h"
#include "manage/items.h"

namespace nephele::identity::verbs {

namespace {

using manage::Call;
using manage::Field;
using manage::Filters;
using manage::Out;
using manage::Pages;
using manage::Type;
using manage::Value;
using oauth2::Client;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::vector<Field<Client>> client_fields() {
  return {
      {{"id", Type::integer, "its number"}, [](const Client& c) { return Value(c.id); }},
      {{"identifier", Type::text, "what the client calls itself"}, [](const Client& c) { return Value(c.identifier); }},
      {{"type", Type::text, "confidential (keeps a secret) or public"},
       [](const Client& c) { return Value(std::string(c.confidential ? "confidential" : "public")); }},
      {{"is_trusted", Type::boolean, "users are not asked"}, [](const Client& c) { return Value(c.trusted); }},
      {{"redirect_urls", Type::text, "where users may be sent back to", false},
       [](const Client& c) { return Value(joined(c.redirects)); }},
  };
}

Pages<Client> all_clients(Desk& desk, Ground& ground, const Call& call) {
  struct Wanted {
    bool confidential, open, trusted;
  };
  const Wanted wanted{call.has("--confidential"), call.has("--public"), call.has("--trusted")};
  return [&desk, &ground, wanted, done = false]() mutable -> Result<std::vector<Client>> {
    if (std::exchange(done, true)) return std::vector<Client>{};
    const auto read = [](sql::Tx& tx) { return oauth2::store::clients(tx); };
    TRY(auto found, desk.threads().run(ground.database.read(read)));
    std::erase_if(found, [&](const Client& client) {
      return (wanted.confidential && !client.confidential) || (wanted.open && client.confidential) ||
             (wanted.trusted && !client.trusted);
    });
    return found;
  };
}

Result<> add(Desk& desk, const Call& call, Out& out) {
  const std::string type = call.text("--type").value_or("confidential");
  if (type != "confidential" && type != "public")
    return fail(Kind::invalid, fmt::format("--type is \"{}\"; write confidential or public", visible(type)));
  TRY(Ground* const ground, desk.ground());
  Client wanted{.identifier = call.text("IDENTIFIER").value_or(""),
                .confidential = type == "confidential",
                .trusted = call.has("--is-trusted"),
                .redirects = call.all("--url"),
                .created = ground->clock.now()};
  const std::string words =
      fmt::format("{} ({}{}) {}", wanted.identifier, type, wanted.trusted ? ", trusted" : "", joined(wanted.redirects));
  const auto told = [&words, now = wanted.created](sql::Tx& tx) { note(tx, now, "oauth2.client_created", words); };
  TRY(const auto made, desk.threads().run(oauth2::add_client(ground->database, ground->identity, std::move(wanted),
                                                             call.secret("--secret").value_or(Secret()), told)));
  out.print(fmt::format("Client '{}' created with id {}\n", visible(made.identifier), made.id));
  return {};
}

Result<> remove(Desk& desk, const Call& call, Out& out) {
  TRY(Ground* const ground, desk.ground());
  return manage::for_each_item(call, "IDENTIFIER", out, [&](const std::string& identifier) -> Result<> {
    const auto change = [&identifier, now = ground->clock.now()](sql::Tx& tx) {
      const bool known = oauth2::store::remove(tx, identifier);
      if (known) note(tx, now, "oauth2.client_removed", identifier);
      return known;
    };
    TRY(const bool removed, desk.threads().run(ground->database.write(change)));
    if (!removed)
      return fail(Kind::not_found, fmt::format("there is no client \"{}\"; oauth2-client-list shows those that are",
                                               visible(identifier)));
    out.print(fmt::format("Client '{}' removed\n", visible(identifier)));
    return {};
  });
}

}  // namespace

std::vector<manage::Verb> oauth2_verbs(Desk& desk) {
  auto table = manage::listing<Client>(client_fields(), [&desk](const Call& call, Filters&) -> Result<Pages<Client>> {
    TRY(Ground* const ground, desk.ground());
    return all_clients(desk, *ground, call);
  });
  return {
      {.name = "oauth2-client-add",
       .help = "a program that may ask for access in users' names",
       .arguments = {{"IDENTIFIER", "what it calls itself (client_id)"}},
       .options = {{.names = "--secret",
                    .value = "SECRET",
                    .help = "what a confidential client proves itself by",
                    .secret = true},
                   {"--is-trusted", "", "users are not asked whether they agree"},
                   {"--type", "TYPE", "confidential (the default), or public: a program on users' machines"},
                   {.names = "--url", .value = "URL", .help = "where users may be sent back to", .repeated = true}},
       .run = [&desk](const Call& call, Out& out) { return add(desk, call, out); }},
      manage::list_verb("oauth2-client-list", "programs that may ask for access in users' names", std::move(table),
                        {{"--confidential", "", "only those that keep a secret"},
                         {"--public", "", "only those that keep none"},
                         {"--trusted", "", "only those for which users are not asked"}}),
      {.name = "oauth2-client-remove",
       .help = "forgets a program, and ends what was given out to it",
       .arguments = {{"IDENTIFIER", "by what it calls itself, or its number", true}},
       .run = [&desk](const Call& call, Out& out) { return remove(desk, call, out); }},
  };
}

}  // namespace nephele::identity::verbs
