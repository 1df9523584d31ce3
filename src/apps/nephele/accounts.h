// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "apps/nephele/foundation.h"
#include "apps/synnefo/account_services.h"

namespace nephele::apps {

/// The accounts' life over an installation. Where its database is inside the data directory the mails may be, too; who
/// names another database is in production, and must name a way for mails.
Result<std::unique_ptr<AccountServices>> open_accounts(Foundation& foundation, const SynnefoConf& conf,
                                                       identity::Identity& identity, identity::quota::Quotas& quotas,
                                                       operations::Operations& operations);

/// snf-manage works on the database that DATABASES names where nephele.conf names none: an identity service beside it
/// on another would be a second truth. Fails with `invalid` then.
Result<> check_one_database(const Settings& settings, const SynnefoConf& conf);

}  // namespace nephele::apps
