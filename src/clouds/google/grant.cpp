// SPDX-License-Identifier: Apache-2.0
#include "clouds/google/grant.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/json.h"

namespace nephele::google {

namespace {

constexpr std::string_view scope = "https://www.googleapis.com/auth/compute";
constexpr std::int64_t lifetime_seconds = 600;  // contract vcycle, 3.4

template <auto give_back>
struct Free {
  template <class T>
  void operator()(T* handle) const noexcept {
    give_back(handle);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

/// Nobody is asked for a passphrase: without this OpenSSL would read one from the terminal.
int no_passphrase(char* /*into*/, int /*size*/, int /*writes*/, void* /*of*/) {
  return 0;
}

Result<Key> key_in(const Secret& pem) {
  const std::string& text = pem.reveal();
  const std::unique_ptr<BIO, Free<BIO_free_all>> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA)
    return fail(Kind::invalid,
                "the private key of the service account is no RSA key in PEM; take private_key of the JSON file that "
                "Google gave for it");
  return key;
}

Result<std::string> rs256(const Secret& pem, std::string_view text) {
  TRY(const auto key, key_in(pem));
  const std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  std::string out;
  const bool begun = context && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
                     EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) == 1;
  if (begun) out.resize(size);
  if (!begun ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) != 1) {
    ERR_clear_error();
    return fail(Kind::internal, "signing with the key of the service account failed");
  }
  out.resize(size);
  return out;
}

}  // namespace

Result<> check_private_key(const Secret& pem) {
  TRY_VOID(key_in(pem));
  return {};
}

Result<std::string> ServiceAccountGrant::form(Time now) const {
  const std::int64_t issued = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  json::Object head;
  head.append("alg", "RS256");
  head.append("typ", "JWT");
  if (!account_.key_id.empty()) head.append("kid", account_.key_id);
  json::Object claims;
  claims.append("iss", account_.client_email);
  claims.append("scope", scope);
  claims.append("aud", account_.token_url);
  claims.append("iat", issued);
  claims.append("exp", issued + lifetime_seconds);
  const std::string text =
      to_base64url(json::write(std::move(head))) + "." + to_base64url(json::write(std::move(claims)));
  TRY(const auto signature, rs256(account_.private_key, text));
  return "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + text + "." +
         to_base64url(signature);
}

std::vector<std::string> ServiceAccountGrant::hidden() const {
  return {account_.private_key.reveal()};
}

}  // namespace nephele::google
