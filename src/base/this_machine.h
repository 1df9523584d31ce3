// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace nephele {

/// Does a host, "host:port" or a URL name this very machine, so that nothing travels in the clear? By what is written,
/// without asking anybody: localhost, 127.x.y.z or ::1. A name that only begins like one of them is somebody else's,
/// and so is the host behind an @.
bool is_this_machine(std::string_view address) noexcept;

}  // namespace nephele
