// SPDX-License-Identifier: Apache-2.0
#include "sql/migrate.h"

#include <fmt/format.h>

#include <chrono>
#include <map>
#include <string>

#include "base/secret.h"

namespace nephele::sql {

namespace {

namespace schema_sql {
constexpr std::string_view create = R"(
  CREATE TABLE IF NOT EXISTS nephele_schema (
    service TEXT NOT NULL, version BIGINT NOT NULL, name TEXT NOT NULL, hash TEXT NOT NULL, applied_ms BIGINT NOT NULL,
    PRIMARY KEY (service, version)))";
constexpr Statement list{"schema.list",
                         "SELECT service, version, name, hash FROM nephele_schema ORDER BY service, version"};
constexpr Statement record{"schema.record", R"(
  INSERT INTO nephele_schema (service, version, name, hash, applied_ms) VALUES ($1, $2, $3, $4, $5))"};
}  // namespace schema_sql

struct Applied {
  std::int64_t version;
  std::string name;
  std::string hash;
};
using AppliedByService = std::map<std::string, std::vector<Applied>, std::less<>>;
using KnownByService = std::map<std::string_view, std::vector<const Migration*>>;

Result<KnownByService> known(std::span<const Migration> migrations) {
  KnownByService services;
  for (const auto& step : migrations) {
    auto& steps = services[step.service];
    steps.push_back(&step);
    if (step.version != static_cast<int>(steps.size()))
      return fail(Kind::internal, fmt::format("schema step {} of {} has version {} where {} is due", step.name,
                                              step.service, step.version, steps.size()));
  }
  return services;
}

AppliedByService applied(Connection& connection) {
  AppliedByService services;
  for (const auto& row : connection.run(schema_sql::list, {}))
    services[row.text(0)].push_back({row.integer(1), row.text(2), row.text(3)});
  return services;
}

/// What is in the database must be the beginning of what this program knows.
Result<> check(std::string_view service, const std::vector<Applied>& done, const std::vector<const Migration*>& steps) {
  for (std::size_t i = 0; i < done.size(); ++i) {
    const Applied& step = done[i];
    if (i >= steps.size())
      return fail(Kind::conflict,
                  fmt::format("the database belongs to a newer release ({} is at {}, this program knows {} steps); run "
                              "that release, or restore a backup of this one",
                              service, done.back().name, steps.size()));
    if (step.version != steps[i]->version || step.hash != sha256_hex(steps[i]->text))
      return fail(Kind::conflict,
                  fmt::format("schema step {} of {} is not the one that was applied to this database as {}; run the "
                              "release that made it, or restore a backup",
                              steps[i]->name, service, step.name));
  }
  return {};
}

void apply(Connection& connection, const std::function<void(std::string_view)>& script, const Migration& step) {
  try {
    script(step.text);
  } catch (const Failure& failure) {
    throw Failure(failure.cause(), fmt::format("schema step {} of {}: {}", step.name, step.service, failure.what()));
  }
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::array<Value, 5> row{bind(step.service), bind(step.version), bind(step.name), bind(sha256_hex(step.text)),
                                 bind(Time(now))};
  connection.run(schema_sql::record, row);
}

}  // namespace

Result<> apply_migrations(Connection& connection, const std::function<void(std::string_view)>& script,
                          std::span<const Migration> migrations) {
  TRY(const KnownByService services, known(migrations));
  script(schema_sql::create);
  const AppliedByService before = applied(connection);
  for (const auto& [service, done] : before) {
    const auto steps = services.find(service);
    if (steps == services.end()) continue;  // another program's service
    TRY_VOID(check(service, done, steps->second));
  }

  for (const auto& step : migrations) {
    const auto done = before.find(step.service);
    const std::size_t last = done == before.end() ? 0 : done->second.size();
    if (static_cast<std::size_t>(step.version) > last) apply(connection, script, step);
  }
  return {};
}

}  // namespace nephele::sql
