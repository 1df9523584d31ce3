// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/xmlrpc.h"

#include <algorithm>
#include <charconv>

namespace nephele::opennebula::xmlrpc {

namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t elements_max = 64;  // of an answer's array: oned sends 3 or 5

void write(const std::string& text, std::string& out) {
  out += "<string>";
  xml::escape_to(text, out);
  out += "</string>";
}
void write(std::int32_t number, std::string& out) {
  out += "<i4>" + std::to_string(number) + "</i4>";
}
void write(bool yes, std::string& out) {
  out += yes ? "<boolean>1</boolean>" : "<boolean>0</boolean>";
}

bool is_method(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_';
  };
  return !name.empty() && std::ranges::all_of(name, allowed);
}

std::optional<std::int64_t> number_in(std::string_view text) {
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return std::nullopt;
  text = text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The value of a <value>; nothing for types that oned does not use, and for broken ones.
std::optional<Value> value_in(const xml::Node& value) {
  if (value.name() != "value") return std::nullopt;
  const xml::Node typed = value.first();
  if (!typed) return value.text();  // without a type it is a string
  const auto type = typed.name();
  if (type == "string") return typed.first() ? std::nullopt : std::optional<Value>(typed.text());
  if (type != "i4" && type != "int" && type != "i8" && type != "ex:i8" && type != "boolean") return std::nullopt;
  const auto number = number_in(typed.text());
  if (!number) return std::nullopt;
  if (type != "boolean") return *number;
  if (*number != 0 && *number != 1) return std::nullopt;
  return *number == 1;
}

std::unexpected<Error> unknown(std::string_view what) {
  return fail(Kind::invalid, "no answer of XML-RPC: " + std::string(what));
}

/// Of the <value> of a fault.
Result<Fault> fault_in(const xml::Node& value) {
  Fault out;
  bool coded = false;
  const xml::Node members = value.child("struct");
  for (xml::Node member = members.first(); member; member = member.next()) {
    const auto name = member.child("name").text();
    const auto said = value_in(member.child("value"));
    if (!said) continue;
    if (const auto* number = std::get_if<std::int64_t>(&*said); name == "faultCode" && number != nullptr) {
      out.code = *number;
      coded = true;
    }
    if (const auto* text = std::get_if<std::string>(&*said); name == "faultString" && text != nullptr)
      out.message = *text;
  }
  if (!coded) return unknown("a fault without a faultCode");
  return out;
}

Result<Answer> answer_of(const std::vector<std::optional<Value>>& values) {
  if (values.size() < 3) return unknown("its array has fewer than 3 elements");
  Answer out;
  const bool* const success = values[0] ? std::get_if<bool>(&*values[0]) : nullptr;
  if (success == nullptr) return unknown("the first element of its array is no boolean");
  if (!values[1]) return unknown("the second element of its array is neither text nor number");
  out.success = *success;
  if (out.success) {
    out.payload = *values[1];
    return out;
  }
  const auto* const code = values[2] ? std::get_if<std::int64_t>(&*values[2]) : nullptr;
  const auto* const message = std::get_if<std::string>(&*values[1]);
  if (code == nullptr || message == nullptr) return unknown("a failure without message and code");
  out.code = *code;
  out.message = *message;
  const auto* const object = values.size() > 3 && values[3] ? std::get_if<std::int64_t>(&*values[3]) : nullptr;
  if (object != nullptr && *object >= 0) out.object = *object;
  return out;
}

/// Of the <value> that holds an answer's array.
Result<Answer> answer_in(const xml::Node& value) {
  const xml::Node data = value.child("array").child("data");
  if (!data) return unknown("it holds no array");
  std::vector<std::optional<Value>> values;
  for (xml::Node element = data.first(); element && values.size() < elements_max; element = element.next())
    values.push_back(value_in(element));
  return answer_of(values);
}

/// The part of one call in the answer to several: a fault, or an array around what the call gave.
Result<Outcome> outcome_in(const xml::Node& value) {
  if (value.child("struct")) {
    TRY(auto fault, fault_in(value));
    return fault;
  }
  TRY(auto answer, answer_in(value.child("array").child("data").child("value")));
  return answer;
}

// ---- the short way ----

/// The tags of an answer, one after the other.
class Tags {
 public:
  explicit Tags(std::string_view text) : text_(text) {}

  /// All of them stand next, with blanks before each.
  bool eat(std::initializer_list<std::string_view> tags) {
    return std::ranges::all_of(tags, [this](std::string_view tag) {
      skip_blanks();
      if (!text_.starts_with(tag)) return false;
      text_.remove_prefix(tag.size());
      return true;
    });
  }
  void skip_declaration() {
    skip_blanks();
    if (!text_.starts_with("<?xml ")) return;
    const auto end = text_.find("?>");
    text_.remove_prefix(end == std::string_view::npos ? 0 : end + 2);
  }
  /// Up to the next tag.
  std::string_view text() {
    const auto text = text_.substr(0, text_.find('<'));
    text_.remove_prefix(text.size());
    return text;
  }
  bool at_end() {
    skip_blanks();
    return text_.empty();
  }

 private:
  void skip_blanks() { text_.remove_prefix(std::min(text_.find_first_not_of(blanks), text_.size())); }

  std::string_view text_;
};

struct Entity {
  char meant = 0;  ///< 0: it is none of those that oned's library writes
  std::size_t bytes = 0;
};

/// What stands behind an ampersand.
Entity entity_at(std::string_view text) {
  if (text.starts_with("lt;")) return {'<', 3};
  if (text.starts_with("gt;")) return {'>', 3};
  if (text.starts_with("amp;")) return {'&', 4};
  if (text.starts_with("quot;")) return {'"', 5};
  return {};
}

/// With the characters for their entities; nothing for text that needs more of XML than these.
std::optional<std::string> unescaped(std::string_view text) {
  if (text.contains('\r') || text.contains('\0')) return std::nullopt;
  bool all_known = true;
  std::string out;
  out.resize_and_overwrite(text.size(), [text, &all_known](char* const into, std::size_t) {
    char* to = into;
    for (const char *from = text.begin(), *const end = text.end();;) {
      while (from != end && *from != '&') *to++ = *from++;
      if (from == end) break;
      const Entity entity = entity_at({++from, end});
      all_known = entity.meant != 0;
      if (!all_known) break;
      *to++ = entity.meant;
      from += entity.bytes;
    }
    return to - into;
  });
  if (!all_known) return std::nullopt;
  return out;
}

/// [true, text, 0] as oned's library writes it, read without a tree: most of an answer is its payload, and every
/// bracket of that is escaped. Nothing for all other answers, also for those that only look different.
std::optional<Answer> plain_success(Tags& tags) {
  if (!tags.eat({"<value>", "<array>", "<data>", "<value>", "<boolean>1</boolean>", "</value>", "<value>", "<string>"}))
    return std::nullopt;
  const auto payload = tags.text();
  if (!tags.eat({"</string>", "</value>", "<value>", "<i4>0</i4>", "</value>", "</data>", "</array>", "</value>"}))
    return std::nullopt;
  auto text = unescaped(payload);
  if (!text) return std::nullopt;
  return Answer{.success = true, .payload = *std::move(text)};
}

std::optional<Answer> plain_answer(std::string_view body) {
  Tags tags(body);
  tags.skip_declaration();
  if (!tags.eat({"<methodResponse>", "<params>", "<param>"})) return std::nullopt;
  auto answer = plain_success(tags);
  if (!answer || !tags.eat({"</param>", "</params>", "</methodResponse>"}) || !tags.at_end()) return std::nullopt;
  return answer;
}

std::optional<std::vector<Outcome>> plain_answers(std::string_view body, std::size_t count) {
  Tags tags(body);
  tags.skip_declaration();
  if (!tags.eat({"<methodResponse>", "<params>", "<param>", "<value>", "<array>", "<data>"})) return std::nullopt;
  std::vector<Outcome> out;
  for (; count > 0; --count) {
    if (!tags.eat({"<value>", "<array>", "<data>"})) return std::nullopt;
    auto answer = plain_success(tags);
    if (!answer || !tags.eat({"</data>", "</array>", "</value>"})) return std::nullopt;
    out.emplace_back(*std::move(answer));
  }
  if (!tags.eat({"</data>", "</array>", "</value>", "</param>", "</params>", "</methodResponse>"}) || !tags.at_end())
    return std::nullopt;
  return out;
}

// ---- calls ----

/// Fails when XML cannot carry one of them.
Result<> check(const Call& call) {
  if (!is_method(call.method)) return fail(Kind::invalid, "this is no name of a method");
  for (std::size_t i = 0; i < call.parameters.size(); ++i)
    if (const auto* text = std::get_if<std::string>(&call.parameters[i]); text != nullptr && !xml::can_carry(*text))
      return fail(Kind::invalid, "parameter " + std::to_string(i) + " of " + std::string(call.method) +
                                     " is no UTF-8 or holds a control character, which XML cannot carry; leave it out");
  return {};
}

void write_values(const std::vector<Parameter>& parameters, std::string_view before, std::string_view after,
                  std::string& out) {
  for (const auto& parameter : parameters) {
    out.append(before).append("<value>");
    std::visit([&out](const auto& value) { write(value, out); }, parameter);
    out.append("</value>").append(after);
  }
}

/// The answer's root, or the fault in its place.
Result<std::variant<xml::Node, Fault>> given_by(const xml::Document& document) {
  const xml::Node root = document.root();
  if (root.name() != "methodResponse") return unknown("it begins with another element than <methodResponse>");
  if (const xml::Node fault = root.child("fault")) {
    TRY(auto known, fault_in(fault.child("value")));
    return known;
  }
  return root.child("params").child("param").child("value");
}

}  // namespace

