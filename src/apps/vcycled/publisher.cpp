// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/publisher.h"

#include <algorithm>
#include <array>
#include <boost/asio/detached.hpp>
#include <filesystem>

#include "apps/vcycled/host_facts.h"
#include "apps/vcycled/udp.h"
#include "apps/vcycled/vac_client.h"
#include "base/clock.h"
#include "base/text_file.h"
#include "fleet/glue.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::chrono::milliseconds own_answer_within{2'000};
constexpr std::array glue_files{std::pair("/glue-2.0.json", fleet::Glue::v2_0),
                                std::pair("/glue-2.1.json", fleet::Glue::v2_1)};
constexpr std::size_t glue_max = std::size_t{16} << 20U;

/// A file of somebody else's may have that name, too.
bool is_our_glue(const std::string& path, const std::string& space, fleet::Glue version) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(path, ignored))) return false;
  const auto text = read_text_file(path, glue_max);
  const auto document = text ? json::parse(*text) : Result<json::Value>(json::Value());
  return document && fleet::is_glue_of(*document, space, version);
}

}  // namespace

void Publisher::configured(const fleet::Configuration& config) {
  forget_glue(config);
  if (responder_ == nullptr) return;
  responder_->keep(config.factory.responder().has_value());
  if (config.factory.responder() && !config.spaces.empty()) ask_responder(config.factory, config.spaces.front().name);
}

void Publisher::reported(const fleet::Space& space, const fleet::SpaceReport& report) {
  if (!report.error.empty()) return;
  // The contract's cycle sends between scan and deletions (vcycle, 2.2), where the next steps wait for it. At the end
  // of a space's cycle nothing does, and the numbers are the same: those of the scan.
  if (space.write_glue) write_glue(report);
  if (responder_ == nullptr || space.vacmon_hostports.empty()) return;
  const fleet::Instant now = std::chrono::floor<fleet::seconds>(SystemClock().now());
  const fleet::Envelope envelope{.daemon_version = program_name("vcycled"),
                                 .space = report.space,
                                 .site = report.site,
                                 .factory = files_.node(),
                                 .sent = now};
  auto host = host_facts(files_);
  host.factory_heartbeat = now;
  const auto text = [&](fleet::Status status) { return datagram(envelope, std::move(status), fleet::Dialect::vacmon); };
  std::vector<std::string> ends, statuses{text(factory_status(report, host))};
  for (auto& type : machinetype_statuses(report)) statuses.push_back(text(std::move(type)));
  for (const auto& machine : report.ended) ends.push_back(text(machine_status(report, machine, now)));
  if (!ends.empty()) send(space.vacmon_hostports, std::move(ends), "machine finished");
  send(space.vacmon_hostports, std::move(statuses), "status");
}

void Publisher::write_glue(const fleet::SpaceReport& report) {
  const std::string folder = files_.lib("spaces/" + report.space);
  auto done = files_.make_folder(folder, 0755);
  for (const auto& [name, version] : glue_files)
    if (done)
      done = files_.write(folder + name, json::write(glue_of(report, version)) + "\n", 0644, fleet::Durable::no);
  if (!done) log_.say("The GLUE files of " + report.space + " cannot be written: " + done.error().sentence());
}

/// What nobody writes any more tells of machines that are long gone.
void Publisher::forget_glue(const fleet::Configuration& config) {
  const auto spaces = fleet::names_in(files_.lib("spaces"));
  if (!spaces) return;
  for (const auto& name : *spaces) {
    const auto space = std::ranges::find(config.spaces, name, &fleet::Space::name);
    const bool is_there = space != config.spaces.end();
    // One that is not there may be one that cannot be read now.
    if (is_there ? space->write_glue : !config.problems.empty()) continue;
    for (const auto& [file, version] : glue_files) {
      const std::string path = files_.lib("spaces/" + name) + file;
      if (!is_our_glue(path, name, version)) continue;
      const auto gone = files_.remove(path);
      log_.say(gone ? "Removed " + path + ": write_glue is not set for " + name
                    : "Removing " + path + " fails with: " + gone.error().sentence());
    }
  }
}

void Publisher::send(const std::vector<std::string>& hostports, std::vector<std::string> datagrams,
                     const std::string& what) {
  for (const auto& hostport : hostports) {
    const auto at = fleet::host_port(hostport);
    if (!at) continue;  // the configuration was refused for it
    log_.say("Sending VacMon " + what + " messages to " + hostport);
    auto job = [this, at = *at, hostport, datagrams] {
      if (ending_) return;
      const auto peers = resolve(at);
      const auto socket = UdpSocket::open({}, 0);
      Result<> sent = peers ? (socket ? Result<>{} : fail(socket.error())) : fail(peers.error());
      for (const auto& text : datagrams) {
        if (!peers || !socket) break;
        for (const auto& peer : *peers)
          if (sent = socket->send(peer, text); sent) break;
        if (!sent) break;
      }
      if (!sent) log_.say("Sending VacMon messages to " + hostport + " fails: " + sent.error().sentence());
    };
    asio::co_spawn(threads_.first(), senders_.run(std::move(job)), asio::detached);
  }
}

void Publisher::ask_responder(const fleet::FactorySettings& settings, const std::string& space) {
  const fleet::HostPort at{settings.responder_address.empty() ? "127.0.0.1" : settings.responder_address,
                           *settings.responder()};
  const Inquiry inquiry{.questions = {fleet::Question::factory},
                        .space = space,
                        .program = program_name("vcycled"),
                        .timeout = own_answer_within};
  auto job = [this, at, inquiry, node = files_.node()] {
    if (ending_) return;
    const auto answers = ask({{.name = node, .at = at}}, inquiry);
    if (!answers.front().answered())
      log_.say("The responder of this host gives no answer at port " + std::to_string(at.port) + ": " +
               answers.front().error + "; see " + files_.rooted("/var/log/vcycle/vcycled-responder"));
  };
  asio::co_spawn(threads_.first(), asker_.run(std::move(job)), asio::detached);
}

}  // namespace nephele::apps::vcycle
