// SPDX-License-Identifier: Apache-2.0
#include "clouds/google/cloud.h"

#include <set>

#include "clouds/google/decode.h"
#include "clouds/google/grant.h"
#include "clouds/rest/oauth.h"

namespace nephele::google {

namespace {

/// What is told of each; not its metadata, where the user data stands.
constexpr std::string_view instance_fields =
    "(id,name,status,zone,machineType,creationTimestamp,lastStartTimestamp,lastStopTimestamp,networkInterfaces/"
    "networkIP,labels)";

rest::Settings settings_of(const Account& account) {
  return {.service = "the cloud's service of Google",
          .timeout = account.timeout,
          .repeats_max = account.repeats_max,
          .first_pause = account.first_pause,
          .ca_file = account.ca_file};
}

json::Object object_of(std::initializer_list<std::pair<const char*, json::Value>> members) {
  json::Object out;
  for (const auto& [name, value] : members) out.append(name, value);
  return out;
}

json::Value disk_of(const NewInstance& wanted) {
  auto made = object_of({{"sourceImage", wanted.image}, {"diskSizeGb", std::to_string(wanted.disk_gb)}});
  if (!wanted.disk_type.empty()) made.append("diskType", "zones/" + wanted.zone + "/diskTypes/" + wanted.disk_type);
  return object_of(
      {{"boot", true}, {"autoDelete", true}, {"type", "PERSISTENT"}, {"initializeParams", std::move(made)}});
}

json::Value interface_of(const NewInstance& wanted) {
  json::Object out;
  if (wanted.subnetwork.empty())
    out.append("network", wanted.network);
  else
    out.append("subnetwork", wanted.subnetwork);
  if (wanted.public_address)
    out.append("accessConfigs", json::Array{object_of({{"name", "External NAT"}, {"type", "ONE_TO_ONE_NAT"}})});
  return out;
}

std::string body_of(const NewInstance& wanted) {
  json::Object labels;
  for (const auto& [key, value] : wanted.labels) labels.set(key, value);
  json::Array items;
  for (const auto& [key, value] : wanted.metadata) items.emplace_back(object_of({{"key", key}, {"value", value}}));
  return json::write(object_of({{"name", wanted.name},
                                {"machineType", "zones/" + wanted.zone + "/machineTypes/" + wanted.type},
                                {"labels", std::move(labels)},
                                {"disks", json::Array{disk_of(wanted)}},
                                {"networkInterfaces", json::Array{interface_of(wanted)}},
                                {"metadata", object_of({{"items", std::move(items)}})}}));
}

}  // namespace

class Cloud::Impl {
 public:
  Impl(Account account, const Clock& clock)
      : base_(account.url + "/projects/" + account.project),
        root_(account.url),
        link_(settings_of(account), account.token_url, std::make_unique<ServiceAccountGrant>(account), clock) {}

  /// Below the project.
  std::string at(const std::string& path) const { return base_ + path; }
  std::string in_zone(const std::string& zone, const std::string& kind, const std::string& name = {}) const {
    return base_ + "/zones/" + http::percent_encode(zone) + "/" + kind +
           (name.empty() ? "" : "/" + http::percent_encode(name));
  }
  const std::string& root() const { return root_; }
  Error unreadable(const std::string& call, const Error& why) const { return link_.unreadable(call, why.sentence()); }
  Error partial(const std::string& call, const std::string& why) const { return link_.partial(call, why); }
  Task<Result<json::Object>> ask(rest::Call call, SteadyTime deadline) {
    co_return co_await link_.ask(std::move(call), deadline);
  }

