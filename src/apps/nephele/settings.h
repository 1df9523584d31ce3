// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/settings/settings.h"
#include "base/units.h"
#include "runtimes/settings.h"

namespace nephele::apps {

/// Where the guide's web server expects the identity service.
inline constexpr std::uint16_t default_identity_port = 8080;

/// The product's own settings: DATA/nephele.conf (`NAME = literal`), environment, flags.
struct Settings {
  std::string database_url;     ///< empty: the SQLite file of the data directory
  std::string secret_key_file;  ///< empty: that of the data directory
  std::string listen_address = "127.0.0.1";
  std::uint16_t port = 1337;  ///< of the runtimes' REST API
  std::string identity_address = "127.0.0.1";
  std::uint16_t identity_port = default_identity_port;
  std::string identity_url;     ///< how clients reach the identity service; empty: by the address that it listens on
  std::string tls_certificate;  ///< PEM files; both or none
  std::string tls_key;
  bool allow_plain = false;  ///< beyond loopback without TLS
  std::chrono::hours events_keep{168};
  std::chrono::hours idempotency_keep{24};
  std::chrono::hours operations_keep{168};
  Bytes console_log_max = Bytes::mib(1);
  std::string address_pool;  ///< empty: drawn at the first start
  std::string guest_image;   ///< directory that the first start registers as image "function"
  std::string qemu = "qemu-system-x86_64";
  std::string machine_user;  ///< of machines when we are root
  std::chrono::seconds ready_within{180};
  std::chrono::milliseconds recover_after{2'000};
  int recoveries_max = 3;
  std::chrono::seconds request_timeout{30};
  log::Level log_level = log::Level::info;
  bool access_log = true;
  /// What an engine.conf says of the runtimes, where a Provision Engine is this cloud's face.
  std::optional<runtimes::Settings> engine;
};

using Flags = std::vector<std::pair<std::string, std::string>>;  ///< {"--port", "1338"}

struct LoadedSettings {
  Settings values;
  std::vector<settings::Shown> shown;  ///< for `nephele config show`
  std::vector<std::string> warnings;   ///< unknown names, with "did you mean"
};

/// Defaults < /etc/nephele/*.conf < `own_file` < environment < flags.
Result<LoadedSettings> load_settings(const std::string& own_file, Flags flags);

}  // namespace nephele::apps
