// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include "machine_facts.h"
#include "paths.h"
#include "peer.h"
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

Service::Service(Loop& loop, const GuestState& state) : loop_(loop), state_(state), function_(loop, state.settings) {}

Service::~Service() = default;

std::unique_ptr<Exchange> Service::handle(const Request& request, Reply reply) {
  const std::string_view path = request.path;
  if (path == "/") return root(request, std::move(reply));
  if (path == "/health") return health(request, std::move(reply));
  if (path == "/function") return run_function(request, std::move(reply));
  if (path == "/peer") return peer(request, std::move(reply));
  if (path == "/objects" || path.starts_with("/objects/")) return objects(request, std::move(reply));
  reply.send(error_response(404, "nothing lives at this path"));
  return nullptr;
}

std::unique_ptr<Exchange> Service::root(const Request& request, Reply reply) {
  if (request.method == "POST") return run_function(request, std::move(reply));
  if (is_read(request))
    status(reply);
  else
    reply.send(method_not_allowed("GET, HEAD, POST"));
  return nullptr;
}

std::unique_ptr<Exchange> Service::run_function(const Request& request, Reply reply) {
  if (request.method != "POST") {
    reply.send(method_not_allowed("POST"));
  } else if (!state_.ready) {
    reply.send(error_response(503, "the machine is not ready yet"));
  } else if (!function_.installed()) {
    reply.send(error_response(404, "this machine has no function: give one with its context"));
  } else {
    return function_.call(request, std::move(reply));
  }
  return nullptr;
}

std::unique_ptr<Exchange> Service::objects(const Request& request, Reply reply) {
  if (objects_ && state_.settings.is_data()) return objects_->handle(request, std::move(reply));
  reply.send(error_response(404, "this is no data machine: it has no objects"));
  return nullptr;
}

std::unique_ptr<Exchange> Service::peer(const Request& request, Reply reply) {
  if (!is_read(request))
    reply.send(method_not_allowed("GET, HEAD"));
  else if (state_.settings.peer_ip.empty())
    reply.send(error_response(404, "this machine has no peer"));
  else
    return ask_peer(loop_, state_.settings.peer_ip, state_.settings.peer_port, std::move(reply));
  return nullptr;
}

std::unique_ptr<Exchange> Service::health(const Request& request, Reply reply) {
  if (!is_read(request))
    reply.send(method_not_allowed("GET, HEAD"));
  else if (state_.ready)
    reply.send(json_response(200, "{\"status\":\"ready\"}"));
  else
    reply.send(json_response(503, "{\"status\":\"starting\"}"));
  return nullptr;
}

void Service::settings_changed() {
  function_.refresh();
  if (!state_.settings.is_data() || objects_) return;
  objects_ = std::make_unique<ObjectsHttp>(loop_, paths::objects);
  if (!objects_->prepare()) console_line("objects: the store cannot be made on the disk");
}

void Service::function_changed() {
  function_.refresh();
}

void Service::finish() {
  function_.stop_all();
  if (objects_) objects_->finish();
}

void Service::status(const Reply& reply) const {
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
  body += ",\"boot_id\":" + json_quote(facts.boot_id);
  body += std::string(",\"function\":") + (function_.installed() ? "true" : "false") + "}";
  reply.send(json_response(200, std::move(body)));
}

}  // namespace guest
