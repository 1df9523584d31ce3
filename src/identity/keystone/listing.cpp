// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/listing.h"

#include <algorithm>
#include <charconv>

#include "identity/account_name.h"
#include "identity/keystone/fields.h"

namespace nephele::identity::keystone {

Result<std::string> text_asked(const http::Request& request, std::string_view name) {
  if (auto value = request.query_value(name)) return std::move(*value);
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('&'), rest.size());
    const auto part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (http::percent_decode(part.substr(0, part.find('='))) == name)
      return malformed("\"" + std::string(name) + "\" in the query cannot be decoded");
  }
  return std::string();
}

std::optional<bool> flag_asked(const http::Request& request, std::string_view name) {
  const auto value = request.query_value(name);
  if (!value) return std::nullopt;
  return *value != "0" && !http::same_name(*value, "false") && !http::same_name(*value, "no");
}

Result<std::size_t> limit_asked(const http::Request& request) {
  const auto text = request.query_value("limit");
  if (!text) return page_rows_max;
  std::size_t limit = 0;
  const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (ec != std::errc{} || end != text->data() + text->size()) return malformed("\"limit\" is a number");
  return std::clamp<std::size_t>(limit, 1, page_rows_max);
}

Result<directory::store::Filter> filter_asked(const http::Request& request) {
  directory::store::Filter filter;
  TRY(const auto name, text_asked(request, "name"));
  if (!name.empty()) filter.name_key = label_key(name).value_or(std::string(domain_mark));
  TRY(filter.domain, text_asked(request, "domain_id"));
  TRY(filter.parent, text_asked(request, "parent_id"));
  filter.enabled = flag_asked(request, "enabled");
  TRY(filter.after, text_asked(request, "marker"));
  TRY(filter.limit, limit_asked(request));
  return filter;
}

std::string new_id() {
  return to_hex(random_bytes(16));
}

}  // namespace nephele::identity::keystone
