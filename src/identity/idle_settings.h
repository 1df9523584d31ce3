// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace nephele::identity {

/// False for rows of settings.h that old files may have and nothing here asks for: pictures and scripts of Astakos' own
/// pages, invitations, ways to sign in that are not built in.
bool has_effect(std::string_view name);

}  // namespace nephele::identity
