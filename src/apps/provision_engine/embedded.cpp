// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/embedded.h"

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

}  // namespace

Result<> serve_embedded(const Conf& conf, Starter& starter) {
  const Installation installation(conf.data);
  TRY(auto settings, cloud_settings(conf, installation));
  TRY(auto foundation, Foundation::open(installation, std::move(settings), Foundation::LogTo::nowhere, true));
  TRY(auto* const calls, open_logs(conf, foundation->logging()));
  const auto log = foundation->logging().logger(std::string(engine_component));
  log.info("Initializing Provision Engine component: engine");
  log.info("Using the embedded cloud in " + conf.data);
  runtimes::EngineTale tale(log, frame_of(calls), conf.pretty_log);
  auto cloud = Cloud::open(*foundation, {.compute = true, .runtimes = true}, &tale);
  if (!cloud) {
    log.error(cloud.error().sentence());
    return fail(cloud.error());
  }
  const auto url = (*cloud)->start(FirstStart::with_account);
  if (!url) {
    log.error(url.error().sentence());
    (*cloud)->stop();
    return fail(url.error());
  }
  starter.tell("ok " + *url);
  wait_for_end(foundation->logging());
  (*cloud)->stop();
  return {};
}

}  // namespace nephele::apps::engine
