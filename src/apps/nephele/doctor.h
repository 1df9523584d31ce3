// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "apps/nephele/verbs.h"

namespace nephele::apps {

/// One line of `nephele doctor`: "ok", "--" for what may be as it is, "NO".
void say(std::string_view mark, std::string_view words);

/// The settings of /etc/synnefo, the mails' way, the listener and a sign-in, on a database that goes away again in
/// `bench`. `insists`: on its port too.
Result<> examine_identity(const Context& context, const Installation& bench, bool insists);

}  // namespace nephele::apps
