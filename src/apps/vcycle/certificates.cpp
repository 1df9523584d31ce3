// SPDX-License-Identifier: Apache-2.0
// vcycle proxy-init, vcycle cernvm-signature.
#include <iostream>

#include "apps/vcycle/verbs.h"
#include "base/json.h"
#include "fleet/cernvm_signature.h"
#include "fleet/x509_proxy.h"

namespace nephele::apps::vcycle {

namespace {

constexpr fleet::seconds proxy_lifetime{43'200};

}  // namespace

int proxy_init(const Context& context, const ProxyOptions& options) {
  fleet::ProxyWish wish{
      .certificates = {}, .key = {}, .now = context.now, .lifetime = proxy_lifetime, .legacy = options.legacy};
  if (const auto read = fleet::read_x509_signer(options.certificate, options.key, wish); !read)
    return complain(read.error());
  const auto made = fleet::make_x509_proxy(wish);
  if (!made) return complain(made.error());
  std::cout << made->reveal() << std::flush;
  return std::cout ? 0 : 1;
}

int cernvm_signature(const Context& context, const std::string& file, const std::string& signers) {
  const auto found = fleet::read_cernvm_signature(
      file, signers.empty() ? context.files.rooted("/etc/grid-security/certificates") : signers);
  if (!found) return complain(found.error());
  const bool good = found->distrusted.empty();
  if (context.json) {
    json::Object out;
    out.append("verified", good);
    out.append("dn", found->subject);
    out.append("version", found->version);
    out.append("sha256", found->sha256);
    if (!good) out.append("problem", found->distrusted);
    std::cout << json::pretty(json::Value(std::move(out))) << '\n';
    return good ? 0 : 1;
  }
  std::cout << "signed by " << found->subject << "\nversion   " << (found->version.empty() ? "-" : found->version)
            << "\nsha256    " << found->sha256 << '\n';
  if (good) {
    std::cout << "The signature is good.\n";
    return 0;
  }
  std::cerr << "vcycle: the file is as it was signed, but nobody vouches for the signer: " << found->distrusted << '\n';
  return 1;
}

}  // namespace nephele::apps::vcycle
