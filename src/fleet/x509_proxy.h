// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "fleet/model.h"

/// X.509 proxies: a new key with a certificate that somebody's own certificate signed, good for a while (contract
/// vcycle, 4.2). What is made is limited: with it no jobs can be sent on.
namespace nephele::fleet {

struct ProxyWish {
  std::string certificates;  ///< PEM: the signer's own first, then those above it
  Secret key;                ///< PEM: of the first certificate
  Instant now{};
  seconds lifetime{};
  bool legacy = false;    ///< of Globus' kind, in place of RFC 3820's
  std::string name = {};  ///< last part of the subject, another one for each proxy; empty: its serial number
};

/// The proxy's certificate, its key, and the certificates above it, in PEM. Fails with `invalid` when key and
/// certificate do not fit, cannot be read, or the first certificate ends before the proxy would.
Result<Secret> make_x509_proxy(const ProxyWish& wish);

/// Reads x509cert.pem and x509key.pem of `folder` into `wish`; either may hold both.
Result<> read_x509_signer(const std::string& folder, ProxyWish& wish);
Result<> read_x509_signer(const std::string& certificate_file, const std::string& key_file, ProxyWish& wish);

}  // namespace nephele::fleet
