// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>
#include <mutex>
#include <string>

#include "http/client.h"
#include "http/origin.h"

namespace nephele::http {

struct CloseEasy {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

/// May be sent twice with the effect of once: by its verb (RFC 9110, 9.2.2) or because the caller says so.
bool may_be_sent_twice(const ClientRequest& request);

/// The connection was refused or lost, as a repetition may help against.
bool was_lost(CURLcode code);
/// What a caller is told of a request to `origin` that ended so.
Error explain(CURLcode code, const ClientSettings& settings, const std::string& origin, SteadyTime deadline,
              bool too_long);

/// One attempt at one request, between the coroutine that waits and the thread that transfers. The curl handle and its
/// options are touched by the transferring thread only; what the two exchange is behind the mutex.
class Transfer {
 public:
  /// `settings` outlives the transferring thread; the request is kept, because the coroutine may be cancelled while
  /// that thread still reads it.
  Transfer(const ClientSettings& settings, std::shared_ptr<const ClientRequest> request, std::string origin,
           bool to_sink, const Executor& executor);

  // The waiting side.

  /// What there is to do for the coroutine.
  struct News {
    std::string block;          ///< of the answer, for the sink
    bool paused = false;        ///< waits until the block is taken
    bool wants_upload = false;  ///< the next block of the request's body
    bool done = false;
  };
  News take();
  /// `false`: nothing came within the deadline.
  Task<bool> wait();
  /// The next bytes of the request's body; an empty block is its end.
  void give(std::string_view block);
  /// After done.
  Result<ClientResponse> result();
  /// The connection was refused or lost before anything of an answer was given away.
  bool may_be_repeated() const;
  /// Where the answer came from, once there is one, when its connection serves nobody else.
  struct Peer {
    std::string ip;
    std::uint16_t port = 0;
  };
  Peer peer() const;

  // The transferring side.

  /// Null when there is not enough memory.
  CURL* open();
  CURL* handle() const noexcept { return easy_.get(); }
  void finish(CURLcode code);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* into, std::size_t size, std::size_t count, void* self);
  bool header(std::string_view line);
  std::size_t body(std::string_view block);
  std::size_t upload(std::span<char> into);
  void set_options();
  void set_method_and_body();
  void set_headers();
  void set_tls_and_proxy();

  const ClientSettings& settings_;
  std::shared_ptr<const ClientRequest> request_;
  std::string origin_;
  bool to_sink_;
  Bell bell_;
  std::unique_ptr<CURL, CloseEasy> easy_;
  std::unique_ptr<curl_slist, FreeList> header_list_;

  mutable std::mutex mutex_;  // guards everything below
  ClientResponse response_;
  std::size_t header_bytes_ = 0;
  std::string block_;   // arrived, not yet taken by the sink
  std::string upload_;  // given, not yet sent
  bool upload_ended_ = false;
  bool wants_upload_ = false;
  bool paused_ = false;
  bool delivered_ = false;  // the sink has had something
  bool too_long_ = false;
  bool done_ = false;
  std::optional<Error> error_;
  bool transient_ = false;
  Peer peer_;
};

}  // namespace nephele::http
