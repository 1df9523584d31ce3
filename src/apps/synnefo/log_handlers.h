// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"

/// The handlers of Python's logging that base/log.h has not.
namespace nephele::apps {

/// A file that is opened anew when somebody has renamed or removed it (WatchedFileHandler).
Result<std::unique_ptr<log::Sink>> watched_file_sink(const std::string& path, log::Format format);

/// "daemon", "local0": the number that syslog knows it by.
std::optional<int> facility_from(std::string_view name);

struct SyslogAddress {
  std::string path{};  ///< of a datagram socket such as /dev/log; empty: by UDP
  std::string host{};
  std::uint16_t port = 514;
};

/// Writes to the daemon's own socket and connects again when the daemon was restarted. A daemon that does not take a
/// line within a fifth of a second loses it; the next line that it takes tells how many were lost.
std::unique_ptr<log::Sink> syslog_socket_sink(SyslogAddress address, int facility, std::string ident,
                                              log::Format format);

}  // namespace nephele::apps
