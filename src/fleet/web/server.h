// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/config.h"
#include "fleet/files.h"

/// The web server that a fleet's machines see: their features, their joboutputs, lists of heartbeats (contract vcycle,
/// 2.11). It has threads of its own, so that a flood delays no cycle.
namespace nephele::fleet::web {

/// Where it listens and by what it is known.
struct Places {
  std::vector<std::string> addresses = {};  ///< empty: all of this host
  std::uint16_t http_port = 0;              ///< 0: none
  std::vector<std::uint16_t> https_ports = {};
  std::string certificate, key, authorities;
  std::uint32_t requests_per_second = 0;  ///< of one address

  friend bool operator==(const Places&, const Places&) = default;
};

/// As a configuration asks for it; no ports: nobody is to be served.
Places places_of(const Configuration& config, const Files& files);

class WebServer {
 public:
  using Say = std::function<void(const std::string&)>;

  /// `files` outlives it; `say` is called by several threads.
  WebServer(const Files& files, Say say);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  /// At each cycle: listens where it is asked for and does not yet, follows new limits, opens its logs anew. What is
  /// wrong is said once. A configuration that could not be read whole changes nothing.
  void apply(const Configuration& config);
  void stop();
  /// How long machines have been able to send what they have to say, without a gap; zero while they cannot. Nothing
  /// where another server of this host is to take it.
  std::optional<std::chrono::seconds> heard_for() const;

 private:
  class Running;
  void say_once(const std::string& line);

  const Files& files_;
  const Say say_;
  std::string said_;
  bool wanted_ = false;
  std::unique_ptr<Running> running_;
};

}  // namespace nephele::fleet::web
