// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "clouds/openstack/decode.h"
#include "clouds/openstack/errors.h"
#include "clouds/openstack/link.h"

namespace nephele::openstack {

/// A collection that comes in pages.
struct Listing {
  Service service = Service::compute;
  std::string path = {};
  std::string collection = {};  ///< the member that holds the rows
  std::string query = {};       ///< of the first page; later ones have it in their link
  bool by_marker = false;       ///< no links: the last row's id asks for more, until a page is empty (Glance v1)
  bool paged = true;            ///< false: no limit is asked for, it would be refused
};

/// One page as it came.
struct Page {
  json::Array rows = {};
  std::string next = {};  ///< the query of the page after it; empty: there is none
};

Call call_of(const Listing& listing, std::string query);
/// The query of the first page, with the account's own wish for its length.
std::string first_query(const Listing& listing, const Account& account);
Task<Result<Page>> fetch_page(Link& link, Listing listing, std::string query, SteadyTime deadline);
/// Whether an error says that the row after which the page was to begin is no longer there.
bool marker_has_gone(const Error& error);
std::string with_marker(const Listing& listing, const Account& account, const std::string& last);

/// All rows of all pages, each once, or an error: never a part. When the row that a page was to follow is deleted
/// meanwhile, everything is read anew, a few times.
template <class Row>
Task<Result<std::vector<Row>>> list_all(Link& link, Listing listing, Result<Row> (*decode)(const json::Object&),
                                        std::string (*id_of)(const Row&), SteadyTime deadline) {
  constexpr int rounds_max = 4;
  const std::string title = call_of(listing, {}).title();
  const auto service = to_string(listing.service);
  for (int round = 1;; ++round) {
    std::vector<Row> out;
    std::set<std::string> known;
    std::string query = first_query(listing, link.account());
    bool whole = false;
    for (bool first = true; !whole; first = false) {
      auto page = co_await fetch_page(link, listing, query, deadline);
      if (!page && !first && marker_has_gone(page.error())) {
        if (round < rounds_max) break;
        co_return fail(partial(service, title, "its rows go while it is read"));
      }
      if (!page) co_return fail(std::move(page).error());
      const auto known_before = known.size();
      for (const auto& value : page->rows) {
        const auto* const object = value.if_object();
        if (object == nullptr) co_return fail(unreadable(service, title, "a row is no object"));
        auto row = decode(*object);
        if (!row) co_return fail(partial(service, title, row.error().sentence()));
        if (known.insert(id_of(*row)).second) out.push_back(*std::move(row));
      }
      query = listing.by_marker && !page->rows.empty() ? with_marker(listing, link.account(), id_of(out.back()))
                                                       : page->next;
      whole = query.empty();
      if (!whole && known.size() == known_before) co_return fail(partial(service, title, "its pages go in circles"));
    }
    if (whole) co_return out;
  }
}

}  // namespace nephele::openstack
