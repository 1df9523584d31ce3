// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/router.h"

namespace nephele::http {

/// A path as a log may hold it. A route names what nobody but the caller may see "{secret:token}"; such a segment is
/// shown as "{token}", all others as they were sent. `matched` may be null: then the secrets of all routes that begin
/// like the path are hidden, since a wrong method or a word too many does not make a token less of one.
std::string shown_path(std::string_view path, const Router::Entry* matched, std::span<const Router::Entry> all);

}  // namespace nephele::http
