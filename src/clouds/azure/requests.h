// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "clouds/azure/account.h"
#include "clouds/azure/model.h"

namespace nephele::azure {

/// The body of the PUT that makes a machine, with a disk and a network interface of its own, which go with it.
std::string body_of(const Account& account, const NewMachine& wanted);

}  // namespace nephele::azure
