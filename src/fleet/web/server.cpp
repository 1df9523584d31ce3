// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "base/io_threads.h"
#include "fleet/web/access_log.h"
#include "fleet/web/api.h"
#include "http/client_certificate.h"
#include "http/server.h"

namespace nephele::fleet::web {

namespace {

constexpr std::size_t threads = 2;
constexpr std::size_t disk_threads = 4;
constexpr std::size_t disk_queue = 256;
constexpr std::chrono::seconds patience_at_end{2};
constexpr std::uint32_t seconds_of_burst = 10;

/// Files that the process may have open, after asking for as many as it may ask for.
std::size_t open_files_max() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return 1'024;
  constexpr rlim_t enough = 65'536;
  const rlim_t wanted = std::min(files.rlim_max, enough);
  if (files.rlim_cur < wanted) {
    rlimit more = files;
    more.rlim_cur = wanted;
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) files = more;
  }
  return static_cast<std::size_t>(files.rlim_cur);
}

http::Limits limits_of(const Places& places) {
  http::Limits out;
  out.idle = std::chrono::seconds(300);
  // The cycles' files are opened by the same process.
  out.connections = std::clamp<std::size_t>(open_files_max() / 2, 64, 8'192);
  out.peer.connections = std::clamp<std::size_t>(out.connections / 16, 16, 64);
  const auto rate = places.requests_per_second;
  out.peer.connects = out.peer.requests = {.burst = rate * seconds_of_burst,
                                           .every = std::chrono::milliseconds(1'000 / std::max(rate, 1U))};
  return out;
}

/// What the server has to say about itself, in the fleet's own log.
class ToLog final : public log::Sink {
 public:
  explicit ToLog(WebServer::Say say) : say_(std::move(say)) {}
  void write(const log::Event& event) noexcept override {
    try {
      say_("Web server: " + log::format_message(event));
    } catch (const std::exception&) {  // no memory: the line is lost
      return;
    }
  }

 private:
  WebServer::Say say_;
};

void note(AccessLog& log, const http::Answered& answered) {
  const auto& request = answered.request;
  const auto* certificate = http::client_certificate(request);
  const auto field = [&](std::string_view name) { return request.headers.find(name).value_or(""); };
  log.write(text_of({.host = request.remote,
                     .subject = certificate == nullptr ? std::string_view{} : certificate->subjects.front(),
                     .method = http::to_string(request.verb),
                     .target = request.target,
                     .http10 = answered.http10,
                     .status = answered.status,
                     .bytes = answered.bytes,
                     .referer = field("Referer"),
                     .agent = field("User-Agent")},
                    SystemClock().now()));
}

Policy policy_of(const FactorySettings& factory) {
  Policy out;
  out.outputs = {.file = factory.joboutputs_file,
                 .machine = factory.joboutputs_machine,
                 .files = factory.joboutputs_files,
                 .free = factory.joboutputs_free};
  out.token_needed = factory.joboutputs_need_token;
  out.puts_per_minute = factory.joboutputs_puts_per_minute;
  return out;
}

}  // namespace

Places places_of(const Configuration& config, const Files& files) {
  const FactorySettings& factory = config.factory;
  Places out{.addresses = factory.web_addresses,
             .http_port = factory.web_http_port,
             .certificate = files.rooted(factory.web_certificate),
             .key = files.rooted(factory.web_key),
             .authorities = files.rooted(factory.web_authorities),
             .requests_per_second = factory.web_requests_per_second};
  std::set<std::uint16_t> ports;
  for (const auto& space : config.spaces) ports.insert(factory.web_https_port.value_or(space.https_port));
  ports.erase(0);  // another server of this host has them
  out.https_ports.assign(ports.begin(), ports.end());
  return out;
}

/// A server and everything that its connections use. What stands first goes last.
class WebServer::Running {
 public:
  Running(const Files& files, Places places, const Say& say)
      : places_(std::move(places)),
        say_(say),
        plain_log_(files.rooted("/var/log/vcycle/http--vcycle.log")),
        tls_log_(files.rooted("/var/log/vcycle/https-vcycle.log")),
        logging_(clock_, log::Level::warn),
        api_(files, disk_, say) {
    logging_.add(std::make_unique<ToLog>(say));
    router_.add(api_, std::span<const Api::Route>(Api::routes));
    server_ = std::make_unique<http::Server>(threads_.executors(), router_, limits_of(places_), log::Logger{},
                                             logging_.logger("http"));
    auto addresses = places_.addresses;
    if (addresses.empty()) addresses.emplace_back();
    for (const auto& address : addresses) {
      for (const auto port : places_.https_ports) missing_.push_back(listen_of(address, port, true));
      if (places_.http_port != 0) missing_.push_back(listen_of(address, places_.http_port, false));
    }
  }
  ~Running() {
    try {
      threads_.run(server_->stop(in(patience_at_end)));
    } catch (const std::exception& error) {
      say_(std::string("Web server: it does not end well: ") + error.what());
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  const Places& places() const noexcept { return places_; }
  void apply(const Policy& policy) { api_.apply(policy); }

  Result<> reopen_logs() {
    TRY_VOID(plain_log_.reopen());
    return tls_log_.reopen();
  }

  /// What cannot be had now is tried again at the next cycle. The first thing that is wrong.
  Result<> listen() {
    Result<> out;
    std::erase_if(missing_, [&](const http::Listen& each) {
      const auto listening = listen_at(each);
      if (!listening && out) out = fail(listening.error());
      return listening.has_value();
    });
    if (!whole_since_ && std::ranges::none_of(missing_, [](const http::Listen& each) { return each.tls.has_value(); }))
      whole_since_ = std::chrono::steady_clock::now();
    return out;
  }
  /// Since when all that machines may send to is there.
  std::optional<SteadyTime> whole_since() const noexcept { return whole_since_; }

 private:
  http::Listen listen_of(const std::string& address, std::uint16_t port, bool tls) {
    http::Listen out{.address = address, .port = port, .merge_slashes = true};
    if (tls) out.tls = http::Tls{places_.certificate, places_.key, places_.authorities};
    out.answered = [&log = tls ? tls_log_ : plain_log_](const http::Answered& answered) { note(log, answered); };
    return out;
  }

  Result<> listen_at(http::Listen listen) {
    const bool any = listen.address.empty();
    if (any) listen.address = "::";  // one socket for both kinds of addresses, where the host knows the newer one
    auto bound = server_->listen(listen);
    if (any && !bound && bound.error().kind() != Kind::conflict && bound.error().kind() != Kind::forbidden) {
      listen.address = "0.0.0.0";
      bound = server_->listen(listen);
    }
    const std::string what = listen.tls ? "https" : "http";
    if (!bound) return fail(bound.error().kind(), what + ": " + bound.error().sentence());
    say_("Web server for machines: " + what + " on " + listen.address + " port " + std::to_string(*bound));
    return {};
  }

  const Places places_;
  const Say say_;
  AccessLog plain_log_, tls_log_;
  const SystemClock clock_;
  log::Logging logging_;
  Faults faults_;
  Api api_;
  http::Router router_{faults_};
  IoThreads threads_{threads};
  Workers disk_{"joboutputs", disk_threads, disk_queue};  // ends what it has begun while its callers are there
  std::unique_ptr<http::Server> server_;
  std::vector<http::Listen> missing_;
  std::optional<SteadyTime> whole_since_;
};

WebServer::WebServer(const Files& files, Say say) : files_(files), say_(std::move(say)) {}
WebServer::~WebServer() = default;

void WebServer::stop() {
  running_.reset();
}

std::optional<std::chrono::seconds> WebServer::heard_for() const {
  if (!wanted_) return std::nullopt;
  const auto since = running_ ? running_->whole_since() : std::nullopt;
  if (!since) return std::chrono::seconds{0};
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - *since);
}

void WebServer::say_once(const std::string& line) {
  if (std::exchange(said_, line) != line && !line.empty()) say_(line);
}

void WebServer::apply(const Configuration& config) {
  const bool whole = std::ranges::none_of(config.problems, [](const Problem& problem) {
    return problem.section.empty() || problem.section == "[settings]";
  });
  if (!whole && running_) return;
  const Places places = places_of(config, files_);
  if (whole || !places.https_ports.empty()) wanted_ = !places.https_ports.empty();
  if (places.https_ports.empty()) {
    if (whole) running_.reset();
    return;
  }
  if (running_ && running_->places() != places) running_.reset();
  if (!running_) {
    for (const auto& file : {places.certificate, places.key})
      if (::access(file.c_str(), R_OK) != 0)
        return say_once("No web server for machines: " + file +
                        " cannot be read; with a host certificate and its key there, machines find their features and "
                        "send joboutputs. Until then no machine is ended for want of a heartbeat");
    running_ = std::make_unique<Running>(files_, places, say_);
  }
  running_->apply(policy_of(config.factory));
  if (const auto opened = running_->reopen_logs(); !opened)
    return say_once("Web server for machines: " + opened.error().sentence());
  const auto listening = running_->listen();
  say_once(listening ? std::string()
                     : "Web server for machines: " + listening.error().sentence() +
                           "; until it listens no machine is ended for want of a heartbeat");
}

}  // namespace nephele::fleet::web
