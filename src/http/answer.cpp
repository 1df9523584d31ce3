// SPDX-License-Identifier: Apache-2.0
#include "http/answer.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace nephele::http {

namespace {

constexpr std::size_t reserved_bytes_max = std::size_t{1} << 20U;  // more only as it arrives

constexpr std::string_view line_ends = "\r\n ";

}  // namespace

void take_header_line(std::string_view line, ClientResponse& into) {
  line = ascii::trimmed_right(line, line_ends);
  if (line.starts_with("HTTP/")) {  // also after a 100
    into = {};
    const auto blank = line.find(' ');
    if (blank != std::string_view::npos)
      std::from_chars(line.data() + blank + 1, line.data() + line.size(), into.status);
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  into.headers.add(std::string(line.substr(0, colon)), std::string(ascii::trimmed_left(line.substr(colon + 1))));
}

bool closes_connection(const Headers& headers) {
  for (const auto& [name, text] : headers) {
    if (!same_name(name, "connection")) continue;
    for (std::string_view options = text; !options.empty();) {
      const auto comma = std::min(options.find(','), options.size());
      if (same_name(ascii::trimmed(options.substr(0, comma)), "close")) return true;
      options.remove_prefix(std::min(comma + 1, options.size()));
    }
  }
  return false;
}

AnswerReader::State AnswerReader::take(std::string_view block) {
  if (state_ == State::head) block = take_head(block);
  if (state_ == State::body || state_ == State::until_end) take_body(block);
  return state_;
}

std::string_view AnswerReader::take_head(std::string_view block) {
  while (state_ == State::head && !block.empty()) {
    const auto end = block.find('\n');
    const auto piece = block.substr(0, end == std::string_view::npos ? block.size() : end + 1);
    header_bytes_ += piece.size();
    block.remove_prefix(piece.size());
    if (header_bytes_ > answer_header_bytes_max) {
      state_ = State::too_long;
    } else if (end == std::string_view::npos) {
      rest_ += piece;
      // Said early, because of something else than HTTP there may be no line to wait for.
      if (response_.status == 0 && !rest_.starts_with("HTTP/1.") && !std::string_view("HTTP/1.").starts_with(rest_))
        state_ = State::garbage;
    } else {
      if (!rest_.empty()) rest_ += piece;
      if (!take_line(rest_.empty() ? piece : std::string_view(rest_))) state_ = State::garbage;
      rest_.clear();
    }
  }
  return block;
}

bool AnswerReader::take_line(std::string_view line) {
  if (response_.status == 0) {
    if (!line.starts_with("HTTP/1.")) return false;
    take_header_line(line, response_);
    return response_.status >= 100 && response_.status <= 999;
  }
  if (!ascii::trimmed_right(line, line_ends).empty()) {
    take_header_line(line, response_);
  } else if (response_.status < 200 && response_.status != 101) {
    response_ = {};  // 100 Continue and its like: the answer comes behind it
  } else {
    begin_body();
  }
  return true;
}

void AnswerReader::begin_body() {
  state_ = State::until_end;
  const int status = response_.status;
  if (asked_ == Verb::head || status == 101 || status == 204 || status == 304) {
    state_ = State::whole;
  } else if (const auto coding = response_.headers.find("Transfer-Encoding")) {
    chunked_ = same_name(*coding, "chunked");
    state_ = chunked_ ? State::body : State::garbage;
  } else if (const auto length = response_.headers.find("Content-Length")) {
    const auto [end, error] = std::from_chars(length->data(), length->data() + length->size(), left_);
    if (error != std::errc{} || end != length->data() + length->size()) {
      state_ = State::garbage;
    } else if (left_ > body_bytes_max_) {
      state_ = State::too_long;
    } else {
      state_ = left_ == 0 ? State::whole : State::body;
      response_.body.reserve(std::min<std::size_t>(left_, reserved_bytes_max));
    }
  }
}

void AnswerReader::take_body(std::string_view block) {
  if (chunked_) return take_chunks(block);
  if (state_ == State::body) {
    block = block.substr(0, left_);  // what may stand behind it is nobody's
    left_ -= block.size();
    if (left_ == 0) state_ = State::whole;
  } else if (response_.body.size() + block.size() > body_bytes_max_) {
    state_ = State::too_long;
    return;
  }
  response_.body += block;
}

void AnswerReader::take_chunks(std::string_view block) {
  rest_ += block;
  std::string_view input = rest_;
  for (;;) {
    const auto step = chunks_.next(input);
    input.remove_prefix(step.framing);
    if (step.state == ChunkDecoder::State::end) state_ = State::whole;
    if (step.state == ChunkDecoder::State::bad) state_ = State::garbage;
    if (step.state != ChunkDecoder::State::data || input.empty()) break;
    const auto data = input.substr(0, std::min<std::uint64_t>(chunks_.remaining(), input.size()));
    if (response_.body.size() + data.size() > body_bytes_max_) {
      state_ = State::too_long;
      return;
    }
    response_.body += data;
    chunks_.took(data.size());
    input.remove_prefix(data.size());
  }
  rest_.erase(0, rest_.size() - input.size());
}

}  // namespace nephele::http
