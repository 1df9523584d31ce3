// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "clouds/opennebula/template.h"

/// Template text: `CPU = 1`, `DISK = [ IMAGE_ID = 0, SIZE = "1024" ]`, one attribute a line. The grammar is oned's
/// (src/parsers/template_parser.l): its only escape is `\"`.
namespace nephele::opennebula {

struct TextLimits {
  std::size_t bytes = std::size_t{1024} * 1024;
  std::size_t attributes = 10'000;
};

/// Fails with `invalid` and the line. Stricter than oned, which drops characters that it does not know without a word.
Result<Template> read_text(std::string_view text, TextLimits limits = {});

/// One attribute a line, one member a line, values always in quotes. What it gives, oned reads back as the same
/// template. Fails with `invalid` when a value cannot be written (objection_to, a backslash at its end) or a name
/// cannot be one: nothing is ever left out silently.
Result<std::string> write_text(const Template& what);

/// A caller's text made writable: what cannot be carried is left out (control characters, bytes that are no UTF-8,
/// backslashes at the end) or parted by a blank (`]]>`); CR LF becomes LF. What is writable already stays as it is.
std::string writable(std::string_view text);

/// `${` becomes `$ {`. OneFlow replaces `${...}` in what it hands to oned, by values of other machines or by nothing;
/// what comes from a caller must go through here.
std::string without_references(std::string_view text);

}  // namespace nephele::opennebula
