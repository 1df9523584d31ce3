// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/embedded.h"

#include <filesystem>
#include <utility>

#include "apps/nephele/cloud.h"
#include "apps/provision_engine/log_files.h"
#include "runtimes/engine_tale.h"

namespace nephele::apps::engine {
namespace {

Result<Settings> cloud_settings(const Conf& conf, const Installation& installation) {
  TRY(auto loaded, load_settings(installation.settings_file(), {}));
  Settings settings = std::move(loaded.values);
  settings.listen_address = listen_address(conf);
  settings.port = conf.runtimes.port;
  settings.tls_certificate = conf.tls_certificate;
  settings.tls_key = conf.tls_key;
  settings.request_timeout = conf.runtimes.timeout;
  settings.engine = conf.runtimes;
  settings.log_level = log_level(conf);
  if (!conf.database.empty()) settings.database_url = conf.database.reveal();
  if (settings.guest_image.empty()) settings.guest_image = shipped_guest_image();
  return settings;
}

/// The systemd unit that is shipped is made for an engine that only speaks: its own cloud needs more.
Error about_rights(Error error) {
  if (error.kind() != Kind::forbidden) return error;
  return {Kind::forbidden, error.sentence() +
                               "; under systemd packaging/provision-engine-embedded.conf gives them "
                               "(docs/guide/provision-engine.md, \"Without an OpenNebula\")"};
}

}  // namespace

Result<std::vector<std::string>> check_embedded(const Conf& conf) {
  const Installation installation(conf.data);
  TRY(const auto settings, cloud_settings(conf, installation));
  if (const auto able = check_machines(installation, settings); !able) return fail(about_rights(able.error()));
  std::vector<std::string> warnings;
  std::error_code ec;
  const bool has_some =
      std::filesystem::directory_iterator(installation.images(), ec) != std::filesystem::directory_iterator();
  if (settings.guest_image.empty() && !has_some)
    warnings.push_back("no guest image: make one with guest/build /usr/share/nephele/guest, or name its folder in " +
                       installation.settings_file() + " (COMPUTE_GUEST_IMAGE)");
  return warnings;
}

Result<> serve_embedded(const Read& read, Starter& starter, const PidFile& pid) {
  const auto& conf = read.conf.values;
  const Installation installation(conf.data);
  TRY(auto settings, cloud_settings(conf, installation));
  TRY(auto foundation, Foundation::open(installation, std::move(settings), Foundation::LogTo::nowhere, true));
  TRY(auto* const calls, open_logs(conf, foundation->logging()));
  const auto log = foundation->logging().logger(std::string(engine_component));
  log_warnings(read, log);
  log.info("Initializing Provision Engine component: engine");
  log.info("Using the embedded cloud in " + conf.data);
  runtimes::EngineTale tale(log, frame_of(calls), conf.pretty_log);
  auto cloud = Cloud::open(*foundation, {.compute = true, .runtimes = true}, &tale);
  if (!cloud) {
    const auto why = about_rights(cloud.error());
    log.error(why.sentence());
    return fail(why);
  }
  const auto url = (*cloud)->start(FirstStart::with_account);
  if (!url) {
    log.error(url.error().sentence());
    (*cloud)->stop();
    return fail(url.error());
  }
  starter.tell("ok " + *url);
  wait_for_end(foundation->logging(), [&pid] { pid.touch(); });
  (*cloud)->stop();
  return {};
}

}  // namespace nephele::apps::engine
