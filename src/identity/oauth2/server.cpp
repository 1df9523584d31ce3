// SPDX-License-Identifier: Apache-2.0
#include "identity/oauth2/server.h"

#include <algorithm>

#include "base/this_machine.h"
#include "identity/account_name.h"
#include "identity/store.h"

namespace nephele::identity::oauth2 {

namespace {

constexpr std::size_t identifier_bytes_max = 255, secret_bytes_max = 1024;
constexpr std::size_t state_bytes_max = 2048, scope_bytes_max = 4096, token_text_max = 512, redirects_max = 100;
constexpr std::string_view context = "identity.oauth2";

std::unexpected<Error> refused(Kind kind, const char* word, std::string sentence) {
  return fail(Error(kind, std::move(sentence)).with("oauth2", word));
}

bool is_unreserved(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
  });
}
bool is_pkce(std::string_view text) {
  return text.size() >= 43 && text.size() <= 128 && is_unreserved(text);
}

/// Random characters of base64url, `count` of them.
std::string random_text(std::size_t count) {
  return random_token(count).substr(0, count);
}

std::string from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return out;
}

}  // namespace

std::string challenge_of(std::string_view verifier) {
  return to_base64url(from_hex(sha256_hex(verifier)));
}

Result<> check_redirect(std::string_view url) {
  const auto wrong = [](std::string what) { return fail(Kind::invalid, std::move(what)); };
  const auto odd = [](char c) { return c <= 0x20 || c >= 0x7F || c == '\\' || c == '"' || c == '<' || c == '>'; };
  if (std::ranges::any_of(url, odd)) return wrong("the address holds characters that no address has");
  if (url.contains('#')) return wrong("the address holds a fragment (#…); leave it out");
  const auto scheme = url.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? "" : url.substr(scheme + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?"));
  if (host.empty() || host.contains('@')) return wrong("the address is not absolute; write https://host/path");
  if (url.starts_with("https://") || (url.starts_with("http://") && is_this_machine(host))) return {};
  return wrong("the address is not https; only one on the user's own machine may be http");
}

Server::Server(sql::Database& database, Identity& identity, const SecretKey& key, const Clock& clock,
               OAuth2Settings settings)
    : database_(database), identity_(identity), key_(key), clock_(clock), settings_(std::move(settings)) {}

std::string Server::hash_of(std::string_view text) const {
  return key_.keyed_hash(text, context);
}

Task<Result<Checked>> Server::check(Ask ask) {
  const auto wrong = [](std::string sentence) { return fail(Kind::invalid, std::move(sentence)); };
  if (ask.client.empty()) co_return wrong("client_id is missing");
  if (ask.redirect_uri && ask.redirect_uri->size() > settings_.redirect_length_max)
    co_return wrong("redirect_uri is too long");
  if (ask.client.size() > identifier_bytes_max || !check_text("client_id", ask.client, identifier_bytes_max))
    co_return wrong("no client has this client_id");
  CO_TRY(auto stored, co_await database_.read([&](sql::Tx& tx) { return store::client(tx, ask.client); }));
  if (!stored) co_return wrong("no client has this client_id");
  Checked checked{.client = std::move(stored->client), .redirect_uri = {}, .scope = {}, .state = {}, .challenge = {}};
  const auto& own = checked.client.redirects;
  checked.redirect_given = ask.redirect_uri.has_value();
  if (ask.redirect_uri) {
    if (!check_redirect(*ask.redirect_uri)) co_return wrong("redirect_uri is not an absolute https address");
    if (std::ranges::find(own, *ask.redirect_uri) == own.end())
      co_return wrong("redirect_uri is not one that is registered for this client");
    checked.redirect_uri = *ask.redirect_uri;
  } else {
    if (own.size() != 1) co_return wrong("redirect_uri is missing, and the client has several");
    checked.redirect_uri = own.front();
  }
  if (ask.state.size() > state_bytes_max || !check_text("state", ask.state, state_bytes_max))
    checked.error = "invalid_request";
  else
    checked.state = std::move(ask.state);
  checked.scope = ask.scope.substr(0, ask.scope.find(' '));
  if (checked.scope.empty()) checked.scope = checked.redirect_uri;
  if (!check_text("scope", checked.scope, scope_bytes_max)) checked.error = "invalid_scope";
  if (ask.response_type != "code")
    checked.error = ask.response_type.empty() ? "invalid_request" : "unsupported_response_type";
  const bool pkce = !ask.challenge.empty() || !ask.challenge_method.empty();
  if (pkce && (ask.challenge_method != "S256" || !is_pkce(ask.challenge))) checked.error = "invalid_request";
  // Who keeps no secret proves by PKCE that it is who asked.
  if (!pkce && !checked.client.confidential) checked.error = "invalid_request";
  checked.challenge = std::move(ask.challenge);
  co_return checked;
}

Task<Result<std::string>> Server::grant(Checked checked, AccountId account, StillHolds holds) {
  std::string code = random_text(settings_.code_length);
  const Time now = clock_.now();
  const std::string hash = hash_of(code);
  CO_TRY_VOID(co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!identity::store::lock_enabled(tx, account)) return fail(Kind::not_found, "Your account is disabled.");
    if (holds) TRY_VOID(holds(tx));
    const auto client = store::client(tx, checked.client.identifier);
    if (!client || client->client.id != checked.client.id)
      return fail(Kind::not_found, "The program was removed a moment ago.");
    store::insert(tx,
                  Code{.client = checked.client.id,
                       .account = account,
                       .redirect_uri = checked.redirect_uri,
                       .redirect_given = checked.redirect_given,
                       .scope = checked.scope,
                       .challenge = checked.challenge,
                       .expires = now + code_life},
                  hash);
    store::tidy(tx, now);
    return {};
  }));
  co_return code;
}

