// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// LOGGING_SETUP speaks of Synnefo's loggers; ours have names of their own.
namespace nephele::apps {

/// "compute.api" is "synnefo.api"; a name without a row stays what it is.
std::string synnefo_logger(std::string_view ours);

/// Our loggers at whose names the level of a Synnefo logger may change: those that lie below it, or that it lies below.
std::vector<std::string> our_loggers(std::string_view synnefo);

}  // namespace nephele::apps
