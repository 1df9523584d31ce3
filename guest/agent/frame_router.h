// SPDX-License-Identifier: Apache-2.0
// What each frame from the host does.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "fd.h"
#include "frames.h"

namespace guest {

class FrameRouter : public FrameSink {
 public:
  struct Calls {
    std::function<void(const std::string&)> context;
    std::function<void()> function;  ///< a new function lies at paths::function, or none any more
    std::function<void()> query;
  };

  explicit FrameRouter(Calls calls) : calls_(std::move(calls)) {}

  bool begin(std::string_view type, std::uint64_t length) override;
  void data(std::string_view bytes) override;
  void end() override;
  void abandoned() override;

 private:
  void install_function();

  Calls calls_;
  std::string type_;
  std::string payload_;
  Fd function_;
  bool function_complete_ = false;
};

/// Sets the clock to unix seconds with an optional fraction; false when `text` is no such number.
bool set_clock(std::string_view text);
/// Stirs bytes into the kernel's pool and makes it use them at once: clones of one snapshot must part here.
void stir_entropy(std::string_view bytes);

}  // namespace guest
