// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <algorithm>

#include "text.h"

namespace guest {
namespace {

constexpr std::size_t header_max = FrameParser::type_max + 1 + 10;

bool is_type(std::string_view text) {
  return !text.empty() && text.size() <= FrameParser::type_max &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '-'; });
}

}  // namespace

void FrameParser::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    if (state_ == State::payload) {
      const auto portion = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      if (wanted_) sink_.data(bytes.substr(0, portion));
      left_ -= portion;
      bytes.remove_prefix(portion);
      if (left_ == 0) end_payload();
    } else {
      header_byte(bytes.front());
      bytes.remove_prefix(1);
    }
  }
}

void FrameParser::header_byte(char byte) {
  if (byte == '\n') {
    if (state_ == State::header && !header_.empty()) begin_payload();
    if (state_ == State::resync) state_ = State::header;
    header_.clear();
  } else if (state_ == State::header) {
    if (header_.size() >= header_max)
      state_ = State::resync;
    else
      header_ += byte;
  }
}

void FrameParser::begin_payload() {
  const std::string_view header = header_;
  const std::size_t space = header.find(' ');
  if (space == std::string_view::npos) return;
  const std::string_view type = header.substr(0, space);
  const auto length = to_number(header.substr(space + 1), length_max);
  if (!is_type(type) || !length) return;
  left_ = *length;
  wanted_ = sink_.begin(type, left_);
  state_ = State::payload;
  if (left_ == 0) end_payload();
}

void FrameParser::end_payload() {
  state_ = State::header;
  if (wanted_) sink_.end();
  wanted_ = false;
}

void FrameParser::reset() {
  if (state_ == State::payload && wanted_) sink_.abandoned();
  state_ = State::header;
  header_.clear();
  left_ = 0;
  wanted_ = false;
}

std::string make_frame(std::string_view type, std::string_view payload) {
  std::string frame(type);
  frame += ' ';
  frame += std::to_string(payload.size());
  frame += '\n';
  frame += payload;
  return frame;
}

}  // namespace guest
