// SPDX-License-Identifier: Apache-2.0
#include "clouds/azure/cloud.h"

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "clouds/azure/decode.h"
#include "clouds/azure/grant.h"
#include "clouds/azure/requests.h"
#include "clouds/rest/oauth.h"

namespace nephele::azure {

namespace {

constexpr std::string_view compute = "2024-07-01";  // its first version with If-None-Match is 2024-03-01
constexpr std::string_view network = "2024-01-01";

rest::Settings settings_of(const Account& account) {
  return {.service = "the cloud's service of Azure",
          .timeout = account.timeout,
          .repeats_max = account.repeats_max,
          .first_pause = account.first_pause,
          .ca_file = account.ca_file};
}

/// "management.azure.com" of "https://management.azure.com:443/subscriptions/..."
std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  return ascii::lowered(url.substr(0, url.find_first_of("/:?#")));
}

/// Path and query.
std::string_view target_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

/// A machine that is not there, and not a path, a group or a subscription.
bool is_gone(const Error& error) {
  return error.kind() == Kind::not_found &&
         (error.detail("code") == "ResourceNotFound" || error.detail("code") == "NotFound");
}

}  // namespace

class Cloud::Impl {
 public:
  Impl(Account account, const Clock& clock)
      : account_(std::move(account)),
        link_(settings_of(account_), token_url(account_), std::make_unique<ClientGrant>(account_), clock) {}

  const Account& account() const { return account_; }

  /// Below the subscription.
  std::string subscription(const std::string& path, std::string_view version) const {
    return "/subscriptions/" + http::percent_encode(account_.subscription) + path + (path.contains('?') ? "&" : "?") +
           "api-version=" + std::string(version);
  }
  std::string group(const std::string& path, std::string_view version) const {
    return subscription("/resourceGroups/" + http::percent_encode(account_.resource_group) + "/providers/" + path,
                        version);
  }
  std::string machine(const std::string& name, const std::string& below = {}) const {
    return group("Microsoft.Compute/virtualMachines/" + http::percent_encode(name) + below, compute);
  }

  Task<Result<json::Object>> ask(rest::Call call, SteadyTime deadline) {
    call.url = account_.url + call.url;
    co_return co_await link_.ask(std::move(call), deadline);
  }

  /// All rows of all pages.
  Task<Result<std::vector<json::Value>>> rows(std::string target, std::string name, SteadyTime deadline) {
    std::vector<json::Value> out;
    std::set<std::string> known, ids;  // what moves while the pages are told stands on two of them
    while (!target.empty()) {
      // A page may be empty and not the last; the same one twice leads nowhere.
      if (!known.insert(target).second) co_return fail(partial(name, "its pages go in circles"));
      CO_TRY(auto answer, co_await ask({.url = target, .name = name}, deadline));
      auto page = decode_page(std::move(answer));
      if (!page) co_return fail(partial(name, page.error().sentence()));
      for (auto& row : page->rows) {
        const auto id = ascii::lowered(row.text_at({"id"}));  // sizes have none
        if (id.empty() || ids.insert(id).second) out.push_back(std::move(row));
      }
      // The token goes to nobody else.
      if (!page->next.empty() && host_of(page->next) != host_of(account_.url))
        co_return fail(partial(name, "its next page is on another host"));
      target = target_of(page->next);
    }
    co_return out;
  }

  Task<Result<std::map<std::string, View>>> views(SteadyTime deadline);
  Task<Result<bool>> look_at(Machine& machine, SteadyTime deadline);
  Task<std::map<std::string, std::string>> addresses(SteadyTime deadline);

  Error unreadable(const std::string& call, const Error& why) const { return link_.unreadable(call, why.sentence()); }
  Error partial(const std::string& call, const std::string& why) const { return link_.partial(call, why); }

 private:
  const Account account_;
  rest::OAuthLink link_;
};

Cloud::Cloud(Account account, const Clock& clock) : impl_(std::make_unique<Impl>(std::move(account), clock)) {}
Cloud::~Cloud() = default;

/// By their ids in small letters. A resource group's own list cannot tell states; that of the subscription can, to
/// those who may read it.
Task<Result<std::map<std::string, View>>> Cloud::Impl::views(SteadyTime deadline) {
  std::map<std::string, View> out;
  const std::string name = "virtualMachines.listAll";
  const auto all = co_await rows(subscription("/providers/Microsoft.Compute/virtualMachines?statusOnly=true", compute),
                                 name, deadline);
  if (!all && all.error().kind() == Kind::forbidden) co_return out;
  if (!all) co_return fail(all.error());
  for (const auto& one : *all)
    if (const auto* const view = one.at_path({"properties", "instanceView"}))
      out.emplace(ascii::lowered(one.text_at({"id"})), decode_view(*view));
  co_return out;
}

