// SPDX-License-Identifier: Apache-2.0
// What a machine is told that is not in the configuration: files of web servers, and proxies made for it.
#include "fleet/space_cycle.h"
#include "fleet/x509_proxy.h"

namespace nephele::fleet {

/// Each URL once a cycle, its failure too: the machines of one cycle are told the same, and a server that is down is
/// not asked by each of them.
Task<Result<std::string>> SpaceCycle::fetched(std::string url) {
  if (remote_ == nullptr) co_return fail(Kind::invalid, "Failed to read " + url + ": nothing is fetched here");
  auto known = fetched_.find(url);
  if (known == fetched_.end()) known = fetched_.emplace(url, co_await remote_->get(url, deadline())).first;
  co_return known->second;
}

/// Good for as long as the machine may live.
Task<Result<Secret>> SpaceCycle::proxy_of(const MachineType& type, std::string machine) {
  ProxyWish wish{.certificates = {},
                 .key = {},
                 .now = now_,
                 .lifetime = type.max_wallclock,
                 .legacy = type.legacy_proxy,
                 .name = std::move(machine)};
  CO_TRY_VOID(read_x509_signer(files_.machinetype(space_.name, type.name, type.path), wish));
  auto made = settings_.keys == nullptr
                  ? make_x509_proxy(wish)
                  : co_await with_deadline(settings_.keys->run([wish] { return make_x509_proxy(wish); }), deadline(),
                                           "the making of a key");
  if (!made) co_return fail(Kind::invalid, "user_data_proxy of " + type.name + ": " + made.error().sentence());
  co_return made;
}

}  // namespace nephele::fleet
