// SPDX-License-Identifier: Apache-2.0
#include "fleet/accounting.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/json.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "fleet/machine_name.h"

namespace nephele::fleet {

namespace {

constexpr std::size_t ending_max = std::size_t{64} * 1024;
constexpr std::string_view prepared = "prepared";
constexpr std::string_view staged = "staged";
constexpr std::string_view done = "done";

struct Journal {
  Ending ending;
  std::string state;
  std::string name;  ///< below apel-archive and apel-outgoing
  std::string node;  ///< on whose disk it is staged
};

std::string path_of(const std::string& folder) {
  return folder + "/ending";
}
std::string done_path_of(const std::string& folder) {
  return folder + "/ended";
}

std::optional<Journal> read_journal(const std::string& path) {
  const auto text = read_text_file(path, ending_max);
  if (!text) return std::nullopt;
  const auto read = json::parse(*text);
  if (!read || read->if_object() == nullptr) return std::nullopt;
  const auto* stopped = read->at_path({"stopped"});
  if (stopped == nullptr || !stopped->integer()) return std::nullopt;
  Journal out;
  out.ending.stopped = Instant{seconds{*stopped->integer()}};
  out.ending.record = read->text_at({"record"});
  if (const auto* publish = read->at_path({"publish"}); publish != nullptr && publish->if_bool() != nullptr)
    out.ending.publish = *publish->if_bool();
  out.state = read->text_at({"state"});
  out.name = read->text_at({"name"});
  out.node = read->text_at({"node"});
  return out;
}

Result<> write_journal(const Files& files, const std::string& folder, const Journal& journal) {
  json::Object out;
  out.append("state", journal.state);
  out.append("stopped", journal.ending.stopped.time_since_epoch().count());
  out.append("publish", journal.ending.publish);
  out.append("name", journal.name);
  out.append("node", journal.node);
  out.append("record", journal.ending.record);
  return files.write(path_of(folder), json::write(json::Value(std::move(out))), 0640);
}

std::string staging_of(const Files& files, const std::string& name) {
  std::string flat = name;
  std::ranges::replace(flat, '/', '-');
  return files.lib("apel-staging/" + flat);
}

/// The same text under that name is ours, from a try before; another one is another machine's.
Result<bool> archive(const Files& files, const std::string& name, const std::string& text) {
  const std::string path = files.lib("apel-archive/" + name);
  const std::string half = staging_of(files, name) + ".archive";
  TRY_VOID(files.make_folder(std::filesystem::path(path).parent_path().string(), 0755));
  TRY_VOID(files.make_folder(files.lib("apel-staging"), 0755));
  TRY_VOID(files.write(half, text, 0644));
  files.step("archive " + path);
  const bool linked = ::link(half.c_str(), path.c_str()) == 0;
  if (!linked && errno != EEXIST) return fail(Kind::unavailable, path + ": " + std::generic_category().message(errno));
  const bool ours = linked || read_text_file(path, ending_max) == text;
  TRY_VOID(files.remove(half));
  return ours;
}

/// The next name of the same moment.
std::string another_name(std::string name) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (auto c = name.rbegin(); c != name.rend() && *c != '/'; ++c) {
    const auto at = digits.find(*c);
    if (at == std::string_view::npos) break;
    *c = digits[(at + 1) % digits.size()];
    if (at + 1 < digits.size()) break;
  }
  return name;
}

Result<> publish(const Files& files, const std::string& name) {
  const std::string from = staging_of(files, name);
  std::error_code ec;
  if (!std::filesystem::exists(from, ec)) return {};
  return files.move(from, files.lib("apel-outgoing/" + name));
}

}  // namespace

bool has_ending(const std::string& folder) {
  return ::access(path_of(folder).c_str(), F_OK) == 0;
}

std::optional<Ending> ending_in(const std::string& folder) {
  auto journal = read_journal(path_of(folder));
  if (!journal) journal = read_journal(done_path_of(folder));
  return journal ? std::optional(std::move(journal->ending)) : std::nullopt;
}

Result<> note_ending(const Files& files, const std::string& folder, const Ending& ending, Instant now,
                     std::uint32_t salt) {
  Journal journal{.ending = ending,
                  .state = std::string(ending.record.empty() ? done : prepared),
                  .name = ending.record.empty() ? "" : apel_file_name(now, salt),
                  .node = files.node()};
  return write_journal(files, folder, journal);
}

std::string accounted_mark(const Files& files, const std::string& space, const std::string& id) {
  return files.space(space, "accounted/" + (is_plain_name(id) ? id : sha256_hex(id)));
}

Result<> file_record(const Files& files, const std::string& folder, bool manages) {
  auto journal = read_journal(path_of(folder));
  if (!journal) return {};
  if (journal->state == prepared) {
    if (!manages) return {};
    for (;;) {
      TRY(const bool ours, archive(files, journal->name, journal->ending.record));
      if (ours) break;
      journal->name = another_name(journal->name);
      TRY_VOID(write_journal(files, folder, *journal));
    }
    if (journal->ending.publish) TRY_VOID(files.write(staging_of(files, journal->name), journal->ending.record, 0644));
    journal->state = staged;
    journal->node = files.node();
    TRY_VOID(write_journal(files, folder, *journal));
  }
  // What is staged lies on that manager's disk, who publishes it.
  if (journal->node != files.node() && !(manages && journal->state == done)) return {};
  if (journal->state == staged && journal->ending.publish) TRY_VOID(publish(files, journal->name));
  return files.move(path_of(folder), done_path_of(folder));
}

}  // namespace nephele::fleet
