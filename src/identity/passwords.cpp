// SPDX-License-Identifier: Apache-2.0
#include "identity/passwords.h"

namespace nephele::identity {

std::string Argon2::hash(const Secret& password) {
  return hash_password(password);
}

bool Argon2::matches(const Secret& password, std::string_view hash) {
  return is_django_hash(hash) ? matches_django_hash(password, hash) : verify_password(password, hash);
}

void Argon2::spend(const DjangoWork& work, const Secret& password) {
  identity::spend(work, password);
}

}  // namespace nephele::identity
