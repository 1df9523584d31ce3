// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/directory/store.h"
#include "identity/keystone/desk.h"

/// What lists have in common: ?name=, ?domain_id=, ?enabled=, ?marker=, ?limit=.
namespace nephele::identity::keystone {

inline constexpr std::size_t page_rows_max = 1000;

/// Empty when it is not asked for. Fails with `invalid` for what cannot be decoded: that narrows nothing, and an answer
/// with all rows would be taken for one to the question.
Result<std::string> text_asked(const http::Request& request, std::string_view name);
/// "true", "1" and "" are true (a bare `?enabled`); nothing when it is not asked for.
std::optional<bool> flag_asked(const http::Request& request, std::string_view name);
/// Fails with `invalid` for a limit that is no number.
Result<std::size_t> limit_asked(const http::Request& request);
/// A name that nothing can have finds nothing: its key is one that no row has.
Result<directory::store::Filter> filter_asked(const http::Request& request);

/// The last row's id where a page is full and may have a successor.
template <class Row>
std::string next_after(const std::vector<Row>& rows, std::size_t limit) {
  return rows.size() < limit || rows.empty() ? std::string() : rows.back().id.text();
}

template <class Row, class Render>
http::Response list_answer(const std::string& name, const std::vector<Row>& rows, std::size_t limit,
                           const http::Request& request, const Links& links, Render render) {
  json::Array out;
  for (const auto& row : rows) out.emplace_back(render(row, links));
  return page_answer(name, std::move(out), request, links, next_after(rows, limit));
}

/// 32 hex digits, as Keystone makes them.
std::string new_id();

}  // namespace nephele::identity::keystone
