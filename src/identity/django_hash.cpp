// SPDX-License-Identifier: Apache-2.0
#include "identity/django_hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace nephele::identity {

namespace {

constexpr int iterations_max = 2'000'000;  // Django 5.2 has 1,000,000: about half a second
constexpr std::size_t salt_bytes_max = 128;

struct Parts {
  const EVP_MD* digest = nullptr;
  int iterations = 0;  ///< 0: one plain digest of salt and password
  std::string_view salt;
  std::string hash;  ///< the digest's bytes
};

std::string_view field(std::string_view& rest) {
  const auto end = rest.find('$');
  const auto found = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return found;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [stop, wrong] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (wrong != std::errc{} || stop != text.data() + i + 2) return std::nullopt;
    out.push_back(static_cast<char>(value));
  }
  return out;
}

std::optional<Parts> parts_of(std::string_view text) {
  Parts parts;
  std::string_view rest = text;
  const auto kind = field(rest);
  if (kind == "sha1" || kind == "pbkdf2_sha1")
    parts.digest = EVP_sha1();
  else if (kind == "pbkdf2_sha256")
    parts.digest = EVP_sha256();
  else
    return std::nullopt;
  const bool plain = kind == "sha1";
  if (!plain) {
    const auto count = field(rest);
    const auto [stop, wrong] = std::from_chars(count.data(), count.data() + count.size(), parts.iterations);
    if (wrong != std::errc{} || stop != count.data() + count.size() || parts.iterations < 1 ||
        parts.iterations > iterations_max)
      return std::nullopt;
  }
  parts.salt = field(rest);
  if (parts.salt.empty() || parts.salt.size() > salt_bytes_max) return std::nullopt;
  if (rest.empty() || rest.find('$') != std::string_view::npos) return std::nullopt;
  auto hash = plain ? from_hex(rest) : std::optional(from_base64_lenient(rest));
  if (!hash || hash->size() != static_cast<std::size_t>(EVP_MD_get_size(parts.digest))) return std::nullopt;
  if (!plain && to_base64(*hash) != rest) return std::nullopt;
  parts.hash = std::move(*hash);
  return parts;
}

/// PBKDF2 into all of `out`.
bool derive(const std::string& text, std::string_view salt, int iterations, const EVP_MD* digest, std::string& out) {
  return PKCS5_PBKDF2_HMAC(text.data(), static_cast<int>(text.size()),
                           reinterpret_cast<const unsigned char*>(salt.data()), static_cast<int>(salt.size()),
                           iterations, digest, static_cast<int>(out.size()),
                           reinterpret_cast<unsigned char*>(out.data())) == 1;
}

}  // namespace

bool is_django_hash(std::string_view hash) noexcept {
  return !hash.empty() && !hash.starts_with('$');
}

Result<> check_django_hash(std::string_view hash) {
  if (parts_of(hash)) return {};
  return fail(Kind::invalid,
              "the hash is none that Django writes: pbkdf2_sha256$ITERATIONS$SALT$HASH (at most 2,000,000 iterations), "
              "pbkdf2_sha1$… or sha1$SALT$HASH");
}

bool matches_django_hash(const Secret& password, std::string_view hash) {
  const auto parts = parts_of(hash);
  if (!parts) return false;
  const std::string& text = password.reveal();
  std::string made(parts->hash.size(), '\0');
  if (parts->iterations > 0) {
    if (!derive(text, parts->salt, parts->iterations, parts->digest, made)) return false;
  } else {
    auto* const out = reinterpret_cast<unsigned char*>(made.data());
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    if (context == nullptr || EVP_DigestInit_ex(context.get(), parts->digest, nullptr) != 1 ||
        EVP_DigestUpdate(context.get(), parts->salt.data(), parts->salt.size()) != 1 ||
        EVP_DigestUpdate(context.get(), text.data(), text.size()) != 1 ||
        EVP_DigestFinal_ex(context.get(), out, nullptr) != 1)
      return false;
  }
  return equal_in_constant_time(made, parts->hash);
}

DjangoWork work_of(std::string_view hash) {
  const auto parts = is_django_hash(hash) ? parts_of(hash) : std::nullopt;
  if (!parts) return {};
  return EVP_MD_is_a(parts->digest, "SHA1") != 0 ? DjangoWork{.sha1 = parts->iterations}
                                                 : DjangoWork{.sha256 = parts->iterations};
}

DjangoWork rest_of(const DjangoWork& dearest, const DjangoWork& done) noexcept {
  return {.sha1 = std::max(dearest.sha1 - done.sha1, 0), .sha256 = std::max(dearest.sha256 - done.sha256, 0)};
}

void spend(const DjangoWork& work, const Secret& password) {
  for (const auto& [iterations, digest] : {std::pair(work.sha1, EVP_sha1()), std::pair(work.sha256, EVP_sha256())}) {
    if (iterations <= 0) continue;
    std::string made(static_cast<std::size_t>(EVP_MD_get_size(digest)), '\0');
    (void)derive(password.reveal(), "as long as another's", iterations, digest, made);
  }
}

}  // namespace nephele::identity
