// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/async.h"
#include "http/input.h"
#include "http/transport.h"

namespace nephele::http {

/// A connection on which every wait has a limit. Limits cost no timers: each wait notes its time, and the shard's
/// sweep ends what is over.
class Wire {
 public:
  explicit Wire(std::unique_ptr<Transport> transport) : transport_(std::move(transport)) {}

  Input input;

  Task<Io> handshake(SteadyTime until);
  /// More bytes into `input`, which grows to at most `capacity_max`.
  Task<Io> receive(SteadyTime until, std::size_t capacity_max);
  /// Bytes around `input`, straight to where they are wanted; `input` must be empty.
  Task<Io> receive_into(std::span<std::byte> into, SteadyTime until);
  /// All of `first` and `second`. `stall` is the longest time without progress. False: the connection is of no use
  /// any more.
  Task<bool> send(std::string_view first, std::string_view second, std::chrono::milliseconds stall);
  /// Some of a file; 0 bytes when the file is shorter than it was.
  Task<Io> send_file_some(int descriptor, std::uint64_t offset, std::uint64_t length, std::chrono::milliseconds stall);

  /// More bytes into `input`, without a limit and beside other waits: notices that the peer has gone.
  Task<Io> watch(std::size_t capacity_max);

  /// When bytes last moved, in either direction.
  SteadyTime last_progress() const noexcept { return last_progress_; }
  /// The last wait ended because its time was over.
  bool timed_out() const noexcept { return timed_out_; }
  void sweep(SteadyTime now) noexcept;
  Transport& transport() noexcept { return *transport_; }
  bool tls() const noexcept { return transport_->tls(); }

 private:
  void expect_until(SteadyTime until) noexcept {
    until_ = until;
    timed_out_ = false;
  }

  void ended(const Io& io) noexcept {
    until_ = never;
    if (!io.error) last_progress_ = std::chrono::steady_clock::now();
  }

  static constexpr SteadyTime never = SteadyTime::max();

  std::unique_ptr<Transport> transport_;
  SteadyTime until_ = never;
  SteadyTime last_progress_;
  bool timed_out_ = false;
};

}  // namespace nephele::http
