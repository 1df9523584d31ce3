// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "apps/vcycled/log_lines.h"
#include "apps/vcycled/udp.h"
#include "fleet/config.h"
#include "fleet/files.h"
#include "fleet/vac_messages.h"

namespace nephele::apps::vcycle {

/// Answers the questions of other factories over UDP from what the last cycles left in files (contract vcycle, 5.4). A
/// process of its own: it says what is known when the factory is slow or dead, and takes nothing with it when it ends.
/// Whoever may not ask gets no datagram at all.
class Responder {
 public:
  Responder(const fleet::Files& files, LogLines& log);

  /// Until SIGTERM or SIGINT, or until no configuration wants it; SIGHUP: the configuration is read again. The
  /// program's exit status.
  int run();

  /// Reads the configuration. False: none is wanted.
  bool configure();
  /// The datagrams of one answer, if any.
  std::vector<std::string> answers(const fleet::Query& query, fleet::Instant now);

 private:
  struct Seen {
    std::pair<std::int64_t, std::uint64_t> stamp;  ///< of the file
    fleet::SpaceReport report;
  };
  /// What the factory last wrote of a space that we know; null: nothing yet.
  const fleet::SpaceReport* report_of(const std::string& space);
  Result<FileHandle> take_over() const;
  /// What signals and the clock want.
  struct Told {
    bool look = false, end = false;
  };
  Told wait(int signals, SteadyTime until) const;
  void reopen_log();
  void show_life();
  void listen();
  void answer(const UdpSocket::Received& received);
  void tell_of_refusals();
  void say_once(const std::string& line);

  const fleet::Files& files_;
  LogLines& log_;
  fleet::FactorySettings settings_;
  std::set<std::string> spaces_;
  fleet::Networks networks_;
  std::optional<fleet::SourceRates> rates_;
  std::optional<UdpSocket> socket_;
  std::pair<std::string, std::uint16_t> listens_at_;
  std::string said_;
  std::map<std::string, Seen> seen_;
  SteadyTime last_beat_{};
  struct Refused {
    std::uint64_t count = 0;
    std::string last;
  };
  Refused strangers_, too_many_;
};

}  // namespace nephele::apps::vcycle
