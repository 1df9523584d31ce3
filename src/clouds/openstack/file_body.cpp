// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/file_body.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/file_handle.h"
#include "base/secret.h"

namespace nephele::openstack {

namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

/// A checksum that grows. Where this OpenSSL does not offer the algorithm (MD5 under FIPS), it stays empty.
class Sum {
 public:
  explicit Sum(const EVP_MD* algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) { restart(); }
  void restart() { good_ = context_ && EVP_DigestInit_ex(context_.get(), algorithm_, nullptr) == 1; }
  void add(const void* data, std::size_t size) { good_ = good_ && EVP_DigestUpdate(context_.get(), data, size) == 1; }
  std::string hex() const {
    const std::unique_ptr<EVP_MD_CTX, FreeContext> copy(EVP_MD_CTX_new());
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned size = 0;
    if (!good_ || !copy || EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1 ||
        EVP_DigestFinal_ex(copy.get(), bytes.data(), &size) != 1)
      return {};
    return to_hex({reinterpret_cast<const char*>(bytes.data()), size});
  }

 private:
  const EVP_MD* algorithm_;
  std::unique_ptr<EVP_MD_CTX, FreeContext> context_;
  bool good_ = false;
};

std::unexpected<Error> has_changed(const std::string& path) {
  return fail(Kind::conflict, "the image file " + path + " was changed while it was uploaded; try again");
}

}  // namespace

struct FileBody::State {
  std::string path;
  FileHandle file;
  Workers& workers;
  std::uint64_t length = 0;
  std::uint64_t at = 0;
  Sum md5{EVP_md5()};
  Sum sha256{EVP_sha256()};
  Sum sha512{EVP_sha512()};

  Result<std::size_t> read(std::span<std::byte> into) {
    ssize_t got = 0;
    do got = ::pread(file.get(), into.data(), into.size(), static_cast<off_t>(at));
    while (got < 0 && errno == EINTR);
    if (got < 0) return fail(Kind::unavailable, "the image file " + path + " cannot be read any more");
    const auto size = static_cast<std::size_t>(got);
    if ((size == 0 && at != length) || size > length - at) return has_changed(path);
    for (auto* const sum : {&md5, &sha256, &sha512}) sum->add(into.data(), size);
    at += size;
    return size;
  }
};

FileBody::FileBody(std::unique_ptr<State> state) : state_(std::move(state)) {}
FileBody::~FileBody() = default;

Result<std::unique_ptr<FileBody>> FileBody::open(const std::string& path, Workers& workers) {
  FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info{};
  if (!file || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail(Kind::invalid, "the image file " + path + " cannot be read; check the path and its rights");
  if (info.st_size == 0) return fail(Kind::invalid, "the image file " + path + " is empty");
  auto state = std::make_unique<State>(State{
      .path = path, .file = std::move(file), .workers = workers, .length = static_cast<std::uint64_t>(info.st_size)});
  return std::unique_ptr<FileBody>(new FileBody(std::move(state)));
}

Task<Result<std::size_t>> FileBody::read(std::span<std::byte> into) {
  State* const state = state_.get();
  co_return co_await state->workers.run([state, into] { return state->read(into); });
}

void FileBody::rewind() {
  state_->at = 0;
  for (auto* const sum : {&state_->md5, &state_->sha256, &state_->sha512}) sum->restart();
}

std::uint64_t FileBody::length() const {
  return state_->length;
}
std::string FileBody::md5() const {
  return state_->md5.hex();
}
std::string FileBody::sha512() const {
  return state_->sha512.hex();
}
std::string FileBody::sha256() const {
  return state_->sha256.hex();
}

}  // namespace nephele::openstack
