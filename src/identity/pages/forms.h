// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "http/message.h"
#include "identity/pages/html.h"

/// Forms: what a browser sends, whether it was our own page that made it send that, and how they are shown.
namespace nephele::identity::pages {

inline constexpr std::size_t form_bytes_max = std::size_t{64} * 1024;
inline constexpr std::string_view csrf_field = "csrf_token";

class FormData {
 public:
  /// Fails with `invalid` when it is no such body.
  static Result<FormData> parse(std::string_view body);

  /// The first of that name, else empty.
  std::string_view value(std::string_view name) const noexcept;
  bool has(std::string_view name) const noexcept;
  Secret secret(std::string_view name) const { return Secret(std::string(value(name))); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Fails with `invalid` (another type, broken), `over_quota` (too long), or as the body's reader does.
Task<Result<FormData>> form_of(http::Request& request);

/// The value of a cookie; of two with one name, the first.
std::optional<std::string> cookie(const http::Request& request, std::string_view name);
struct Cookie {
  std::string_view name;
  std::string value;
  bool secure = true;
  std::optional<std::chrono::seconds> life = {};  ///< absent: as long as the browser runs; zero: deletes it
  std::string domain = {};                        ///< empty: this host alone
};
/// HttpOnly, SameSite=Lax.
std::string set_cookie(const Cookie& cookie);

/// Double submit: a random cookie, and in each form its keyed hash with the session that the form was made for.
class CsrfGuard {
 public:
  explicit CsrfGuard(const SecretKey& key) : key_(key) {}
  static std::string new_cookie();
  static bool well_formed(std::string_view cookie) noexcept;
  std::string token(std::string_view cookie, std::string_view session) const;
  bool right(std::string_view token, std::string_view cookie, std::string_view session) const;

 private:
  const SecretKey& key_;
};
/// What the browser says of the page that a POST came from does not speak against it. `base`: our public URL.
bool from_our_pages(const http::Request& request, std::string_view base);

/// scheme://host[:port] of a URL; empty when it has none.
std::string_view origin_of(std::string_view url) noexcept;
/// Where to go next: a path of this host, with its query. Nothing for anything else. `base`: our public URL.
std::optional<std::string> safe_next(std::string_view next, std::string_view base);

using FieldErrors = std::map<std::string, std::string, std::less<>>;

struct Field {
  std::string name;
  std::string label;
  std::string type = "text";
  std::string value = {};
  std::string autocomplete = {};
  std::string hint = {};
  bool required = true;
  std::size_t length_max = 0;  ///< characters; 0: not said
};
/// Label, input, hint and what was wrong with it. A password's value is never shown.
Html field(const Field& field, const FieldErrors& errors = {});
/// The same with room for several lines.
Html text_area(const Field& field, const FieldErrors& errors = {});
/// A box to tick; `label` may hold links.
Html check_box(const std::string& name, const Html& label, const FieldErrors& errors = {}, bool ticked = false);
Html hidden(std::string_view name, std::string value);
/// `quiet`: a less prominent button.
Html submit(std::string_view text, bool quiet = false);
/// POST to `action`, with the token.
Html form(const std::string& action, const std::string& csrf_token, std::initializer_list<Html> content);

}  // namespace nephele::identity::pages
