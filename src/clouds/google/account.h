// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "base/secret.h"

namespace nephele::google {

/// A project on Google Compute Engine, and the service account that works in it.
struct Account {
  std::string project = {};
  std::string client_email = {};  ///< "fleet@project.iam.gserviceaccount.com"
  Secret private_key = {};        ///< PEM
  std::string key_id = {};        ///< which of the account's keys; empty: not told
  std::string token_url = {"https://oauth2.googleapis.com/token"};
  std::string url = {"https://compute.googleapis.com/compute/v1"};  ///< without a slash at its end

  std::chrono::milliseconds timeout{30'000};
  int repeats_max = 2;
  std::chrono::milliseconds first_pause{500};
  std::string ca_file = {};  ///< empty: the system's
};

}  // namespace nephele::google
