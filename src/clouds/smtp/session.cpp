// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/session.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "clouds/smtp/conversation.h"
#include "http/pipe_signal.h"

namespace nephele::smtp {

namespace {

struct FreeHandle {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// What libcurl calls back into.
struct Session {
  std::string_view left;  // of the content
  const std::stop_token& stop;
  Conversation conversation;
};

std::size_t give_content(char* into, std::size_t size, std::size_t count, void* self) {
  auto& left = static_cast<Session*>(self)->left;
  const std::size_t n = std::min(size * count, left.size());
  std::memcpy(into, left.data(), n);
  left.remove_prefix(n);
  return n;
}

int look_for_stop(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Session*>(self)->stop.stop_requested() ? 1 : 0;
}

int listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) {
  auto& conversation = static_cast<Session*>(self)->conversation;
  if (type == CURLINFO_HEADER_OUT) conversation.sent({data, size});
  if (type == CURLINFO_HEADER_IN) conversation.heard({data, size});
  return 0;
}

std::string url_of(const Settings& settings) {
  const bool ipv6 = settings.host.contains(':');
  return fmt::format("{}://{}:{}/{}", settings.tls == Tls::implicit ? "smtps" : "smtp",
                     ipv6 ? "[" + settings.host + "]" : settings.host, settings.port, settings.hello_name);
}

void set_security(CURL* easy, const Settings& settings) {
  const bool always = settings.tls != Tls::none;
  curl_easy_setopt(easy, CURLOPT_USE_SSL, static_cast<long>(always ? CURLUSESSL_ALL : CURLUSESSL_NONE));
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings.verify_tls ? 2L : 0L);
  if (!settings.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings.ca_file.c_str());
  if (settings.user.empty()) return;
  curl_easy_setopt(easy, CURLOPT_USERNAME, settings.user.c_str());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, settings.password.reveal().c_str());
  // Those that need no more than a name and a password: libcurl would rather try Kerberos, where one offers it.
  curl_easy_setopt(easy, CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5");
}

void set_limits(CURL* easy, SteadyTime deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  const long ms = std::max<long>(1, static_cast<long>(left.count()));
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, ms);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, ms);
  // The farewell is not under the limit above, so it gets this one; without, it waits for two minutes.
  curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (ms + 999) / 1000);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);  // and is said here, under these limits
}

void set_callbacks(CURL* easy, Session& session) {
  curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_content);
  curl_easy_setopt(easy, CURLOPT_READDATA, &session);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, look_for_stop);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &session);
  curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);  // for `listen`; nothing is printed
  curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, listen);
  curl_easy_setopt(easy, CURLOPT_DEBUGDATA, &session);
}

/// The relay said no.
Error refusal(const std::string& name, const Conversation& said) {
  using Phase = Conversation::Phase;
  const std::string why = fmt::format("{}{}{}", said.code(), said.words().empty() ? "" : " ", said.words());
  const auto error = [&](Kind kind, std::string sentence) {
    return Error(kind, std::move(sentence)).with("code", std::to_string(said.code()));
  };
  // 530: it wants TLS or a sign-in first. That is for the settings, as all that comes before the sender.
  const bool for_good = said.refused_for_good() && said.code() != 530;
  switch (said.phase()) {
    case Phase::greeting:
    case Phase::hello:
      return error(Kind::unavailable, fmt::format("{} takes no mail from us now: {}", name, why));
    case Phase::tls:
      return error(Kind::unavailable, fmt::format("{} refuses STARTTLS: {}", name, why));
    case Phase::sign_in:
      return error(Kind::unavailable, fmt::format("{} refuses our user and password ({})", name, said.code()));
    case Phase::recipient:
      return error(for_good ? Kind::invalid : Kind::unavailable,
                   fmt::format("{} does not take the recipient {}: {}", name, said.recipient(), why))
          .with("recipient", said.recipient());
    case Phase::sender:
    case Phase::content:
      break;
  }
  return error(
      for_good ? Kind::invalid : Kind::unavailable,
      fmt::format("{} does not take {}: {}", name, said.phase() == Phase::sender ? "our sender" : "the mail", why));
}

Error explain(CURLcode code, const Settings& settings, const Conversation& said) {
  const std::string name = name_of(settings);
  const auto unavailable = [&name](const std::string& what) { return Error(Kind::unavailable, name + " " + what); };
  switch (code) {
    case CURLE_ABORTED_BY_CALLBACK:
      return Error(Kind::timeout, "sending a mail by " + name + " was broken off");
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Kind::timeout, name + " did not answer in time; the mail is tried again");
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("has an unknown name; check it, or the name service");
    case CURLE_COULDNT_CONNECT:
      return unavailable("does not accept connections; check that it runs and that host and port are right");
    case CURLE_PEER_FAILED_VERIFICATION:
      return unavailable("shows a certificate that is not trusted; give its authority's certificate");
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("cannot be verified: \"" + settings.ca_file + "\" holds no usable certificate");
    case CURLE_SSL_CONNECT_ERROR:
      return unavailable("does not speak TLS on this port; choose between STARTTLS and TLS from the start");
    default:
      break;
  }
  if (said.refused()) return refusal(name, said);
  if (code == CURLE_USE_SSL_FAILED) return unavailable("offers no STARTTLS, and without TLS nothing is sent");
  if (code == CURLE_LOGIN_DENIED) return unavailable("offers no way to sign in that we know");
  return unavailable(std::string("broke off: ") + curl_easy_strerror(code));
}

}  // namespace

std::string name_of(const Settings& settings) {
  return fmt::format("{}:{}", settings.host, settings.port);
}

Result<> deliver(const Settings& settings, const Letter& letter, SteadyTime deadline, const std::stop_token& stop) {
  if (stop.stop_requested() || std::chrono::steady_clock::now() >= deadline)
    return fail(Kind::timeout, "there was no time left to speak to " + name_of(settings));
  Session session{.left = letter.content, .stop = stop, .conversation = {}};  // outlives the handle
  std::unique_ptr<curl_slist, FreeList> recipients;
  for (const auto& to : letter.to) {
    curl_slist* const longer = curl_slist_append(recipients.get(), to.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(recipients.release());
    recipients.reset(longer);
  }
  const std::unique_ptr<CURL, FreeHandle> handle(curl_easy_init());
  CURL* const easy = handle.get();
  if (easy == nullptr) throw std::bad_alloc();
  curl_easy_setopt(easy, CURLOPT_URL, url_of(settings).c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_MAIL_FROM, letter.from.c_str());
  curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients.get());
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(letter.content.size()));
  set_security(easy, settings);
  set_limits(easy, deadline);
  set_callbacks(easy, session);
  const http::PipeSignalGuard no_signal;  // OpenSSL writes without MSG_NOSIGNAL
  const CURLcode code = curl_easy_perform(easy);
  if (code == CURLE_OK) return {};
  return fail(explain(code, settings, session.conversation));
}

}  // namespace nephele::smtp
