// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/settings/tree.h"

/// LOGGING_SETUP: Python's dictConfig (schema version 1) over our logging. Handlers: StreamHandler, FileHandler,
/// WatchedFileHandler, SysLogHandler, NullHandler; levels, formatters, propagation and the root logger mean what they
/// mean in Python. Synnefo's logger names stand for ours by the table in log_names.cpp.
namespace nephele::apps {

/// Adds what `setup` says to `logging`; before threads start. `ident` is the program's name in syslog. Answers warnings
/// about what is left out; fails with file and line for what is wrong, and for a file that cannot be written.
Result<std::vector<std::string>> set_up_logging(log::Logging& logging, const settings::Node& setup,
                                                const std::string& ident);

/// What holds without the setting: all from INFO on to syslog (facility daemon) where /dev/log is, else to `file`.
settings::Node usual_logging(const std::string& file);

}  // namespace nephele::apps
