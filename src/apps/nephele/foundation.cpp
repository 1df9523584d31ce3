// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/foundation.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "bus/bus.h"
#include "compute/compute.h"
#include "identity/identity.h"
#include "operations/operations.h"
#include "runtimes/flavours.h"

namespace nephele::apps {

namespace {

std::vector<sql::Migration> all_migrations() {
  std::vector<sql::Migration> all;
  for (const auto steps : {operations::Operations::migrations(), bus::migrations(), identity::Identity::migrations(),
                           compute::Compute::migrations(), runtimes::migrations()})
    all.insert(all.end(), steps.begin(), steps.end());
  return all;
}

/// A key that a setting names is somebody's to distribute: never made here, or two nodes would each make one.
Result<SecretKey> open_key(const Installation& installation, const Settings& settings) {
  if (settings.secret_key_file.empty()) return SecretKey::open_or_create(installation.key_file());
  std::error_code ec;  // a link is the admin's own: secrets are often mounted so
  const auto real = std::filesystem::canonical(settings.secret_key_file, ec);
  return SecretKey::load(ec ? settings.secret_key_file : real.string());
}

}  // namespace

Foundation::Foundation(const Installation& installation, Settings settings, SecretKey key, std::size_t threads)
    : installation_(installation),
      settings_(std::move(settings)),
      logging_(clock_, settings_.log_level),
      key_(key),
      threads_(threads) {
  if (!settings_.access_log) logging_.set_level("http.access", log::Level::warn);
}

Result<std::unique_ptr<Foundation>> Foundation::open(const Installation& installation, Settings settings, LogTo log_to,
                                                     bool create) {
  if (create) {
    TRY_VOID(installation.create());
  } else if (!installation.exists() && (settings.database_url.empty() || settings.secret_key_file.empty())) {
    return fail(Kind::not_found, "there is no cloud in " + installation.directory() +
                                     "; `nephele up` starts one, --data or NEPHELE_DATA names another directory");
  }
  TRY_VOID(refuse_half_restored(installation));
  TRY(auto key, open_key(installation, settings));
  const std::size_t threads = create ? std::max(1U, std::thread::hardware_concurrency()) : 1;
  std::unique_ptr<Foundation> made(new Foundation(installation, std::move(settings), key, threads));
  if (log_to == LogTo::standard_error || log_to == LogTo::file_and_standard_error)
    made->logging_.add(log::standard_error_sink());
  if (log_to == LogTo::file || log_to == LogTo::file_and_standard_error) {
    TRY(auto sink, log::file_sink(installation.log_file()));
    made->logging_.add(std::move(sink));
  }
  sql::Settings database;
  database.url = made->settings_.database_url.empty() ? installation.database_url() : made->settings_.database_url;
  TRY(made->database_, sql::Database::open(database));
  return made;
}

Result<> Foundation::migrate() {
  const auto steps = all_migrations();
  TRY_VOID(database_->migrate(steps));
  return operations::check_key(*database_, key_);
}

std::string base_url(const http::Listen& listen, int port) {
  const bool ipv6 = listen.address.contains(':');
  return std::string(listen.tls ? "https" : "http") + "://" + (ipv6 ? "[" + listen.address + "]" : listen.address) +
         ":" + std::to_string(port);
}

}  // namespace nephele::apps
