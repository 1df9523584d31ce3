// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/log.h"
#include "runtimes/api.h"

namespace nephele::runtimes {

/// engine.log: which request came, what was answered, and the words that operators have been searching for since the
/// first Provision Engine.
class EngineTale final : public RequestTale {
 public:
  /// `begun` and `ended` frame each request, for a log that has a file for each (decision C1).
  struct Frame {
    std::function<void()> begun = [] {};
    std::function<void()> ended = [] {};
  };
  /// `pretty`: the bodies of answers stand indented over several lines of the log, each with its head: nobody can forge
  /// one (decision M7).
  EngineTale(log::Logger log, Frame frame, bool pretty = false)
      : log_(std::move(log)), frame_(std::move(frame)), pretty_(pretty) {}

  void received(RouteKind route) override;
  void asked(const http::Request& request, std::string_view body) override;
  void answered(RouteKind route, const http::Request& request, int status, std::string_view body) override;
  void over() noexcept override { frame_.ended(); }

 private:
  void answered_with(std::string_view body) const;

  log::Logger log_;
  Frame frame_;
  bool pretty_;
};

}  // namespace nephele::runtimes