 private:
  const std::string base_, root_;
  rest::OAuthLink link_;
};

Cloud::Cloud(Account account, const Clock& clock) : impl_(std::make_unique<Impl>(std::move(account), clock)) {}
Cloud::~Cloud() = default;

Task<Result<std::vector<Instance>>> Cloud::instances(SteadyTime deadline) {
  const std::string call = "instances.aggregatedList";
  const std::string fields =
      "kind,nextPageToken,warning,unreachables,items/*/warning,items/*/instances" + std::string(instance_fields);
  const std::string url = impl_->at("/aggregated/instances?maxResults=500&returnPartialSuccess=false&fields=" +
                                    http::percent_encode(fields));
  std::vector<Instance> out;
  std::set<std::string> known;  // what moves while the pages are told stands on two of them
  std::string token;
  do {
    CO_TRY(
        const auto answer,
        co_await impl_->ask(
            {.url = url + (token.empty() ? "" : "&pageToken=" + http::percent_encode(token)), .name = call}, deadline));
    auto page = decode_instances(answer);
    if (!page) co_return fail(impl_->partial(call, page.error().sentence()));
    if (!page->missing.empty()) co_return fail(impl_->partial(call, page->missing));
    for (auto& instance : page->instances)
      if (known.insert(instance.id).second) out.push_back(std::move(instance));
    // A page may be empty and not the last; the same token twice leads nowhere.
    if (!page->next_token.empty() && page->next_token == token)
      co_return fail(impl_->partial(call, "its pages go in circles"));
    token = page->next_token;
  } while (!token.empty());
  co_return out;
}

Task<Result<std::optional<MachineType>>> Cloud::machine_type(std::string zone, std::string name, SteadyTime deadline) {
  const std::string call = "machineTypes.get";
  const auto answer = co_await impl_->ask({.url = impl_->in_zone(zone, "machineTypes", name), .name = call}, deadline);
  if (!answer && answer.error().kind() == Kind::not_found) co_return std::nullopt;
  if (!answer) co_return fail(answer.error());
  auto type = decode_machine_type(*answer);
  if (!type) co_return fail(impl_->unreadable(call, type.error()));
  co_return *type;
}

Task<Result<std::int64_t>> Cloud::image_gb(std::string path, SteadyTime deadline) {
  const std::string call = "images.get";
  // A family's newest one has a method of its own, below the same names.
  CO_TRY(const auto answer, co_await impl_->ask({.url = impl_->root() + "/" + path, .name = call}, deadline));
  const auto size = rest::text_of(answer, "diskSizeGb");
  std::int64_t out = 0;
  for (const char c : size) {
    if (c < '0' || c > '9' || out > 1'000'000) co_return fail(impl_->unreadable(call, Error(Kind::invalid, "no size")));
    out = out * 10 + (c - '0');
  }
  co_return out;
}

Task<Result<Operation>> Cloud::insert(NewInstance wanted, SteadyTime deadline) {
  const std::string call = "instances.insert";
  rest::Call order{.verb = http::Verb::post,
                   .url = impl_->in_zone(wanted.zone, "instances") + "?requestId=" + wanted.request_id,
                   .name = call,
                   .body = body_of(wanted),
                   .repeatable = true,
                   .hidden = wanted.hidden};
  const auto answer = co_await impl_->ask(std::move(order), deadline);
  if (!answer && answer.error().kind() == Kind::conflict) {
    // The order had been heard before.
    CO_TRY(const auto there,
           co_await impl_->ask(
               {.url = impl_->in_zone(wanted.zone, "instances", wanted.name) + "?fields=id", .name = "instances.get"},
               deadline));
    co_return Operation{.zone = wanted.zone, .target_id = rest::text_of(there, "id"), .done = true};
  }
  if (!answer) co_return fail(answer.error());
  auto operation = decode_operation(call, *answer);
  if (!operation) co_return fail(impl_->unreadable(call, operation.error()));
  operation->zone = wanted.zone;
  co_return operation;
}

Task<Result<Operation>> Cloud::operation(std::string zone, std::string name, SteadyTime deadline) {
  const std::string call = "instances.insert";  // the only ones that are looked at
  CO_TRY(
      const auto answer,
      co_await impl_->ask({.url = impl_->in_zone(zone, "operations", name), .name = "zoneOperations.get"}, deadline));
  auto operation = decode_operation(call, answer);
  if (!operation) co_return fail(impl_->unreadable("zoneOperations.get", operation.error()));
  operation->zone = zone;
  co_return operation;
}

Task<Result<>> Cloud::remove(std::string zone, std::string name, SteadyTime deadline) {
  const auto answer = co_await impl_->ask({.verb = http::Verb::del,
                                           .url = impl_->in_zone(zone, "instances", name),
                                           .name = "instances.delete",
                                           .repeatable = true},
                                          deadline);
  if (!answer && answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  co_return Result<>{};
}

}  // namespace nephele::google
