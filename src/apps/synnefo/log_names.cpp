// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/log_names.h"

#include <array>

namespace nephele::apps {

namespace {

struct Names {
  std::string_view ours;
  std::string_view synnefo;
};

/// The longest prefix decides, as everywhere with loggers.
constexpr std::array table{
    Names{"manage", "synnefo.admin"},         // snf-manage
    Names{"console.admin", "synnefo.admin"},  // the administrators' pages
    Names{"compute.api", "synnefo.api"},      // OpenStack's and Cyclades' requests
    Names{"compute.store", "synnefo.db"},
    Names{"compute", "synnefo.logic"},  // what becomes of servers and networks, also "compute.qemu"
    Names{"operations", "synnefo.logic.operations"},
    Names{"images", "synnefo.plankton"},
    Names{"volumes", "synnefo.volume"},
    Names{"compute.vmapi", "synnefo.vmapi"},
    Names{"identity", "astakos"},
    Names{"objects", "pithos"},
    Names{"dispatcher", "dispatcher"},
    Names{"bus", "amqp"},
    Names{"sql", "django.db.backends"},
    Names{"http", "django.request"},
};

/// Is `name` `above` or below it?
bool covers(std::string_view above, std::string_view name) {
  return above.empty() || (name.starts_with(above) && (name.size() == above.size() || name[above.size()] == '.'));
}

}  // namespace

std::string synnefo_logger(std::string_view ours) {
  const Names* best = nullptr;
  for (const Names& names : table)
    if (covers(names.ours, ours) && (best == nullptr || best->ours.size() < names.ours.size())) best = &names;
  if (best == nullptr) return std::string(ours);
  return std::string(best->synnefo) + std::string(ours.substr(best->ours.size()));
}

std::vector<std::string> our_loggers(std::string_view synnefo) {
  std::vector<std::string> found;
  for (const Names& names : table) {
    if (covers(synnefo, names.synnefo)) found.emplace_back(names.ours);
    if (covers(names.synnefo, synnefo) && names.synnefo != synnefo)
      found.push_back(std::string(names.ours) + std::string(synnefo.substr(names.synnefo.size())));
  }
  if (synnefo_logger(synnefo) == synnefo) found.emplace_back(synnefo);  // one of ours by its own name
  return found;
}

}  // namespace nephele::apps
