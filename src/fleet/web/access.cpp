// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/access.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/secret.h"

namespace nephele::fleet::web {

namespace {

/// The token of "Bearer TOKEN"; the scheme is written in any case (RFC 9110, 11.1).
std::string_view bearer_of(std::string_view authorization) {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size() || ascii::lowered(authorization.substr(0, scheme.size())) != scheme)
    return {};
  return ascii::trimmed(authorization.substr(scheme.size()));
}

/// Each proxy is called as what signed it, and one CN more.
bool are_proxies(const std::vector<std::string>& subjects) {
  for (std::size_t i = 0; i + 1 < subjects.size(); ++i)
    if (!subjects[i].starts_with(subjects[i + 1] + "/CN=")) return false;
  return true;
}

bool is_subject(std::string_view wanted, const std::vector<std::string>& shown) {
  if (shown.empty() || wanted.empty()) return false;
  const std::string name = slash_form(wanted);
  return slash_form(shown.front()) == name || (slash_form(shown.back()) == name && are_proxies(shown));
}

}  // namespace

std::optional<std::string_view> refusal_of(const Shown& shown, const Wanted& wanted) {
  if (!shown.tls) return "joboutputs are taken over TLS only";
  if (!wanted.token_hash.empty()) {
    const auto token = bearer_of(shown.authorization);
    if (token.empty()) return "it shows no token, and the machine was given one";
    if (!equal_in_constant_time(hash_of_token(token), wanted.token_hash)) return "its token is not this machine's";
    return std::nullopt;
  }
  if (wanted.token_needed) return "the machine was given no token, and joboutputs_need_token is set";
  if (wanted.subject.empty()) return "the machine has neither https_x509dn nor a token";
  if (shown.subjects.empty()) return "it shows no certificate";
  if (!is_subject(wanted.subject, shown.subjects)) return "its certificate is not that of https_x509dn";
  return std::nullopt;
}

std::string slash_form(std::string_view subject) {
  if (subject.starts_with('/') || !subject.contains('=')) return std::string(subject);
  std::string out, part;
  const auto take = [&] {
    out = "/" + std::string(ascii::trimmed(part)) + out;
    part.clear();
  };
  for (std::size_t i = 0; i < subject.size(); ++i) {
    if (subject[i] == '\\' && i + 1 < subject.size()) {
      part += subject[++i];
    } else if (subject[i] == ',') {
      take();
    } else {
      part += subject[i];
    }
  }
  take();
  return out;
}

std::string hash_of_token(std::string_view token) {
  return sha256_hex(token);
}

}  // namespace nephele::fleet::web
