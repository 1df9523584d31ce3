// SPDX-License-Identifier: Apache-2.0
// vcycle check-config, vcycle shutdown.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "apps/vcycle/verbs.h"
#include "apps/vcycled/findings.h"
#include "base/cli_table.h"
#include "base/text_file.h"
#include "fleet/adapters/options.h"
#include "fleet/config_copies.h"
#include "fleet/urls.h"
#include "fleet/user_data.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::apps::vcycle {

namespace {

/// Files that a machinetype names and that are not there.
void look_for_files(const Context& context, const fleet::Space& space, const fleet::MachineType& type,
                    std::vector<std::string>& warnings) {
  const std::string folder = context.files.machinetype(space.name, type.name, type.path);
  const auto look = [&](const std::string& option, const std::string& path) {
    if (path.empty() || fleet::is_url(path) || path.starts_with("image:")) return;
    const std::string full = context.files.input(folder, path);
    std::error_code ignored;
    if (std::filesystem::exists(full, ignored)) return;
    warnings.push_back("[machinetype " + space.name + " " + type.name + "] " + option + ": " + full + " is not there");
  };
  std::error_code ignored;
  look("user_data", type.user_data);
  if (type.user_data_proxy && !std::filesystem::exists(folder + "/x509cert.pem", ignored) &&
      !std::filesystem::exists(folder + "/x509key.pem", ignored))
    warnings.push_back("[machinetype " + space.name + " " + type.name + "] user_data_proxy: " + folder +
                       "/x509cert.pem is not there");
  if (!type.image_signing_dn.empty() && type.root_image.starts_with("image:"))
    warnings.push_back("[machinetype " + space.name + " " + type.name +
                       "] cernvm_signing_dn: an image that the cloud has already is not checked");
  if (type.root_image.ends_with(".hdd"))
    warnings.push_back("[machinetype " + space.name + " " + type.name +
                       "] root_image: of CernVM's images clouds take the generic .iso, not the .hdd");
  look("root_public_key", type.root_public_key);
  if (!type.root_public_key.empty() && space.api == "dbce")
    warnings.push_back("[machinetype " + space.name + " " + type.name +
                       "] root_public_key: clouds with api = " + space.api + " put no keys into machines");
  for (const auto& [name, path] : type.user_data_files) look("user_data_file_" + name, path);
}

/// With joboutputs_need_token a machine that is not told its token sends nothing. Machines of our own cloud never do; a
/// template on a web server is not fetched here.
void look_for_token(const Context& context, const fleet::Space& space, const fleet::MachineType& type,
                    std::vector<std::string>& warnings) {
  constexpr std::size_t template_max = std::size_t{1} << 20U;
  if (space.api == "nephele" || fleet::is_url(type.user_data)) return;
  const std::string file =
      context.files.input(context.files.machinetype(space.name, type.name, type.path), type.user_data);
  const auto text = read_text_file(file, template_max);
  if (!text || fleet::tells_token(*text)) return;
  warnings.push_back("[machinetype " + space.name + " " + type.name + "] user_data: " + file +
                     " has no ##user_data_joboutputs_token##, and with joboutputs_need_token its machines can send no "
                     "joboutputs");
}

json::Value json_of(const std::vector<std::string>& sentences) {
  json::Array out;
  for (const auto& sentence : sentences) out.emplace_back(sentence);
  return json::Value(std::move(out));
}

}  // namespace

int check_config(const Context& context) {
  const auto found = fleet::config_in_force(context.files);
  const fleet::PipeCache pipes(context.files);
  auto config = fleet::read_configuration(found.texts, &pipes);
  fleet::place_files(context.files, config);
  auto findings = findings_of(context.files, found, config);
  auto& [problems, warnings] = findings;
  cli::Table table({{"space", "SPACE"},
                    {"machinetype", "MACHINETYPE"},
                    {"api", "API"},
                    {"target_share", "SHARE", cli::Align::right},
                    {"processors", "PROCESSORS", cli::Align::right},
                    {"files", "FILES"}});
  for (const auto& space : config.spaces) {
    if (!space.name.contains('.'))
      warnings.push_back("the name of the space " + space.name + " is not fully qualified");
    for (const auto& type : space.types) {
      look_for_files(context, space, type, warnings);
      if (config.factory.joboutputs_need_token) look_for_token(context, space, type, warnings);
      table.add({space.name, type.name, space.api, type.target_share, type.min_processors,
                 context.files.machinetype(space.name, type.name, type.path)});
    }
  }
  if (context.json) {
    json::Object out;
    out.append("problems", json_of(problems));
    out.append("warnings", json_of(warnings));
    out.append("machinetypes", table.to_json());
    std::cout << json::pretty(json::Value(std::move(out))) << '\n';
    return problems.empty() ? 0 : 1;
  }
  print(findings);
  if (!table.empty()) std::cout << table.text(cli::screen_of(STDOUT_FILENO));
  std::cout << (problems.empty() ? "The configuration is in order.\n"
                                 : "What is named above does nothing until it is mended.\n");
  return problems.empty() ? 0 : 1;
}

int shutdown(const Context& context, fleet::Instant end) {
  if (context.space.empty()) return complain(Error(Kind::invalid, "say which space, with --space"));
  if (end <= context.now) return complain(Error(Kind::invalid, "that time has passed; name a later one"));
  if (end > context.now + shutdown_within)
    return complain(Error(Kind::invalid, "that is more than 100 years away; name an earlier time"));
  const std::string folder = context.files.current(context.space, "");
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    return complain(
        Error(Kind::not_found, "no machine of " + context.space + " has ever been here: " + folder + " is not there"));
  const auto names = fleet::names_in(folder);
  if (!names) return complain(names.error());
  std::size_t lowered = 0;
  bool all = true;
  for (const auto& name : *names) {
    const std::string file = context.files.current(context.space, name) + "/jobfeatures/shutdowntime_job";
    if (const auto now = fleet::read_instant(file); now && *now <= end) continue;
    if (const auto written = context.files.write(file, fleet::to_text(end), 0644); !written) {
      complain(written.error());
      all = false;
      continue;
    }
    ++lowered;
  }
  std::cout << fmt::format("{} of {} machines of {} end by {}; for new ones set shutdown_time = {} in [space {}]\n",
                           lowered, names->size(), context.space, fleet::to_text(end), fleet::to_text(end),
                           context.space);
  return all ? 0 : 1;
}

}  // namespace nephele::apps::vcycle
