// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/keystone/desk.h"

namespace nephele::identity::keystone {

/// Regions, services and endpoints: what the catalog of a token is made of.
class CatalogApi : Guarded<CatalogApi> {
 public:
  explicit CatalogApi(const Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<CatalogApi>> routes();

 private:
  friend Guarded<CatalogApi>;
  Task<Result<http::Response>> list_regions(http::Request& request, Standing caller);
  Task<Result<http::Response>> create_region(http::Request& request, Standing caller);
  Task<Result<http::Response>> show_region(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_region(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_region(http::Request& request, Standing caller);

  Task<Result<http::Response>> list_services(http::Request& request, Standing caller);
  Task<Result<http::Response>> create_service(http::Request& request, Standing caller);
  Task<Result<http::Response>> show_service(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_service(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_service(http::Request& request, Standing caller);

  Task<Result<http::Response>> list_endpoints(http::Request& request, Standing caller);
  Task<Result<http::Response>> create_endpoint(http::Request& request, Standing caller);
  Task<Result<http::Response>> show_endpoint(http::Request& request, Standing caller);
  Task<Result<http::Response>> change_endpoint(http::Request& request, Standing caller);
  Task<Result<http::Response>> remove_endpoint(http::Request& request, Standing caller);
};

}  // namespace nephele::identity::keystone
