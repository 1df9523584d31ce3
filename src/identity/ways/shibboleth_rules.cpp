// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/shibboleth_rules.h"

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "base/utf8.h"

namespace nephele::identity::ways {

namespace {

constexpr std::string_view secret_header = "X-Shibboleth-Secret";

/// What a header is about: "Shib-Person-surname" as mod_shib sends it, "HTTP_SHIB_PERSON_SURNAME" as a CGI variable is
/// called. Empty for all others: each further spelling would be one more that the web server must take off.
std::string meaning(std::string_view name) {
  std::string key = ascii::lowered(name);
  if (key == "remote_user") return "remote-user";
  if (key.starts_with("http_") && !key.contains('-')) {
    key.erase(0, 5);
    std::ranges::replace(key, '_', '-');
    return key.starts_with("shib-") || key == "eppn" || key == "remote-user" ? key : std::string();
  }
  return key == "eppn" || (key.starts_with("shib-") && !key.contains('_')) ? key : std::string();
}

/// mod_shib passes the bytes of the assertion on, which are UTF-8; what is not is an old server's Latin-1.
std::string text_of(std::string_view bytes) {
  if (is_utf8(bytes)) return std::string(bytes);
  std::string out;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (code < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0U | (code >> 6U));
      out += static_cast<char>(0x80U | (code & 0x3FU));
    }
  }
  return out;
}

/// Several values of one attribute are parted by semicolons; one inside of a value has a backslash before it.
std::string first_value(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size() && text[i] != ';'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == ';') ++i;
    out += text[i];
  }
  return std::string(ascii::trimmed(out, " "));
}

class Said {
 public:
  static Result<Said> of(const http::Headers& headers) {
    Said said;
    for (const auto& [name, value] : headers) {
      const std::string key = meaning(name);
      if (key.empty()) continue;
      std::string text = text_of(value);
      if (text == "(null)") text.clear();  // an unset variable of Apache
      const auto [at, is_new] = said.values_.emplace(key, text);
      if (!is_new && at->second != text)
        return fail(Kind::invalid,
                    "The web server in front sent one of Shibboleth's headers twice, and they disagree.");
      if (key.starts_with("shib-") && !text.empty()) said.kept_.set(name, text);
    }
    return said;
  }
  const std::string& all(const std::string& name) const {
    static const std::string none;
    const auto found = values_.find(name);
    return found == values_.end() ? none : found->second;
  }
  std::string operator()(const std::string& name) const { return first_value(all(name)); }
  const json::Object& kept() const noexcept { return kept_; }

 private:
  std::map<std::string, std::string> values_;
  json::Object kept_;
};

void take_names(const Said& said, Proof& proof) {
  proof.first_name = said("shib-inetorgperson-givenname");
  proof.last_name = said("shib-person-surname");
  std::string whole = said("shib-inetorgperson-displayname");
  if (whole.empty()) whole = said("shib-person-commonname");
  const auto blank = whole.find(' ');
  if (blank == std::string::npos) return;
  proof.first_name = whole.substr(0, blank);
  proof.last_name = first_value(whole.substr(blank + 1));
}

std::string no_identifier(const ShibbolethSettings& settings) {
  std::string text = "Missing unique token in request. Your institution does not tell ";
  text += settings.site.empty() ? "us" : settings.site;
  text += " who you are, so it does not allow to log in here";
  if (!settings.support.empty()) text += "; please ask " + settings.support;
  return text + ".";
}

}  // namespace

Result<> check_messenger(const http::Request& request, const ShibbolethSettings& settings) {
  const auto refused = [] {
    return fail(Kind::forbidden, "This address is for those whom the web server in front of us has signed in.");
  };
  if (std::ranges::find(settings.proxies, request.peer) == settings.proxies.end()) return refused();
  if (settings.secret.empty()) return {};
  const auto secret = request.headers.find(secret_header);
  if (!secret || !equal_in_constant_time(*secret, settings.secret.reveal())) return refused();
  return {};
}

Result<Proof> shibboleth_proof(const http::Headers& headers, const ShibbolethSettings& settings) {
  TRY(const Said said, Said::of(headers));
  const std::string user = said("remote-user"), eppn = said("eppn");
  Proof proof{.module = "shibboleth",
              .identifier = user.empty() ? eppn : user,
              .affiliation = said.all("shib-ep-affiliation"),
              .email = said("shib-mail")};
  if (proof.identifier.empty()) return fail(Kind::invalid, no_identifier(settings));
  if (settings.migrate_eppn && !user.empty()) proof.earlier_identifier = eppn;
  if (proof.affiliation.empty()) proof.affiliation = "Shibboleth";
  take_names(said, proof);
  if (settings.require_name && proof.first_name.empty() && proof.last_name.empty())
    return fail(Kind::invalid, "Missing user name in request. Your institution does not tell us your name.");
  const std::string name = proof.first_name + (proof.last_name.empty() ? "" : " " + proof.last_name);
  proof.info.set("eppn", eppn);
  proof.info.set("email", proof.email);
  proof.info.set("name", name);
  proof.info.set("user_id", user);
  proof.info.set("headers", said.kept());
  return proof;
}

}  // namespace nephele::identity::ways
