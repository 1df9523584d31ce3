// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/connection.h"

#include <ldap.h>

#include <algorithm>

namespace nephele::ldap {

namespace {

constexpr std::chrono::milliseconds look_for_stop{100};
constexpr int tls_1_2 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2;
constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

timeval as_timeval(std::chrono::milliseconds span) {
  const auto ms = std::max<std::int64_t>(1, span.count());
  return {.tv_sec = static_cast<time_t>(ms / 1000), .tv_usec = static_cast<suseconds_t>(ms % 1000 * 1000)};
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const noexcept { ldap_msgfree(message); }
};
struct FreeMemory {
  void operator()(void* memory) const noexcept { ldap_memfree(memory); }
};
struct FreeUrl {
  void operator()(LDAPURLDesc* url) const noexcept { ldap_free_urldesc(url); }
};
struct FreeValues {
  void operator()(berval** values) const noexcept { ldap_value_free_len(values); }
};
struct FreeBer {
  void operator()(BerElement* element) const noexcept { ber_free(element, 0); }
};

int scope_of(Scope scope) {
  switch (scope) {
    case Scope::base:
      return LDAP_SCOPE_BASE;
    case Scope::one_level:
      return LDAP_SCOPE_ONELEVEL;
    case Scope::subtree:
      return LDAP_SCOPE_SUBTREE;
  }
  std::unreachable();
}

Entry entry_of(LDAP* handle, LDAPMessage* message) {
  Entry entry;
  const std::unique_ptr<char, FreeMemory> dn(ldap_get_dn(handle, message));
  if (dn) entry.dn = dn.get();
  BerElement* position = nullptr;
  std::unique_ptr<char, FreeMemory> name(ldap_first_attribute(handle, message, &position));
  const std::unique_ptr<BerElement, FreeBer> owner(position);
  while (name) {
    std::vector<std::string> values;
    const std::unique_ptr<berval*, FreeValues> raw(ldap_get_values_len(handle, message, name.get()));
    for (berval** at = raw.get(); at != nullptr && *at != nullptr; ++at)
      values.emplace_back((*at)->bv_val, static_cast<std::size_t>((*at)->bv_len));
    entry.attributes.emplace_back(name.get(), std::move(values));
    name.reset(ldap_next_attribute(handle, message, position));
  }
  return entry;
}

/// What the handle itself says went wrong.
int error_of(LDAP* handle) {
  int code = LDAP_OTHER;
  ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
  return code == LDAP_SUCCESS ? LDAP_OTHER : code;
}

}  // namespace

std::chrono::milliseconds Limit::left() const {
  return std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
}

void Connection::Close::operator()(::ldap* handle) const noexcept {
  ldap_unbind_ext(handle, nullptr, nullptr);
}

/// An ldaps:// becomes an ldap:// with the same port, and `tls` true: TLS then begins in a step of its own, under the
/// watchdog.
Result<> Connection::initialize(bool& tls) {
  const auto wrong = [this] {
    return fail(Kind::invalid, "\"" + server_ + "\" is no address of a directory; write ldap://host or ldaps://host");
  };
  LDAPURLDesc* parsed = nullptr;
  if (ldap_url_parse(server_.c_str(), &parsed) != LDAP_URL_SUCCESS) return wrong();
  const std::unique_ptr<LDAPURLDesc, FreeUrl> url(parsed);
  tls = std::string_view(url->lud_scheme) == "ldaps";
  if (tls) url->lud_scheme[4] = '\0';
  const std::unique_ptr<char, FreeMemory> address(ldap_url_desc2str(url.get()));
  ::ldap* handle = nullptr;
  if (!address || ldap_initialize(&handle, address.get()) != LDAP_SUCCESS) return wrong();
  handle_.reset(handle);
  return {};
}

Result<> Connection::set_options(const Settings& settings) {
  const auto set = [this](int option, const void* value) {
    return ldap_set_option(handle_.get(), option, value) == LDAP_OPT_SUCCESS;
  };
  const int version = LDAP_VERSION3;
  const int never = LDAP_DEREF_NEVER;
  const int demand = settings.verify_tls ? LDAP_OPT_X_TLS_DEMAND : LDAP_OPT_X_TLS_NEVER;
  const int as_client = 0;
  const std::string ca = settings.ca_file.empty() ? system_authorities : settings.ca_file;
  // What ldap.conf and LDAP... in the environment say is overruled where it matters.
  const bool good = set(LDAP_OPT_PROTOCOL_VERSION, &version) && set(LDAP_OPT_DEREF, &never) &&
                    set(LDAP_OPT_REFERRALS, LDAP_OPT_OFF) && set(LDAP_OPT_RESTART, LDAP_OPT_ON) &&
                    set(LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) && set(LDAP_OPT_X_TLS_PROTOCOL_MIN, &tls_1_2) &&
                    set(LDAP_OPT_X_TLS_CACERTFILE, ca.c_str());
  if (!good) return fail(Kind::internal, "libldap does not take an option");
  if (!set(LDAP_OPT_X_TLS_NEWCTX, &as_client))
    return fail(Kind::invalid, server_ + " cannot be verified: \"" + ca + "\" holds no usable certificate");
  return {};
}

int Connection::connect(std::chrono::milliseconds span) {
  const timeval connect = as_timeval(std::min(span, limit_.left()));
  ldap_set_option(handle_.get(), LDAP_OPT_NETWORK_TIMEOUT, &connect);
  const int code = ldap_connect(handle_.get());
  ldap_set_option(handle_.get(), LDAP_OPT_NETWORK_TIMEOUT, nullptr);  // see Watchdog, whose task it is from here on
  int socket = -1;
  if (code == LDAP_SUCCESS && ldap_get_option(handle_.get(), LDAP_OPT_DESC, &socket) == LDAP_OPT_SUCCESS)
    watchdog_ = std::make_unique<Watchdog>(socket, limit_.deadline, limit_.stop);
  return code;
}

int Connection::ask_for_tls() {
  int request = 0;
  if (const int code = ldap_start_tls(handle_.get(), nullptr, nullptr, &request); code != LDAP_SUCCESS) return code;
  LDAPMessage* answer = nullptr;
  if (const int code = await(request, answer); code != LDAP_SUCCESS) return code;
  int code = LDAP_OTHER;
  const int parsed = ldap_parse_result(handle_.get(), answer, &code, nullptr, nullptr, nullptr, nullptr, 1);
  return parsed == LDAP_SUCCESS ? code : parsed;
}

Result<Connection> Connection::open(const Settings& settings, const std::string& server, const Limit& limit) {
  if (limit.over()) return fail(Kind::timeout, "there was no time left to ask " + server);
  Connection connection(server, limit);
  bool tls = false;
  TRY_VOID(connection.initialize(tls));
  TRY_VOID(connection.set_options(settings));
  int code = connection.connect(settings.connect);
  if (code == LDAP_SUCCESS && settings.start_tls) {
    code = connection.ask_for_tls();
    tls = true;
  }
  if (code == LDAP_SUCCESS && tls) code = ldap_install_tls(connection.handle_.get());
  if (code == LDAP_SUCCESS) return connection;
  if (limit.over()) code = LDAP_TIMEOUT;
  if (auto known = trouble(server, code)) return fail(*std::move(known));
  return fail(Kind::unavailable, server + " cannot be used: " + words_of(code));
}

int Connection::await(int request, LDAPMessage*& answer) {
  for (;;) {
    timeval slice = as_timeval(std::min(look_for_stop, limit_.left()));
    const int type = ldap_result(handle_.get(), request, LDAP_MSG_ALL, &slice, &answer);
    if (type > 0) return LDAP_SUCCESS;
    if (limit_.over()) return LDAP_TIMEOUT;  // the watchdog has closed it, or does so now
    if (type < 0) return error_of(handle_.get());
  }
}

int Connection::bind(const std::string& dn, const Secret& password) {
  // libldap wants a pointer to what it does not change.
  berval credentials{.bv_len = password.reveal().size(), .bv_val = const_cast<char*>(password.reveal().data())};
  int request = 0;
  const int sent =
      ldap_sasl_bind(handle_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &credentials, nullptr, nullptr, &request);
  if (sent != LDAP_SUCCESS) return sent;
  LDAPMessage* answer = nullptr;
  if (const int code = await(request, answer); code != LDAP_SUCCESS) return code;
  int code = LDAP_OTHER;
  const int parsed = ldap_parse_result(handle_.get(), answer, &code, nullptr, nullptr, nullptr, nullptr, 1);
  return parsed == LDAP_SUCCESS ? code : parsed;
}

int Connection::search(const Search& what, const std::vector<std::string>& attributes, int entries_max,
                       std::vector<Entry>& into) {
  std::vector<char*> names;
  for (const auto& name : attributes) names.push_back(const_cast<char*>(name.c_str()));
  names.push_back(nullptr);
  timeval time = as_timeval(limit_.left());
  int request = 0;
  const int sent =
      ldap_search_ext(handle_.get(), what.base.c_str(), scope_of(what.scope), what.filter.c_str(),
                      attributes.empty() ? nullptr : names.data(), 0, nullptr, nullptr, &time, entries_max, &request);
  if (sent != LDAP_SUCCESS) return sent;
  LDAPMessage* raw = nullptr;
  if (const int code = await(request, raw); code != LDAP_SUCCESS) return code;
  const std::unique_ptr<LDAPMessage, FreeMessage> answer(raw);
  for (LDAPMessage* at = ldap_first_entry(handle_.get(), raw); at != nullptr; at = ldap_next_entry(handle_.get(), at))
    into.push_back(entry_of(handle_.get(), at));
  int code = LDAP_OTHER;
  const int parsed = ldap_parse_result(handle_.get(), raw, &code, nullptr, nullptr, nullptr, nullptr, 0);
  return parsed == LDAP_SUCCESS ? code : parsed;
}

std::optional<Error> trouble(const std::string& server, int code) {
  switch (code) {
    case LDAP_TIMEOUT:
    case LDAP_TIMELIMIT_EXCEEDED:
      return Error(Kind::timeout, server + " did not answer in time; try again");
    case LDAP_SERVER_DOWN:
      return Error(Kind::unavailable,
                   server + " cannot be reached; check that it runs, the address and its certificate");
    case LDAP_CONNECT_ERROR:
      return Error(Kind::unavailable,
                   server + " does not speak TLS with us; check its certificate and its authority's");
    case LDAP_BUSY:
    case LDAP_UNAVAILABLE:
      return Error(Kind::unavailable, server + " does not work now: " + words_of(code));
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
      return Error(Kind::invalid, server + " takes passwords over TLS only; use ldaps:// or STARTTLS");
    default:
      return std::nullopt;
  }
}

std::string words_of(int code) {
  return ldap_err2string(code);
}

}  // namespace nephele::ldap
