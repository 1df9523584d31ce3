// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/log_setup.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "apps/synnefo/log_format.h"
#include "apps/synnefo/log_handlers.h"
#include "apps/synnefo/log_names.h"
#include "base/ascii.h"
#include "base/settings/python_literal.h"
#include "base/settings/python_text.h"
#include "base/settings/settings.h"

namespace nephele::apps {

namespace {

using settings::Entry;
using settings::fail_at;
using settings::Node;

struct Handler {
  int level = 0;
  std::unique_ptr<log::Sink> sink;  // none: drops
};

struct LoggerSetup {
  std::optional<int> level;
  std::vector<std::string> handlers;
  bool propagate = true;
};

struct LevelName {
  std::string_view name;
  int number;
};
constexpr std::array level_names{LevelName{"NOTSET", 0}, LevelName{"DEBUG", 10},   LevelName{"INFO", 20},
                                 LevelName{"WARN", 30},  LevelName{"WARNING", 30}, LevelName{"ERROR", 40},
                                 LevelName{"FATAL", 50}, LevelName{"CRITICAL", 50}};

Result<int> level_of(const Node& node) {
  if (const auto* number = node.if_integer(); number != nullptr && *number >= 0 && *number <= 1000)
    return static_cast<int>(*number);
  const auto* text = node.if_text();
  std::string name = text != nullptr ? *text : "";
  if (name.starts_with("logging.")) name.erase(0, 8);
  const auto found = std::ranges::find(level_names, name, &LevelName::name);
  if (found != level_names.end()) return found->number;
  return fail_at(node.place(), fmt::format("this level is {}; write DEBUG, INFO, WARNING, ERROR or CRITICAL",
                                           settings::python_node(node)));
}

Result<std::string> text_of(const Node& table, std::string_view key, std::string_view standard) {
  const Entry* entry = table.entry(key);
  if (entry == nullptr || entry->value.type() == settings::Type::none) return std::string(standard);
  if (const auto* text = entry->value.if_text()) return *text;
  return fail_at(entry->value.place(), fmt::format("{} is {}; write a text", key, settings::python_node(entry->value)));
}

/// The entries of a table that may be missing.
Result<std::span<const Entry>> entries_of(const Node& setup, std::string_view key) {
  const Entry* entry = setup.entry(key);
  if (entry == nullptr) return std::span<const Entry>();
  if (const auto* table = entry->value.if_table()) return std::span<const Entry>(*table);
  return fail_at(entry->value.place(), fmt::format("{} is {}; write a dict", key, to_string(entry->value.type())));
}

/// Gives every event to the handlers of its logger and of those above, as Python does.
class Dispatcher final : public log::Sink {
 public:
  Dispatcher(std::map<std::string, Handler> handlers, std::map<std::string, LoggerSetup> loggers)
      : handlers_(std::move(handlers)), loggers_(std::move(loggers)) {}

  void write(const log::Event& event) noexcept override {
    try {
      const Route& route = route_of(event.logger);
      const int level = python_level(event.level);
      if (level < route.level) return;
      for (Handler* const handler : route.handlers)
        if (level >= handler->level && handler->sink) handler->sink->write(event);
    } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line: the event is lost, the program is not
    }
  }
  void reopen() noexcept override {
    for (auto& [name, handler] : handlers_)
      if (handler.sink) handler.sink->reopen();
  }

  /// From which level on a logger of ours writes at all.
  int level_of(std::string_view ours) { return route_of(ours).level; }

 private:
  struct Route {
    int level = 30;  // of Python's root, when nobody says another
    std::vector<Handler*> handlers;
  };

  const Route& route_of(std::string_view ours) {
    const std::lock_guard lock(mutex_);
    if (const auto known = routes_.find(ours); known != routes_.end()) return known->second;
    return routes_.emplace(std::string(ours), made_route(synnefo_logger(ours))).first->second;
  }

  Route made_route(std::string name) {
    Route route;
    std::optional<int> level;
    for (bool propagate = true;; name = name.substr(0, name.rfind('.') == std::string::npos ? 0 : name.rfind('.'))) {
      if (const auto found = loggers_.find(name); found != loggers_.end()) {
        if (!level) level = found->second.level;
        if (propagate)
          for (const std::string& each : found->second.handlers) route.handlers.push_back(&handlers_.at(each));
        propagate = propagate && found->second.propagate;
      }
      if (name.empty()) break;
    }
    route.level = level.value_or(route.level);
    return route;
  }

  std::map<std::string, Handler> handlers_;
  std::map<std::string, LoggerSetup> loggers_;  // the root has no name
  std::mutex mutex_;
  std::map<std::string, Route, std::less<>> routes_;  // grows by one per logger of the program
};

class Reader {
 public:
  Reader(const Node& setup, std::string ident) : setup_(setup), ident_(std::move(ident)) {}

