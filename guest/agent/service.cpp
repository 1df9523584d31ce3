// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include "machine_facts.h"
#include "text.h"

namespace guest {
namespace {

Response method_not_allowed(std::string allowed) {
  Response response = error_response(405, "allowed here: " + allowed);
  response.fields.emplace_back("Allow", std::move(allowed));
  return response;
}

bool is_read(const Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

Service::Service(Loop& loop, const GuestState& state) : loop_(loop), state_(state) {
  static_cast<void>(loop_);
}
Service::~Service() = default;

std::unique_ptr<Exchange> Service::handle(const Request& request, Reply reply) {
  if (request.path == "/health") {
    if (is_read(request))
      health(reply);
    else
      reply.send(method_not_allowed("GET, HEAD"));
  } else if (request.path == "/") {
    if (is_read(request))
      status(reply);
    else
      reply.send(method_not_allowed("GET, HEAD, POST"));
  } else {
    reply.send(error_response(404, "nothing lives at this path"));
  }
  return nullptr;
}

void Service::settings_changed() {}
void Service::function_changed() {}
void Service::finish() {}

void Service::health(Reply reply) const {
  reply.send(
      json_response(state_.ready ? 200 : 503, state_.ready ? "{\"status\":\"ready\"}" : "{\"status\":\"starting\"}"));
}

void Service::status(Reply reply) const {
  const MachineFacts facts = machine_facts();
  const Settings& settings = state_.settings;
  std::string body = "{\"name\":" + json_quote(settings.name);
  const auto number = [&](std::string_view key, std::uint64_t value) {
    body += ",\"";
    body += key;
    body += "\":" + std::to_string(value);
  };
  body += ",\"flavour\":" + json_quote(settings.flavour) + ",\"role\":" + json_quote(settings.role);
  body += ",\"id\":" + json_quote(settings.id);
  body += std::string(",\"status\":") + (state_.ready ? "\"ready\"" : "\"starting\"");
  body += ",\"uptime\":" + uptime_text();
  number("memory_mib", facts.memory_mib);
  number("memory_usable_mib", facts.memory_usable_mib);
  number("memory_available_mib", facts.memory_available_mib);
  number("cpus", facts.cpus_online);
  number("disk_mib", facts.disk_mib);
  number("disk_free_mib", facts.disk_free_mib);
  body += ",\"boot_id\":" + json_quote(facts.boot_id) + "}";
  reply.send(json_response(200, std::move(body)));
}

}  // namespace guest
