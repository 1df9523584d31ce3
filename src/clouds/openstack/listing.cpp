// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/listing.h"

namespace nephele::openstack {

namespace {

std::string joined(std::string query, const std::string& more) {
  if (query.empty() || more.empty()) return query + more;
  return query + "&" + more;
}

}  // namespace

Call call_of(const Listing& listing, std::string query) {
  return {.service = listing.service, .path = listing.path, .query = std::move(query)};
}

std::string first_query(const Listing& listing, const Account& account) {
  const bool limited = listing.paged && account.page_rows > 0;
  return joined(listing.query, limited ? "limit=" + std::to_string(account.page_rows) : "");
}

std::string with_marker(const Listing& listing, const Account& account, const std::string& last) {
  return joined(first_query(listing, account), "marker=" + http::percent_encode(last));
}

Task<Result<Page>> fetch_page(Link& link, Listing listing, std::string query, SteadyTime deadline) {
  Call call = call_of(listing, std::move(query));
  const std::string title = call.title();
  const auto service = to_string(listing.service);
  CO_TRY(auto tree, co_await link.ask(std::move(call), deadline));
  auto& object = *tree.if_object();
  auto next = next_query(object, listing.collection);
  if (!next) co_return fail(partial(service, title, next.error().sentence()));
  auto* const member = object.find(listing.collection);
  auto* const rows = member == nullptr ? nullptr : member->if_array();
  if (rows == nullptr) co_return fail(unreadable(service, title, "it has no list \"" + listing.collection + "\""));
  co_return Page{.rows = std::move(*rows), .next = *std::move(next)};
}

bool marker_has_gone(const Error& error) {
  const auto status = error.detail("http_status");
  return status == "400" || status == "404";
}

}  // namespace nephele::openstack
