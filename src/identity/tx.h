// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What services above may do of ours in their own transaction.
#include "identity/quota/tx.h"  // IWYU pragma: export
