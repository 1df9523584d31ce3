// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/cloud.h"

#include "clouds/openstack/link.h"

namespace nephele::openstack {

struct Cloud::Parts {
  Parts(Account wanted, CallLog* log) : account(std::move(wanted)), link(account, log) {}

  const Account account;
  Link link;
  Compute compute{link};
  Images images{link};
  Networks networks{link};
  Volumes volumes{link};
};

Cloud::Cloud(Account account, CallLog* log) : parts_(std::make_unique<Parts>(std::move(account), log)) {}
Cloud::~Cloud() = default;

Task<Result<>> Cloud::connect(SteadyTime deadline) {
  CO_TRY(const auto token, co_await parts_->link.token(deadline));
  CO_TRY_VOID(endpoint_of(*token, parts_->account, Service::compute));
  CO_TRY_VOID(endpoint_of(*token, parts_->account, Service::image));
  co_return Result<>{};
}

Compute& Cloud::compute() noexcept {
  return parts_->compute;
}
Images& Cloud::images() noexcept {
  return parts_->images;
}
Networks& Cloud::networks() noexcept {
  return parts_->networks;
}
Volumes& Cloud::volumes() noexcept {
  return parts_->volumes;
}

}  // namespace nephele::openstack
