// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/async.h"
#include "base/file_handle.h"
#include "base/secret.h"

/// What the rest of the house sees of HTTP: small value types. Beast, sockets and libcurl stay in http/*.cpp.
namespace nephele::http {

enum class Verb : std::uint8_t { get, head, post, put, del, patch, options, other };

std::string_view to_string(Verb verb) noexcept;

/// ASCII letters compare without case; all other bytes as they are.
bool same_name(std::string_view a, std::string_view b) noexcept;

/// Header fields in order; names compare without case.
class Headers {
 public:
  std::optional<std::string_view> find(std::string_view name) const noexcept;
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  void set(std::string name, std::string value);
  void erase(std::string_view name);
  void clear() noexcept { fields_.clear(); }
  auto begin() const noexcept { return fields_.begin(); }
  auto end() const noexcept { return fields_.end(); }
  std::size_t size() const noexcept { return fields_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Bytes of a body, in order, never the whole body at once.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Fills at most `into.size()` bytes; 0 means the end. Fails with `timeout` (slow sender), `invalid` (broken
  /// chunking) or `unavailable` (connection lost). The first read sends `100 Continue` where it was asked for.
  virtual Task<Result<std::size_t>> read(std::span<std::byte> into) = 0;
};

/// The whole body as text; `over_quota` when it is longer than `bytes_max`, without reading more than that.
Task<Result<std::string>> read_all(BodyReader& body, std::size_t bytes_max);

/// A reader over text that is already there.
std::unique_ptr<BodyReader> text_body(std::string text);

/// Who may call a route. `late`: the router checks nothing, the use case verifies (one contract wants the body judged
/// before the password); such routes have small body limits.
enum class Access : std::uint8_t { open, late, user, admin };

/// A request whose header has arrived. Lives until the handler has ended.
struct Request {
  Verb verb = Verb::other;
  std::string target;  ///< as sent: "/serverless-runtimes/3?x=1"
  std::string path;    ///< before '?', raw (still percent-encoded)
  std::string query;   ///< after '?', raw
  Headers headers;
  std::string remote;  ///< address of the peer, or of the client behind a trusted proxy; no port
  std::string peer;    ///< address of whoever holds the other end of the connection, whatever he says; no port
  bool tls = false;
  std::string id;                       ///< request id: goes into logs, operations and 5xx bodies
  std::vector<std::string> parameters;  ///< values of the route's {placeholders}, percent-decoded, in order
  std::optional<std::uint64_t> content_length;
  BodyReader* body = nullptr;  ///< never null inside a handler
  SteadyTime deadline;         ///< when the client stops waiting: pass it down

  /// First value of a query parameter, decoded.
  std::optional<std::string> query_value(std::string_view name) const;
};

/// Credentials of `Authorization: Basic`, split at the first colon (RFC 7617); always UTF-8.
struct Basic {
  std::string user;
  Secret password;
};
enum class BasicProblem : std::uint8_t { absent, other_scheme, malformed };
std::variant<Basic, BasicProblem> basic_credentials(const Headers& headers);
/// For those who let another judge: what a malformed field still says, a user without a password. Nobody without a name
/// where it holds a NUL.
Basic malformed_credentials(const Headers& headers);

/// A response body that is produced while it is sent.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Like BodyReader::read. Called only as fast as the client takes it; the block of one call is sent before the next,
  /// so a slow source need not fill it. An error ends the connection, which tells the client that it has not got all.
  virtual Task<Result<std::size_t>> read(std::span<std::byte> into) = 0;
};

/// One server-sent event.
struct ServerEvent {
  std::string id;     ///< becomes Last-Event-ID of a reconnecting client
  std::string event;  ///< its type
  std::string data;
};

/// A sequence of server-sent events. The session sends `: keep-alive` comments while next() waits.
class EventSource {
 public:
  virtual ~EventSource() = default;
  /// The next event, or nothing at the end of the stream. Cancelled when the client goes.
  virtual Task<Result<std::optional<ServerEvent>>> next() = 0;
};

/// Part of an open file; sent by sendfile(2) where TLS does not stand between.
struct FileRange {
  FileHandle file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Stream {
  std::unique_ptr<BodySource> source;
  std::optional<std::uint64_t> length;  ///< absent: chunked
};

using Body = std::variant<std::string, FileRange, Stream, std::unique_ptr<EventSource>>;

struct Response {
  int status = 200;
  Headers headers;
  Body body;
};

/// 204 and the like: no body, no Content-Type.
Response empty_response(int status);
/// `Content-Type: application/json`, no charset.
Response json_response(int status, std::string body);
Response text_response(int status, std::string body);

/// Percent-decoding of one path segment or query part; nothing when it is malformed or holds a NUL.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);
std::string percent_encode(std::string_view text);

}  // namespace nephele::http
