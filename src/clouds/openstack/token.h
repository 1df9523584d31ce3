// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "clouds/openstack/account.h"

/// What Keystone is asked and what it answers, without a connection.
namespace nephele::openstack {

enum class Service : std::uint8_t { identity, compute, image, network, volume };
/// "compute": in errors and logs.
std::string_view to_string(Service service) noexcept;

/// One address of the catalog.
struct Endpoint {
  std::string type = {};            ///< of its service: "compute", "volumev3"
  std::string interface_name = {};  ///< "public"
  std::string region = {};
  std::string url = {};
};

struct Token {
  Secret id = {};
  std::optional<std::chrono::seconds> lifetime =
      {};  ///< by Keystone's own clock, at most a year; nothing where it does not say
  std::vector<Endpoint> catalog = {};
};

/// Fails with `invalid` when the account cannot be used: no address, no credentials, no project.
Result<> check_account(const Account& account);

/// Where a token is asked for: the version is added where the address has none.
std::string token_url(const Account& account);
std::string token_request(const Account& account);
/// `subject` is X-Subject-Token. Fails with `invalid` and what is missing.
Result<Token> decode_token_v3(std::string_view subject, std::string_view body);
Result<Token> decode_token_v2(std::string_view body);

/// The service's address, to which paths below its version are added: "http://h/v2.1/project", "http://h:9292" (images
/// and networks: without the version). The last entry that fits is taken; of volume services the newest version. Fails
/// with `unavailable` and what the catalog has instead.
Result<std::string> endpoint_of(const Token& token, const Account& account, Service service);

}  // namespace nephele::openstack
