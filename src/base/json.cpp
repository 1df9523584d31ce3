// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace nephele::json {

const Value* Object::find(std::string_view name) const noexcept {
  const auto found = std::ranges::find(members_, name, &Member::first);
  return found == members_.end() ? nullptr : &found->second;
}

Value* Object::find(std::string_view name) noexcept {
  const auto found = std::ranges::find(members_, name, &Member::first);
  return found == members_.end() ? nullptr : &found->second;
}

Value& Object::set(std::string name, Value value) {
  if (Value* present = find(name)) return *present = std::move(value);
  return append(std::move(name), std::move(value));
}

Value& Object::append(std::string name, Value value) {
  if (members_.capacity() == 0) members_.reserve(4);  // seldom fewer, and growing one by one moves all of them
  return members_.emplace_back(std::move(name), std::move(value)).second;
}

void Object::erase(std::string_view name) {
  std::erase_if(members_, [name](const Member& member) { return member.first == name; });
}

bool operator==(const Object& a, const Object& b) {
  return a.members_ == b.members_;
}

Value::Value(double v) {
  if (!std::isfinite(v)) return;  // JSON has no such number: null
  std::string text = fmt::format("{}", v);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  data_ = Number{std::move(text)};
}

std::optional<std::int64_t> Value::integer() const noexcept {
  const Number* number = if_number();
  if (number == nullptr) return std::nullopt;
  const char* const end = number->text.data() + number->text.size();
  std::int64_t value = 0;
  const auto [stop, ec] = std::from_chars(number->text.data(), end, value);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<double> Value::real() const noexcept {
  const Number* number = if_number();
  if (number == nullptr) return std::nullopt;
  const char* const end = number->text.data() + number->text.size();
  double value = 0;
  const auto [stop, ec] = std::from_chars(number->text.data(), end, value);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

const Value* Value::at_path(std::initializer_list<std::string_view> names) const noexcept {
  const Value* here = this;
  for (const auto name : names) {
    const Object* object = here->if_object();
    here = object == nullptr ? nullptr : object->find(name);
    if (here == nullptr) return nullptr;
  }
  return here;
}

std::string_view Value::text_at(std::initializer_list<std::string_view> names) const noexcept {
  const Value* found = at_path(names);
  const std::string* text = found == nullptr ? nullptr : found->if_string();
  return text == nullptr ? std::string_view{} : std::string_view{*text};
}

void quote_to(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    const auto c = static_cast<unsigned char>(text.front());
    if (c >= 0x80) {
      const std::size_t length = utf8_sequence(text);
      out += length == 0 ? "\xEF\xBF\xBD" : text.substr(0, length);
      text.remove_prefix(std::max<std::size_t>(length, 1));
      continue;
    }
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        if (c < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += text.front();
        }
    }
    text.remove_prefix(1);
  }
  out += '"';
}

namespace {

/// Compact and indented text differ in what stands between the parts, and in nothing else.
class Writer {
 public:
  Writer(std::string& out, bool pretty) : out_(out), pretty_(pretty) {}

  void value(const Value& value) {
    switch (value.type()) {
      case Type::null:
        out_ += "null";
        break;
      case Type::boolean:
        out_ += *value.if_bool() ? "true" : "false";
        break;
      case Type::number:
        out_ += value.if_number()->text;
        break;
      case Type::string:
        quote_to(*value.if_string(), out_);
        break;
      case Type::array:
        array(*value.if_array());
        break;
      case Type::object:
        object(*value.if_object());
        break;
    }
  }

 private:
  void array(const Array& items) {
    out_ += '[';
    ++depth_;
    bool first = true;
    for (const Value& item : items) {
      next(first);
      value(item);
    }
    if (items.empty() && pretty_) out_ += '\n';
    close(']');
  }

  void object(const Object& members) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto& [name, member] : members) {
      next(first);
      quote_to(name, out_);
      out_ += pretty_ ? ": " : ":";
      value(member);
    }
    close('}');
  }

  void next(bool& first) {
    if (!first) out_ += ',';
    first = false;
    new_line();
  }

  void close(char bracket) {
    --depth_;
    new_line();
    out_ += bracket;
  }

  void new_line() {
    if (!pretty_) return;
    out_ += '\n';
    out_.append(2 * depth_, ' ');
  }

  std::string& out_;
  bool pretty_;
  std::size_t depth_ = 0;
};

}  // namespace

void write_to(const Value& value, std::string& out) {
  Writer(out, false).value(value);
}

std::string write(const Value& value) {
  std::string out;
  write_to(value, out);
  return out;
}

std::string pretty(const Value& value) {
  std::string out;
  Writer(out, true).value(value);
  return out;
}

}  // namespace nephele::json
