// SPDX-License-Identifier: Apache-2.0
#include "fleet/cernvm_signature.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <regex>

#include "base/json.h"
#include "base/secret.h"
#include "fleet/openssl_handles.h"

namespace nephele::fleet {

namespace {

constexpr std::uint64_t section = std::uint64_t{32} * 1024;  // metadata, then signature, at the end of the file
constexpr std::size_t block_bytes = std::size_t{128} * 1024;

using Store = std::unique_ptr<X509_STORE, openssl::Free<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, openssl::Free<X509_STORE_CTX_free>>;
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using Stack = std::unique_ptr<STACK_OF(X509), FreeStack>;

std::unexpected<Error> wrong(const std::string& file, const std::string& what) {
  ERR_clear_error();
  return fail(Kind::invalid, "the CernVM signature of " + file + " " + what);
}

void replace(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// A section is JSON, filled up with zeros. Images of old have a comma too much, or two too few.
Result<json::Value> section_at(std::ifstream& in, std::uint64_t where) {
  std::string text(section, '\0');
  in.clear();
  in.seekg(static_cast<std::streamoff>(where));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in) return fail(Kind::unavailable, "it cannot be read");
  text.erase(text.find_last_not_of('\0') + 1);
  replace(text, "HEAD\",\n", "HEAD\"\n");
  replace(text, "signature>\"\n", "signature>\",\n");
  replace(text, "cvm-sign01.cern.ch\"\n", "cvm-sign01.cern.ch\",\n");
  return json::parse(text);
}

/// Whether the key of `signer` made `signature` of the first `length` bytes; their hash on the way.
bool is_signed(std::ifstream& in, std::uint64_t length, X509* signer, const std::string& signature,
               std::string& sha256) {
  EVP_PKEY* const key = X509_get0_pubkey(signer);
  const openssl::Digest verifier(EVP_MD_CTX_new());
  const openssl::Digest hash(EVP_MD_CTX_new());
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || !verifier || !hash ||
      EVP_DigestVerifyInit(verifier.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) != 1)
    return false;
  in.clear();
  in.seekg(0);
  std::string block(block_bytes, '\0');
  while (length > 0) {
    const auto size = std::min<std::uint64_t>(length, block.size());
    in.read(block.data(), static_cast<std::streamsize>(size));
    if (!in || EVP_DigestVerifyUpdate(verifier.get(), block.data(), size) != 1 ||
        EVP_DigestUpdate(hash.get(), block.data(), size) != 1)
      return false;
    length -= size;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned count = 0;
  if (EVP_DigestFinal_ex(hash.get(), bytes.data(), &count) != 1) return false;
  sha256 = to_hex({reinterpret_cast<const char*>(bytes.data()), count});
  return EVP_DigestVerifyFinal(verifier.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                               signature.size()) == 1;
}

/// Why none of `folder` vouches for the first of `chain`; empty: somebody does.
std::string distrust(const std::vector<openssl::Certificate>& chain, const std::string& folder) {
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  const Stack above(sk_X509_new_null());
  for (std::size_t i = 1; i < chain.size() && above; ++i) sk_X509_push(above.get(), chain[i].get());
  if (!store || !context || !above || X509_STORE_load_path(store.get(), folder.c_str()) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), above.get()) != 1)
    return "the certificates of " + folder + " cannot be used";
  if (X509_verify_cert(context.get()) == 1) return {};
  const std::string why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  ERR_clear_error();
  return why + " (looked for in " + folder + ")";
}

}  // namespace

Result<CernvmSignature> read_cernvm_signature(const std::string& file, const std::string& signers) {
  std::error_code ec;
  const auto length = std::filesystem::file_size(file, ec);
  std::ifstream in(file, std::ios::binary);
  if (ec || !in) return fail(Kind::invalid, "Failed to read " + file + ": it names no file that can be read");
  if (length <= 2 * section)
    return wrong(file, "is not there: with " + std::to_string(length) + " bytes it is too short for one");
  CernvmSignature out;
  if (const auto metadata = section_at(in, length - 2 * section)) out.version = metadata->text_at({"ucernvm-version"});
  const auto found = section_at(in, length - section);
  if (!found) return wrong(file, "is not there: its last 32 KiB are no JSON");
  const auto chain = openssl::certificates_in(from_base64_lenient(found->text_at({"certificate"})));
  if (chain.empty()) return wrong(file, "holds no certificate");
  X509* const signer = chain.front().get();
  out.subject = openssl::slash_form(X509_get_subject_name(signer));
  const auto signature = from_base64_lenient(found->text_at({"signature"}));
  if (!is_signed(in, length - section, signer, signature, out.sha256))
    return wrong(file, "does not fit: the file was changed, or " + out.subject + " has not signed it");
  out.distrusted = distrust(chain, signers);
  return out;
}

Result<> check_cernvm_signature(const std::string& file, const std::string& pattern, const std::string& signers) {
  TRY(const auto found, read_cernvm_signature(file, signers));
  if (!found.distrusted.empty()) return wrong(file, "is by " + found.subject + ", but: " + found.distrusted);
  try {
    if (std::regex_search(found.subject, std::regex(pattern))) return {};
  } catch (const std::regex_error&) {
    return fail(Kind::invalid, "cernvm_signing_dn = " + pattern + " is no regular expression");
  }
  return wrong(file, "is by " + found.subject + ", which does not match cernvm_signing_dn = " + pattern);
}

}  // namespace nephele::fleet
