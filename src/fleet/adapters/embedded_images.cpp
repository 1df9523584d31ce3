// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/embedded_images.h"

#include <algorithm>
#include <filesystem>

#include "base/secret.h"
#include "base/work_folder.h"
#include "fleet/adapters/image_archive.h"
#include "fleet/cernvm_signature.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t hash_letters = 16;

}  // namespace

Task<Result<>> EmbeddedImages::add(const ImageFile& file, const std::string& name) {
  // Beside the archive, where there is room for it.
  const auto beside = std::filesystem::path(file.path).parent_path().string();
  const auto make = [&] { return WorkFolder::make(beside, "unpacked"); };
  CO_TRY(const auto folder, co_await workers_.run(make));
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
