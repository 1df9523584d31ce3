// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages as values, and the two pure parsers: request head and request body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fd.h"

namespace guest {

struct HttpLimits {
  static constexpr std::size_t head_bytes = std::size_t{8} * 1024;
  static constexpr std::size_t target_bytes = std::size_t{4} * 1024;
  static constexpr std::size_t fields = 64;
};

struct Request {
  std::string method;
  std::string path;   ///< decoded, begins with '/'
  std::string query;  ///< as sent, without '?'
  std::vector<std::pair<std::string, std::string>> fields;
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  /// The first field of that name, empty when there is none.
  std::string_view field(std::string_view name) const;
  /// A decoded query parameter; nothing when absent or badly escaped.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  Fd file;  ///< when set, the body is `file_length` bytes of it from `file_offset`
  std::uint64_t file_offset = 0;
  std::uint64_t file_length = 0;
};

Response json_response(int status, std::string body);
/// `{"error":{"code":N,"message":"..."}}`
Response error_response(int status, std::string_view message);

/// Status line and fields with the empty line; for HEAD the same.
std::string response_head(const Response& response, bool keep_alive);

/// What a look at the received bytes gave.
struct HeadResult {
  enum class Kind { incomplete, complete, refused } kind = Kind::incomplete;
  std::size_t consumed = 0;  ///< when complete
  int status = 400;          ///< when refused
  std::string_view message;
};
HeadResult parse_head(std::string_view bytes, Request& request);

/// Takes the framing (length or chunks) off a request body.
class BodyDecoder {
 public:
  void start(const Request& request);
  bool done() const { return state_ == State::done; }
  bool broken() const { return state_ == State::broken; }
  /// The next piece of content at the start of `bytes`: `consumed` says how much framing went before it. The piece
  /// itself is taken with take(), in portions if need be.
  std::string_view peek(std::string_view bytes, std::size_t& consumed);
  void take(std::size_t count);

 private:
  enum class State { length, chunk_size, chunk_data, chunk_end, trailer, done, broken };

  enum class Line { more, complete, bad };

  Line collect_line(std::string_view& bytes, std::size_t& consumed);
  void end_of_line();
  void chunk_size();

  State state_ = State::done;
  std::uint64_t left_ = 0;
  std::string line_;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace guest
