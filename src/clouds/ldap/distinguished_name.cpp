// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/distinguished_name.h"

#include <ldap.h>

#include <memory>

#include "base/ascii.h"

namespace nephele::ldap {

std::optional<std::string> normal_dn(const std::string& dn) {
  if (dn.contains('\0')) return std::nullopt;
  char* raw = nullptr;
  if (ldap_dn_normalize(dn.c_str(), LDAP_DN_FORMAT_LDAPV3, &raw, LDAP_DN_FORMAT_LDAPV3) != LDAP_SUCCESS)
    return std::nullopt;
  struct FreeMemory {
    void operator()(char* memory) const noexcept { ldap_memfree(memory); }
  };
  const std::unique_ptr<char, FreeMemory> text(raw);
  const std::string out = text ? text.get() : "";
  return ascii::lowered(out);
}

bool same_dn(const std::string& a, const std::string& b) {
  const auto left = normal_dn(a);
  return left && left == normal_dn(b);
}

}  // namespace nephele::ldap
