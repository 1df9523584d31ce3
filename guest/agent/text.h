// SPDX-License-Identifier: Apache-2.0
// Small pure helpers over bytes, and whole-file reading and writing for /proc and /sys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace guest {

/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

/// True when `text` is well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view text);

/// The decimal number that is all of `text` (digits only), or nothing; never more than `max`.
std::optional<std::uint64_t> to_number(std::string_view text, std::uint64_t max);

/// Words between spaces, tabs, commas and newlines; empty ones are dropped.
std::vector<std::string_view> split_words(std::string_view text);

/// `text` with %XX decoded; nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text);

/// Without spaces and line ends on both sides.
std::string_view trim(std::string_view text);

bool equal_ignoring_case(std::string_view left, std::string_view right);

/// The first `max` bytes of a file, or nothing when it can't be opened.
std::optional<std::string> read_file(const std::string& path, std::size_t max = std::size_t{64} * 1024);

/// Writes all of `text` to an existing file (a /sys or /proc knob, or a regular file that is cut first).
bool write_file(const std::string& path, std::string_view text);

/// Writes `path` by a temporary file beside it, with this mode, and renames it into place.
bool replace_file(const std::string& path, std::string_view text, unsigned mode);

/// One line for whoever watches the serial console.
void console_line(std::string_view text);

/// Seconds since the kernel started, with two decimals, as text.
std::string uptime_text();

}  // namespace guest
