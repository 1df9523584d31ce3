// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/rules.h"

#include <algorithm>

namespace nephele::identity::ways {

namespace {

Result<Step> of_visitor(const Arrival& arrival, const PolicyBook& book) {
  const std::string title = book.title(arrival.module);
  if (arrival.holder && arrival.holder->account == *arrival.visitor) return Step::already;
  if (arrival.holder && arrival.holder->proved)
    return fail(Kind::conflict, "This " + title + " account is already in use by another account.");
  if (!arrival.replaces) {
    TRY_VOID(may_add(arrival.module, arrival.ways, arrival.policies, book));
    return Step::add;
  }
  const auto way = std::ranges::find(arrival.ways, *arrival.replaces, &Way::id);
  if (way == arrival.ways.end() || way->module != arrival.module)
    return fail(Kind::invalid, "There is no way to sign in that this one could take the place of.");
  if (!arrival.policies.replace) return fail(Kind::forbidden, title + " cannot be changed to another account there.");
  return Step::replace;
}

Result<Step> of_stranger(const Arrival& arrival, const PolicyBook& book) {
  if (arrival.holder && arrival.holder->proved) {
    if (arrival.holder->state != life::State::active)
      return fail(
          Error(Kind::forbidden, std::string(life::refusal_text(arrival.holder->state))).with("state", "inactive"));
    if (!arrival.policies.login) return fail(Kind::forbidden, book.words(arrival.module, Words::cannot_login));
    return Step::let_in;
  }
  if (arrival.only_known) return fail(Kind::not_found, "No account exists.");
  if (!arrival.policies.create) return fail(Kind::forbidden, book.words(arrival.module, Words::disabled_for_create));
  return Step::sign_up;
}

}  // namespace

Result<Step> next_step(const Arrival& arrival, const PolicyBook& book) {
  return arrival.visitor ? of_visitor(arrival, book) : of_stranger(arrival, book);
}

Result<> may_add(const std::string& module, const std::vector<Way>& ways, const Policies& policies,
                 const PolicyBook& book) {
  if (!book.offers(module) || !policies.add)
    return fail(Kind::forbidden, book.title(module) + " cannot be added to your account.");
  if (std::ranges::count(ways, module, &Way::module) >= policies.limit)
    return fail(Kind::forbidden, "Your account has as many ways of " + book.title(module) + " as it may have.");
  return {};
}

bool any_usable(const std::vector<Way>& ways, const PolicyBook& book) {
  return std::ranges::any_of(ways, [&](const Way& way) { return way.active && book.offers(way.module); });
}

Result<> may_remove(const Way& way, const std::vector<Way>& ways, const Policies& policies, const PolicyBook& book) {
  if (!policies.remove || policies.required)
    return fail(Kind::forbidden, book.title(way.module) + " cannot be removed from your account.");
  auto left = ways;
  std::erase_if(left, [&](const Way& other) { return other.id == way.id; });
  if (!any_usable(left, book))
    return fail(Kind::forbidden, "This is the only way by which you can sign in; add another one first.");
  return {};
}

}  // namespace nephele::identity::ways
