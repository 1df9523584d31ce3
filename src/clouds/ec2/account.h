// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/secret.h"

namespace nephele::ec2 {

enum class Signature : std::uint8_t { v2, v4 };

/// Keys of somebody's EC2, or of what speaks like it, and how it is spoken to.
struct Account {
  std::string url = {};  ///< "https://ec2.eu-west-1.amazonaws.com/", "https://h:8773/services/Cloud"
  std::string access_key = {};
  Secret secret_key = {};
  Signature signature = Signature::v4;  ///< v2 for endpoints of before 2014
  std::string version = {"2010-08-31"};
  std::string region = {"us-east-1"};
  std::string service = {"openstack"};  ///< in the scope of a v4 signature; "ec2" at Amazon's

  std::chrono::milliseconds timeout{30'000};  ///< of one request; a call's deadline may come sooner
  int repeats_max = 2;                        ///< of reads after 5xx, of anything after "too many requests"
  std::chrono::milliseconds first_pause{500};
  bool verify_tls = true;    ///< false only where a setting says so
  std::string ca_file = {};  ///< empty: the system's
  std::size_t connections = 16;
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;
};

/// Whether the version of the API that is asked for has tags at creation, subnets, pages on demand and instance types.
/// Dates of this form are ordered as texts.
inline bool is_modern(const Account& account) {
  return account.version >= "2016-11-15";
}

}  // namespace nephele::ec2
