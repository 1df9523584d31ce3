// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What OpenSSL gives and wants back; for .cpp files only.
namespace nephele::fleet::openssl {

template <auto give_back>
struct Free {
  template <class T>
  void operator()(T* handle) const noexcept {
    give_back(handle);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Free<EVP_MD_CTX_free>>;

/// To read from; outlived by `text`.
Bio reader(std::string_view text);
/// All certificates of a PEM text, in their order; whatever else stands there is passed over.
std::vector<Certificate> certificates_in(std::string_view pem);
/// "/DC=com/CN=x"
std::string slash_form(const X509_NAME* name);

}  // namespace nephele::fleet::openssl
