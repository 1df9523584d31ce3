// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "identity/pages/html.h"
#include "identity/quota/model.h"

/// Tables, and what the pages of projects write in more than one place.
namespace nephele::identity::pages {

Html table_row(std::initializer_list<Html> cells);
/// `head` are the columns' names. Wide ones scroll by themselves.
Html table(std::initializer_list<Html> head, Html rows);

/// "/ui/projects/ID"
std::string project_address(const std::string& project);
/// The last segment of a path, with or without a slash behind it.
std::string_view last_segment(std::string_view path);
/// 0: it is none.
std::int64_t number_in(std::string_view text);
/// "1.5 GiB" or "12"
std::string amount_text(quota::Amount amount, const quota::Resource& resource);
/// What people call it.
std::string title_of(const quota::Resource& resource);

}  // namespace nephele::identity::pages
