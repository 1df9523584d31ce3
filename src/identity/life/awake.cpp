// SPDX-License-Identifier: Apache-2.0
#include "identity/life/awake.h"

#include <utility>

#include "identity/life/store.h"
#include "identity/projects/own.h"
#include "identity/store.h"

namespace nephele::identity::life {

Result<> admit(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, Life& life, std::string policy,
               Time now) {
  accept(life, std::move(policy), account.email, now);
  TRY_VOID(projects::open_own(tx, quotas, account, now));
  return wake(tx, quotas, account.id, life, now);
}

Result<> wake(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Life& life, Time now) {
  activate(life);
  return projects::resume_all_of(tx, quotas, account, now);
}

Result<> put_to_sleep(sql::Tx& tx, const quota::Quotas& quotas, const AccountId& account, Life& life,
                      std::string reason, Time now) {
  deactivate(life, std::move(reason), now);
  identity::store::remove_tokens_of(tx, account);
  return projects::suspend_all_of(tx, quotas, account, now);
}

Result<> turn(sql::Tx& tx, const quota::Quotas& quotas, const Account& account, bool on, Time now) {
  auto life = store::life(tx, account.id);
  if (!life) return fail(Kind::not_found, "no account has this id");
  const bool in_order = life->email_verified && life->accepted();
  if (on == life->active && (!on || in_order)) return {};
  if (!on) {
    TRY_VOID(put_to_sleep(tx, quotas, account.id, *life, {}, now));
  } else {
    if (!life->email_verified) {
      verify(*life, now);
      store::forget_activation(tx, account.id);
    }
    TRY_VOID(life->accepted() ? wake(tx, quotas, account.id, *life, now)
                              : admit(tx, quotas, account, *life, "manual", now));
  }
  store::keep(tx, account.id, *life, now);
  return {};
}

}  // namespace nephele::identity::life
