// SPDX-License-Identifier: Apache-2.0
#include "fleet/history.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace nephele::fleet {

namespace {

constexpr seconds clocks_differ{3'600};

std::string aborts(const Files& files, const std::string& space, const std::string& type) {
  return files.shared("last_abort_times/" + space + "/" + type);
}
/// Of the releases before the shared tree.
std::string early_aborts(const Files& files, const std::string& space, const std::string& type) {
  return files.lib("spaces/" + space + "/machinetypes/" + type + "/last_abort_time");
}
std::string failures(const Files& files, const std::string& space, const std::string& type) {
  return files.shared("creation_failures/" + space + "/" + type);
}

Result<> write_below(const Files& files, const std::string& path, const std::string& text) {
  TRY_VOID(files.make_folder(path.substr(0, path.rfind('/')), 0755));
  return files.write(path, text, 0640);
}

}  // namespace

TypeHistory read_history(const Files& files, const std::string& space, const std::string& type, Instant now) {
  TypeHistory out;
  out.last_abort = read_instant(aborts(files, space, type));
  if (const auto early = read_instant(early_aborts(files, space, type)); early && *early > Instant{})
    out.last_abort = std::max(out.last_abort.value_or(*early), *early);
  // Instant{}: the original's "never".
  if (out.last_abort == Instant{} || out.last_abort > now + clocks_differ) out.last_abort.reset();
  if (const auto text = read_state(failures(files, space, type))) {
    const char* const end = text->data() + text->size();
    std::int64_t when = 0;
    const auto [blank, error] = std::from_chars(text->data(), end, out.failures);
    if (error == std::errc{} && blank != end && std::from_chars(blank + 1, end, when).ec == std::errc{} &&
        Instant{seconds{when}} <= now + clocks_differ)
      out.last_failure = Instant{seconds{when}};
    else
      out.failures = 0;
  }
  return out;
}

Result<> note_abort(const Files& files, const std::string& space, const std::string& type, Instant when, Instant now) {
  if (const auto known = read_history(files, space, type, now).last_abort; known && *known >= when) return {};
  return write_below(files, aborts(files, space, type), to_text(when));
}

Result<> note_failure(const Files& files, const std::string& space, const std::string& type, Instant when) {
  const auto known = read_history(files, space, type, when);
  if (known.last_failure == when) return {};
  return write_below(files, failures(files, space, type), std::to_string(known.failures + 1) + " " + to_text(when));
}

Result<> forget_failures(const Files& files, const std::string& space, const std::string& type) {
  const std::string path = failures(files, space, type);
  if (::access(path.c_str(), F_OK) != 0) return {};
  return files.remove(path);
}

}  // namespace nephele::fleet