  Result<std::unique_ptr<Dispatcher>> read() {
    if (setup_.if_table() == nullptr) return fail_at(setup_.place(), "the logging setup is no dict; write one");
    const Entry* version = setup_.entry("version");
    if (version == nullptr || version->value.if_integer() == nullptr || *version->value.if_integer() != 1)
      return fail_at(version == nullptr ? setup_.place() : version->value.place(),
                     "the logging setup needs 'version': 1");
    warn_unknown(setup_, {"version", "disable_existing_loggers", "incremental", "formatters", "filters", "handlers",
                          "loggers", "root"});
    TRY_VOID(formatters());
    TRY_VOID(handlers());
    TRY_VOID(loggers());
    return std::make_unique<Dispatcher>(std::move(handlers_), std::move(loggers_));
  }

  std::vector<std::string> warnings;
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [name, setup] : loggers_) out.push_back(name);
    return out;
  }

 private:
  void warn_unknown(const Node& table, std::initializer_list<std::string_view> known) {
    for (const Entry& entry : *table.if_table())
      if (std::ranges::find(known, entry.key) == known.end())
        warnings.push_back(
            fmt::format("{}: '{}' means nothing here and is left out", entry.value.place().text(), entry.key));
  }

  Result<> formatters() {
    TRY(const auto entries, entries_of(setup_, "formatters"));
    for (const Entry& entry : entries) {
      if (entry.value.if_table() == nullptr) return fail_at(entry.value.place(), entry.key + " is no dict; write one");
      warn_unknown(entry.value, {"format", "datefmt"});
      TRY(const auto format, text_of(entry.value, "format", "%(message)s"));
      TRY(auto dates, text_of(entry.value, "datefmt", ""));
      auto made = PythonFormat::parse(format, std::move(dates));
      if (!made) return fail_at(entry.value.place(), entry.key + ": " + made.error().sentence());
      formats_.emplace(entry.key, std::move(*made));
    }
    return {};
  }

  Result<log::Format> format_of(const Node& handler) {
    TRY(const auto name, text_of(handler, "formatter", ""));
    if (name.empty()) return log::Format(PythonFormat::parse("%(message)s", "").value());
    const auto found = formats_.find(name);
    if (found == formats_.end())
      return fail_at(handler.entry("formatter")->value.place(), "there is no formatter '" + name + "'");
    return log::Format(found->second);
  }

  Result<> handlers() {
    TRY(const auto entries, entries_of(setup_, "handlers"));
    for (const Entry& entry : entries) {
      if (entry.value.if_table() == nullptr) return fail_at(entry.value.place(), entry.key + " is no dict; write one");
      Handler handler;
      if (const Entry* level = entry.value.entry("level")) {
        TRY(handler.level, level_of(level->value));
      }
      TRY(handler.sink, sink_of(entry));
      handlers_.emplace(entry.key, std::move(handler));
    }
    return {};
  }

  Result<std::unique_ptr<log::Sink>> sink_of(const Entry& handler) {
    const Node& table = handler.value;
    TRY(const std::string whole, text_of(table, "class", ""));
    TRY(auto format, format_of(table));
    const std::string kind = whole.substr(whole.rfind('.') == std::string::npos ? 0 : whole.rfind('.') + 1);
    if (kind == "NullHandler") return std::unique_ptr<log::Sink>();
    if (kind == "StreamHandler") return stream(table, std::move(format));
    if (kind == "FileHandler" || kind == "WatchedFileHandler") return file(table, kind, std::move(format));
    if (kind == "SysLogHandler") return syslog(table, std::move(format));
    if (kind == "AdminEmailHandler") {
      warnings.push_back(fmt::format("{}: errors are not mailed yet; handler '{}' drops what it gets",
                                     table.place().text(), handler.key));
      return std::unique_ptr<log::Sink>();
    }
    return fail_at(table.place(), fmt::format("handler '{}' is of class '{}'; write logging.StreamHandler, "
                                              "logging.FileHandler, logging.handlers.WatchedFileHandler, "
                                              "logging.handlers.SysLogHandler or logging.NullHandler",
                                              handler.key, whole));
  }

  Result<std::unique_ptr<log::Sink>> stream(const Node& table, log::Format format) {
    warn_unknown(table, {"level", "class", "formatter", "stream"});
    TRY(const auto to, text_of(table, "stream", "ext://sys.stderr"));
    if (to.ends_with("sys.stdout")) return log::standard_output_sink(std::move(format));
    if (to.ends_with("sys.stderr")) return log::standard_error_sink(std::move(format));
    return fail_at(table.entry("stream")->value.place(),
                   "stream is '" + to + "'; write ext://sys.stdout or ext://sys.stderr");
  }

  Result<std::unique_ptr<log::Sink>> file(const Node& table, std::string_view kind, log::Format format) {
    warn_unknown(table, {"level", "class", "formatter", "filename", "mode", "encoding", "delay"});
    TRY(const auto path, text_of(table, "filename", ""));
    if (!path.starts_with('/')) return fail_at(table.place(), "this handler needs 'filename', a path from / on");
    auto made = kind == "WatchedFileHandler" ? watched_file_sink(path, std::move(format))
                                             : log::file_sink(path, {.format = std::move(format)});
    if (!made) return fail_at(table.place(), made.error().sentence());
    return made;
  }

  Result<std::unique_ptr<log::Sink>> syslog(const Node& table, log::Format format) {
    warn_unknown(table, {"level", "class", "formatter", "address", "facility", "socktype"});
    TRY(auto name, text_of(table, "facility", "user"));
    if (const auto at = name.rfind("LOG_"); at != std::string::npos) {  // logging.handlers.SysLogHandler.LOG_DAEMON
      name.erase(0, at + 4);
      name = ascii::lowered(name);
    }
    const auto facility = facility_from(name);
    if (!facility)
      return fail_at(table.entry("facility")->value.place(),
                     "facility is '" + name + "'; write daemon, user, local0 … local7, or another of syslog's");
    TRY(auto address, address_of(table.entry("address")));
    return syslog_socket_sink(std::move(address), *facility, ident_, std::move(format));
  }

  /// '/dev/log' or ('host', 514).
  static Result<SyslogAddress> address_of(const Entry* entry) {
    if (entry == nullptr) return SyslogAddress{.host = "localhost"};
    if (const auto* path = entry->value.if_text(); path != nullptr && path->starts_with('/'))
      return SyslogAddress{.path = *path};
    const auto* pair = entry->value.if_list();
    if (pair != nullptr && pair->size() == 2) {
      const auto* host = (*pair)[0].if_text();
      const auto port = settings::Codec<std::uint16_t>::decode((*pair)[1], {.min = 1});
      if (host != nullptr && port) return SyslogAddress{.host = *host, .port = *port};
    }
    return fail_at(entry->value.place(), "address is no place of a syslog; write '/dev/log' or ('host', 514)");
  }

  Result<> loggers() {
    TRY(const auto entries, entries_of(setup_, "loggers"));
    for (const Entry& entry : entries) TRY_VOID(logger(entry.key, entry.value));
    if (const Entry* root = setup_.entry("root")) TRY_VOID(logger("", root->value));
    return {};
  }

  Result<> logger(const std::string& name, const Node& table) {
    if (table.if_table() == nullptr) return fail_at(table.place(), "logger '" + name + "' is no dict; write one");
    warn_unknown(table, {"level", "handlers", "propagate", "filters"});
    LoggerSetup logger;
    if (const Entry* level = table.entry("level")) {
      TRY(const int number, level_of(level->value));
      if (number > 0) logger.level = number;  // NOTSET asks the one above
    }
    if (const Entry* entry = table.entry("propagate")) {
      const auto yes = settings::Codec<bool>::decode(entry->value, {});
      if (!yes) return fail_at(entry->value.place(), "propagate is no boolean; write True or False");
      logger.propagate = *yes;
    }
    if (const Entry* entry = table.entry("handlers")) {
      const auto names = settings::Codec<std::vector<std::string>>::decode(entry->value, {});
      if (!names) return fail_at(entry->value.place(), "handlers is no list of names; write one");
      for (const std::string& each : *names)
        if (!handlers_.contains(each)) return fail_at(entry->value.place(), "there is no handler '" + each + "'");
      logger.handlers = *names;
    }
    loggers_[name] = std::move(logger);
    return {};
  }

  const Node& setup_;
  const std::string ident_;
  std::map<std::string, PythonFormat> formats_;
  std::map<std::string, Handler> handlers_;
  std::map<std::string, LoggerSetup> loggers_;
};

