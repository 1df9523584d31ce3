// SPDX-License-Identifier: Apache-2.0
#include "identity/passwords.h"

namespace nephele::identity {

std::string Argon2::hash(const Secret& password) {
  return hash_password(password);
}

bool Argon2::matches(const Secret& password, std::string_view hash) {
  return verify_password(password, hash);
}

}  // namespace nephele::identity
