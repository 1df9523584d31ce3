// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/settings.h"

#include <filesystem>
#include <utility>

#include "base/settings/config_files.h"
#include "base/settings/settings.h"
#include "sql/shown_url.h"

namespace nephele::apps {

namespace {

constexpr std::string_view system_directory = "/etc/nephele";

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

std::string plain_beyond_loopback(std::string_view name, const std::string& address) {
  return std::string(name) + " is " + address +
         ", and without TLS passwords would travel in the clear: set RUNTIMES_TLS_CERTIFICATE and RUNTIMES_TLS_KEY, or "
         "RUNTIMES_ALLOW_PLAIN = True behind a proxy that speaks TLS";
}

auto table() {
  using settings::Table;
  return Table<Settings>("nephele")
      .add("DATABASE", &Settings::database_url,
           {.meaning = "postgresql://user@host/name, or sqlite:/path; empty: the file in the data directory"})
      .add(
          "SECRET_KEY_FILE", &Settings::secret_key_file,
          {.meaning = "file of the key that seals secrets, the same on all nodes of one database; empty: secret.key in "
                      "the data directory, made at the first start"})
      .add("RUNTIMES_ADDRESS", &Settings::listen_address,
           {.meaning = "address of the runtimes' REST API", .environment = "NEPHELE_LISTEN", .flag = "--listen"})
      .add("RUNTIMES_PORT", &Settings::port,
           {.meaning = "port of the runtimes' REST API; 0: any free one",
            .environment = "NEPHELE_PORT",
            .flag = "--port"},
           {.min = 0, .max = 65535})
      .add("IDENTITY_ADDRESS", &Settings::identity_address, {.meaning = "address of the identity service"})
      .add("IDENTITY_PORT", &Settings::identity_port,
           {.meaning = "port of the identity service; 0: any free one", .environment = "NEPHELE_IDENTITY_PORT"},
           {.min = 0, .max = 65535})
      .add("IDENTITY_URL", &Settings::identity_url,
           {.meaning = "URL by which clients reach the identity service, such as https://accounts.example.org; empty: "
                       "that of the address and port"})
      .add("RUNTIMES_TLS_CERTIFICATE", &Settings::tls_certificate,
           {.meaning = "PEM file of the chain, leaf first; with RUNTIMES_TLS_KEY"})
      .add("RUNTIMES_TLS_KEY", &Settings::tls_key, {.meaning = "PEM file of the private key"})
      .add("RUNTIMES_ALLOW_PLAIN", &Settings::allow_plain,
           {.meaning = "listen beyond loopback without TLS: only behind a proxy that speaks it"})
      .add("RUNTIMES_TIMEOUT", &Settings::request_timeout,
           {.meaning = "how long an update waits for its effect", .unit = "seconds"}, {.min = 1, .max = 3600})
      .add("RUNTIMES_EVENTS_KEEP", &Settings::events_keep,
           {.meaning = "events of runtimes can be read that long", .unit = "hours"}, {.min = 1, .max = 87'600})
      .add("RUNTIMES_IDEMPOTENCY_KEEP", &Settings::idempotency_keep,
           {.meaning = "a repeated Idempotency-Key is recognized that long", .unit = "hours"}, {.min = 1, .max = 8'760})
      .add("OPERATIONS_KEEP", &Settings::operations_keep,
           {.meaning = "ended operations stay listed that long", .unit = "hours"}, {.min = 1, .max = 87'600})
      .add("COMPUTE_ADDRESS_POOL", &Settings::address_pool,
           {.meaning = "loopback addresses of machines, such as 127.96.16.0/20; empty: drawn at the first start"})
      .add("COMPUTE_GUEST_IMAGE", &Settings::guest_image,
           {.meaning = "directory of the image that is registered as \"function\" at each start",
            .environment = "NEPHELE_GUEST_IMAGE"})
      .add("COMPUTE_QEMU", &Settings::qemu, {.meaning = "program that runs machines"})
      .add(
          "COMPUTE_MACHINE_USER", &Settings::machine_user,
          {.meaning = "user that machines run under when the cloud is started by root; empty: nephele-vm, else nobody"})
      .add("COMPUTE_CONSOLE_LOG_MAX", &Settings::console_log_max,
           {.meaning = "size of a machine's console log", .unit = "KiB"})
      .add("COMPUTE_READY_WITHIN", &Settings::ready_within,
           {.meaning = "a guest that has not said READY by then is in error", .unit = "seconds"},
           {.min = 1, .max = 3600})
      .add("COMPUTE_RECOVER_AFTER", &Settings::recover_after,
           {.meaning = "pause between a crash and the machine's next start", .unit = "milliseconds"},
           {.min = 0, .max = 600'000})
      .add("COMPUTE_RECOVERIES_MAX", &Settings::recoveries_max,
           {.meaning = "starts after a crash within ten minutes; more crashes leave the machine in error"},
           {.min = 0, .max = 100})
      .add_choice<log::Level Settings::*, log::Level>(
          "LOG_LEVEL", &Settings::log_level,
          {{"debug", log::Level::debug},
           {"info", log::Level::info},
           {"warn", log::Level::warn},
           {"error", log::Level::error}},
          {.meaning = "least level that is logged", .environment = "NEPHELE_LOG_LEVEL"})
      .add("ACCESS_LOG", &Settings::access_log, {.meaning = "one line in the log per request"});
}

}  // namespace

Result<LoadedSettings> load_settings(const std::string& own_file, Flags flags) {
  TRY(auto files, settings::conf_files(std::string(system_directory)));
  if (std::error_code ec; std::filesystem::exists(own_file, ec)) files.push_back(own_file);
  TRY(const auto document, settings::read_python_files(files));
  const auto rows = table();
  settings::Sources sources;
  sources.files.push_back(document.root);
  sources.environment = settings::process_environment();
  sources.flags = std::move(flags);
  TRY(auto loaded, rows.load(sources));
  if (loaded.values.tls_certificate.empty() != loaded.values.tls_key.empty())
    return fail(Kind::invalid, "RUNTIMES_TLS_CERTIFICATE and RUNTIMES_TLS_KEY belong together; set both or none");
  const auto& values = loaded.values;
  if (!is_loopback(values.identity_address) && values.tls_certificate.empty() && !values.allow_plain)
    return fail(Kind::invalid, plain_beyond_loopback("IDENTITY_ADDRESS", values.identity_address));
  if (!is_loopback(values.listen_address) && values.tls_certificate.empty() && !values.allow_plain)
    return fail(Kind::invalid, plain_beyond_loopback("RUNTIMES_ADDRESS", values.listen_address));
  LoadedSettings answer{loaded.values, rows.show(loaded), settings::unknown_keys(document.root, rows.keys())};
  for (auto& row : answer.shown)
    if (row.name == "DATABASE") row.value = sql::without_password(std::move(row.value));
  for (const auto& warning : document.warnings) answer.warnings.push_back(warning);
  return answer;
}

}  // namespace nephele::apps