Task<Result<Granted>> Server::exchange(Exchange wish) {
  const auto bad_client = [] {
    return refused(Kind::unauthorized, "invalid_client", "unknown client or wrong secret");
  };
  const auto bad_code = [] { return refused(Kind::invalid, "invalid_grant", "the code is unknown, used or too old"); };
  if (wish.client.empty() || !check_text("client_id", wish.client, identifier_bytes_max)) co_return bad_client();
  CO_TRY(const auto stored, co_await database_.read([&](sql::Tx& tx) { return store::client(tx, wish.client); }));
  if (wish.secret) {
    if (wish.secret->reveal().size() > secret_bytes_max) co_return bad_client();
    const auto right = co_await identity_.check_secret("oauth2 " + wish.client, stored ? stored->secret_hash : "",
                                                       *wish.secret, wish.remote);
    if (!right && right.error().kind() == Kind::unauthorized) co_return bad_client();
    if (!right) co_return fail(right.error());
  } else if (!stored || stored->client.confidential) {
    co_return bad_client();
  }
  if (!stored) co_return bad_client();
  if (wish.code.empty() || wish.code.size() > token_text_max) co_return bad_code();

  const Time now = clock_.now();
  const std::string code_hash = hash_of(wish.code);
  Granted access{.token = Secret(random_text(settings_.token_length)), .life = settings_.token_expires};
  // A refusal is a value here: what it changes must stay changed.
  CO_TRY(const auto problem, co_await database_.write([&](sql::Tx& tx) -> std::optional<Error> {
    const auto taken = store::take_code(tx, code_hash);
    if (!taken || taken->code.client != stored->client.id) return bad_code().error();
    if (!taken->first) {
      store::remove_tokens_from(tx, code_hash);
      return bad_code().error();
    }
    const Code& code = taken->code;
    if (code.expires <= now || !identity::store::lock_enabled(tx, code.account)) return bad_code().error();
    if (code.redirect_given ? wish.redirect_uri != code.redirect_uri
                            : wish.redirect_uri && *wish.redirect_uri != code.redirect_uri)
      return refused(Kind::invalid, "invalid_grant", "redirect_uri is not the one of the code").error();
    const bool proved =
        code.challenge.empty()
            ? wish.verifier.empty()
            : is_pkce(wish.verifier) && equal_in_constant_time(challenge_of(wish.verifier), code.challenge);
    if (!proved) return refused(Kind::invalid, "invalid_grant", "code_verifier does not fit the code").error();
    store::insert(tx,
                  AccessToken{.client = code.client,
                              .account = code.account,
                              .scope = code.scope,
                              .expires = now + settings_.token_expires},
                  hash_of(access.token.reveal()), code_hash);
    store::tidy(tx, now);
    return std::nullopt;
  }));
  if (problem) co_return fail(*problem);
  co_return access;
}

Task<Result<std::optional<Known>>> Server::look(std::string token, std::optional<std::string> belongs_to) {
  if (token.empty() || token.size() > token_text_max) co_return std::nullopt;
  const Time now = clock_.now();
  const std::string hash = hash_of(token);
  co_return co_await database_.read([&](sql::Tx& tx) -> std::optional<Known> {
    auto found = store::token(tx, hash, now);
    if (!found || (belongs_to && !belongs_to->starts_with(found->scope))) return std::nullopt;
    auto owner = identity::store::find(tx, found->account);
    if (!owner) return std::nullopt;
    return Known{.token = std::move(*found), .account = std::move(owner->account)};
  });
}

Task<Result<Client>> add_client(sql::Database& database, Identity& identity, Client wanted, Secret secret,
                                std::function<void(sql::Tx&)> note) {
  const auto wrong = [](std::string sentence) { return fail(Kind::invalid, std::move(sentence)); };
  if (wanted.identifier.empty()) co_return wrong("a client needs an identifier");
  CO_TRY_VOID(check_text("identifier", wanted.identifier, identifier_bytes_max));
  if (wanted.identifier.find_first_of(": \t\r\n") != std::string::npos)
    co_return wrong("an identifier holds no colon and no blanks: HTTP Basic would cut it");
  if (wanted.redirects.empty() || wanted.redirects.size() > redirects_max)
    co_return wrong("a client needs between 1 and 100 addresses; name each by --url");
  for (const auto& url : wanted.redirects)
    if (auto good = check_redirect(url); !good) co_return wrong(url + ": " + good.error().sentence());
  std::string hash;
  if (wanted.confidential) {
    if (secret.empty() || secret.reveal().size() > secret_bytes_max)
      co_return wrong("a confidential client needs a secret of at most 1024 bytes; give it by --secret");
    CO_TRY(hash, co_await identity.hash_secret(std::move(secret)));
  } else if (!secret.empty()) {
    co_return wrong("a public client keeps no secret; leave --secret out");
  }
  CO_TRY_VOID(co_await database.write([&](sql::Tx& tx) -> Result<> {
    if (!store::insert(tx, wanted, hash))
      return fail(Kind::conflict, "there is a client \"" + wanted.identifier + "\" already");
    if (note) note(tx);
    return {};
  }));
  co_return wanted;
}

}  // namespace nephele::identity::oauth2
