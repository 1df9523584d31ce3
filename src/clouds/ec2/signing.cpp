// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/signing.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/secret.h"
#include "http/message.h"

namespace nephele::ec2 {

namespace {

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, 32> out{};
  unsigned size = 0;
  // The key may be empty, but OpenSSL wants a pointer.
  HMAC(EVP_sha256(), key.data() == nullptr ? "" : key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

/// "20260301T120000Z" of "2026-03-01T12:00:00.250Z".
std::string basic_time(Time now) {
  std::string out;
  for (const char c : iso8601(now).substr(0, 19))
    if (c != '-' && c != ':') out += c;
  return out + "Z";
}

bool has_controls(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c <= ' ' || c == 0x7F; });
}

}  // namespace

Result<Target> target_of(std::string_view url) {
  const auto wrong = [] {
    return fail(Kind::invalid,
                "this is no address of an EC2 service; write one such as https://host:8773/services/Cloud");
  };
  const bool tls = url.starts_with("https://");
  if (!tls && !url.starts_with("http://")) return wrong();
  url.remove_prefix(tls ? 8 : 7);
  if (url.find_first_of("@?#") != std::string_view::npos || has_controls(url)) return wrong();
  const auto slash = std::min(url.find('/'), url.size());
  Target out{.host = ascii::lowered(url.substr(0, slash)), .path = std::string(url.substr(slash))};
  if (out.path.empty()) out.path = "/";
  const std::string_view own_port = tls ? ":443" : ":80";
  if (out.host.ends_with(own_port)) out.host.resize(out.host.size() - own_port.size());
  if (out.host.empty()) return wrong();
  return out;
}

std::string form_of(const Parameters& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out += '&';
    out += http::percent_encode(name);
    out += '=';
    out += http::percent_encode(value);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> sign_v4(const Account& account, const Target& target,
                                                         std::string_view body, Time now) {
  constexpr std::string_view signed_fields = "host;x-amz-date";
  const auto date = basic_time(now);
  const auto day = date.substr(0, 8);
  const auto scope = day + "/" + account.region + "/" + account.service + "/aws4_request";
  const auto request = "POST\n" + target.path + "\n\nhost:" + target.host + "\nx-amz-date:" + date + "\n\n" +
                       std::string(signed_fields) + "\n" + sha256_hex(body);
  const auto text = "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(request);
  std::string key = "AWS4" + account.secret_key.reveal();
  for (const auto& part : {day, account.region, account.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  return {{"X-Amz-Date", date},
          {"Authorization", "AWS4-HMAC-SHA256 Credential=" + account.access_key + "/" + scope + ", SignedHeaders=" +
                                std::string(signed_fields) + ", Signature=" + to_hex(hmac_sha256(key, text))}};
}

Parameters sign_v2(const Account& account, const Target& target, Parameters parameters, Time now) {
  parameters.emplace_back("AWSAccessKeyId", account.access_key);
  parameters.emplace_back("SignatureMethod", "HmacSHA256");
  parameters.emplace_back("SignatureVersion", "2");
  parameters.emplace_back("Timestamp", iso8601(now).substr(0, 19) + "Z");
  auto sorted = parameters;
  std::ranges::sort(sorted);  // by bytes
  const auto text = "POST\n" + target.host + "\n" + target.path + "\n" + form_of(sorted);
  parameters.emplace_back("Signature", to_base64(hmac_sha256(account.secret_key.reveal(), text)));
  return parameters;
}

}  // namespace nephele::ec2
