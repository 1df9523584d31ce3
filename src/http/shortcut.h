// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/client.h"

/// Servers that close their connection behind every answer (oned does) have no use for a pool, nor have requests that
/// may not be sent twice: they get a connection of their own anyway. Such a request goes to the very address at which
/// libcurl lately reached the server, on the executor of its caller: no other thread, no look-up of the name. Measured
/// for three calls of oned: a third of the CPU.
namespace nephele::http {

/// So many connections at once and no more; who comes later waits for his turn.
class Turnstile {
 public:
  explicit Turnstile(std::size_t places) : free_(places) {}

  class Place {
   public:
    explicit Place(Turnstile* of) noexcept : of_(of) {}
    Place(Place&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() { end(); }
    /// Somebody else may have it.
    void end() {
      if (auto* const of = std::exchange(of_, nullptr)) of->give();
    }
    explicit operator bool() const noexcept { return of_ != nullptr; }

   private:
    Turnstile* of_;
  };
  /// None when the time came first. The turnstile outlives the place.
  Task<Place> enter(SteadyTime until);

 private:
  struct Waiter {
    Bell bell;
    bool has_place = false;
  };
  class Waiting;
  void give();

  std::mutex mutex_;
  std::size_t free_;
  std::deque<std::shared_ptr<Waiter>> waiting_;
};

/// How one URL is reached the short way.
struct Shortcut {
  std::string origin;  ///< for errors
  std::string head;    ///< the fields of the header that are the same for each request
  std::string target;
  std::string ip;
  std::uint16_t port = 0;
  bool closes = false;                   ///< its server, each connection; otherwise only for what may not be sent twice
  SteadyTime until;                      ///< then libcurl finds the way anew
  std::shared_ptr<Turnstile> turnstile;  ///< of its origin
};

class Shortcuts {
 public:
  /// `connections_per_host`: on the short way; libcurl counts its own.
  Shortcuts(bool use_proxy_environment, std::size_t connections_per_host);

  /// Null when there is none, or when this request is none for it.
  std::shared_ptr<const Shortcut> find(const ClientRequest& request);
  /// After an answer to `request` from `ip` and `port`: remembers the way when the server closes its connections, or
  /// when the request had to have one of its own.
  void learn(const ClientRequest& request, const std::string& origin, const ClientResponse& answer, std::string ip,
             std::uint16_t port);
  void forget(const std::string& url);

 private:
  std::shared_ptr<Turnstile> turnstile_of(const std::string& origin);

  const bool usable_;
  const std::size_t connections_per_host_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Shortcut>, std::less<>> by_url_;
  std::map<std::string, std::weak_ptr<Turnstile>, std::less<>> turnstiles_;  // by origin; its ways and calls own it
};

}  // namespace nephele::http
