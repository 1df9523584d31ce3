// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fleet/model.h"

/// Accounting records as APEL reads them (contract vcycle, 5.1).
namespace nephele::fleet {

struct UsageRecord {
  std::string site = {};  ///< gocdb_sitename; empty: the domain of the space
  std::string space;
  std::string node;  ///< name of this manager's host
  std::string job;   ///< the machine's UUID on its cloud
  std::string user;  ///< the node, or the machine's name where a setting wants it
  std::string machinetype;
  std::string fqan = {};
  Instant started = {};
  Instant stopped = {};
  std::optional<std::int64_t> processors = {};
  std::optional<std::int64_t> cpu_seconds = {};  ///< as the machine told them; without, all of its processors' time
  std::optional<std::int64_t> max_rss_bytes = {};
  std::optional<double> hs06 = {};  ///< of the whole machine
};

/// The site of a space for which none is configured: its domain, or its name where that has no dot.
std::string site_of(std::string_view space);
/// "/DC=com/DC=example/DC=vcycle01" of vcycle01.example.com.
std::string user_dn_of(std::string_view space);

/// The record as a file holds it. What would break a line is made a blank.
std::string apel_text(const UsageRecord& record);

/// Where a record is filed below apel-archive and apel-outgoing: "YYYYMMDD/" of the day it is written (UTC) and 14
/// characters from 0-9a-f, which begin with the time of day: ssmsend takes no other names. `salt` tells records of one
/// instant apart.
std::string apel_file_name(Instant written, std::uint32_t salt);

}  // namespace nephele::fleet
