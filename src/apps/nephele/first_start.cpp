// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/first_start.h"

namespace nephele::apps {

namespace {

constexpr std::string_view demo_account = "demo";
constexpr std::string_view shipped_image = "function";

Task<Result<>> make_account(Foundation& foundation, identity::Identity& identity) {
  CO_TRY(const bool empty, co_await identity.empty());
  if (!empty) co_return Result<>{};
  const std::string password = random_password(20);
  // The file first: an account whose password nobody knows would be worse than a file without an account.
  CO_TRY_VOID(write_private_file(foundation.installation().demo_auth_file(),
                                 std::string(demo_account) + ":" + password + "\n"));
  CO_TRY_VOID(co_await identity.create(std::string(demo_account), Secret(password), false));
  co_return Result<>{};
}

}  // namespace

Task<Result<>> first_start(FirstStart first, Foundation& foundation, identity::Identity& identity,
                           runtimes::Flavours& flavours) {
  if (first == FirstStart::with_account) CO_TRY_VOID(co_await make_account(foundation, identity));
  CO_TRY_VOID(co_await flavours.seed());
  co_return Result<>{};
}

Task<Result<>> register_image(Foundation& foundation, compute::Images& images) {
  const auto& directory = foundation.settings().guest_image;
  if (directory.empty()) {
    foundation.logging().logger("nephele").warn(
        "image.missing", {{"advice", "guest/build DIR makes one, `nephele image add function DIR` registers it"}});
    co_return Result<>{};
  }
  CO_TRY_VOID(co_await images.add(std::string(shipped_image), directory));
  co_return Result<>{};
}

}  // namespace nephele::apps
