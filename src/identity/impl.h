// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/account_name.h"
#include "identity/identity.h"
#include "identity/quota/quotas.h"
#include "identity/sign_ins.h"

namespace nephele::identity {

class Identity::Impl {
 public:
  Impl(sql::Database& db, const SecretKey& secret_key, const Clock& time, const Settings& wanted, log::Logger logger)
      : database(db),
        key(secret_key),
        clock(time),
        settings(wanted),
        log(std::move(logger)),
        quotas(database, clock),
        sign_ins(settings, passwords, clock, log) {}

  /// A name that no account can have is answered without the database.
  Task<Result<std::optional<store::Stored>>> find(std::string name) {
    if (name.empty()) co_return std::nullopt;
    co_return co_await database.read([&](sql::Tx& tx) { return store::find(tx, name); });
  }
  Task<Result<Account>> authenticate(std::string name_key, std::optional<store::Stored> stored, Secret password,
                                     std::string remote_address);
  /// `beside`: what else its transaction does before the token is written.
  Task<Result<IssuedToken>> issue(AccountId account, Grant grant, std::optional<std::chrono::seconds> life,
                                  StillHolds beside);
  /// An argon2id hash in the place of one of Django's.
  Task<> upgrade(Account account, Secret password, std::string judged);
  Task<> note_slowed(AccountId account, std::string remote_address);
  std::string token_hash(const Secret& token) const { return key.keyed_hash(token.reveal(), "identity.token"); }

  sql::Database& database;
  const SecretKey& key;
  const Clock& clock;
  Settings settings;
  log::Logger log;
  quota::Quotas quotas;
  Argon2 passwords;
  SignIns sign_ins;
};

}  // namespace nephele::identity
