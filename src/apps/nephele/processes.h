// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/nephele/installation.h"
#include "base/file_handle.h"

/// The processes of one data directory: at most one drives its machines, any number take requests beside it.
namespace nephele::apps {

/// What a process takes part in.
struct Services {
  bool compute = false;   ///< drives the machines of this data directory
  bool runtimes = false;  ///< the REST API of serverless runtimes
  bool identity = false;  ///< accounts, tokens, projects

  /// Fails with `invalid` for a name that is none.
  static Result<Services> named(const std::vector<std::string>& names);
  std::vector<std::string> names() const;
  std::string text() const;  ///< "compute runtimes identity"
};

/// Held by the one process that drives the machines of a data directory; goes with it, however that ends.
class MachinesLock {
 public:
  /// Fails with `conflict` and the holder's pid.
  static Result<MachinesLock> take(const Installation& installation);
  /// The pid of the process that drives, if one does.
  static std::optional<int> holder(const Installation& installation);
  /// Tells this lock from every other, also from that of a copy of the directory and from itself before a reboot.
  Result<std::string> hold() const;

 private:
  explicit MachinesLock(FileHandle file) : file_(std::move(file)) {}
  FileHandle file_;
};

/// Base URLs by the services that listen there.
using Endpoints = std::map<std::string, std::string>;

struct Process {
  int pid = 0;
  std::string services;
  bool ready = false;
  std::string url;  ///< of the REST API, when it listens
  Endpoints endpoints;
};

/// What a process tells others of itself, in DATA/processes/PID. Nobody believes it once the process is dead.
class ProcessEntry {
 public:
  static Result<ProcessEntry> make(const Installation& installation, const Services& services);
  ~ProcessEntry();
  ProcessEntry(ProcessEntry&&) noexcept = default;
  ProcessEntry& operator=(ProcessEntry&&) noexcept = default;
  /// Also brings DATA/endpoints.json up to date: it has the endpoints of all that live, of two that serve the same
  /// those of the one that was ready last.
  Result<> ready(const Installation& installation, std::string_view url, const Endpoints& endpoints);

 private:
  ProcessEntry(FileHandle file, std::string path, std::string services)
      : file_(std::move(file)), path_(std::move(path)), services_(std::move(services)) {}
  Result<> write(bool ready, std::string_view url, const Endpoints& endpoints);

  FileHandle file_;
  std::string path_;
  std::string services_;
};

/// Those that live, by pid.
std::vector<Process> processes_of(const Installation& installation);
/// "compute runtimes (pid 42), runtimes (pid 43)", for sentences.
std::string text_of(const std::vector<Process>& processes);

}  // namespace nephele::apps
