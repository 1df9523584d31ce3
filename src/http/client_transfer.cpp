// SPDX-License-Identifier: Apache-2.0
#include "http/client_transfer.h"

#include <nephele_version.h>

#include <algorithm>
#include <cstring>

#include "http/answer.h"
#include "http/curl_url.h"

namespace nephele::http {

namespace {

constexpr std::size_t waiting_bytes_max = std::size_t{256} * 1024;  // for a sink that is busy

Transfer::Peer peer_of(CURL* easy) {
  char* ip = nullptr;
  long port = 0;
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &ip) != CURLE_OK || ip == nullptr ||
      curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port) != CURLE_OK || port <= 0)
    return {};
  return {.ip = ip, .port = static_cast<std::uint16_t>(port)};
}

// With what comes before it, so that no value with a line break becomes a second field.
bool is_clean(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

Result<std::string> origin_of(const std::string& url) {
  const auto parsed = is_clean(url) ? CurlUrl::parse(url) : std::nullopt;
  if (!parsed) return fail(Kind::invalid, "this is no URL; write one such as https://host:443/path");
  const auto scheme = parsed->part(CURLUPART_SCHEME);
  auto origin = scheme + "://" + parsed->part(CURLUPART_HOST) + ":" + parsed->part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (scheme != "http" && scheme != "https")
    return fail(Kind::invalid, "URLs of \"" + scheme + "\" cannot be called; use http or https");
  if (!parsed->part(CURLUPART_USER).empty() || !parsed->part(CURLUPART_PASSWORD).empty())
    return fail(Kind::invalid, "the URL of " + origin + " holds credentials; give them apart from it");
  return origin;
}

bool may_be_sent_twice(const ClientRequest& request) {
  if (request.once) return false;
  if (request.idempotent) return true;
  switch (request.verb) {
    case Verb::get:
    case Verb::head:
    case Verb::put:
    case Verb::del:
    case Verb::options:
      return request.stream == nullptr;
    default:
      return false;
  }
}

bool was_lost(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
      return true;
    default:
      return false;
  }
}

Transfer::Transfer(const ClientSettings& settings, std::shared_ptr<const ClientRequest> request, std::string origin,
                   bool to_sink, const Executor& executor)
    : settings_(settings),
      request_(std::move(request)),
      origin_(std::move(origin)),
      to_sink_(to_sink),
      bell_(executor) {}

Transfer::News Transfer::take() {
  const std::lock_guard lock(mutex_);
  News news{.block = {}, .paused = std::exchange(paused_, false), .wants_upload = wants_upload_, .done = done_};
  news.block.swap(block_);
  delivered_ = delivered_ || !news.block.empty();
  return news;
}

Task<bool> Transfer::wait() {
  co_return co_await bell_.wait_until(request_->deadline);
}

void Transfer::give(std::string_view block) {
  const std::lock_guard lock(mutex_);
  upload_.assign(block);
  upload_ended_ = block.empty();
  wants_upload_ = false;
}

Result<ClientResponse> Transfer::result() {
  const std::lock_guard lock(mutex_);
  if (error_) return fail(*error_);
  return std::move(response_);
}

Transfer::Peer Transfer::peer() const {
  const std::lock_guard lock(mutex_);
  return peer_;
}

bool Transfer::may_be_repeated() const {
  const std::lock_guard lock(mutex_);
  return done_ && transient_ && !delivered_ && may_be_sent_twice(*request_);
}

CURL* Transfer::open() {
  easy_.reset(curl_easy_init());
  if (easy_) set_options();
  return easy_.get();
}

void Transfer::set_options() {
  CURL* const easy = easy_.get();
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(request_->deadline - std::chrono::steady_clock::now());
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_URL, request_->url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, std::max<long>(1, static_cast<long>(left.count())));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings_.connect.count()));
  curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, ("nephele/" + std::string(version)).c_str());
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  if (!may_be_sent_twice(*request_)) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
  if (!request_->unix_socket.empty()) curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request_->unix_socket.c_str());
  if (request_->basic) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request_->basic->user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request_->basic->password.reveal().c_str());
  }
  set_method_and_body();
  set_headers();
  set_tls_and_proxy();
}

void Transfer::set_method_and_body() {
  CURL* const easy = easy_.get();
  if (request_->stream != nullptr) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &Transfer::on_upload);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 256L * 1024);
    if (request_->stream_length)
      curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(*request_->stream_length));
  } else if (!request_->body.empty() || request_->verb == Verb::post || request_->verb == Verb::put ||
             request_->verb == Verb::patch) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_->body.c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_->body.size()));
  } else if (request_->verb == Verb::head) {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  }
  if (to_sink_) curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L * 1024);
  if (request_->verb != Verb::head)
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, std::string(to_string(request_->verb)).c_str());
}

