// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/secret.h"

namespace nephele::openstack {

enum class KeystoneApi : std::uint8_t { v2, v3 };
enum class GlanceApi : std::uint8_t { v1, v2 };

/// By whose rights a cloud is used: a password, or (v3 only) an application credential, which brings its project along.
struct Credentials {
  std::string username = {};
  Secret password = {};
  std::string application_credential_id = {};
  Secret application_credential_secret = {};
};

/// A project on somebody's OpenStack, and how it is spoken to.
struct Account {
  std::string url = {};  ///< Keystone; with or without /v3 or /v2.0 at its end
  KeystoneApi keystone = KeystoneApi::v3;
  GlanceApi glance = GlanceApi::v2;
  Credentials credentials = {};
  std::string project_name = {};
  std::string project_id = {};            ///< wins over the name, and needs no domain
  std::string domain_name = {"default"};  ///< of user and project
  std::string domain_id = {};             ///< wins over the name
  std::string region = {};                ///< empty: any
  std::string endpoint_interface = {"public"};
  std::string compute_microversion = {};  ///< "2.69"; empty: none is asked for, which is 2.1

  std::chrono::milliseconds timeout{30'000};  ///< of one request; a call's deadline may come sooner
  /// How often a read is repeated after 429 and 5xx, and a change after 429 (it was not carried out), and how long the
  /// first pause is. The service's own Retry-After is kept where the deadline allows it.
  int repeats_max = 2;
  std::chrono::milliseconds first_pause{500};
  std::size_t page_rows = 0;  ///< rows asked for in one page; 0: what the service likes
  bool verify_tls = true;     ///< false only where a setting says so
  std::string ca_file = {};   ///< empty: the system's
  std::size_t connections = 16;
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;
};

}  // namespace nephele::openstack
