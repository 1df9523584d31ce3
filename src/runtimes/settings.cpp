// SPDX-License-Identifier: Apache-2.0
#include "runtimes/settings.h"

#include <initializer_list>
#include <utility>

namespace nephele::runtimes {
namespace {

json::Object object(std::initializer_list<json::Member> members) {
  json::Object out;
  for (const auto& [name, value] : members) out.append(name, value);
  return out;
}

}  // namespace

json::Value engine_conf(const Settings& settings) {
  if (settings.shown) return *settings.shown;
  const auto& capacity = settings.capacity;
  return object({
      {"one_xmlrpc", settings.one_xmlrpc},
      {"oneflow_server", settings.oneflow_server},
      {"host", settings.host},
      {"port", static_cast<int>(settings.port)},
      {"timeout", static_cast<std::int64_t>(settings.timeout.count())},
      {"capacity", object({
                       {"disk", object({{"default", capacity.disk_default_mib}})},
                       {"cpu", object({{"default", capacity.cpu_default}, {"mult", capacity.cpu_mult}})},
                       {"memory", object({{"default", capacity.memory_default_mib},
                                          {"mult", capacity.memory_mult},
                                          {"resize_mode", capacity.memory_resize_mode}})},
                   })},
      {"log", object({{"level", settings.log_level}, {"system", settings.log_system}})},
  });
}

}  // namespace nephele::runtimes
