// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"
#include "sql/sql.h"

namespace nephele::identity::oauth2 {

/// A program that may ask for access in users' names.
struct Client {
  std::int64_t id = 0;
  std::string identifier;
  bool confidential = true;  ///< keeps a secret; a program on users' machines does not
  bool trusted = false;      ///< users are not asked
  std::vector<std::string> redirects = {};
  Time created = {};
};

struct Code {
  std::int64_t client = 0;
  AccountId account;
  std::string redirect_uri;
  bool redirect_given = true;  ///< the client named it, and must name it again
  std::string scope;
  std::string challenge;  ///< PKCE, S256; empty: none
  Time expires = {};
};

struct AccessToken {
  std::int64_t client = 0;
  AccountId account;
  std::string scope;
  Time expires = {};
};

}  // namespace nephele::identity::oauth2

/// All SQL of OAuth2. What ends with an account's tokens is in identity/store.cpp.
namespace nephele::identity::oauth2::store {

/// Draws the id; false when the identifier is taken. An empty hash: no secret.
bool insert(sql::Tx& tx, Client& client, std::string_view secret_hash);
std::vector<Client> clients(sql::Tx& tx);
struct StoredClient {
  Client client;
  std::string secret_hash;
};
std::optional<StoredClient> client(sql::Tx& tx, std::string_view identifier);
/// With all that was given out to it. By identifier, else by id.
bool remove(sql::Tx& tx, std::string_view identifier);

void insert(sql::Tx& tx, const Code& code, std::string_view hash);
struct Taken {
  Code code;
  bool first = true;  ///< false: it was used before
};
/// From here on it is used; nothing when there is none.
std::optional<Taken> take_code(sql::Tx& tx, std::string_view hash);

void insert(sql::Tx& tx, const AccessToken& token, std::string_view hash, std::string_view code_hash);
/// Good at `now`, and its owner is enabled.
std::optional<AccessToken> token(sql::Tx& tx, std::string_view hash, Time now);
/// All that one code was exchanged for.
void remove_tokens_from(sql::Tx& tx, std::string_view code_hash);
/// Codes and tokens that are over, at most `limit` of each; how many went.
std::int64_t purge(sql::Tx& tx, Time now, std::size_t limit);
/// Some of them.
void tidy(sql::Tx& tx, Time now);

}  // namespace nephele::identity::oauth2::store
