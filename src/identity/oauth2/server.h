// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "identity/oauth2/store.h"
#include "identity/settings.h"

/// The authorization-code server of OAuth2 (contract astakos, 10; RFC 6749, 7636, 9700): programs get a short-lived
/// access token in a user's name, through a code that works once.
namespace nephele::identity::oauth2 {

inline constexpr std::chrono::minutes code_life{10};

/// What a program asks the user's browser to carry here.
struct Ask {
  std::string client;
  std::optional<std::string> redirect_uri = {};
  std::string response_type = {};
  std::string scope = {};
  std::string state = {};
  std::string challenge = {}, challenge_method = {};
};

/// An ask whose client and redirect address are right: what is wrong with the rest may be told to the client.
struct Checked {
  Client client;
  std::string redirect_uri;
  bool redirect_given = true;
  std::string scope;  ///< the first word; the redirect address where none was given
  std::string state;
  std::string challenge;
  std::string error = {};  ///< of RFC 6749, for the client; empty: nothing is wrong
};

/// A client's wish for a token.
struct Exchange {
  std::string client;
  std::optional<Secret> secret = {};
  std::string code;
  std::optional<std::string> redirect_uri = {};
  std::string verifier = {};
  std::string remote = {};
};
struct Granted {
  Secret token;
  std::chrono::seconds life;
};

struct Known {
  AccessToken token;
  Account account;
};

class Server {
 public:
  /// All outlive it.
  Server(sql::Database& database, Identity& identity, const SecretKey& key, const Clock& clock,
         OAuth2Settings settings);

  /// Fails with `invalid` for what no redirect may answer: an unknown client, an address that is not one of its own.
  Task<Result<Checked>> check(Ask ask);
  /// The user agrees: a code for the client.
  Task<Result<std::string>> grant(Checked checked, AccountId account, StillHolds holds);
  /// The error's detail "oauth2" is the word of RFC 6749: `unauthorized` is "invalid_client". A code that comes a
  /// second time ends what it was exchanged for.
  Task<Result<Granted>> exchange(Exchange wish);
  /// Of an access token; nothing: unknown, over, its owner disabled, or `belongs_to` is outside of its scope.
  Task<Result<std::optional<Known>>> look(std::string token, std::optional<std::string> belongs_to);

  const OAuth2Settings& settings() const noexcept { return settings_; }

 private:
  std::string hash_of(std::string_view text) const;

  sql::Database& database_;
  Identity& identity_;
  const SecretKey& key_;
  const Clock& clock_;
  OAuth2Settings settings_;
};

/// A new client, for an administrator; `note` stands in the transaction that makes it. Fails with `invalid` (a name, an
/// address or a secret that is none), `conflict`.
Task<Result<Client>> add_client(sql::Database& database, Identity& identity, Client wanted, Secret secret,
                                std::function<void(sql::Tx&)> note = {});

/// An address that a browser may be sent back to: https, or http on this very machine; no fragment.
Result<> check_redirect(std::string_view url);
/// PKCE's S256.
std::string challenge_of(std::string_view verifier);

}  // namespace nephele::identity::oauth2
