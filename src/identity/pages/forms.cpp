// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/forms.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::identity::pages {

namespace {

constexpr std::size_t fields_max = 64;
constexpr std::size_t csrf_bytes = 24, csrf_text = 32;
constexpr std::size_t next_bytes_max = 6144;  // a request of OAuth2 has addresses in it

/// Takes the part before `separator` off `rest`.
std::string_view next_part(std::string_view& rest, char separator) noexcept {
  const auto end = std::min(rest.find(separator), rest.size());
  const auto part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

std::unexpected<Error> broken() {
  return fail(Kind::invalid, "what the browser sent is no form of this page; go back and send it again");
}

}  // namespace

Result<FormData> FormData::parse(std::string_view body) {
  FormData out;
  while (!body.empty()) {
    const auto part = next_part(body, '&');
    if (part.empty()) continue;
    if (out.fields_.size() == fields_max) return broken();
    const auto equals = std::min(part.find('='), part.size());
    auto name = http::percent_decode(part.substr(0, equals), true);
    auto value = http::percent_decode(part.substr(std::min(equals + 1, part.size())), true);
    if (!name || !value) return broken();
    out.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string_view FormData::value(std::string_view name) const noexcept {
  const auto found =
      std::ranges::find(fields_, name, [](const auto& field) -> std::string_view { return field.first; });
  return found == fields_.end() ? std::string_view{} : found->second;
}

bool FormData::has(std::string_view name) const noexcept {
  return std::ranges::any_of(fields_, [&](const auto& field) { return field.first == name; });
}

Task<Result<FormData>> form_of(http::Request& request) {
  auto type = request.headers.find("Content-Type").value_or("");
  if (!http::same_name(ascii::trimmed(next_part(type, ';')), "application/x-www-form-urlencoded")) co_return broken();
  CO_TRY(const std::string body, co_await http::read_all(*request.body, form_bytes_max));
  co_return FormData::parse(body);
}

std::optional<std::string> cookie(const http::Request& request, std::string_view name) {
  for (const auto& [header, value] : request.headers) {
    if (!http::same_name(header, "Cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto part = ascii::trimmed(next_part(rest, ';'));
      if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=')
        return std::string(part.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

std::string set_cookie(const Cookie& cookie) {
  std::string out(cookie.name);
  out.append("=").append(cookie.value).append("; Path=/; HttpOnly; SameSite=Lax");
  if (!cookie.domain.empty()) out += "; Domain=" + cookie.domain;
  if (cookie.secure) out += "; Secure";
  if (cookie.life) out += "; Max-Age=" + std::to_string(cookie.life->count());
  return out;
}

std::string CsrfGuard::new_cookie() {
  return random_token(csrf_bytes);
}

bool CsrfGuard::well_formed(std::string_view cookie) noexcept {
  return cookie.size() == csrf_text && std::ranges::all_of(cookie, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

std::string CsrfGuard::token(std::string_view cookie, std::string_view session) const {
  return key_.keyed_hash(std::string(cookie).append("\n").append(session), "identity.csrf");
}

bool CsrfGuard::right(std::string_view token, std::string_view cookie, std::string_view session) const {
  return well_formed(cookie) && equal_in_constant_time(token, this->token(cookie, session));
}

std::string_view origin_of(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos || scheme == 0) return {};
  return url.substr(0, url.find_first_of("/?#", scheme + 3));
}

bool from_our_pages(const http::Request& request, std::string_view base) {
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return false;
  const auto origin = request.headers.find("Origin");
  if (!origin) return true;  // an old browser, or a program; the token decides
  if (http::same_name(*origin, origin_of(base))) return true;
  // The same service under another of its names: what the browser asked for is what the page came from.
  const auto host = request.headers.find("Host");
  const auto scheme = origin->find("://");
  return host && scheme != std::string_view::npos && http::same_name(origin->substr(scheme + 3), *host);
}

std::optional<std::string> safe_next(std::string_view next, std::string_view base) {
  if (next.empty() || next.size() > next_bytes_max || !is_utf8(next)) return std::nullopt;
  // Browsers take a backslash for a slash and leave tabs and line ends out.
  if (std::ranges::any_of(next, [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F || c == '\\'; }))
    return std::nullopt;
  const auto origin = origin_of(base);
  if (!origin.empty() && next.size() > origin.size() && http::same_name(next.substr(0, origin.size()), origin))
    next.remove_prefix(origin.size());
  if (!next.starts_with('/') || next.starts_with("//")) return std::nullopt;
  std::string out;
  for (const char c : next)
    if (static_cast<unsigned char>(c) < 0x80)
      out += c;
    else
      out += http::percent_encode(std::string_view(&c, 1));
  return out;
}

namespace {

/// Also tells a screen reader what belongs to the input.
void describe(Attributes& attributes, const std::string& name, bool hint, bool wrong) {
  std::string by = hint ? name + "-hint" : "";
  if (wrong) {
    by += (by.empty() ? "" : " ") + name + "-problem";
    attributes.push_back({"aria-invalid", "true"});
  }
  if (!by.empty()) attributes.push_back({"aria-describedby", by});
}

Html problem(const std::string& name, const FieldErrors& errors) {
  const auto found = errors.find(name);
  if (found == errors.end()) return {};
  return element("p", {{"class", "problem"}, {"id", name + "-problem"}}, {found->second});
}

}  // namespace

Html field(const Field& field, const FieldErrors& errors) {
  const std::string id = "id_" + field.name;
  Attributes attributes{{"type", field.type}, {"id", id}, {"name", field.name}};
  if (field.type != "password" && !field.value.empty()) attributes.push_back({"value", field.value});
  if (field.required) attributes.push_back({"required", "required"});
  if (!field.autocomplete.empty()) attributes.push_back({"autocomplete", field.autocomplete});
  if (field.length_max > 0) attributes.push_back({"maxlength", std::to_string(field.length_max)});
  describe(attributes, field.name, !field.hint.empty(), errors.contains(field.name));
  const Html hint =
      field.hint.empty() ? Html() : element("p", {{"class", "hint"}, {"id", field.name + "-hint"}}, {field.hint});
  return element("div", {{"class", "field"}},
                 {element("label", {{"for", id}}, {field.label}), element("input", attributes), hint,
                  problem(field.name, errors)});
}

Html text_area(const Field& field, const FieldErrors& errors) {
  const std::string id = "id_" + field.name;
  Attributes attributes{{"id", id}, {"name", field.name}, {"rows", "8"}};
  if (field.required) attributes.push_back({"required", "required"});
  describe(attributes, field.name, !field.hint.empty(), errors.contains(field.name));
  const Html hint =
      field.hint.empty() ? Html() : element("p", {{"class", "hint"}, {"id", field.name + "-hint"}}, {field.hint});
  // A browser leaves the first line end out.
  return element("div", {{"class", "field"}},
                 {element("label", {{"for", id}}, {field.label}), element("textarea", attributes, {"\n", field.value}),
                  hint, problem(field.name, errors)});
}

Html check_box(const std::string& name, const Html& label, const FieldErrors& errors, bool ticked) {
  const std::string id = "id_" + name;
  Attributes attributes{{"type", "checkbox"}, {"id", id}, {"name", name}, {"value", "on"}};
  if (ticked) attributes.push_back({"checked", "checked"});
  describe(attributes, name, false, errors.contains(name));
  return element("div", {{"class", "field check"}},
                 {element("input", attributes), element("label", {{"for", id}}, {label}), problem(name, errors)});
}

Html hidden(std::string_view name, std::string value) {
  return element("input", {{"type", "hidden"}, {"name", std::string(name)}, {"value", std::move(value)}});
}

Html submit(std::string_view text, bool quiet) {
  return element("button", {{"type", "submit"}, {"class", quiet ? "quiet" : "main"}}, {text});
}

Html form(const std::string& action, const std::string& csrf_token, std::initializer_list<Html> content) {
  Html inside = hidden(csrf_field, csrf_token);
  for (const auto& part : content) inside += part;
  return element("form", {{"method", "post"}, {"action", action}, {"accept-charset", "utf-8"}}, {inside});
}

}  // namespace nephele::identity::pages
