// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "identity/identity.h"
#include "identity/life/store.h"
#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/public_url.h"
#include "identity/quota/quotas.h"

/// The use cases of an account's life (contract astakos, 3 and 8). Each is one transaction: state, audit row, mails.
namespace nephele::identity::life {

struct Settings {
  ModerationPolicy moderation = {};
  std::chrono::hours activation_life{24 * 7};    ///< how long a link in a mail is good
  std::chrono::seconds resend_after{60};         ///< a user's own wish for another mail is granted that often
  PublicUrl base_url = {};                       ///< of the pages
  std::vector<MailAddress> moderators = {};      ///< hear of accounts that wait
  std::vector<MailAddress> administrators = {};  ///< hear of accounts that were activated
  std::string subject_prefix = {};               ///< of mails to both
  /// The policy by which the ways of an account let it in without an administrator; nothing: they do not.
  std::function<std::optional<std::string>(sql::Tx&, const AccountId&)> accepting_way = {};
};

struct SignUp {
  std::string email;
  std::string first_name = {}, last_name = {};
  std::optional<Secret> password = {};
  bool terms_agreed = false;
  std::int64_t terms_shown = 0;  ///< those that he saw; 0: the latest
  std::string request_id = {};
  bool terms_later = false;     ///< he is asked when he comes in
  bool address_proved = false;  ///< by whoever vouches for him: no mail goes out
  /// What the account has from its beginning, in the same transaction, which may run twice.
  std::function<Result<>(sql::Tx&, const Account&)> also = {};
  std::string remote = {};  ///< address of who signs up: his share of the hashing
};

/// What following a link or an administrator's word led to.
enum class Outcome : std::uint8_t { pending_verification, pending_moderation, activated };

struct Shown {
  Account account;
  Life life;
};

class AccountLife {
 public:
  /// All outlive it. Without an outbox no mail can be sent: what needs one fails and names the setting.
  AccountLife(sql::Database& database, Identity& identity, const quota::Quotas& quotas, const SecretKey& key,
              const Clock& clock, const MailOutbox* outbox, const MailTexts& texts, Settings settings, log::Logger log);

  /// An account that nobody can use yet, and the mail to prove its address; one whose address is proved may be enabled
  /// at once. An unproved account with the same address gives way. Fails with `conflict` for the address of a proved
  /// one, `invalid` for what cannot be, or when there are terms of use and they were not agreed to; `unavailable`
  /// without a mail server.
  Task<Result<Account>> sign_up(SignUp wanted);
  /// An account that an administrator makes: no mail goes out, and it waits for its address to be proved like any
  /// other. Fails as sign_up(), but an account with the same address never gives way, and `not_found` for a group.
  Task<Result<Account>> add(NewAccount wanted, std::vector<GroupId> groups, std::string actor);
  /// An account that may sign in at once, because who makes it vouches for it: proved, accepted, active, without a
  /// mail. Fails as add().
  Task<Result<Account>> add_accepted(NewAccount wanted, std::string actor);
  /// Another mail; an older link dies. `by_operator` is the administrator's own doing, and his approval. Fails with
  /// `not_found`, `conflict` ("already verified"), `busy` when one was sent a moment ago, `unavailable` without a mail
  /// server.
  Task<Result<Account>> send_activation(AccountId account, bool by_operator, std::string actor, StillHolds holds = {});
  /// The link was followed. Fails with `not_found`: unknown, used or too old.
  Task<Result<std::pair<AccountId, Outcome>>> follow(std::string code);

  // The administrator's word; `holds` is what he may give it by. All fail with `not_found`, and `conflict` with the
  // contract's sentence.
  Task<Result<Outcome>> verify(AccountId account, std::string actor, StillHolds holds = {});
  Task<Result<>> accept(AccountId account, std::string actor, StillHolds holds = {});
  Task<Result<>> reject(AccountId account, std::string reason, std::string actor, StillHolds holds = {});
  Task<Result<>> activate(AccountId account, std::string actor, StillHolds holds = {});
  /// Ends sessions and tokens.
  Task<Result<>> deactivate(AccountId account, std::string reason, std::string actor, StillHolds holds = {});

  Task<Result<Shown>> show(AccountId account);

  /// A new version of the terms of use: who agreed to an older one is asked again. Fails with `invalid` when it is no
  /// text, too long, or empty.
  Task<Result<std::int64_t>> add_terms(std::string location, std::string content);
  /// The latest, or nothing.
  Task<Result<std::optional<store::Terms>>> terms();
  Task<Result<std::optional<store::Terms>>> terms(std::int64_t id);
  /// To those that were shown to him (0: to the latest): where there are newer ones by now, he is asked again.
  Task<Result<>> agree(AccountId account, std::string actor, std::int64_t shown = 0, StillHolds holds = {});
  /// There are terms, and these are not what he agreed to.
  static bool must_agree(const Life& life, const std::optional<store::Terms>& latest);

 private:
  Result<> can_mail() const;
  /// An inactive account as it would be, checked, and the hash of its password.
  Task<Result<std::pair<Account, std::string>>> drafted(NewAccount wanted, std::string remote);
  void mail(sql::Tx& tx, MailKind kind, const MailAddress& to, const Account& account, MailValues values,
            const std::string& request_id) const;
  std::string new_code(sql::Tx& tx, const AccountId& account, Time now) const;
  void mail_link(sql::Tx& tx, const Account& account, Time now, const std::string& request_id) const;
  Result<Outcome> decide(sql::Tx& tx, const Account& account, Life& life, Time now) const;
  Result<> let_in(sql::Tx& tx, const Account& account, Life& life, std::string policy, Time now) const;
  /// Reads, changes by `change`, writes, and notes the event.
  template <class Change>
  Task<Result<Outcome>> changed(AccountId account, std::string actor, StillHolds holds, std::string event,
                                Change change);

  sql::Database& database_;
  Identity& identity_;
  const quota::Quotas& quotas_;
  const SecretKey& key_;
  const Clock& clock_;
  const MailOutbox* outbox_;
  const MailTexts& texts_;
  Settings settings_;
  log::Logger log_;
};

}  // namespace nephele::identity::life
