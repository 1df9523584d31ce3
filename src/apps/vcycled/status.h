// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fleet/files.h"
#include "fleet/report.h"

/// What vcycled leaves behind for those who look: vcycle, check-vcycled. Nobody decides by it.
namespace nephele::apps::vcycle {

/// Where the report of a space is.
std::string report_path(const fleet::Files& files, const std::string& space);
/// Nothing: there is none that can be read.
std::optional<fleet::SpaceReport> read_report(const std::string& path);
/// The report of a space's last cycle.
Result<> write_report(const fleet::Files& files, const fleet::SpaceReport& report);
/// Of all spaces, or of one; in the order of their names.
std::vector<fleet::SpaceReport> read_reports(const fleet::Files& files, const std::string& space = {});

/// Spaces that left the configuration are shown and counted no more.
void forget_reports(const fleet::Files& files, const std::function<bool(const std::string&)>& is_configured);

/// The factory (or the responder) lives: the file's time is what check-vcycled looks at.
void beat(const fleet::Files& files, std::string_view who = "factory");
/// For check-vcycled: its first line; empty: all is well, and the file goes.
void write_factory_error(const fleet::Files& files, const std::string& sentence);
/// "runningMachines maxMachines runningProcessors maxProcessors runningHS06"
void write_counts(const fleet::Files& files, const std::vector<fleet::SpaceReport>& reports);

}  // namespace nephele::apps::vcycle
