// SPDX-License-Identifier: Apache-2.0
#include "clouds/dbce/cloud.h"

#include <set>

#include "base/ascii.h"
#include "base/json.h"

namespace nephele::dbce {

namespace {

constexpr std::int64_t processors_max = 1'000'000;  // whoever tells more tells nothing

/// A text, or a number as it is written.
std::string text_of(const json::Value& row, std::string_view name) {
  const auto* const value = row.at_path({name});
  if (value == nullptr) return {};
  if (const auto* const text = value->if_string()) return *text;
  const auto* const number = value->if_number();
  return number == nullptr ? std::string() : number->text;
}

json::Object with_id(std::string id) {
  json::Object out;
  out.append("id", std::move(id));
  return out;
}

std::string body_of(const NewMachine& wanted) {
  json::Object out;
  out.append("name", wanted.name);
  out.append("platform", with_id(wanted.platform));
  out.append("image", with_id(wanted.image));
  out.append("configuration", with_id(wanted.configuration));
  out.append("network", with_id(wanted.network));
  if (!wanted.cloud_config.empty()) out.append("cloudConfig", to_base64(wanted.cloud_config));
  return json::write(out);
}

/// Whatever stands in a path as one part of it.
bool is_id(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find_first_of("/?#% \r\n") == std::string_view::npos;
}

/// The URL of <URL>; rel="next" (RFC 8288); empty: this page is the last.
std::string next_of(const http::Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (!http::same_name(name, "Link")) continue;
    for (std::size_t at = 0; (at = value.find('<', at)) != std::string::npos;) {
      const auto end = value.find('>', at);
      if (end == std::string::npos) break;
      const auto parameters = std::string_view(value).substr(end, value.find('<', end) - end);
      if (parameters.contains("rel=\"next\"") || parameters.contains("rel=next"))
        return value.substr(at + 1, end - at - 1);
      at = end;
    }
  }
  return {};
}

/// How many rows there are in all, where the answer tells.
std::optional<std::int64_t> total_in(const json::Value& tree) {
  for (const auto* const name : {"total", "totalCount"})
    if (const auto* const value = tree.at_path({name})) return value->integer();
  return std::nullopt;
}

Result<Machine> machine_of(const json::Value& row) {
  Machine out{.id = text_of(row, "id"), .name = text_of(row, "name"), .state = ascii::lowered(text_of(row, "state"))};
  if (!is_id(out.id) || out.name.empty()) return fail(Kind::invalid, "one of its machines has no id or no name");
  if (const auto* const cpu = row.at_path({"cpu"}))
    if (const auto cores = cpu->integer(); cores && *cores > 0 && *cores <= processors_max) out.processors = cores;
  return out;
}

}  // namespace

class Cloud::Impl {
 public:
  explicit Impl(Account given) : account(complete(std::move(given))), link(account.link) {}

  rest::Call call(http::Verb verb, std::string name, const std::string& path, std::string body = {}) const {
    rest::Call out{.verb = verb, .url = base() + path, .name = std::move(name), .body = std::move(body)};
    out.headers.add("Accept", "application/json");
    out.headers.add("Content-Type", "application/json");
    out.headers.add("DBCE-ApiKey", account.key.reveal());
    out.hidden = {account.key.reveal()};
    return out;
  }
  std::string base() const { return account.url + "/" + account.version; }

  const Account account;
  rest::Link link;

 private:
  static Account complete(Account account) {
    account.url = rest::without_slashes(account.url);
    account.link.service = "the Cloud Exchange";
    return account;
  }
};

Cloud::Cloud(Account account) : impl_(std::make_unique<Impl>(std::move(account))) {}
Cloud::~Cloud() = default;

Task<Result<std::vector<Machine>>> Cloud::machines(SteadyTime deadline) {
  const std::string name = "GET machines";
  const auto partial = [&](std::string_view why) { return fail(impl_->link.partial(name, why)); };
  std::vector<Machine> out;
  std::set<std::string> known, pages;
  std::string url = impl_->base() + "/machines";
  std::optional<std::int64_t> total;
  while (!url.empty()) {
    // The key goes to the service alone.
    if (!url.starts_with(impl_->base() + "/machines")) co_return partial("its next page is elsewhere");
    if (!pages.insert(url).second) co_return partial("its pages go in circles");
    auto call = impl_->call(http::Verb::get, name, "");
    call.url = url;
    CO_TRY(const auto answer, co_await impl_->link.send(std::move(call), deadline));
    const auto tree = json::parse(answer.body);
    if (!tree) co_return partial(tree.error().sentence());
    const auto* const rows = tree->at_path({"data"});
    if (rows == nullptr || rows->if_array() == nullptr) co_return partial("it has no \"data\"");
    for (const auto& row : *rows->if_array()) {
      auto one = machine_of(row);
      if (!one) co_return partial(one.error().sentence());
      if (known.insert(one->id).second) out.push_back(*std::move(one));
    }
    total = total_in(*tree);
    url = next_of(answer.headers);
    if (url.starts_with('/'))
      url = impl_->account.url.substr(0, impl_->account.url.find('/', impl_->account.url.find("://") + 3)) + url;
  }
  if (total && *total > static_cast<std::int64_t>(out.size()))
    co_return partial("it tells of " + std::to_string(*total) + " and has " + std::to_string(out.size()));
  co_return out;
}

Task<Result<std::string>> Cloud::create(NewMachine wanted, SteadyTime deadline) {
  const std::string name = "POST machines";
  auto call = impl_->call(http::Verb::post, name, "/machines", body_of(wanted));
  call.hidden.push_back(to_base64(wanted.cloud_config));
  call.hidden.push_back(wanted.cloud_config);
  CO_TRY(const auto answer, co_await impl_->link.send(std::move(call), deadline));
  const auto tree = json::parse(answer.body);
  if (!tree) co_return fail(impl_->link.unreadable(name, tree.error().sentence()));
  const auto* const data = tree->at_path({"data"});
  auto id = data == nullptr ? std::string() : text_of(*data, "id");
  if (!is_id(id)) co_return fail(impl_->link.unreadable(name, "it tells no id"));
  co_return id;
}

Task<Result<>> Cloud::assign_public_ip(std::string id, SteadyTime deadline) {
  if (!is_id(id)) co_return fail(Kind::invalid, "this is no id of a machine");
  // What is in the body is not looked at, but there must be something.
  auto call = impl_->call(http::Verb::post, "POST machines/ID/actions/assign-public-ip",
                          "/machines/" + id + "/actions/assign-public-ip", R"({"empty":true})");
  CO_TRY_VOID(co_await impl_->link.send(std::move(call), deadline));
  co_return Result<>{};
}

Task<Result<>> Cloud::remove(std::string id, SteadyTime deadline) {
  if (!is_id(id)) co_return fail(Kind::invalid, "this is no id of a machine");
  auto call = impl_->call(http::Verb::del, "DELETE machines/ID", "/machines/" + id);
  call.repeatable = true;
  const auto answer = co_await impl_->link.send(std::move(call), deadline);
  if (!answer && answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  co_return Result<>{};
}

}  // namespace nephele::dbce
