// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/conf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "apps/provision_engine/conf_checks.h"
#include "base/settings/config_files.h"
#include "base/settings/symbol_yaml.h"
#include "http/listen_address.h"

namespace nephele::apps::engine {
namespace {

using settings::Node;

constexpr std::array<std::string_view, 5> log_members{"level", "system", "cloud_client", "directory", "pretty"};
constexpr std::array unindented{settings::Unindented{.section = "log", .members = log_members}};

template <class T>
auto of(T runtimes::Settings::* member) {
  return [member](Conf& conf) -> T& { return conf.runtimes.*member; };
}
template <class T>
auto capacity(T runtimes::CapacitySettings::* member) {
  return [member](Conf& conf) -> T& { return conf.runtimes.capacity.*member; };
}

auto table() {
  using runtimes::CapacitySettings;
  using runtimes::Settings;
  return settings::Table<Conf>("provision-engine")
      .add("one_xmlrpc", of(&Settings::one_xmlrpc), {.meaning = "XML-RPC endpoint of oned"})
      .add("oneflow_server", of(&Settings::oneflow_server), {.meaning = "base URL of OneFlow"})
      .add("host", of(&Settings::host), {.meaning = "address to listen on"})
      .add("port", of(&Settings::port), {.meaning = "port to listen on"}, {.min = 1, .max = 65535})
      .add("timeout", of(&Settings::timeout),
           {.meaning = "how long machines may take to appear, and a resize", .unit = "seconds"},
           {.min = 1, .max = 3600})
      .add("capacity.disk.default", capacity(&CapacitySettings::disk_default_mib),
           {.meaning = "disk when neither caller nor template says", .unit = "MB"}, {.min = 1})
      .add("capacity.cpu.default", capacity(&CapacitySettings::cpu_default),
           {.meaning = "CPUs when neither caller nor template says"}, {.min = 1})
      .add("capacity.cpu.mult", capacity(&CapacitySettings::cpu_mult), {.meaning = "VCPU_MAX is CPUs times this"},
           {.min = 1, .max = 1024})
      .add("capacity.memory.default", capacity(&CapacitySettings::memory_default_mib),
           {.meaning = "memory when neither caller nor template says", .unit = "MB"}, {.min = 1})
      .add("capacity.memory.mult", capacity(&CapacitySettings::memory_mult),
           {.meaning = "MEMORY_MAX is memory times this"}, {.min = 1, .max = 1024})
      .add("capacity.memory.resize_mode", capacity(&CapacitySettings::memory_resize_mode),
           {.meaning = "MEMORY_RESIZE_MODE of the VMs"}, {.words = {"BALLOONING", "HOTPLUG"}})
      .add("log.level", of(&Settings::log_level), {.meaning = "3 ERROR, 2 WARN, 1 INFO, 0 DEBUG"}, {.min = 0, .max = 3})
      .add("log.system", of(&Settings::log_system), {.meaning = "file or syslog"})
      .add("cloud", &Conf::cloud, {.meaning = "what stands behind"}, {.words = {"opennebula", "embedded"}})
      .add_choice("dialect", &Conf::dialect,
                  std::vector<settings::Word<WhichDialect>>{
                      {"auto", WhichDialect::found_out}, {"6", WhichDialect::v6}, {"7", WhichDialect::v7}},
                  {.meaning = "OneFlow's language: of OpenNebula 6 or 7"})
      .add("verify_tls", &Conf::verify_tls, {.meaning = "check the certificates of oned and OneFlow"})
      .add("ca_file", &Conf::ca_file, {.meaning = "PEM file of the authorities to believe; empty: the system's"})
      .add("tls_certificate", &Conf::tls_certificate, {.meaning = "PEM chain: the API speaks https; empty: http"})
      .add("tls_key", &Conf::tls_key, {.meaning = "PEM file of its private key"})
      .add("one_timeout", &Conf::one_timeout, {.meaning = "one call to oned or OneFlow", .unit = "seconds"},
           {.min = 1, .max = 600})
      .add_choice("sr_auth", &Conf::sr_auth,
                  std::vector<settings::Word<runtimes::SrAuth>>{{"credentials", runtimes::SrAuth::credentials},
                                                                {"none", runtimes::SrAuth::none}},
                  {.meaning = "what VMs hold of their creator's credentials"})
      .add("body_max", &Conf::body_max, {.meaning = "longest body of a request", .unit = "bytes"},
           {.min = 1024, .max = std::int64_t{1} << 20})
      .add("database", &Conf::database, {.meaning = "postgresql://... that several engines share; empty: a file"})
      .add("data", &Conf::data, {.meaning = "directory of the journal and its key"})
      .add("pid_file", &Conf::pid_file, {.meaning = "file with the server's process id"})
      .add("log.directory", &Conf::log_directory, {.meaning = "directory of the log files"})
      .add_choice("log.cloud_client", &Conf::calls_to,
                  std::vector<settings::Word<CallsTo>>{
                      {"file", CallsTo::file}, {"engine", CallsTo::engine}, {"both", CallsTo::both}},
                  {.meaning = "where what OpenNebula is asked is logged"})
      .add("log.pretty", &Conf::pretty_log, {.meaning = "at level 0, bodies of answers over several lines"})
      .obsolete("mapping", "remove it: service templates are found by their names")
      .obsolete("capacity.max", "use capacity.cpu.mult and capacity.memory.mult")
      .obsolete("capacity.default", "use capacity.cpu.default and capacity.memory.default");
}

/// Puts what is missing behind what the file says; tables are completed member by member.
void complete(json::Object& into, const json::Object& defaults) {
  for (const auto& [name, value] : defaults) {
    json::Value* present = into.find(name);
    if (present == nullptr || present->is_null()) {
      into.set(name, value);
    } else if (present->if_object() != nullptr && value.if_object() != nullptr) {
      complete(*present->if_object(), *value.if_object());
    }
  }
}

/// Where something else holds than the file says: after `debug`, and for an unknown system.
void show_log_in_force(json::Object& shown, const runtimes::Settings& settings) {
  json::Value* const log = shown.find("log");
  if (log == nullptr || log->if_object() == nullptr) return;
  log->if_object()->set("level", settings.log_level);
  log->if_object()->set("system", settings.log_system);
}

json::Value echo(const Node& root, const Conf& conf) {
  json::Value written = root.to_json();
  json::Object out = written.if_object() == nullptr ? json::Object{} : *written.if_object();
  if (out.contains("database")) out.set("database", "(hidden)");
  complete(out, *runtimes::engine_conf(conf.runtimes).if_object());
  show_log_in_force(out, conf.runtimes);
  return out;
}

/// The engine has always gone on with a file then; so does ours, and says so.
void mend_log_system(Conf& conf, std::vector<std::string>& warnings) {
  auto& system = conf.runtimes.log_system;
  if (system == "file" || system == "syslog") return;
  warnings.push_back("Invalid logging system: " + system + ". Fallback to file logging");
  system = "file";
}

/// The file is installed for root and one group; who is neither has to be let in.
std::string advice_for(const std::string& path) {
  if (::access(path.c_str(), R_OK) == 0 || errno != EACCES) return {};
  return "; it may hold secrets, so that only its owner and its group read it: run this as root, or `chgrp GROUP " +
         path + "` for who runs the server (the shipped systemd unit's root reads root's files only: `chown root`)";
}

/// Other rights than the installation's are the operator's business, but he should know.
void warn_of_readers(const Conf& conf, const std::string& path, std::vector<std::string>& warnings) {
  struct stat about{};
  if (conf.database.empty() || ::stat(path.c_str(), &about) != 0 || (about.st_mode & S_IROTH) == 0) return;
  warnings.push_back(path + ": everybody on this machine may read :database: and a password in it; chmod o= " + path);
}

}  // namespace

std::string conf_path() {
  const char* named = std::getenv("PROVISION_ENGINE_CONF");  // NOLINT(concurrency-mt-unsafe): before any thread
  return named == nullptr || *named == '\0' ? "/etc/provision-engine/engine.conf" : named;
}

Result<Read> read_conf(const std::string& path) {
  const auto failed = [&](const Error& error) {
    return fail(error.kind(), "Failed to load configuration at " + path + "\n" + error.sentence());
  };
  const auto text = settings::read_file(path);
  if (!text) return failed(Error(text.error().kind(), text.error().sentence() + advice_for(path)));
  auto document = settings::read_symbol_yaml(*text, path, unindented);
  if (!document) return failed(document.error());
  if (document->root.if_table() == nullptr || document->root.if_table()->empty())
    return failed(Error(Kind::invalid, path + ": the file says nothing; share/etc/engine.conf shows all keys"));
  if (const auto numbers = check_numbers(document->root); !numbers) return failed(numbers.error());
  const auto rows = table();
  auto conf = rows.load({.files = {document->root}, .environment = {}, .flags = {}});
  if (!conf) return failed(conf.error());
  if (const auto good = check_values(conf->values, document->root); !good) return failed(good.error());
  // Without a word in its section the level is INFO; without the section it is WARN.
  const auto* log = document->root.entry("log");
  if (log != nullptr && log->value.if_table() != nullptr && log->value.entry("level") == nullptr)
    conf->values.runtimes.log_level = 1;
  Read out{.conf = std::move(*conf), .warnings = std::move(document->warnings)};
  mend_log_system(out.conf.values, out.warnings);
  warn_of_readers(out.conf.values, path, out.warnings);
  const auto keys = rows.keys();
  for (auto& warning : settings::unknown_keys(document->root, keys, rows.obsolete()))
    out.warnings.push_back(std::move(warning));
  for (auto& doubt : doubts_about(out.conf.values, document->root)) out.warnings.push_back(std::move(doubt));
  out.conf.values.runtimes.shown = echo(document->root, out.conf.values);
  return out;
}

void log_everything(runtimes::Settings& settings) {
  settings.log_level = 0;
  if (settings.shown && settings.shown->if_object() != nullptr)
    show_log_in_force(*settings.shown->if_object(), settings);
}

void log_warnings(const Read& read, const log::Logger& log) {
  for (const auto& warning : read.warnings) log.warn(warning);
}

std::string pid_file_in(const std::string& path) {
  const auto text = settings::read_file(path);
  const auto document =
      text ? settings::read_symbol_yaml(*text, path, unindented) : Result<settings::Document>(fail(text.error()));
  const auto* found = document && document->root.if_table() != nullptr ? document->root.at("pid_file") : nullptr;
  const auto* named = found == nullptr ? nullptr : found->value.if_text();
  return named == nullptr || named->empty() ? Conf().pid_file : *named;
}

std::string listen_address(const Conf& conf) {
  if (conf.runtimes.host == "localhost") return "127.0.0.1";
  return http::literal_of(conf.runtimes.host).value_or(conf.runtimes.host);
}

log::Level log_level(const Conf& conf) {
  constexpr std::array levels{log::Level::debug, log::Level::info, log::Level::warn, log::Level::error};
  return levels.at(static_cast<std::size_t>(conf.runtimes.log_level));  // 0 to 3: the table sees to that
}

std::vector<settings::Shown> shown(const Read& read) {
  return table().show(read.conf);
}

}  // namespace nephele::apps::engine
