// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/template_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace nephele::opennebula {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool ends_bare_word(char c) {
  return std::string_view("=#,[]\n \t").contains(c);
}

void unescape(std::string& text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from)
    if (text[from] != '\\' || from + 1 == text.size() || text[from + 1] != '"') text[to++] = text[from];
  text.resize(to);
}

/// Follows the rules of oned's lexer one by one; each has its longest match, as flex takes it.
class TextReader {
 public:
  TextReader(std::string_view text, TextLimits limits) : text_(text), limits_(limits) {}

  Result<Template> read() {
    Template out;
    for (skip_between(); at_ < text_.size(); skip_between()) {
      if (out.size() == limits_.attributes)
        return fail(Kind::invalid, "the template has more than " + std::to_string(limits_.attributes) + " attributes");
      TRY_VOID(attribute(out));
    }
    return out;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return fail(Kind::invalid, "template text, line " + std::to_string(line) + ": " + std::string(what));
  }

  char here() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool at_end() const { return at_ >= text_.size(); }

  void skip_blanks() {
    while (!at_end() && is_blank(here())) ++at_;
  }
  /// Blanks, line ends, and comments, which go to the end of their line.
  void skip_between() {
    for (;;) {
      while (!at_end() && (is_blank(here()) || here() == '\n')) ++at_;
      if (here() != '#') return;
      const auto end = text_.find('\n', at_);
      if (end == std::string_view::npos) return;  // oned wants a line end here, and so does name()
      at_ = end;
    }
  }

  Result<std::string_view> name() {
    if (here() == '#') return wrong("a comment needs a line end");
    const auto begin = at_;
    while (!at_end() && is_name_character(here())) ++at_;
    if (at_ == begin) return wrong("expected a name of letters, digits and _");
    return text_.substr(begin, at_ - begin);
  }

  Result<> equals() {
    skip_blanks();
    if (here() != '=') return wrong("expected \"=\" after the name");
    ++at_;
    skip_blanks();
    return {};
  }

  Result<> attribute(Template& out) {
    TRY(const auto called, name());
    TRY_VOID(equals());
    if (here() == '\n') {  // an empty value; at the end of the text oned wants a line end too
      out.add(called, std::string());
      return {};
    }
    if (here() == '[') {
      ++at_;
      TRY(auto members, vector());
      out.add(called, std::move(members));
      return {};
    }
    TRY(auto single, value());
    out.add(called, std::move(single));
    return {};
  }

  Result<Vector> vector() {
    Vector out;
    skip_between();
    if (here() == ']') {
      ++at_;
      return out;
    }
    for (;;) {
      TRY(const auto called, name());
      TRY_VOID(equals());
      TRY(auto text, value());
      if (out.find(called) == nullptr) out.set(called, std::move(text));  // the first wins, as in oned
      skip_between();
      const char c = here();
      if (c != ',' && c != ']') return wrong("expected \",\" or \"]\" after a member");
      ++at_;
      if (c == ']') return out;
      skip_between();
    }
  }

  Result<std::string> value() {
    const auto begin = at_;
    const auto quoted = quoted_length();
    const auto bare = bare_length();
    if (quoted == 0 && bare == 0) return wrong("expected a value, in quotes or one word");
    at_ += std::max(quoted, bare);  // the longest match, as flex takes it: "x"y is one word
    std::string out(quoted >= bare ? text_.substr(begin + 1, quoted - 2) : text_.substr(begin, bare));
    unescape(out);
    if (const auto why = objection_to(out); !why.empty()) {
      at_ = begin;
      return wrong("the value " + std::string(why));
    }
    return out;
  }

  std::size_t bare_length() const {
    std::size_t length = 0;
    while (at_ + length < text_.size() && !ends_bare_word(text_[at_ + length])) ++length;
    return length;
  }

  /// Up to the first quote that no backslash escapes. When there is none, flex goes back to the last escaped one and
  /// takes that as the end.
  std::size_t quoted_length() const {
    if (here() != '"') return 0;
    std::size_t fallback = 0;
    for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
      if (text_[i] != '"') continue;
      if (i == at_ + 1 || text_[i - 1] != '\\') return i - at_ + 1;
      fallback = i - at_ + 1;
    }
    return fallback;
  }

  std::string_view text_;
  TextLimits limits_;
  std::size_t at_ = 0;
};

Result<> append_value(std::string_view name, std::string_view value, std::string& out) {
  TRY_VOID(check_attribute(name, value));
  if (value.ends_with('\\'))
    return fail(Kind::invalid, "the value of " + std::string(name) +
                                   " ends with a backslash, which OpenNebula takes for an escaped quote; leave it out");
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '"') out += '\\';
    out += c;
  }
  out += '"';
  return {};
}

}  // namespace

Result<Template> read_text(std::string_view text, TextLimits limits) {
  if (text.size() > limits.bytes)
    return fail(Kind::invalid, "the template is longer than " + std::to_string(limits.bytes) + " bytes");
  return TextReader(text, limits).read();
}

Result<std::string> write_text(const Template& what) {
  std::string out;
  for (const auto& attribute : what) {
    if (const auto* const single = attribute.single()) {
      TRY_VOID(append_value(attribute.name, *single, out));
      out += '\n';
      continue;
    }
    if (!is_attribute_name(attribute.name)) return fail(append_value(attribute.name, "", out).error());
    out.append(attribute.name).append("=[");
    bool first = true;
    for (const auto& [name, value] : *attribute.vector()) {
      out += first ? "" : ",\n";
      first = false;
      TRY_VOID(append_value(name, value, out));
    }
    out += "]\n";
  }
  return out;
}

std::string writable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto length = utf8_sequence(text);
    const auto sequence = text.substr(0, std::max<std::size_t>(1, length));
    text.remove_prefix(sequence.size());
    if (length == 0 || sequence == "\r" || !xml::can_carry(sequence)) continue;
    if (sequence == ">" && out.ends_with("]]")) out += ' ';
    out += sequence;
  }
  while (out.ends_with('\\')) out.pop_back();
  return out;
}

std::string without_references(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '$' && i + 1 < text.size() && text[i + 1] == '{') out += ' ';
  }
  return out;
}

}  // namespace nephele::opennebula
