// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

/// Images of CernVM carry their signature at their end (contract vcycle, 3.1).
namespace nephele::fleet {

struct CernvmSignature {
  std::string version;     ///< ucernvm-version of its metadata; empty: not told
  std::string subject;     ///< who signed: "/DC=ch/DC=cern/..."
  std::string sha256;      ///< of what is signed, in hex
  std::string distrusted;  ///< why nobody vouches for the signer; empty: somebody of `signers` does
};

/// Reads it, and checks that it is of this file. `signers` is a folder of hashed certificates, as grid sites have it.
/// Fails with `invalid` when there is none or it does not fit. Blocking.
Result<CernvmSignature> read_cernvm_signature(const std::string& file, const std::string& signers);

/// All is well only when the signature fits, its signer is vouched for, and the pattern is found in his subject.
Result<> check_cernvm_signature(const std::string& file, const std::string& pattern, const std::string& signers);

}  // namespace nephele::fleet
