// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/secret.h"
#include "identity/django_hash.h"

namespace nephele::identity {

/// The slow hash, as a port, so that tests can count and hold its runs. Called by several worker threads at once.
class Passwords {
 public:
  virtual ~Passwords() = default;
  virtual std::string hash(const Secret& password) = 0;
  virtual bool matches(const Secret& password, std::string_view hash) = 0;
  /// Does what a comparison with hashes of Django's would.
  virtual void spend(const DjangoWork& work, const Secret& password) = 0;
};

/// argon2id as base/secret.h runs it: about 20 ms and 19 MiB each. Compares with Django's hashes as well.
class Argon2 final : public Passwords {
 public:
  std::string hash(const Secret& password) override;
  bool matches(const Secret& password, std::string_view hash) override;
  void spend(const DjangoWork& work, const Secret& password) override;
};

}  // namespace nephele::identity
