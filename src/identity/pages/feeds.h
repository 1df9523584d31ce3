// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "identity/pages/desk.h"

namespace nephele::identity::pages {

/// What other programs read below ui/: the bar of other parts of the cloud, the configuration of kamaki (contract
/// astakos, 6.4), and the hand-over of a token to a program on the user's machine (6.7).
class FeedPages : private Guarded<FeedPages> {
 public:
  explicit FeedPages(Desk& desk) : Guarded(desk) {}
  static std::span<const http::Route<FeedPages>> routes();

 private:
  friend Guarded<FeedPages>;
  Task<Result<http::Response>> menu(http::Request& request, Visit visit);
  Task<Result<http::Response>> services(http::Request& request, Visit visit);
  Task<Result<http::Response>> kamakirc(http::Request& request, Visit visit);
  Task<Result<http::Response>> weblogin(http::Request& request, Visit visit);
};

/// "[A-Za-z0-9_.$]+", not too long: the name of a function that a script has.
bool is_callback(std::string_view name) noexcept;
/// `uri` without its query, if a token may be handed over to it.
std::optional<std::string> hand_over_to(std::string_view uri, const std::vector<std::string>& schemes);

}  // namespace nephele::identity::pages
