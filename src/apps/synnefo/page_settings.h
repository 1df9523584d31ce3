// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/synnefo/synnefo_conf.h"
#include "identity/pages/settings.h"

namespace nephele::apps {

/// The pages as /etc/synnefo wants them.
identity::pages::Settings page_settings(const SynnefoConf& conf);

/// Does a file say it, or is it the default?
bool is_set(const SynnefoConf& conf, std::string_view name);

}  // namespace nephele::apps
