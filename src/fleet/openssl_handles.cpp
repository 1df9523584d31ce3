// SPDX-License-Identifier: Apache-2.0
#include "fleet/openssl_handles.h"

#include <openssl/err.h>
#include <openssl/pem.h>

namespace nephele::fleet::openssl {

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<Certificate> certificates_in(std::string_view pem) {
  std::vector<Certificate> out;
  const Bio from = reader(pem);
  while (from) {
    Certificate one(PEM_read_bio_X509(from.get(), nullptr, nullptr, nullptr));
    if (!one) break;
    out.push_back(std::move(one));
  }
  ERR_clear_error();  // of the end
  return out;
}

std::string slash_form(const X509_NAME* name) {
  char* const text = X509_NAME_oneline(name, nullptr, 0);
  std::string out = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return out;
}

}  // namespace nephele::fleet::openssl
