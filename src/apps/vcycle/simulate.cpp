// SPDX-License-Identifier: Apache-2.0
// vcycle simulate: what the configuration would do.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "apps/vcycle/verbs.h"
#include "base/cli_table.h"
#include "fleet/config_copies.h"
#include "fleet/simulation.h"
#include "fleet/vacuum_pipes.h"

namespace nephele::apps::vcycle {

namespace {

namespace sim = fleet::simulation;

constexpr std::int64_t usual_limit = 100;  // where neither the file nor a cloud gives one

sim::SpacePlan plan_of(const fleet::Space& space, const SimulateOptions& options) {
  sim::SpacePlan out;
  out.name = space.name;
  out.rules = space.rules();
  out.rules.shutdown.reset();  // a time of ours; the simulation's begins at 0
  if (!out.rules.processors_limit) out.rules.processors_limit = usual_limit;
  for (const auto& type : space.types) {
    sim::TypePlan plan;
    plan.name = type.name;
    plan.rules = type.rules();
    plan.lifetime = type.lifetime();
    plan.lifetime.has_heartbeat = false;  // simulated machines work or end
    plan.jobs_per_hour = options.jobs_per_hour;
    plan.job_length = fleet::seconds{static_cast<std::int64_t>(options.job_hours * 3'600)};
    out.types.push_back(std::move(plan));
  }
  return out;
}

/// Running processors of each type over time, a chart per space.
std::string svg_of(const sim::Story& story, const sim::Plan& plan) {
  constexpr int width = 900, height = 260, left = 60, top = 30;
  constexpr std::array colours{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"};
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n",
      width + left + 160, (height + 2 * top) * static_cast<int>(story.spaces.size()));
  for (std::size_t s = 0; s < story.spaces.size(); ++s) {
    const auto& space = story.spaces[s];
    const int base = top + static_cast<int>(s) * (height + 2 * top);
    const double most = static_cast<double>(std::max<std::int64_t>(1, space.most_processors));
    out += fmt::format("<text x=\"{}\" y=\"{}\">{}: running processors over {:g} hours</text>\n", left, base - 8,
                       space.name, static_cast<double>(plan.length.count()) / 3'600);
    out += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#999\"/>\n", left,
                       base, width, height);
    out += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n", left - 6, base + 10,
                       space.most_processors);
    for (std::size_t t = 0; t < space.types.size(); ++t) {
      const auto& type = space.types[t];
      const char* colour = colours.at(t % colours.size());
      out += fmt::format("<polyline fill=\"none\" stroke=\"{}\" points=\"", colour);
      for (const auto& point : type.curve)
        out += fmt::format("{:.1f},{:.1f} ",
                           left + width * static_cast<double>(point.time.time_since_epoch().count()) /
                                      static_cast<double>(plan.length.count()),
                           base + height * (1 - static_cast<double>(point.running) / most));
      out += fmt::format("\"/>\n<text x=\"{}\" y=\"{}\" fill=\"{}\">{}</text>\n", left + width + 8,
                         base + 14 + 16 * static_cast<int>(t), colour, type.name);
    }
  }
  return out + "</svg>\n";
}

}  // namespace

int simulate(const Context& context, const SimulateOptions& options) {
  const auto found = fleet::config_in_force(context.files);
  const fleet::PipeCache pipes(context.files);
  const auto config = fleet::read_configuration(found.texts, &pipes);
  for (const auto& problem : config.problems) std::cerr << "warning: " << problem.sentence << '\n';
  sim::Plan plan;
  plan.length = fleet::seconds{static_cast<std::int64_t>(options.hours * 3'600)};
  plan.seed = options.seed;
  for (const auto& space : config.spaces)
    if (!space.types.empty() && (context.space.empty() || space.name == context.space))
      plan.spaces.push_back(plan_of(space, options));
  if (plan.spaces.empty()) return complain(Error(Kind::not_found, "the configuration has no such space"));
  const auto story = sim::run(plan);
  if (!story) return complain(story.error());
  if (!options.svg.empty())
    if (const auto drawn = context.files.write(options.svg, svg_of(*story, plan), 0644); !drawn)
      return complain(drawn.error());
  cli::Table table({{"space", "SPACE"},
                    {"machinetype", "MACHINETYPE"},
                    {"target_share", "SHARE", cli::Align::right},
                    {"processor_hours", "PROCESSOR HOURS", cli::Align::right},
                    {"created", "CREATED", cli::Align::right},
                    {"finished", "FINISHED", cli::Align::right},
                    {"without_work", "WITHOUT WORK", cli::Align::right},
                    {"fizzles", "FIZZLES", cli::Align::right}});
  for (std::size_t s = 0; s < story->spaces.size(); ++s)
    for (std::size_t t = 0; t < story->spaces[s].types.size(); ++t) {
      const auto& type = story->spaces[s].types[t];
      table.add({story->spaces[s].name, type.name, plan.spaces[s].types[t].rules.target_share,
                 static_cast<double>(static_cast<std::int64_t>(type.processor_hours * 10)) / 10, type.created,
                 type.finished, type.without_work, type.fizzles});
    }
  std::cout << (context.json ? json::pretty(table.to_json()) + "\n" : table.text(cli::screen_of(STDOUT_FILENO)));
  return 0;
}

}  // namespace nephele::apps::vcycle
