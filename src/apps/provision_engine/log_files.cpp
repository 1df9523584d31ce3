// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine/log_files.h"

#include <algorithm>
#include <ctime>
#include <deque>
#include <filesystem>
#include <ranges>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "nephele_version.h"

namespace nephele::apps::engine {
namespace {

namespace fs = std::filesystem;
using log::Event;
using log::Level;
using log::Sink;

constexpr std::size_t old_files_kept = 5;
constexpr std::string_view access = "http.access";

log::FileStyle style() {
  return {.format = log::format_ruby_line, .maker = "provision-engine/" + std::string(version)};
}

/// The name that the old file gets; with a number behind it where one second saw several.
std::string name_for_old(const std::string& path) {
  const std::string base = path + "." + std::to_string(std::time(nullptr));
  std::string name = base;
  std::error_code ec;
  for (int i = 1; fs::exists(name, ec); ++i) name = base + "." + std::to_string(i);
  return name;
}

/// The new name; empty when there was no file.
std::string put_aside(const std::string& path) {
  std::error_code ec;
  if (!fs::exists(path, ec)) return {};
  std::string name = name_for_old(path);
  fs::rename(path, name, ec);
  return ec ? std::string() : name;
}

/// Of what name_for_old() made: digits, and perhaps a number behind them. Other names are other people's.
bool is_time(std::string_view end) {
  const auto is_number = [](std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto dot = end.find('.');
  return is_number(end.substr(0, dot)) && (dot == std::string_view::npos || is_number(end.substr(dot + 1)));
}

/// PATH.UNIXTIME and PATH.UNIXTIME.NUMBER, the newest last.
std::deque<std::string> old_files(const std::string& path) {
  std::error_code ec;
  const fs::path file(path);
  const std::string prefix = file.filename().string() + ".";
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  for (const auto& entry : fs::directory_iterator(file.parent_path(), ec)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && is_time(std::string_view(name).substr(prefix.size())))
      found.emplace_back(entry.last_write_time(ec), entry.path().string());
  }
  std::ranges::sort(found);
  const auto names = found | std::views::values;
  return {names.begin(), names.end()};
}

/// Keeps the newest few.
void drop_old(std::deque<std::string>& names) {
  std::error_code ec;
  for (; names.size() > old_files_kept; names.pop_front()) fs::remove(names.front(), ec);
}

bool is_of(const Event& event, std::string_view component) {
  return event.logger == component;
}

/// api.log: one line for each HTTP request. The server's standard error is that file.
class AccessLines final : public Sink {
 public:
  void write(const Event& event) noexcept override {
    if (is_of(event, access)) to_->write(event);
  }

 private:
  std::unique_ptr<Sink> to_ = log::standard_error_sink();
};

/// What the engine's people read: its own lines, and of the machinery below what is wrong with it.
class EngineLog final : public Sink {
 public:
  EngineLog(std::unique_ptr<Sink> to, Level level, bool with_calls)
      : to_(std::move(to)), level_(level), with_calls_(with_calls) {}
  void write(const Event& event) noexcept override {
    const bool ours = is_of(event, engine_component) || (with_calls_ && is_of(event, cloud_client));
    const bool machinery = !is_of(event, cloud_client) && !is_of(event, engine_component) && !is_of(event, access) &&
                           (event.level >= Level::warn || level_ == Level::debug);
    if (ours || machinery) to_->write(event);
  }
  void reopen() noexcept override { to_->reopen(); }

 private:
  std::unique_ptr<Sink> to_;
  Level level_;
  bool with_calls_;
};

}  // namespace

CallFile::CallFile(std::string path, std::unique_ptr<Sink> file, Level level)
    : path_(std::move(path)), file_(std::move(file)), level_(level), old_(old_files(path_)) {
  drop_old(old_);
}

Result<std::unique_ptr<CallFile>> CallFile::open(std::string path, Level level) {
  put_aside(path);
  TRY(auto file, log::file_sink(path, style()));
  auto made = std::unique_ptr<CallFile>(new CallFile(std::move(path), std::move(file), level));
  made->name_component();
  return made;
}

void CallFile::write(const Event& event) noexcept {
  if (!is_of(event, cloud_client)) return;
  const std::lock_guard lock(mutex_);
  has_lines_ = true;
  file_->write(event);
}

void CallFile::reopen() noexcept {
  const std::lock_guard lock(mutex_);
  file_->reopen();
}

void CallFile::call_begins() {
  const std::lock_guard lock(mutex_);
  if (under_way_++ == 0 && has_lines_) begin_anew();
}

void CallFile::call_ends() {
  const std::lock_guard lock(mutex_);
  --under_way_;
}

void CallFile::begin_anew() {
  if (auto name = put_aside(path_); !name.empty()) old_.push_back(std::move(name));
  file_->reopen();
  name_component();
  has_lines_ = false;
  drop_old(old_);
}

void CallFile::name_component() noexcept {
  if (level_ <= Level::info)
    file_->write(
        {SystemClock().now(), Level::info, cloud_client, "Initializing Provision Engine component: CloudClient", {}});
}

Result<CallFile*> open_logs(const Conf& conf, log::Logging& logging) {
  const Level level = log_level(conf);
  logging.set_level("", level);
  logging.set_level(std::string(access), Level::info);
  logging.add(std::make_unique<AccessLines>());
  if (conf.runtimes.log_system == "syslog") {
    logging.add(std::make_unique<EngineLog>(log::syslog_sink(std::string(engine_component), log::format_ruby_message),
                                            level, true));
    return nullptr;
  }
  const std::string engine_log = conf.log_directory + "/engine.log";
  put_aside(engine_log);
  TRY(auto file, log::file_sink(engine_log, style()));
  logging.add(std::make_unique<EngineLog>(std::move(file), level, conf.calls_to != CallsTo::file));
  if (conf.calls_to == CallsTo::engine) return nullptr;
  TRY(auto calls, CallFile::open(conf.log_directory + "/" + std::string(cloud_client) + ".log", level));
  CallFile* const raw = calls.get();
  logging.add(std::move(calls));
  return raw;
}

runtimes::EngineTale::Frame frame_of(CallFile* file) {
  if (file == nullptr) return {};
  return {.begun = [file] { file->call_begins(); }, .ended = [file] { file->call_ends(); }};
}

void CallLines::ended(const opennebula::CallRecord& record) noexcept {
  if (!log_.on(Level::debug)) return;
  try {
    std::string line(record.call);
    if (record.object) line += " " + std::to_string(*record.object);
    line += record.error == nullptr ? ": ok" : ": " + record.error->sentence();
    line += " in " + std::to_string(record.took.count()) + " ms";
    if (!record.sent.empty()) line += ", sent " + std::string(record.sent);
    if (!record.received.empty()) line += ", received " + std::string(record.received);
    log_.debug(line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): no memory for a line
  }
}

}  // namespace nephele::apps::engine