Result<std::string> encode(std::string_view method, const std::vector<Parameter>& parameters) {
  TRY_VOID(check({.method = method, .parameters = parameters}));
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodCall><methodName>";
  out.append(method).append("</methodName><params>");
  write_values(parameters, "<param>", "</param>", out);
  out += "</params></methodCall>\n";
  return out;
}

Result<std::string> encode_together(std::span<const Call> calls) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<methodCall><methodName>system.multicall</methodName>"
      "<params><param><value><array><data>";
  for (const auto& call : calls) {
    TRY_VOID(check(call));
    out.append("<value><struct><member><name>methodName</name><value><string>").append(call.method);
    out += "</string></value></member><member><name>params</name><value><array><data>";
    write_values(call.parameters, "", "", out);
    out += "</data></array></value></member></struct></value>";
  }
  out += "</data></array></value></param></params></methodCall>\n";
  return out;
}

Result<Outcome> decode(std::string body, xml::Limits limits) {
  if (body.size() <= limits.bytes)
    if (auto plain = plain_answer(body)) return *std::move(plain);
  TRY(const auto document, xml::Document::parse(std::move(body), limits));
  TRY(auto given, given_by(document));
  if (auto* const fault = std::get_if<Fault>(&given)) return std::move(*fault);
  TRY(auto answer, answer_in(std::get<xml::Node>(given)));
  return answer;
}

Result<std::variant<std::vector<Outcome>, Fault>> decode_together(std::string body, std::size_t count,
                                                                  xml::Limits limits) {
  if (body.size() <= limits.bytes)
    if (auto plain = plain_answers(body, count)) return *std::move(plain);
  TRY(const auto document, xml::Document::parse(std::move(body), limits));
  TRY(auto given, given_by(document));
  if (auto* const fault = std::get_if<Fault>(&given)) return std::move(*fault);
  std::vector<Outcome> out;
  const xml::Node data = std::get<xml::Node>(given).child("array").child("data");
  for (xml::Node value = data.first(); value; value = value.next()) {
    if (out.size() == count) return unknown("it answers more calls than were made");
    TRY(auto outcome, outcome_in(value));
    out.push_back(std::move(outcome));
  }
  if (out.size() < count) return unknown("it answers fewer calls than were made");
  return out;
}

}  // namespace nephele::opennebula::xmlrpc
