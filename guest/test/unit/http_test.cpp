// SPDX-License-Identifier: Apache-2.0
#include "http_message.h"

#include "check.h"

using namespace guest;

namespace {

struct HeadRow {
  const char* text;
  int status;  // 0: complete, -1: incomplete
};

const AddCase judges_request_heads("http, heads", [] {
  const std::vector<HeadRow> rows = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET / HTTP/1.0\r\n\r\n", 0},
      {"GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", 0},
      {"GET / HTTP/1.1\r\nHost: a\r\n", -1},
      {"", -1},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET /\r\n\r\n", 400},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: a\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417},
  };
  for (const HeadRow& row : rows) {
    Request request;
    const HeadResult result = parse_head(row.text, request);
    const int got = result.kind == HeadResult::Kind::complete     ? 0
                    : result.kind == HeadResult::Kind::incomplete ? -1
                                                                  : result.status;
    if (got != row.status) std::fprintf(stderr, "%s: %d\n", row.text, got);
    check(got == row.status);
  }
  Request request;
  check(parse_head("GET / HTTP/1.1\r\n" + std::string(9000, 'x'), request).status == 431);
  check(parse_head("GET /" + std::string(9000, 'x'), request).status == 414);
  check(parse_head(std::string_view("GET / HTTP/1.1\r\nHost: \0a\r\n\r\n", 28), request).status == 400);
});

const AddCase reads_the_fields("http, fields", [] {
  Request request;
  parse_head(
      "PUT /a%20b?x=1&y=%41&z HTTP/1.1\r\nhost: a\r\nContent-length: 7\r\nConnection: close\r\nExpect: "
      "100-Continue\r\n\r\n",
      request);
  check(request.method == "PUT" && request.path == "/a b" && request.parameter("y") == "A" &&
        request.parameter("z") == "");
  check(!request.parameter("w") && request.content_length == 7U && !request.keep_alive && request.expects_continue);
});

struct Body {
  std::string content;
  bool done = false;
  bool broken = false;
  std::size_t used = 0;
};

Body decode(const std::string& bytes, std::size_t portion) {
  Request request;
  request.chunked = true;
  BodyDecoder decoder;
  decoder.start(request);
  Body body;
  std::string buffer;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done() && !decoder.broken(); at += portion) {
    buffer += bytes.substr(at, portion);
    while (true) {
      std::size_t framing = 0;
      const std::string_view piece = decoder.peek(buffer, framing);
      // peek() looks at the bytes after the framing it has consumed
      body.content += piece;
      decoder.take(piece.size());
      const std::size_t used = framing + piece.size();
      buffer.erase(0, used);
      body.used += used;
      if (used == 0 || decoder.done() || decoder.broken()) break;
    }
  }
  body.done = decoder.done();
  body.broken = decoder.broken();
  return body;
}

const AddCase decodes_chunks_in_any_portions("http, chunks", [] {
  const std::string good = "5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n";
  for (std::size_t portion = 1; portion <= good.size(); ++portion) {
    const Body body = decode(good + "GET", portion);
    check(body.done && body.content == "hello0123456789" && body.used == good.size());
  }
  for (const char* bad : {"\r\n", "zz\r\n", "5\nhello", "5\r\nhelloX\r\n", "-1\r\n", " 5\r\n", "5 \r\n", "0x5\r\n",
                          "fffffffffffffffff\r\n", "1\r\na\n", "5\rx\n", "0\r\nA: b\n"})
    for (const std::size_t portion : {1UZ, 100UZ}) {
      if (!decode(bad, portion).broken) std::fprintf(stderr, "%s\n", bad);
      check(decode(bad, portion).broken);
    }
  check(decode("0\r\n" + std::string(300, 'a'), 7).broken);
  std::string trailers = "0\r\n";
  for (int at = 0; at < 400; ++at) trailers += "X-Trailer: y\r\n";
  check(decode(trailers + "\r\n", 50).broken);
});

const AddCase survives_any_bytes("http, any bytes", [] {
  std::uint32_t seed = 11;
  constexpr std::string_view alphabet = "GET / HTTP/1.1\r\n\r\nHost:Content-Length: 0;5a\n\xff";
  for (int round = 0; round < 50000; ++round) {
    std::string bytes = round % 2 == 0 ? "" : "POST / HTTP/1.1\r\nHost: a\r\n";
    for (int at = 0; at < 60; ++at) bytes += alphabet[((seed = seed * 1664525 + 1013904223) >> 16) % alphabet.size()];
    bytes += "\r\n\r\n";
    Request request;
    const HeadResult result = parse_head(bytes, request);
    check(result.kind != HeadResult::Kind::complete ||
          (result.consumed <= bytes.size() && request.path.starts_with('/')));
    check(result.kind != HeadResult::Kind::refused || result.status >= 400);
    decode(bytes, 1 + seed % 20);
  }
});

}  // namespace
