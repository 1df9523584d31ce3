// SPDX-License-Identifier: Apache-2.0
#include "base/settings/symbol_yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <sstream>

#include "base/utf8.h"

namespace nephele::settings {

namespace {

bool is_one_of(std::string_view word, std::span<const std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// The words of YAML 1.1 that Ruby's reader takes for these values.
constexpr std::array<std::string_view, 9> true_words{"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
constexpr std::array<std::string_view, 9> false_words{"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 5> null_words{"", "~", "null", "Null", "NULL"};

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::string digits;
  for (const char c : text)
    if (c != '_' && c != ',') digits += c;
  if (digits.starts_with('+')) digits.erase(0, 1);
  const std::size_t sign = digits.starts_with('-') ? 1 : 0;
  if (digits.size() == sign || digits[sign] < '0' || digits[sign] > '9') return std::nullopt;
  int base = 10;
  const std::string_view body = std::string_view(digits).substr(sign);
  if (body.starts_with("0x")) {
    base = 16;
    digits.erase(sign, 2);
  } else if (body.starts_with("0o")) {
    base = 8;
    digits.erase(sign, 2);
  } else if (body.size() > 1 && body.starts_with('0')) {
    base = 8;
  }
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, ec] = std::from_chars(digits.data(), end, value, base);
  if (ec != std::errc{} || stop != end) return std::nullopt;
  return value;
}

std::optional<double> as_real(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return std::nullopt;
  if (text.find_first_of("0123456789") == std::string_view::npos || text.find('.') == std::string_view::npos)
    return std::nullopt;
  double value = 0;
  const auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || stop != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_symbol(std::string_view text) {
  return text.size() > 1 && text.front() == ':' && text[1] != ':' && text[1] != ' ' && text[1] != '/';
}

Node plain_scalar(Place place, const std::string& text) {
  if (is_one_of(text, null_words)) return {std::move(place), std::monostate{}};
  if (is_one_of(text, true_words)) return {std::move(place), true};
  if (is_one_of(text, false_words)) return {std::move(place), false};
  if (const auto integer = as_integer(text)) return {std::move(place), *integer};
  if (const auto real = as_real(text)) return {std::move(place), *real};
  if (is_symbol(text)) return {std::move(place), text.substr(1)};
  return {std::move(place), text};
}

class YamlReader {
 public:
  explicit YamlReader(const std::string& file) : file_(file) {}

  Result<Node> convert(const YAML::Node& node, std::size_t depth) {
    Place place = place_of(node.Mark());
    if (depth > depth_max) return fail_at(place, "nested too deeply");
    weight_ += sizeof(Node) + (node.IsScalar() ? node.Scalar().size() : 0);
    if (weight_ > weight_max) return fail_at(place, "the values of this file grow too large");
    if (node.Tag().starts_with("!ruby/") || node.Tag().starts_with("tag:ruby"))
      return fail_at(place, fmt::format("the tag {} is not understood; write a plain value", node.Tag()));
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        return Node(std::move(place), std::monostate{});
      case YAML::NodeType::Scalar:
        if (node.Tag() == "!" || node.Tag() == "tag:yaml.org,2002:str") return Node(std::move(place), node.Scalar());
        return plain_scalar(std::move(place), node.Scalar());
      case YAML::NodeType::Sequence:
        return list(node, std::move(place), depth);
      case YAML::NodeType::Map:
        return table(node, std::move(place), depth);
    }
    return fail_at(place, "an unknown kind of YAML");
  }

  Place place_of(const YAML::Mark& mark) const { return {.file = file_, .line = mark.is_null() ? 1 : mark.line + 1}; }

  std::vector<std::string> warnings;

 private:
  Result<Node> list(const YAML::Node& node, Place place, std::size_t depth) {
    Node::List items;
    for (const auto& item : node) {
      TRY(Node value, convert(item, depth + 1));
      items.push_back(std::move(value));
    }
    return Node(std::move(place), std::move(items));
  }

  Result<Node> table(const YAML::Node& node, Place place, std::size_t depth) {
    Node made(std::move(place), Node::Table{});
    for (const auto& pair : node) {
      const Place key_place = place_of(pair.first.Mark());
      if (!pair.first.IsScalar()) return fail_at(key_place, "a key must be a word, as in :port: 1337");
      const std::string& spelled = pair.first.Scalar();
      const bool quoted = pair.first.Tag() == "!";
      const std::string key = !quoted && is_symbol(spelled) ? spelled.substr(1) : spelled;
      TRY(Node value, convert(pair.second, depth + 1));
      // An empty value has no place of its own: its line is the key's.
      if (value.type() == Type::none) value = Node(key_place, std::monostate{});
      add(made, key, key == spelled ? spelled : ":" + key + ":", std::move(value), key_place);
    }
    return made;
  }

  void add(Node& made, const std::string& key, const std::string& spelled, Node value, const Place& place) {
    const Entry* before = made.entry(key);
    if (before != nullptr && before->spelled == spelled) {
      warnings.push_back(fmt::format("{}: {} stands twice; the last wins", place.text(), spelled));
    } else if (before != nullptr) {
      const bool symbol_before = before->spelled.starts_with(':');
      warnings.push_back(fmt::format("{}: :{}: and {} are the same key; :{}: wins", place.text(), key, key, key));
      if (symbol_before) return;
    }
    made.set(key, spelled, std::move(value));
  }

  const std::string& file_;
  std::size_t weight_ = 0;
};

/// Decision M6: `:log:` without a value, and its members at the same indentation.
void adopt(Node& root, const Unindented& rule, std::vector<std::string>& warnings) {
  const Entry* section = root.entry(rule.section);
  if (section == nullptr) return;
  const bool is_table = section->value.if_table() != nullptr;
  if (!is_table && section->value.type() != Type::none) return;
  Node filled = is_table ? section->value : Node(section->value.place(), Node::Table{});
  const std::string spelled = section->spelled;
  bool moved = false;
  for (const std::string_view member : rule.members) {
    const Entry* stray = root.entry(member);
    if (stray == nullptr) continue;
    warnings.push_back(fmt::format("{}: {} belongs under {}; indent it by two spaces", stray->value.place().text(),
                                   stray->spelled, spelled));
    if (filled.entry(member) == nullptr) filled.set(stray->key, stray->spelled, stray->value);
    std::erase_if(*root.if_table(), [member](const Entry& entry) { return entry.key == member; });
    moved = true;
  }
  if (moved) root.set(std::string(rule.section), spelled, std::move(filled));
}

}  // namespace

namespace {

/// Listens to the library's events only to learn where documents begin.
class Documents final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override { line_ = mark.line + 1; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

