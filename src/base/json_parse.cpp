// SPDX-License-Identifier: Apache-2.0
// The only file that sees Boost.JSON: its strict event parser builds our ordered values.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <memory>
#include <unordered_set>

#include "base/json.h"
#include "base/utf8.h"

namespace nephele::json {

namespace {

namespace bj = boost::json;
using bj::error_code;

/// Receives the parser's events. Text may come in parts; a name or a value is complete at the last part.
class Builder {
 public:
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }

  bool on_array_begin(error_code&) { return open(Array{}); }
  bool on_array_end(std::size_t, error_code&) { return close(); }
  bool on_object_begin(error_code&) { return open(Object{}); }
  bool on_object_end(std::size_t, error_code&) { return close(); }

  bool on_string_part(bj::string_view part, std::size_t, error_code&) { return collect(part); }
  bool on_string(bj::string_view last, std::size_t, error_code&) { return collect(last) && add(take()); }
  bool on_key_part(bj::string_view part, std::size_t, error_code&) { return collect(part); }
  bool on_key(bj::string_view last, std::size_t, error_code& ec) {
    collect(last);
    Frame& frame = frames_.back();
    frame.name = take();
    if (frame.is_new(frame.name)) return true;
    duplicate_ = frame.name;
    ec = bj::error::extra_data;  // any code stops the parser; duplicate() tells the reason
    return false;
  }

  bool on_number_part(bj::string_view part, error_code&) { return collect(part); }
  bool on_int64(std::int64_t, bj::string_view last, error_code&) { return number(last); }
  bool on_uint64(std::uint64_t, bj::string_view last, error_code&) { return number(last); }
  bool on_double(double, bj::string_view last, error_code&) { return number(last); }
  bool on_bool(bool value, error_code&) { return add(value); }
  bool on_null(error_code&) { return add(nullptr); }
  bool on_comment_part(bj::string_view, error_code&) { return true; }
  bool on_comment(bj::string_view, error_code&) { return true; }

  Value take_root() { return std::move(root_); }
  const std::optional<std::string>& duplicate() const noexcept { return duplicate_; }

 private:
  /// An array or object that is still open.
  struct Frame {
    Value container;
    std::string name;  // of the member whose value comes next
    std::unique_ptr<std::unordered_set<std::string>> names = {};

    /// Small objects are searched; a large one gets an index, so that a hostile body costs no quadratic time.
    bool is_new(const std::string& wanted) {
      const Object& object = *container.if_object();
      constexpr std::size_t small = 16;
      if (object.size() < small) return !object.contains(wanted);
      if (!names) {
        names = std::make_unique<std::unordered_set<std::string>>();
        for (const Member& member : object) names->insert(member.first);
      }
      return names->insert(wanted).second;
    }
  };

  bool collect(bj::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  std::string take() { return std::exchange(text_, {}); }
  bool number(bj::string_view last) { return collect(last) && add(Number{take()}); }

  bool open(Value container) {
    if (frames_.capacity() == 0) frames_.reserve(8);
    frames_.push_back(Frame{.container = std::move(container), .name = {}});
    return true;
  }
  bool close() {
    Value done = std::move(frames_.back().container);
    frames_.pop_back();
    return add(std::move(done));
  }
  bool add(Value&& value) {
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (Array* array = frames_.back().container.if_array()) {
      array->push_back(std::move(value));
    } else {
      frames_.back().container.if_object()->append(std::move(frames_.back().name), std::move(value));
    }
    return true;
  }

  std::vector<Frame> frames_;
  std::string text_;
  Value root_;
  std::optional<std::string> duplicate_;
};

/// What stands at the offset, in words that are safe to print.
std::string found_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "the end";
  const std::string_view rest = text.substr(offset);
  const auto first = static_cast<unsigned char>(rest.front());
  if (first < 0x20 || first == 0x7f) return fmt::format("the control character 0x{:02x}", static_cast<unsigned>(first));
  std::size_t length = 0;
  constexpr std::size_t shown_max = 16;
  while (length < rest.size()) {
    const std::size_t step = utf8_sequence(rest.substr(length));
    const auto next = static_cast<unsigned char>(rest[length]);
    if (step == 0 || next < 0x20 || next == 0x7f || length + step > shown_max) break;
    length += step;
  }
  if (length == 0) return fmt::format("the byte 0x{:02x}, which is not UTF-8", static_cast<unsigned>(first));
  return fmt::format("'{}'", rest.substr(0, length));
}

/// Whether the text before `offset` ends with the escape of a leading surrogate (the parser then reports only that the
/// next character is wrong).
bool after_leading_surrogate(std::string_view text, std::size_t offset) {
  constexpr std::size_t escape_length = 6;
  if (offset < escape_length || offset > text.size()) return false;
  const std::string_view escape = text.substr(offset - escape_length, escape_length);
  if (!escape.starts_with("\\ud") && !escape.starts_with("\\uD")) return false;
  if (std::string_view("89abAB").find(escape[3]) == std::string_view::npos) return false;
  const std::string_view before = text.substr(0, offset - escape_length);
  const std::size_t last = before.find_last_not_of('\\');
  const std::size_t backslashes = before.size() - (last == std::string_view::npos ? 0 : last + 1);
  return backslashes % 2 == 0;
}

std::string reason(const error_code& ec, std::string_view text, std::size_t offset, const Limits& limits) {
  if (ec == bj::error::too_deep) return fmt::format("more than {} levels of nesting", limits.depth);
  if (ec == bj::error::exponent_overflow) return "a number with too large an exponent";
  if (ec == bj::error::illegal_leading_surrogate || ec == bj::error::illegal_trailing_surrogate ||
      ec == bj::error::expected_utf16_escape || after_leading_surrogate(text, offset))
    return "half of a surrogate pair; write both halves, as in \"\\ud83d\\ude00\"";
  if (ec == bj::error::expected_hex_digit)
    return fmt::format("\\u needs four hex digits, found {}", found_at(text, offset));
  if (ec == bj::error::incomplete || offset >= text.size()) return "the text ends before the value is complete";
  return "unexpected " + found_at(text, offset);
}

}  // namespace

Result<Value> parse(std::string_view text, Limits limits) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return fail(Kind::invalid, "the text is empty");
  bj::parse_options options;
  options.max_depth = limits.depth;
  bj::basic_parser<Builder> parser(options);
  error_code ec;
  const std::size_t offset = std::min(parser.write_some(false, text.data(), text.size(), ec), text.size());
  const auto at = [&](const std::string& what) {
    return fail(Kind::invalid, fmt::format("offset {}: {}", offset, what));
  };
  if (const auto& name = parser.handler().duplicate()) {
    std::string quoted;
    quote_to(*name, quoted);
    return at(fmt::format("the name {} appears twice in one object", quoted));
  }
  if (ec) return at(reason(ec, text, offset, limits));
  if (offset < text.size()) return at(fmt::format("unexpected {} after the end of the value", found_at(text, offset)));
  return parser.handler().take_root();
}

}  // namespace nephele::json
