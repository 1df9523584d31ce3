// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/directory.h"

#include <algorithm>
#include <stdexcept>

#include "base/stoppable.h"
#include "base/this_machine.h"
#include "base/utf8.h"
#include "clouds/ldap/distinguished_name.h"
#include "clouds/ldap/sign_in.h"
#include "clouds/ldap/text.h"
#include "http/pipe_signal.h"

namespace nephele::ldap {

namespace {

constexpr std::size_t user_bytes_max = 256;
constexpr std::size_t password_bytes_max = 1024;

std::unexpected<Error> misconfigured(std::string sentence) {
  return fail(Kind::invalid, std::move(sentence));
}

Result<> check_server(const Settings& settings, std::string_view server) {
  const bool printable = std::ranges::all_of(server, [](char c) { return c > 0x20 && c < 0x7F; });
  const auto host = server.substr(std::min(server.size(), server.find("://") + 3));
  const bool plain = server.starts_with("ldap://");
  const bool tls = server.starts_with("ldaps://");
  if (!printable || host.empty() || host.contains('@') || (!plain && !tls && !server.starts_with("ldapi://")))
    return misconfigured("\"" + std::string(printable ? server : "...") +
                         "\" is no address of a directory; write ldap://host or ldaps://host");
  if (tls && settings.start_tls)
    return misconfigured(std::string(server) + " has TLS from the start, so STARTTLS cannot be asked for");
  if (plain && !settings.start_tls && !settings.plain_passwords && !is_this_machine(host))
    return misconfigured("passwords would travel to " + std::string(server) +
                         " in the clear; use ldaps:// or turn STARTTLS on");
  return {};
}

Result<> check_groups(const Settings& settings) {
  if (!settings.groups) {
    if (settings.require_group.empty() && settings.deny_group.empty()) return {};
    return misconfigured("a required or denied group needs a group search");
  }
  const auto& groups = *settings.groups;
  if (groups.member.empty() || groups.name.empty())
    return misconfigured("the groups' attributes of members and of names must be named");
  if (groups.nested && groups.type == Groups::Type::member_uid)
    return misconfigured("groups that list user names cannot be nested");
  if (groups.searches.empty()) return misconfigured("groups are wanted, but there is no group search");
  for (const auto& search : groups.searches)
    if (search.filter.contains("%(user)s"))
      return misconfigured("the filter of the group search finds all groups; leave %(user)s out");
  for (const auto& dn : {settings.require_group, settings.deny_group})
    if (!dn.empty() && !normal_dn(dn)) return misconfigured("\"" + dn + "\" is no distinguished name of a group");
  return {};
}

}  // namespace

struct Directory::State {
  explicit State(Settings wanted) : settings(std::move(wanted)), workers("ldap", settings.sign_ins, settings.waiting) {}
  Settings settings;
  Workers workers;
};

Result<> Directory::check(const Settings& settings) {
  if (settings.servers.empty()) return misconfigured("no server of the directory is named");
  for (const auto& server : settings.servers) TRY_VOID(check_server(settings, server));
  if (settings.users.empty() == settings.user_dn_template.empty())
    return misconfigured("users are found by a search or by a DN template: give one of them");
  for (const auto& search : settings.users) {
    if (!search.filter.contains("%(user)s"))
      return misconfigured("the filter of the user search has no %(user)s, so it would find everybody");
    TRY_VOID(fill_in(search.filter, "x", escape_filter));
  }
  if (!settings.user_dn_template.empty()) {
    if (!settings.user_dn_template.contains("%(user)s"))
      return misconfigured("the DN template of users has no %(user)s, so it would be one for everybody");
    TRY(const std::string dn, fill_in(settings.user_dn_template, "x", escape_dn));
    if (!normal_dn(dn)) return misconfigured("the DN template of users gives no distinguished name");
  }
  // Many servers take a name without a password for a success that proves nothing.
  if (settings.bind_dn.empty() != settings.bind_password.empty())
    return misconfigured("bind DN and bind password are given both or not at all");
  if (settings.connect <= std::chrono::milliseconds::zero() || settings.timeout <= std::chrono::milliseconds::zero() ||
      settings.sign_ins == 0)
    return misconfigured("time limits and number of sign-ins must be above 0");
  return check_groups(settings);
}

Directory::Directory(Settings settings) {
  if (const auto good = check(settings); !good) throw std::runtime_error(good.error().sentence());
  state_ = std::make_unique<State>(std::move(settings));
}

Directory::~Directory() = default;

Task<Result<Entry>> Directory::authenticate(std::string user, Secret password) {
  // An empty password would be an "unauthenticated bind" (RFC 4513 5.1.2), which succeeds.
  const bool possible = !user.empty() && user.size() <= user_bytes_max && is_utf8(user) && !password.empty() &&
                        password.reveal().size() <= password_bytes_max;
  if (!possible) co_return fail(Kind::unauthorized, "user or password are empty or too long");
  const SteadyTime deadline = in(state_->settings.timeout);
  co_return co_await run_stoppable(
      state_->workers,
      [this, user = std::move(user), password = std::move(password),
       deadline](const std::stop_token& stop) -> Result<Entry> {
        const http::PipeSignalGuard no_signal;  // liblber writes to its sockets without MSG_NOSIGNAL
        return sign_in(state_->settings, user, password, {.deadline = deadline, .stop = stop});
      });
}

const std::vector<std::string>& Entry::values(std::string_view name) const noexcept {
  static const std::vector<std::string> none;
  for (const auto& [key, list] : attributes)
    if (same_name(key, name)) return list;
  return none;
}

std::optional<std::string> Entry::text(std::string_view name) const {
  const auto& list = values(name);
  if (list.empty()) return std::nullopt;
  if (same_name(name, "objectGUID") && list[0].size() == 16) return guid_text(list[0]);
  if (!is_utf8(list[0]) || list[0].contains('\0')) return std::nullopt;
  return list[0];
}

}  // namespace nephele::ldap
