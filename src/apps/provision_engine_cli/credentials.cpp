// SPDX-License-Identifier: Apache-2.0
#include "apps/provision_engine_cli/credentials.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cstdlib>

#include "base/ascii.h"
#include "base/settings/config_files.h"

namespace nephele::apps {

namespace {

/// The one line that counts. Carriage returns go: the file may come from another system.
Result<std::string_view> only_line(std::string_view text) {
  std::string_view found;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = ascii::trimmed(text.substr(0, end), ascii::spaces);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#') || (found.empty() && line == "---")) continue;
    if (!found.empty()) return fail(Kind::invalid, "holds more than one line; write user:password and nothing else");
    found = line;
  }
  if (found.empty()) return fail(Kind::invalid, "is empty; write user:password");
  return found;
}

/// 'it''s' and "a \"b\"": the two quotes of YAML, as far as a password needs them.
std::optional<std::string> unquoted(std::string_view line) {
  const char quote = line.front();
  if ((quote != '\'' && quote != '"') || line.size() < 2 || line.back() != quote) return std::nullopt;
  const auto inside = line.substr(1, line.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const char escape = quote == '"' ? '\\' : '\'';
    if (inside[i] == escape) {
      if (++i == inside.size()) return std::nullopt;
      if (inside[i] != quote && inside[i] != escape) return std::nullopt;
    } else if (inside[i] == quote) {
      return std::nullopt;
    }
    out += inside[i];
  }
  return out;
}

}  // namespace

std::string home_directory() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  const passwd* account = ::getpwuid(::geteuid());  // NOLINT(concurrency-mt-unsafe): no second thread yet
  return account != nullptr && account->pw_dir != nullptr ? account->pw_dir : "";
}

Result<http::Basic> parse_credentials(std::string_view text) {
  TRY(const auto line, only_line(text));
  const auto quoted = unquoted(line);
  const std::string both = quoted ? *quoted : std::string(line);
  const auto colon = both.find(':');
  if (colon == std::string::npos) return fail(Kind::invalid, "has no colon; write user:password");
  if (colon == 0) return fail(Kind::invalid, "names no user; write user:password");
  if (!quoted && both.find_first_of(" \t", colon + 1) == colon + 1)
    return fail(Kind::invalid, "has a blank behind the colon; write user:password without one");
  return http::Basic{.user = both.substr(0, colon), .password = Secret(both.substr(colon + 1))};
}

Result<Credentials> read_credentials(const std::string& path) {
  auto text = settings::read_file(path);
  if (!text && text.error().kind() == Kind::not_found)
    return fail(Kind::not_found, path + " does not exist; write user:password into it, readable by you alone");
  if (!text) return fail(std::move(text).error());
  auto basic = parse_credentials(*text);
  if (!basic) return fail(basic.error().kind(), path + " " + basic.error().sentence());
  Credentials out{.basic = std::move(*basic), .warning = std::nullopt};
  struct stat found{};
  if (::stat(path.c_str(), &found) == 0 && (found.st_mode & (S_IRGRP | S_IROTH)) != 0)
    out.warning = path + " holds a password that others can read; chmod 600 " + path;
  return out;
}

}  // namespace nephele::apps
