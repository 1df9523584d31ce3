// SPDX-License-Identifier: Apache-2.0
#include "fleet/file_sum.h"

#include <array>
#include <fstream>
#include <new>

#include "base/secret.h"
#include "fleet/openssl_handles.h"

namespace nephele::fleet {

struct FileSum::State {
  openssl::Digest digest{EVP_MD_CTX_new()};
};

FileSum::FileSum() : state_(std::make_unique<State>()) {
  if (!state_->digest || EVP_DigestInit_ex(state_->digest.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}
FileSum::~FileSum() = default;

void FileSum::add(std::span<const std::byte> bytes) {
  if (EVP_DigestUpdate(state_->digest.get(), bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

std::string FileSum::hex() const {
  const openssl::Digest copy(EVP_MD_CTX_new());
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (!copy || EVP_MD_CTX_copy_ex(copy.get(), state_->digest.get()) != 1 ||
      EVP_DigestFinal_ex(copy.get(), bytes.data(), &size) != 1)
    throw std::bad_alloc();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
}

Result<std::string> sum_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  FileSum sum;
  std::array<char, std::size_t{128} * 1024> block{};
  while (in) {
    in.read(block.data(), block.size());
    sum.add(std::as_bytes(std::span(block.data(), static_cast<std::size_t>(in.gcount()))));
  }
  if (!in.eof()) return fail(Kind::unavailable, path + " cannot be read");
  return sum.hex();
}

}  // namespace nephele::fleet