/// Whether it is still there. Where its state is not to be had, the machine itself is asked for.
Task<Result<bool>> Cloud::Impl::look_at(Machine& machine, SteadyTime deadline) {
  const auto answer = co_await ask(
      {.url = this->machine(machine.name, "/instanceView"), .name = "virtualMachines.instanceView"}, deadline);
  if (answer) machine.view = decode_view(*answer);
  if (answer) co_return true;
  if (answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  const std::string name = "virtualMachines.get";
  const auto there = co_await ask({.url = this->machine(machine.name), .name = name}, deadline);
  if (there) co_return fail(partial(name, "it has " + machine.name + ", whose state is not told"));
  if (!is_gone(there.error())) co_return fail(there.error());
  co_return false;
}

/// By machines' ids in small letters. Nothing is decided by them, so their list may fail.
Task<std::map<std::string, std::string>> Cloud::Impl::addresses(SteadyTime deadline) {
  std::map<std::string, std::string> out;
  const auto all =
      co_await rows(group("Microsoft.Network/networkInterfaces", network), "networkInterfaces.list", deadline);
  if (!all) co_return out;
  for (const auto& one : *all)
    if (auto [address, machine] = decode_interface(one); !address.empty()) out.emplace(machine, address);
  co_return out;
}

Task<Result<std::vector<Machine>>> Cloud::machines(SteadyTime deadline) {
  const std::string name = "virtualMachines.list";
  CO_TRY(const auto rows,
         co_await impl_->rows(impl_->group("Microsoft.Compute/virtualMachines", compute), name, deadline));
  std::vector<Machine> out;
  if (rows.empty()) co_return out;
  CO_TRY(const auto views, co_await impl_->views(deadline));
  for (const auto& row : rows) {
    auto one = decode_machine(row);
    if (!one) co_return fail(impl_->partial(name, one.error().sentence()));
    if (const auto view = views.find(ascii::lowered(one->id)); view != views.end()) {
      one->view = view->second;
    } else {
      CO_TRY(const bool there, co_await impl_->look_at(*one, deadline));
      if (!there) continue;
    }
    out.push_back(std::move(*one));
  }
  const auto addresses = co_await impl_->addresses(deadline);
  for (auto& one : out)
    if (const auto address = addresses.find(ascii::lowered(one.id)); address != addresses.end())
      one.address = address->second;
  co_return out;
}

Task<Result<std::vector<Size>>> Cloud::sizes(std::string location, SteadyTime deadline) {
  const std::string name = "virtualMachineSizes.list";
  CO_TRY(const auto rows, co_await impl_->rows(impl_->subscription("/providers/Microsoft.Compute/locations/" +
                                                                       http::percent_encode(location) + "/vmSizes",
                                                                   compute),
                                               name, deadline));
  std::vector<Size> out;
  out.reserve(rows.size());
  for (const auto& row : rows) {
    auto one = decode_size(row);
    if (!one) co_return fail(impl_->unreadable(name, one.error()));
    out.push_back(std::move(*one));
  }
  co_return out;
}

Task<Result<Machine>> Cloud::create(NewMachine wanted, SteadyTime deadline) {
  const std::string name = "virtualMachines.createOrUpdate";
  rest::Call call{.verb = http::Verb::put,
                  .url = impl_->machine(wanted.name),
                  .name = name,
                  .body = body_of(impl_->account(), wanted),
                  .hidden = {wanted.user_data, to_base64(wanted.user_data)}};
  if (!wanted.password.empty()) call.hidden.push_back(wanted.password.reveal());
  call.headers.set("If-None-Match", "*");
  CO_TRY(const auto answer, co_await impl_->ask(std::move(call), deadline));
  auto made = decode_machine(answer);
  if (!made) co_return fail(impl_->unreadable(name, made.error()));
  co_return made;
}

Task<Result<>> Cloud::remove(std::string name, SteadyTime deadline) {
  const auto answer = co_await impl_->ask(
      {.verb = http::Verb::del, .url = impl_->machine(name), .name = "virtualMachines.delete", .repeatable = true},
      deadline);
  if (!answer && !is_gone(answer.error())) co_return fail(answer.error());
  co_return Result<>{};
}

}  // namespace nephele::azure
