// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/io_threads.h"
#include "identity/astakos/components.h"
#include "identity/identity.h"
#include "identity/life/life.h"
#include "identity/projects/projects.h"
#include "identity/quota/quotas.h"
#include "manage/verb.h"

namespace nephele::identity {

/// What most verbs stand on.
struct Ground {
  sql::Database& database;
  Identity& identity;
  quota::Quotas& quotas;
  const Clock& clock;
  astakos::Components& components;
};

/// Each part is opened by the first verb that needs it: help and a wrong command line need no database, and a list
/// needs no mail settings.
class Desk {
 public:
  virtual ~Desk() = default;
  virtual Result<Ground*> ground() = 0;
  virtual Result<life::AccountLife*> life() = 0;
  virtual Result<projects::Projects*> projects() = 0;
  /// For a verb that writes mails down: from here on this process sends them too, so that it can tell what became of
  /// them. Whoever else serves the database may be faster.
  virtual Result<operations::Operations*> post() = 0;
  virtual IoThreads& threads() = 0;
};

/// The verbs of `snf-manage` about users, groups, terms of use and quota. `desk` outlives them.
std::vector<manage::Verb> manage_verbs(Desk& desk);

}  // namespace nephele::identity
