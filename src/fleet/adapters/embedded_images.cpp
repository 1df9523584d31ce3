// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/embedded_images.h"

#include <stdlib.h>

#include <algorithm>
#include <filesystem>

#include "base/secret.h"
#include "fleet/adapters/image_archive.h"
#include "fleet/cernvm_signature.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t hash_letters = 16;

/// Beside the archive, where there is room for it; gone at the end.
class Unpacked {
 public:
  explicit Unpacked(const std::string& archive)
      : path_((std::filesystem::path(archive).parent_path() / ".unpacked-XXXXXX").string()) {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Unpacked() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Unpacked(const Unpacked&) = delete;
  Unpacked& operator=(const Unpacked&) = delete;
  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace

Task<Result<>> EmbeddedImages::add(const ImageFile& file, const std::string& name) {
  const Unpacked folder(file.path);
  if (folder.path().empty()) co_return fail(Kind::unavailable, file.path + " cannot be unpacked: there is no room");
  const auto unpack = [&] { return unpack_image(file.path, folder.path()); };
  CO_TRY_VOID(co_await workers_.run(unpack));
  CO_TRY_VOID(co_await shelf_.add(name, folder.path()));
  co_return Result<>{};
}

Task<Result<std::string>> EmbeddedImages::registered(const NewMachine& wanted, SteadyTime deadline) {
  CO_TRY(const auto file, co_await files_.file_of(wanted.image, deadline));
  std::string name =
      "web-" + sha256_hex(wanted.image).substr(0, hash_letters) + "-" + file.sha256.substr(0, hash_letters);
  CO_TRY(const auto there, co_await shelf_.list());
  if (std::ranges::find(there, name, &compute::Image::name) != there.end()) co_return name;
  if (!wanted.image_signing_dn.empty()) {
    const auto check = [&] { return check_cernvm_signature(file.path, wanted.image_signing_dn, wanted.image_signers); };
    CO_TRY_VOID(co_await workers_.run(check));
  }
  CO_TRY_VOID(co_await add(file, name));
  co_return name;
}

}  // namespace nephele::fleet
