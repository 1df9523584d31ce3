// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/keystone/desk.h"
#include "identity/long_list.h"

/// Lists without ?limit=, which are whole, as Keystone's are: its clients do not ask for a next page.
namespace nephele::identity::keystone {

/// Of a page of at most `limit` rows, as they stand in a list.
template <class Row, class Render>
LongList::Page rows_of(const std::vector<Row>& rows, std::size_t limit, Render render) {
  LongList::Page page{.text = {}, .last = rows.size() < limit};
  for (const auto& row : rows) {
    if (!page.text.empty()) page.text += ',';
    page.text += json::write(render(row));
  }
  return page;
}

/// `source` makes the rows, given the document around them.
template <class Source>
http::Response sent_whole(const std::string& name, const http::Request& request, const Links& links, Source source) {
  auto empty = page_answer(name, {}, request, links);
  auto rows = source(std::get<std::string>(empty.body));
  return sent_as_read(std::move(empty), std::move(rows));
}

}  // namespace nephele::identity::keystone
