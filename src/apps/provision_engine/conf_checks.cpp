// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/conf_checks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/settings/config_files.h"
#include "http/listen_address.h"
#include "http/origin.h"
#include "runtimes/adapters/opennebula/patience.h"

namespace nephele::apps::engine {
namespace {

using settings::Node;

/// The published config.json has whole numbers here, and /server/config answers what the file says.
constexpr std::array<std::string_view, 8> whole_numbers{"port",
                                                        "timeout",
                                                        "capacity.disk.default",
                                                        "capacity.cpu.default",
                                                        "capacity.cpu.mult",
                                                        "capacity.memory.default",
                                                        "capacity.memory.mult",
                                                        "log.level"};

/// `sentence` with the file and line of what says `name`, if the file says it.
std::unexpected<Error> blame(const Node& root, std::string_view name, const std::string& sentence) {
  const auto* found = root.at(name);
  return found == nullptr ? fail(Kind::invalid, sentence) : settings::fail_at(found->value.place(), sentence);
}

/// An address that no request could ever be sent to. Its text is not repeated: it may hold a password.
Result<> check_url(std::string_view name, const std::string& url) {
  Error wrong(Kind::invalid, std::string(name) + " is no address of a server; write http://HOST:PORT/...");
  if (std::ranges::any_of(url, [](char c) { return c <= ' ' || c == '\x7f'; })) return fail(std::move(wrong));
  if (const auto origin = http::origin_of(url); !origin)
    return fail(Kind::invalid, wrong.sentence() + " (" + origin.error().sentence() + ")");
  return {};
}

Result<> check_urls(const Conf& conf) {
  TRY_VOID(check_url(":one_xmlrpc:", conf.runtimes.one_xmlrpc));
  return check_url(":oneflow_server:", conf.runtimes.oneflow_server);
}

struct NamedPath {
  std::string_view key;      ///< dotted, as in the tree
  std::string_view spelled;  ///< as a person writes it
  const std::string& path;
  std::string_view example;
};

/// A server is started here and asked and stopped there: "var" would be another folder each time.
Result<> check_paths(const Conf& conf, const Node& root) {
  const Conf shipped;
  const std::array paths{
      NamedPath{"data", ":data:", conf.data, shipped.data},
      NamedPath{"pid_file", ":pid_file:", conf.pid_file, shipped.pid_file},
      NamedPath{"log.directory", ":log: :directory:", conf.log_directory, shipped.log_directory},
      NamedPath{"ca_file", ":ca_file:", conf.ca_file, "/etc/ssl/certs/ca-certificates.crt"},
      NamedPath{"tls_certificate", ":tls_certificate:", conf.tls_certificate, "/etc/ssl/certs/engine.pem"},
      NamedPath{"tls_key", ":tls_key:", conf.tls_key, "/etc/ssl/private/engine.pem"},
  };
  for (const auto& each : paths) {
    const bool may_be_empty = each.key == "ca_file" || each.key.starts_with("tls_");
    if (each.path.starts_with('/') || (each.path.empty() && may_be_empty)) continue;
    return blame(root, each.key,
                 std::string(each.spelled) + " is \"" + each.path + "\", which means another place in each working " +
                     "directory; write the whole path, from the root: " + std::string(each.example));
  }
  return {};
}

Result<> check_files(const Conf& conf) {
  if (conf.tls_certificate.empty() != conf.tls_key.empty())
    return fail(Kind::invalid, ":tls_certificate: and :tls_key: belong together; name both or neither");
  for (const auto& [name, file] :
       {std::pair(":ca_file:", &conf.ca_file), std::pair(":tls_certificate:", &conf.tls_certificate),
        std::pair(":tls_key:", &conf.tls_key)})
    if (const auto pem = file->empty() ? Result<std::string>("") : settings::read_file(*file); !pem)
      return fail(Kind::invalid, std::string(name) + " cannot be used: " + pem.error().sentence());
  return {};
}

}  // namespace

Result<> check_numbers(const Node& root) {
  for (const auto name : whole_numbers) {
    const auto* found = root.at(name);
    if (found != nullptr && found->value.if_text() != nullptr)
      return settings::fail_at(found->value.place(), found->spelled + " is the text \"" + *found->value.if_text() +
                                                         "\"; write a whole number without quotes");
  }
  return {};
}

std::vector<std::string> doubts_about(const Conf& conf, const Node& root) {
  using namespace runtimes::one;  // NOLINT(google-build-using-namespace): three names of one header
  const auto longest = create_at_most(conf.runtimes.timeout);
  const auto* said = root.at("timeout");
  if (conf.cloud != "opennebula" || said == nullptr || longest < patience_of_callers) return {};
  return {said->value.place().text() + ": :timeout: is " + std::to_string(conf.runtimes.timeout.count()) +
          ", so that a create may take " + std::to_string(longest.count()) +
          " s; the published clients hang up after " + std::to_string(patience_of_callers.count())};
}

Result<> check_host(const Conf& conf) {
  const auto good = http::check_bindable(listen_address(conf));
  return good ? good : fail(good.error().kind(), ":host: cannot be used: " + good.error().sentence());
}

Result<> check_values(const Conf& conf, const Node& root) {
  TRY_VOID(check_urls(conf));
  if (const auto literal = http::literal_of(conf.runtimes.host); !literal)
    return blame(root, "host", ":host: cannot be used: " + literal.error().sentence());
  TRY_VOID(check_paths(conf, root));
  return check_files(conf);
}

}  // namespace nephele::apps::engine
