// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/nephele/installation.h"
#include "apps/nephele/settings.h"
#include "base/clock.h"
#include "base/io_threads.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/server.h"
#include "sql/sql.h"

namespace nephele::apps {

/// What every verb of the program stands on: settings, log, key, database, threads. Verbs work on the database
/// directly, also while a control plane runs.
class Foundation {
 public:
  enum class LogTo : std::uint8_t { file, file_and_standard_error, standard_error, nowhere };  ///< yet: the caller adds

  /// Makes the data directory's first files where `create` says so; else `not_found` names the way to a first start.
  /// Who names both a database and a key file needs no data directory.
  static Result<std::unique_ptr<Foundation>> open(const Installation& installation, Settings settings, LogTo log_to,
                                                  bool create);

  const Installation& installation() const noexcept { return installation_; }
  const Settings& settings() const noexcept { return settings_; }
  const Clock& clock() const noexcept { return clock_; }
  log::Logging& logging() noexcept { return logging_; }
  const SecretKey& key() const noexcept { return key_; }
  IoThreads& threads() noexcept { return threads_; }
  sql::Database& database() noexcept { return *database_; }

  /// Every service's schema, in floor order; then sees that our key is the database's.
  Result<> migrate();

 private:
  Foundation(const Installation& installation, Settings settings, SecretKey key, std::size_t threads);

  Installation installation_;
  Settings settings_;
  SystemClock clock_;
  log::Logging logging_;
  SecretKey key_;
  IoThreads threads_;  // outlives the database's threads, which answer on it
  std::unique_ptr<sql::Database> database_;
};

/// "http://127.0.0.1:1337", for a listener that got this port.
std::string base_url(const http::Listen& listen, int port);

}  // namespace nephele::apps
