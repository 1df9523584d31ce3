// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

/// How text beyond short lines of ASCII travels in a mail. All input is UTF-8 that has been checked; all lines end with
/// CRLF.
namespace nephele::smtp {

/// Unstructured text of a header (a subject): as it is, or as encoded words (RFC 2047) that are folded.
std::string header_text(std::string_view text);
/// The name before an address: a quoted string, or encoded words.
std::string header_phrase(std::string_view text);

/// CRLF, LF and lone CR become CRLF; a last line without an end gets one.
std::string with_crlf(std::string_view text);
/// ASCII without controls but tabs, and no line over 78 characters: may go as it is.
bool is_short_ascii(std::string_view crlf_text) noexcept;
std::string quoted_printable(std::string_view crlf_text);
/// In lines of 76 characters.
std::string base64_lines(std::string_view bytes);

}  // namespace nephele::smtp
