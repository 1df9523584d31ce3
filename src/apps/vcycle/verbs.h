// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fleet/files.h"

/// The verbs of `vcycle`. Each answers the program's exit status: 0 done, 1 failed.
namespace nephele::apps::vcycle {

/// What all verbs share.
struct Context {
  fleet::Files files;
  fleet::Instant now;
  std::string space;  ///< empty: all
  bool json = false;
};

int complain(const Error& error);

/// Which factories are asked.
struct Whom {
  std::vector<std::string> factories;  ///< none: those of the configuration, else this one
  std::optional<double> timeout;       ///< seconds; default: udp_timeout_seconds
};

struct ScanOptions {
  Whom whom;
  bool with_hs06 = false;
  bool with_versions = false;
};
/// One line per machine (contract vcycle, 6.3).
int scan(const Context& context, const ScanOptions& options);
int machinetype(const Context& context, const std::string& type, const Whom& whom);
int factories(const Context& context, const Whom& whom);
/// Each datagram of a factory, its keys in order.
int raw(const Context& context, const Whom& whom);
/// Why each machine was or was not made, deleted, taken over in the last cycle.
int explain(const Context& context);

int check_config(const Context& context);

/// Copies of archived records with the right site, for ssmsend.
int apel_republish(const Context& context, const std::string& site, const std::string& month, bool again);
/// Sync records of these months ("YYYYMM"; none: the one of yesterday).
int apel_sync(const Context& context, const std::vector<std::string>& months);
/// Every machine of the space is to be over by then.
int shutdown(const Context& context, fleet::Instant end);
inline constexpr fleet::seconds shutdown_within = std::chrono::days{36'525};  ///< a century: more is a slip

struct ProxyOptions {
  std::string certificate, key;  ///< files
  bool legacy = false;
};
/// A proxy of twelve hours, in PEM.
int proxy_init(const Context& context, const ProxyOptions& options);
/// Who signed an image of CernVM, and whether it is still what he signed. `signers`: folder of certificates; empty: the
/// grid's.
int cernvm_signature(const Context& context, const std::string& file, const std::string& signers);
/// `from` and a line or two for each factory, written to `to` when that changes it. 1: not written, 2: not read.
int squid_conf(const Context& context, const std::string& from, const std::string& to);

struct SimulateOptions {
  double hours = 24;
  std::uint64_t seed = 1;
  double jobs_per_hour = 1e9;
  double job_hours = 6;
  std::string svg;  ///< file
};
int simulate(const Context& context, const SimulateOptions& options);

}  // namespace nephele::apps::vcycle
