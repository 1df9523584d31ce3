// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/synnefo_conf.h"

#include <algorithm>
#include <cstdlib>

#include "base/settings/config_files.h"
#include "identity/idle_settings.h"

namespace nephele::apps {

namespace {

using settings::Entry;
using settings::Node;

struct Rows {
  SynnefoPrograms programs;
  Node databases;
};

auto table() {
  const auto in = [](auto field) { return [field](Rows& rows) -> auto& { return rows.programs.*field; }; };
  return settings::Table<Rows>("programs")
      .add("LOG_DIR", in(&SynnefoPrograms::log_directory),
           {.meaning = "logs stand below it; empty: /var/log/synnefo where that exists, else the data directory's log"})
      .add("LOGGER_EXCLUDE_COMMANDS", in(&SynnefoPrograms::unlogged),
           {.meaning = "verbs of snf-manage that match this regular expression write no log of the command"})
      .add("LOGGING_SETUP", in(&SynnefoPrograms::logging),
           {.meaning = "a dict as Python's logging.config.dictConfig takes it; None: syslog"})
      .add("SNF_MANAGE_LOGGING_SETUP", in(&SynnefoPrograms::manage_logging),
           {.meaning = "the same for snf-manage; None: LOGGING_SETUP"})
      .add("DATABASES", &Rows::databases,
           {.meaning = "Django's dict; its 'default' names the PostgreSQL database, unless nephele.conf does",
            .secret = true});
}

/// What a URL may hold as it is; all else becomes %XX.
std::string url_part(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      (out += '%', out += hex[byte >> 4U], out += hex[byte & 15U]);
  }
  return out;
}

/// {'default': {'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': …, 'USER': …, 'PASSWORD': …, 'HOST': …,
/// 'PORT': …}} as a URL; empty when there is no such dict.
Result<std::string> url_of(const Node& databases) {
  const Entry* standard = databases.entry("default");
  if (standard == nullptr || standard->value.if_table() == nullptr) return std::string();
  const auto part = [&](std::string_view key) -> std::string {
    const Entry* entry = standard->value.entry(key);
    if (entry == nullptr) return "";
    return settings::Codec<std::string>::decode(entry->value, {}).value_or("");
  };
  const std::string engine = part("ENGINE");
  if (engine.find("postgresql") == std::string::npos && engine.find("postgis") == std::string::npos)
    return settings::fail_at(standard->value.place(), "DATABASES: ENGINE is \"" + engine +
                                                          "\"; write django.db.backends.postgresql, or take " +
                                                          "DATABASES away to use the data directory's own database");
  if (part("NAME").empty()) return settings::fail_at(standard->value.place(), "DATABASES: NAME is missing");
  std::string url = "postgresql://" + url_part(part("USER"));
  if (!part("PASSWORD").empty()) url += ":" + url_part(part("PASSWORD"));
  if (!part("USER").empty()) url += "@";
  const std::string host = part("HOST");
  const bool socket = host.starts_with('/');
  url += socket ? "" : host;
  if (!socket && !part("PORT").empty()) url += ":" + part("PORT");
  url += "/" + url_part(part("NAME"));
  if (socket) url += "?host=" + url_part(host) + (part("PORT").empty() ? "" : "&port=" + part("PORT"));
  return url;
}

}  // namespace

std::string synnefo_directory(const std::optional<std::string>& flag) {
  if (flag) return *flag;
  const char* named = std::getenv("SYNNEFO_SETTINGS_DIR");  // NOLINT(concurrency-mt-unsafe): before any thread starts
  return named != nullptr && *named != '\0' ? named : "/etc/synnefo";
}

Result<SynnefoConf> read_synnefo(const std::string& directory) {
  const auto programs = table();
  std::vector<settings::Key> known = programs.keys();
  std::ranges::move(identity::setting_keys(), std::back_inserter(known));
  const settings::PythonExtras django{.calls = true, .needed = [&known](std::string_view name) {
                                        return identity::is_setting(name) ||
                                               std::ranges::find(known, name, &settings::Key::name) != known.end();
                                      }};
  TRY(const auto paths, settings::conf_files(directory));
  TRY(auto document, settings::read_python_files(paths, django));
  settings::Sources sources;
  sources.files.push_back(document.root);
  TRY(auto loaded, programs.load(sources));
  TRY(auto astakos, identity::load_settings(sources));
  TRY(auto mail, identity::load_mail_settings(sources));
  SynnefoConf conf{.programs = std::move(loaded.values.programs),
                   .astakos = std::move(astakos.values),
                   .mail = std::move(mail.values),
                   .shown = programs.show(loaded),
                   .warnings = std::move(document.warnings),
                   .root = {}};
  TRY(conf.programs.database_url, url_of(loaded.values.databases));
  // Every Django has a SECRET_KEY: no news.
  for (const auto& row : astakos.shown)
    if (row.origin != "default" && row.name != "SECRET_KEY" && !identity::has_effect(row.name))
      conf.warnings.push_back(row.origin + ": " + row.name + " has no effect here");
  std::ranges::move(astakos.shown, std::back_inserter(conf.shown));
  std::ranges::move(mail.shown, std::back_inserter(conf.shown));
  Node unknown(document.root.place(), Node::Table{});
  for (const Entry& entry : *document.root.if_table())
    if (!identity::is_setting(entry.key)) unknown.set(entry.key, entry.spelled, entry.value);
  std::ranges::move(settings::unknown_keys(unknown, known), std::back_inserter(conf.warnings));
  conf.root = std::move(document.root);
  return conf;
}

}  // namespace nephele::apps
