// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/admin_guard.h"

#include "identity/directory/store.h"

namespace nephele::identity::administration {

AdminGuard::AdminGuard(pages::Desk& desk, astakos::IdentityCallers& callers, std::vector<std::string> groups)
    : desk_(desk), callers_(callers), groups_(std::move(groups)) {}

Result<Administrator> AdminGuard::ranked(Administrator who, std::vector<std::string> groups) const {
  const Rank rank = rank_of(who.account, groups, groups_);
  who.powers = {.marked = who.account.admin, .rank = rank, .groups = std::move(groups)};
  if (rank == Rank::none) return fail(Kind::forbidden, "Forbidden");
  return who;
}

Task<Result<Administrator>> AdminGuard::by_token(Secret token) {
  CO_TRY(auto user, co_await callers_.known(std::move(token)));
  if (!user.himself()) co_return fail(Kind::forbidden, "Forbidden");
  co_return ranked({.account = std::move(user.token.account), .visit = {}}, std::move(user.groups));
}

Task<Result<Administrator>> AdminGuard::by_session(const http::Request& request) {
  CO_TRY(auto visit, co_await desk_.visit(request));
  if (!visit.session) co_return fail(Kind::unauthorized, "sign in first");
  if (!visit.lacks.empty()) co_return fail(Kind::forbidden, "Forbidden: your account lacks a way to sign in");
  Account account = visit.session->account;
  CO_TRY(auto groups, co_await desk_.database.read([&](sql::Tx& tx) -> Result<std::vector<std::string>> {
    if (life::AccountLife::must_agree(visit.session->life, life::store::terms(tx)))
      return fail(Kind::unauthorized, "Pending approval terms");
    std::vector<std::string> names;
    for (const auto& group : directory::store::groups_of(tx, account.id)) names.push_back(group.name);
    return names;
  }));
  co_return ranked({.account = std::move(account), .visit = std::move(visit)}, std::move(groups));
}

Task<Result<Administrator>> AdminGuard::who(const http::Request& request) {
  if (const auto token = request.headers.find("X-Auth-Token"); token && !token->empty())
    co_return co_await by_token(Secret(std::string(*token)));
  co_return co_await by_session(request);
}

bool AdminGuard::trusted(const http::Request& request, const Administrator& who) const {
  if (!who.visit) return true;  // no browser adds this header by itself
  const std::string token(request.headers.find("X-CSRF-Token").value_or(""));
  if (token.find_first_of("&=%+") != std::string::npos) return false;
  const auto form = pages::FormData::parse(std::string(pages::csrf_field) + "=" + token);
  return form && desk_.trusted(request, *who.visit, *form);
}

}  // namespace nephele::identity::administration
