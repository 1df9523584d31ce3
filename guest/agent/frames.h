// SPDX-License-Identifier: Apache-2.0
// The frames of the control port: `TYPE LENGTH\n` and LENGTH bytes. No I/O here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace guest {

/// Where a parser delivers: begin, any number of data, end. A false begin() has the payload skipped.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  virtual bool begin(std::string_view type, std::uint64_t length) = 0;
  virtual void data(std::string_view bytes) = 0;
  virtual void end() = 0;
  /// The frame that was begun will never be complete.
  virtual void abandoned() = 0;
};

/// Takes bytes in any portions. What is no header is skipped up to the next line end, so that a stream that was torn
/// finds its place again.
class FrameParser {
 public:
  static constexpr std::size_t type_max = 24;
  static constexpr std::uint64_t length_max = 64ULL << 20;

  explicit FrameParser(FrameSink& sink) : sink_(sink) {}

  void feed(std::string_view bytes);
  /// Forgets a half-received frame: the host has hung up, or has been silent in the middle of it for too long.
  void reset();
  bool in_frame() const { return state_ != State::header || !header_.empty(); }

 private:
  enum class State { header, resync, payload };

  void header_byte(char byte);
  void begin_payload();
  void end_payload();

  FrameSink& sink_;
  State state_ = State::header;
  std::string header_;
  std::uint64_t left_ = 0;
  bool wanted_ = false;
};

/// One frame ready to be written.
std::string make_frame(std::string_view type, std::string_view payload);

}  // namespace guest
