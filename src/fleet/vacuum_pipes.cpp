// SPDX-License-Identifier: Apache-2.0
#include "fleet/vacuum_pipes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "base/ascii.h"
#include "base/json.h"
#include "base/text_file.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

using settings::Node;

constexpr std::size_t machinetypes_max = 100;
constexpr seconds usual_cache{3'600}, longest_cache{7 * 86'400};
constexpr std::string_view option_prefix = "user_data_option_";
constexpr std::string_view file_prefix = "user_data_file_";

/// What a document may say of a machinetype. Limits, keys and folders are the site's.
constexpr std::array<std::string_view, 15> accepted{
    "accounting_fqan",  "backoff_seconds",   "fizzle_seconds", "heartbeat_file", "heartbeat_seconds",
    "image_signing_dn", "cernvm_signing_dn", "legacy_proxy",   "max_processors", "max_wallclock_seconds",
    "min_processors",   "root_image",        "target_share",   "user_data",      "user_data_proxy"};
/// What documents say for Vac, and has no meaning here.
constexpr std::array<std::string_view, 7> passed_over{"cache_seconds", "cvmfs_repositories", "machine_model",
                                                      "root_device",   "scratch_device",     "min_wallclock_seconds",
                                                      "suffix"};

bool is_one_of(std::string_view name, const auto& names) {
  return std::ranges::find(names, name) != names.end();
}

std::optional<std::string> text_of(const json::Value& value) {
  if (const auto* const text = value.if_string()) return *text;
  if (const auto* const number = value.if_number()) return number->text;
  if (const auto* const yes = value.if_bool()) return *yes ? "true" : "false";
  return std::nullopt;
}

/// Numbers and texts of numbers; less than nothing is nothing.
double share_of(const json::Object& entry) {
  const auto* const value = entry.find("target_share");
  if (value == nullptr) return 0;
  auto real = value->real();
  if (const auto* const text = value->if_string())
    if (const auto parsed = json::parse(*text)) real = parsed->real();
  return real && std::isfinite(*real) && *real > 0 ? *real : 0;
}

/// Only files that the site has put into the machinetype's folder, or URLs.
std::string why_refused(std::string_view option, const std::string& value) {
  const bool is_file_name = option.starts_with(file_prefix) || option == "heartbeat_file";
  const bool is_path = option == "user_data" || option == "root_image";
  if (!is_file_name && !is_path) return {};
  if (value.empty()) return "is empty";
  if (is_path && is_url(value)) return value.contains("/../") ? "has /../ in it" : "";
  if (value.contains('/'))
    return is_path ? "names a folder; a URL or the name of a file may stand there" : "has a / in it";
  return value.starts_with(".") ? "begins with a dot" : "";
}

struct Document {
  seconds cache = usual_cache;
  json::Array entries;
  double shares = 0;  ///< of all entries
};

Result<Document> document_of(const std::string& text) {
  TRY(auto tree, json::parse(text));
  const auto* const entries = tree.at_path({"machinetypes"});
  if (entries == nullptr || entries->if_array() == nullptr)
    return fail(Kind::invalid, "it is no pipe: it has no list \"machinetypes\"");
  Document out{.entries = *entries->if_array()};
  if (out.entries.size() > machinetypes_max)
    return fail(Kind::invalid,
                fmt::format("it has {} machinetypes; {} are let in", out.entries.size(), machinetypes_max));
  if (const auto* const cache = tree.at_path({"cache_seconds"}); cache != nullptr && cache->integer())
    out.cache = std::clamp(seconds{*cache->integer()}, seconds{0}, longest_cache);
  for (const auto& entry : out.entries) {
    if (entry.if_object() == nullptr) return fail(Kind::invalid, "it is no pipe: one of its machinetypes is no object");
    out.shares += share_of(*entry.if_object());
  }
  return out;
}

/// One pipe at work.
class Expansion {
 public:
  Expansion(const Sections::Pipe& pipe, Sections& sections, Configuration& into)
      : pipe_(pipe), sections_(sections), into_(into) {}

  void run(const PipeCopies* copies) {
    const auto loaded = pipe_table().load({.files = {pipe_.section.options}});
    if (!loaded) return wrong(pipe_.section.header, loaded.error().sentence());
    options_ = loaded->values;
    if (!is_url(options_.url))
      return wrong(pipe_.section.header,
                   place() + ": vacuum_pipe_url missing; write the http(s) address of its document");
    const auto copy = copies == nullptr ? std::nullopt : copies->find(options_.url);
    PipeUse use{.url = options_.url, .header = pipe_.section.header, .fetched = {}};
    if (copy) use.fetched = copy->fetched;
    const auto document =
        copy
            ? document_of(copy->text)
            : Result<Document>(fail(Kind::not_found, "it has not been fetched yet; vcycled does so in its next cycle"));
    if (document) use.cache = document->cache;
    use.space = pipe_.space;
    use.processors_limit = options_.processors_limit;
    use.machines_limit = options_.machines_limit;
    into_.pipes.push_back(use);
    if (!document)
      return wrong(pipe_.section.header,
                   place() + ": the vacuum pipe " + options_.url + " is not there: " + document.error().sentence());
    for (const auto& entry : document->entries) take(*entry.if_object(), document->shares);
  }

 private:
  std::string place() const { return pipe_.section.place.text(); }
  void wrong(const std::string& header, std::string sentence) {
    into_.problems.push_back({header, std::move(sentence)});
  }
  void warn(const std::string& sentence) { into_.warnings.push_back(options_.url + ": " + sentence); }