  int line() const noexcept { return line_; }

 private:
  int line_ = 1;
};

/// One document, and nothing after it. Not YAML::LoadAll: before a stray ',' the library (0.7) finds empty documents
/// without end.
Result<> check_single(const std::string& text, const std::string& file) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Documents documents;
  if (parser.HandleNextDocument(documents) && parser.HandleNextDocument(documents))
    return fail_at({.file = file, .line = documents.line()},
                   "a second document or a stray sign begins here; remove it");
  return {};
}

/// What must not reach the YAML library.
Result<> check_text(std::string_view text, const std::string& file) {
  int line = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = utf8_sequence(rest);
    if (length == 0 || rest.front() == '\0')
      return fail_at({.file = file, .line = line}, "a byte that is no UTF-8 text; save the file as UTF-8");
    if (rest.front() == '\n') ++line;
    rest.remove_prefix(length);
  }
  return {};
}

}  // namespace

Result<Document> read_symbol_yaml(std::string_view text, const std::string& file,
                                  std::span<const Unindented> unindented) {
  TRY_VOID(check_text(text, file));
  try {
    const std::string copy(text);
    TRY_VOID(check_single(copy, file));
    const YAML::Node document = YAML::Load(copy);
    YamlReader reader(file);
    if (!document.IsDefined() || document.IsNull())
      return Document{.root = Node({.file = file, .line = 1}, Node::Table{}), .warnings = {}};
    if (!document.IsMap()) return fail_at({.file = file, .line = 1}, "expected lines such as ':port: 1337' at the top");
    TRY(Node root, reader.convert(document, 0));
    for (const Unindented& rule : unindented) adopt(root, rule, reader.warnings);
    return Document{.root = std::move(root), .warnings = std::move(reader.warnings)};
  } catch (const YAML::Exception& error) {
    const int line = error.mark.is_null() ? 1 : error.mark.line + 1;
    return fail_at({.file = file, .line = line}, "no valid YAML: " + error.msg);
  }
}

}  // namespace nephele::settings