void Transfer::set_headers() {
  const auto append = [this](const std::string& line) {
    if (curl_slist* const longer = curl_slist_append(header_list_.get(), line.c_str())) {
      static_cast<void>(header_list_.release());
      header_list_.reset(longer);
    }
  };
  // An empty value is written with a semicolon: without it libcurl would leave the field out.
  for (const auto& [name, value] : request_->headers) append(value.empty() ? name + ";" : name + ": " + value);
  if (!request_->headers.find("Content-Type")) append("Content-Type:");  // not libcurl's guess
  if (request_->stream == nullptr) append("Expect:");
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, header_list_.get());
}

void Transfer::set_tls_and_proxy() {
  CURL* const easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings_.verify_tls ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings_.verify_tls ? 2L : 0L);
  if (!settings_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.ca_file.c_str());
  if (!settings_.ca_folder.empty()) curl_easy_setopt(easy, CURLOPT_CAPATH, settings_.ca_folder.c_str());
  if (!settings_.certificate_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, settings_.certificate_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, settings_.certificate_file.c_str());
  }
  if (!settings_.use_proxy_environment) curl_easy_setopt(easy, CURLOPT_PROXY, "");
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->header({data, size * count}) ? size * count : 0;
}
std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->body({data, size * count});
}
std::size_t Transfer::on_upload(char* into, std::size_t size, std::size_t count, void* self) {
  return static_cast<Transfer*>(self)->upload({into, size * count});
}

bool Transfer::header(std::string_view line) {
  const std::lock_guard lock(mutex_);
  header_bytes_ += line.size();
  if (header_bytes_ > answer_header_bytes_max) {
    too_long_ = true;
    return false;
  }
  take_header_line(line, response_);
  return true;
}

std::size_t Transfer::body(std::string_view block) {
  bool ring = false;
  {
    const std::lock_guard lock(mutex_);
    if (to_sink_ && response_.status >= 200 && response_.status < 300) {
      if (!block_.empty() && block_.size() + block.size() > waiting_bytes_max) {
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
      }
      ring = block_.empty();
      block_ += block;
    } else {
      if (response_.body.size() + block.size() > settings_.body_bytes_max) {
        too_long_ = true;
        return 0;
      }
      response_.body += block;
    }
  }
  if (ring) bell_.ring();
  return block.size();
}

std::size_t Transfer::upload(std::span<char> into) {
  {
    const std::lock_guard lock(mutex_);
    if (!upload_.empty()) {
      const auto n = std::min(into.size(), upload_.size());
      std::memcpy(into.data(), upload_.data(), n);
      upload_.erase(0, n);
      return n;
    }
    if (upload_ended_) return 0;
    wants_upload_ = true;
  }
  bell_.ring();
  return CURL_READFUNC_PAUSE;
}

void Transfer::finish(CURLcode code) {
  {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    done_ = true;
    transient_ = was_lost(code);
    if (code != CURLE_OK)
      error_.emplace(explain(code, settings_, origin_, request_->deadline, too_long_));
    else if (closes_connection(response_.headers) || !may_be_sent_twice(*request_))
      peer_ = peer_of(easy_.get());
  }
  bell_.ring();
}

Error explain(CURLcode code, const ClientSettings& settings, const std::string& origin, SteadyTime deadline,
              bool too_long) {
  const auto unavailable = [&origin](const std::string& what) { return Error(Kind::unavailable, origin + " " + what); };
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return unavailable("has an unknown name; check it, or the name service");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return unavailable("is behind a proxy of unknown name; check http_proxy and https_proxy");
    case CURLE_COULDNT_CONNECT:
      return unavailable("does not accept connections; check that it runs and that the address is right");
    case CURLE_OPERATION_TIMEDOUT:
      if (std::chrono::steady_clock::now() < deadline - std::chrono::milliseconds(5))
        return unavailable("cannot be reached; check the address and the network");
      return Error(Kind::timeout, origin + " did not answer in time; try again");
    case CURLE_PEER_FAILED_VERIFICATION:
      return unavailable("shows a certificate that is not trusted; give its authority's certificate");
    case CURLE_SSL_CACERT_BADFILE:
      return unavailable("cannot be verified: \"" + settings.ca_file + "\" holds no usable certificate");
    case CURLE_SSL_CERTPROBLEM:
      return unavailable("cannot be told who calls: \"" + settings.certificate_file +
                         "\" holds no usable certificate with its key");
    case CURLE_WRITE_ERROR:
      if (too_long) return Error(Kind::over_quota, origin + " gave an answer that is too long");
      break;
    default:
      break;
  }
  // libcurl's fixed text for the code; its detailed buffer may quote what was sent.
  return unavailable(std::string("failed: ") + curl_easy_strerror(code));
}

}  // namespace nephele::http