/// Our level that lets through what Python's number lets through.
log::Level gate(int level) {
  if (level <= 10) return log::Level::debug;
  if (level <= 20) return log::Level::info;
  return level <= 30 ? log::Level::warn : log::Level::error;
}

}  // namespace

Result<std::vector<std::string>> set_up_logging(log::Logging& logging, const Node& setup, const std::string& ident) {
  Reader reader(setup, ident);
  TRY(auto dispatcher, reader.read());
  std::vector<std::string> ours = our_loggers("");  // all that have a name of Synnefo's
  for (const std::string& name : reader.names()) std::ranges::move(our_loggers(name), std::back_inserter(ours));
  logging.set_level("", gate(dispatcher->level_of("")));
  for (std::string& name : ours) {
    const auto level = gate(dispatcher->level_of(name));
    logging.set_level(std::move(name), level);
  }
  logging.add(std::move(dispatcher));
  return std::move(reader.warnings);
}

Node usual_logging(const std::string& file) {
  std::error_code ec;
  const std::string handler =
      std::filesystem::exists("/dev/log", ec)
          ? "{'class': 'logging.handlers.SysLogHandler', 'address': '/dev/log', 'facility': 'daemon', 'formatter': "
            "'brief'}"
          : "{'class': 'logging.handlers.WatchedFileHandler', 'filename': " + settings::python_text(file) +
                ", 'formatter': 'whole'}";
  const std::string text =
      "SETUP = {'version': 1, 'formatters': {'brief': {'format': '%(name)s [%(levelname)s] %(message)s'}, 'whole': "
      "{'format': '%(asctime)s [%(process)d] %(name)s [%(levelname)s] %(message)s'}}, 'handlers': {'usual': " +
      handler + "}, 'root': {'level': 'INFO', 'handlers': ['usual']}}\n";
  return settings::read_python_literal(text, "the usual logging").value().root.entry("SETUP")->value;
}

}  // namespace nephele::apps
