// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace guest {

/// Loads /lib/modules/NAME.ko for each line NAME of the list, in that order; what is built in or absent is skipped.
void load_modules(const char* list);

}  // namespace guest
