// SPDX-License-Identifier: Apache-2.0
// Boost.JSON's compiled half, for the fuzz build only.
#include <boost/json/src.hpp>