  void take(const json::Object& entry, double shares) {
    const auto* const model = entry.find("machine_model");
    const std::string kind = model == nullptr ? "cernvm3" : text_of(*model).value_or("");
    const auto* const suffix = entry.find("suffix");
    const std::string tail = suffix == nullptr ? "" : ascii::lowered(text_of(*suffix).value_or(""));
    if (kind != "cernvm3" && kind != "vm-raw")
      return warn("a machinetype " + tail + " of the machine_model " + kind +
                  " is passed over; machines here are cernvm3");
    if (tail.empty()) return warn("a machinetype without a suffix is passed over");
    const std::string name = pipe_.prefix + "-" + tail;
    const std::string header = "[machinetype " + pipe_.space + " " + name + "]";
    if (!is_machinetype_name(tail))
      return wrong(header,
                   options_.url + ": " + header + ": its suffix is made of more than letters, digits and hyphens");
    auto section = local(name, header);
    if (!add(entry, shares, section)) return;
    sections_.machinetypes[pipe_.space][name] = std::move(section);
    into_.pipes.back().machinetypes.push_back(name);
  }

  /// What the site itself says of it.
  Sections::Section local(const std::string& name, const std::string& header) const {
    const auto& there = sections_.machinetypes[pipe_.space];
    const auto found = there.find(name);
    Sections::Section out =
        found != there.end() ? found->second
                             : Sections::Section{header, pipe_.section.place, Node(pipe_.section.place, Node::Table{})};
    for (const auto& option : *pipe_.section.options.if_table())
      if (option.key != "vacuum_pipe_url" && option.key != "target_share" && out.options.entry(option.key) == nullptr)
        out.options.set(option.key, option.spelled, option.value);
    if (out.options.entry("machinetype_path") == nullptr)
      set(out, "machinetype_path", "/var/lib/vcycle/spaces/" + pipe_.space + "/machinetypes/" + pipe_.prefix);
    return out;
  }

  /// False: it asks for what it may not have.
  bool add(const json::Object& entry, double shares, Sections::Section& section) {
    for (const auto& [spelled, value] : entry) {
      const std::string option = ascii::lowered(spelled);
      if (is_one_of(option, passed_over) || section.options.entry(option) != nullptr) continue;
      const auto text = text_of(value);
      if (!text ||
          (!is_one_of(option, accepted) && !option.starts_with(option_prefix) && !option.starts_with(file_prefix))) {
        warn(section.header + " " + option + " is nothing that a pipe may say; it is passed over");
        continue;
      }
      if (const auto why = why_refused(option, *text); !why.empty()) {
        wrong(section.header, options_.url + ": " + section.header + " " + option + " = " + *text + " " + why +
                                  "; no machines are made of it");
        return false;
      }
      if (option != "target_share") set(section, option, *text);
    }
    if (section.options.entry("target_share") == nullptr && shares > 0)
      set(section, "target_share",
          fmt::format("{}", std::max(options_.target_share, 0.0) * (share_of(entry) / shares)));
    return true;
  }

  void set(Sections::Section& section, const std::string& option, const std::string& value) const {
    section.options.set(option, option, Node({.file = options_.url}, value));
  }

  const Sections::Pipe& pipe_;
  Sections& sections_;
  Configuration& into_;
  PipeOptions options_;
};

}  // namespace

const settings::Table<PipeOptions>& pipe_table() {
  static const auto table =
      settings::Table<PipeOptions>("vacuum_pipe")
          .add("vacuum_pipe_url", &PipeOptions::url, {.meaning = "where the document with the machinetypes is"})
          .add("target_share", &PipeOptions::target_share, {.meaning = "share of all of them together"})
          .add("processors_limit", &PipeOptions::processors_limit,
               {.meaning = "processors of all machines of all of them"}, {.min = 0})
          .add("max_machines", &PipeOptions::machines_limit, {.meaning = "machines of all of them"}, {.min = 0});
  return table;
}

Result<> check_pipe(const std::string& text) {
  TRY_VOID(document_of(text));
  return {};
}

std::string PipeCache::path(const std::string& url) const {
  return files_.lib("pipescache/" + cache_name(url));
}

std::optional<PipeCopies::Copy> PipeCache::find(const std::string& url) const {
  const std::string file = path(url);
  struct stat about{};
  if (::stat(file.c_str(), &about) != 0) return std::nullopt;
  auto text = read_text_file(file, pipe_bytes_max);
  if (!text) return std::nullopt;
  return Copy{.text = std::move(*text), .fetched = Instant{seconds{about.st_mtim.tv_sec}}};
}

void PipeCache::close() const {
  const std::string folder = files_.lib("pipescache");
  struct stat about{};
  if (::stat(folder.c_str(), &about) == 0 && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    (void)::chmod(folder.c_str(), S_IRWXU);  // somebody else's is his
}

Result<> PipeCache::keep(const std::string& url, const std::string& text, Instant fetched) const {
  TRY_VOID(files_.make_folder(files_.lib("pipescache"), 0700));
  close();
  TRY_VOID(files_.write(path(url), text, 0600));
  const timespec when{.tv_sec = fetched.time_since_epoch().count(), .tv_nsec = 0};
  const std::array<timespec, 2> times{when, when};
  if (::utimensat(AT_FDCWD, path(url).c_str(), times.data(), 0) != 0)
    return fail(Kind::unavailable, path(url) + " cannot be given its time");
  return {};
}

void expand_pipes(Sections& sections, const PipeCopies* copies, Configuration& into) {
  for (const auto& pipe : sections.pipes)
    if (sections.spaces.contains(pipe.space)) Expansion(pipe, sections, into).run(copies);
}

}  // namespace nephele::fleet
