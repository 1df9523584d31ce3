// SPDX-License-Identifier: Apache-2.0
#include "fleet/x509_proxy.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/text_file.h"
#include "fleet/openssl_handles.h"

namespace nephele::fleet {

namespace {

using openssl::Bio;
using openssl::Certificate;
using openssl::Free;
using openssl::Key;

constexpr int key_bits = 2048;
constexpr seconds clocks_differ{300};  // others' clocks may be behind ours
constexpr std::size_t pem_max = std::size_t{1} * 1024 * 1024;
// Globus' limited proxy: services that start jobs refuse it.
constexpr const char* limited_policy = "1.3.6.1.4.1.3536.1.1.1.9";

using Number = std::unique_ptr<BIGNUM, Free<BN_free>>;

std::unexpected<Error> refused(const std::string& what) {
  ERR_clear_error();
  return fail(Kind::invalid, what);
}

/// An encrypted key must not ask for its password on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

Key private_key(const std::string& pem) {
  const Bio from = openssl::reader(pem);
  return Key(from ? PEM_read_bio_PrivateKey(from.get(), nullptr, no_password, nullptr) : nullptr);
}

std::string pem_of(X509* certificate) {
  const Bio into(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!into || PEM_write_bio_X509(into.get(), certificate) != 1) return {};
  const auto size = BIO_get_mem_data(into.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// In the older form ("RSA PRIVATE KEY"), which every grid program reads.
std::string pem_of(EVP_PKEY* key) {
  const Bio into(BIO_new(BIO_s_secmem()));
  char* data = nullptr;
  if (!into || PEM_write_bio_PrivateKey_traditional(into.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return {};
  const auto size = BIO_get_mem_data(into.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// 63 random bits, never 0.
std::string set_serial(X509* proxy) {
  std::uint64_t serial = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return {};
  serial = std::max<std::uint64_t>(serial >> 1U, 1);
  if (ASN1_INTEGER_set_uint64(X509_get_serialNumber(proxy), serial) != 1) return {};
  return std::to_string(serial);
}

bool set_names(X509* proxy, const X509* signer, const std::string& last) {
  if (X509_set_issuer_name(proxy, X509_get_subject_name(signer)) != 1 ||
      X509_set_subject_name(proxy, X509_get_subject_name(signer)) != 1)
    return false;
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(proxy), "CN", MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(last.data()), static_cast<int>(last.size()),
                                    -1, 0) == 1;
}

bool set_times(X509* proxy, const X509* signer, const ProxyWish& wish) {
  const auto time = [](Instant when) { return static_cast<std::time_t>(when.time_since_epoch().count()); };
  if (ASN1_TIME_set(X509_getm_notAfter(proxy), time(wish.now + wish.lifetime)) == nullptr ||
      ASN1_TIME_set(X509_getm_notBefore(proxy), time(wish.now - clocks_differ)) == nullptr)
    return false;
  // Never good before its signer is.
  if (ASN1_TIME_compare(X509_get0_notBefore(proxy), X509_get0_notBefore(signer)) >= 0) return true;
  return X509_set1_notBefore(proxy, X509_get0_notBefore(signer)) == 1;
}

bool set_key_usage(X509* proxy) {
  const std::unique_ptr<X509_EXTENSION, Free<X509_EXTENSION_free>> made(
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_key_usage, "critical,digitalSignature,keyEncipherment,keyAgreement"));
  return made && X509_add_ext(proxy, made.get(), -1) == 1;
}

bool set_policy(X509* proxy) {
  const std::unique_ptr<PROXY_CERT_INFO_EXTENSION, Free<PROXY_CERT_INFO_EXTENSION_free>> info(
      PROXY_CERT_INFO_EXTENSION_new());
  if (!info) return false;
  ASN1_OBJECT_free(info->proxyPolicy->policyLanguage);
  info->proxyPolicy->policyLanguage = OBJ_txt2obj(limited_policy, 1);
  return info->proxyPolicy->policyLanguage != nullptr &&
         X509_add1_ext_i2d(proxy, NID_proxyCertInfo, info.get(), 1, 0) == 1;
}

Certificate signed_by(X509* signer, EVP_PKEY* signers_key, EVP_PKEY* key, const ProxyWish& wish) {
  Certificate proxy(X509_new());
  if (!proxy || X509_set_version(proxy.get(), X509_VERSION_3) != 1) return nullptr;
  const std::string serial = set_serial(proxy.get());
  const std::string last = wish.legacy ? "limited proxy" : wish.name.empty() ? serial : wish.name;
  const bool good = !serial.empty() && set_names(proxy.get(), signer, last) && set_times(proxy.get(), signer, wish) &&
                    X509_set_pubkey(proxy.get(), key) == 1 && set_key_usage(proxy.get()) &&
                    (wish.legacy || set_policy(proxy.get())) && X509_sign(proxy.get(), signers_key, EVP_sha256()) > 0;
  return good ? std::move(proxy) : nullptr;
}

std::string text_of(const ASN1_TIME* time) {
  const Bio into(BIO_new(BIO_s_mem()));
  char* data = nullptr;
  if (!into || ASN1_TIME_print(into.get(), time) != 1) return "an unknown time";
  const auto size = BIO_get_mem_data(into.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

Result<Secret> make_x509_proxy(const ProxyWish& wish) {
  const auto chain = openssl::certificates_in(wish.certificates);
  if (chain.empty()) return refused("no X.509 certificate in PEM is there to sign the proxy");
  const Key signers_key = private_key(wish.key.reveal());
  if (!signers_key) return refused("no private key in PEM without a password is there to sign the proxy");
  X509* const signer = chain.front().get();
  if (X509_check_private_key(signer, signers_key.get()) != 1)
    return refused("the private key is not that of the first certificate, " +
                   openssl::slash_form(X509_get_subject_name(signer)));
  auto end = static_cast<std::time_t>((wish.now + wish.lifetime).time_since_epoch().count());
  if (X509_cmp_time(X509_get0_notAfter(signer), &end) != 1)
    return refused("the certificate of " + openssl::slash_form(X509_get_subject_name(signer)) + " ends on " +
                   text_of(X509_get0_notAfter(signer)) + ", before the proxy would; renew it");
  const Key key(EVP_RSA_gen(key_bits));
  const Certificate proxy = key ? signed_by(signer, signers_key.get(), key.get(), wish) : nullptr;
  const std::string first = proxy ? pem_of(proxy.get()) : "";
  const Secret second(proxy ? pem_of(key.get()) : "");
  if (first.empty() || second.empty()) return refused("OpenSSL could not make the proxy");
  std::string out;
  std::size_t size = first.size() + second.reveal().size();
  std::vector<std::string> above;
  for (const auto& certificate : chain) size += above.emplace_back(pem_of(certificate.get())).size();
  out.reserve(size);  // grown bit by bit it would leave parts of the key in freed memory
  out += first;
  out += second.reveal();
  for (const auto& certificate : above) out += certificate;
  return Secret(std::move(out));
}

Result<> read_x509_signer(const std::string& certificate_file, const std::string& key_file, ProxyWish& wish) {
  auto certificates = read_text_file(certificate_file, pem_max);
  if (!certificates)
    return fail(Kind::invalid, "Failed to read " + certificate_file + ": the certificate is not there");
  auto key = read_text_file(key_file, pem_max);
  if (!key) return fail(Kind::invalid, "Failed to read " + key_file + ": the private key is not there");
  wish.certificates = std::move(*certificates);
  wish.key = Secret(std::move(*key));
  return {};
}

Result<> read_x509_signer(const std::string& folder, ProxyWish& wish) {
  const std::string certificate = folder + "/x509cert.pem";
  const std::string key = folder + "/x509key.pem";
  // One file may serve both.
  const bool has_certificate = read_text_file(certificate, pem_max).has_value();
  const bool has_key = read_text_file(key, pem_max).has_value();
  if (!has_certificate && !has_key)
    return fail(Kind::invalid,
                "Failed to read " + certificate + ": user_data_proxy needs x509cert.pem and x509key.pem");
  return read_x509_signer(has_certificate ? certificate : key, has_key ? key : certificate, wish);
}

}  // namespace nephele::fleet
