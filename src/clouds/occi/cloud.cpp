// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/cloud.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "base/async_all.h"
#include "base/secret.h"
#include "clouds/occi/location.h"
#include "clouds/occi/rendering.h"
#include "clouds/occi/requests.h"
#include "clouds/occi/sign_in.h"

namespace nephele::occi {

namespace {

constexpr std::size_t readers = 8;  // machines that are read at once
constexpr std::string_view text_type = "text/plain";
/// Each for the services that have none of those before it.
constexpr std::array<std::string_view, 3> renderings{"application/occi+json", text_type, "text/occi"};

Account complete(Account account) {
  account.url = rest::without_slashes(account.url);
  account.link.service = "the cloud's service of OCCI";
  account.link.connections = std::max(account.link.connections, readers);
  return account;
}

}  // namespace

class Cloud::Impl {
 public:
  explicit Impl(Account account) : account(complete(std::move(account))), link(this->account.link) {}

  /// Signs in where that is needed, and once more where a token is not taken any more: such a call was not carried out.
  Task<Result<rest::Answer>> ask(rest::Call call, SteadyTime deadline);
  /// A GET, in what the service has.
  Task<Result<rest::Answer>> get(std::string name, std::string path, SteadyTime deadline);

  Task<Result<std::vector<Compute>>> collection(SteadyTime deadline);
  /// Reads what is not told whole. Ids of those that are gone stand in `gone`.
  Task<Result<>> read_all(std::vector<Compute>& all, std::vector<std::string>& gone, SteadyTime deadline);

  /// What is asked for where the answer is a line or nothing: text/plain, which all but few have.
  std::string_view text_rendering() const { return renderings[std::max<std::size_t>(rendering_, 1)]; }

  const Account account;
  rest::Link link;

 private:
  struct Reading {
    std::vector<Compute>& all;
    std::vector<std::optional<Error>> errors;
    std::atomic<std::size_t> next{0};
    std::atomic<bool> stop{false};
  };
  Task<int> read_some(Reading& reading, SteadyTime deadline);
  Task<Result<rest::Answer>> send(rest::Call call, SteadyTime deadline);

  std::optional<Pass> pass_;
  std::atomic<std::size_t> rendering_{0};
};

Task<Result<rest::Answer>> Cloud::Impl::send(rest::Call call, SteadyTime deadline) {
  if (!pass_->field.empty()) {
    call.headers.set(pass_->field, pass_->value.reveal());
    const auto& shown = pass_->value.reveal();
    call.hidden.push_back(shown);
    call.hidden.push_back(shown.substr(shown.find(' ') + 1));  // the Base64 of "Basic BASE64"
    call.hidden.push_back(account.password.reveal());
  }
  call.headers.set("User-Agent", "nephele OCCI/1.1");
  co_return co_await link.send(std::move(call), deadline);
}

Task<Result<rest::Answer>> Cloud::Impl::ask(rest::Call call, SteadyTime deadline) {
  const bool fresh = !pass_;
  if (fresh) {
    CO_TRY(pass_, co_await sign_in(account, link, deadline));
  }
  auto answer = co_await send(call, deadline);
  if (answer || answer.error().kind() != Kind::unauthorized) co_return answer;
  pass_.reset();
  if (fresh) co_return answer;
  CO_TRY(pass_, co_await sign_in(account, link, deadline));
  answer = co_await send(std::move(call), deadline);
  if (!answer && answer.error().kind() == Kind::unauthorized) pass_.reset();
  co_return answer;
}

Task<Result<rest::Answer>> Cloud::Impl::get(std::string name, std::string path, SteadyTime deadline) {
  for (;;) {
    const auto at = rendering_.load();
    rest::Call call{.url = account.url + path, .name = name};
    call.headers.set("Accept", std::string(renderings[at]));
    auto answer = co_await ask(std::move(call), deadline);
    const auto status = answer ? std::string_view() : answer.error().detail("http_status");
    if ((status != "406" && status != "415") || at + 1 == renderings.size()) co_return answer;
    rendering_ = at + 1;
  }
}

Task<Result<std::vector<Compute>>> Cloud::Impl::collection(SteadyTime deadline) {
  const std::string name = "GET /compute/";
  CO_TRY(const auto answer, co_await get(name, "/compute/", deadline));
  auto all = decode_collection(answer);
  if (!all) co_return fail(link.partial(name, all.error().sentence()));
  // A machine that is told twice counts once.
  std::ranges::sort(*all, {}, &Compute::id);
  const auto same = std::ranges::unique(*all, {}, &Compute::id);
  all->erase(same.begin(), same.end());
  co_return all;
}

/// One of several readers. All signed in before: nobody signs in beside another.
Task<int> Cloud::Impl::read_some(Reading& reading, SteadyTime deadline) {
  while (!reading.stop) {
    const auto at = reading.next++;
    if (at >= reading.all.size()) break;
    auto& one = reading.all[at];
    if (one.told_whole) continue;
    const std::string name = "GET /compute/ID";
    rest::Call call{.url = account.url + "/compute/" + one.id, .name = name};
    call.headers.set("Accept", std::string(renderings[rendering_]));
    const auto answer = co_await send(std::move(call), deadline);
    if (!answer) {
      reading.errors[at] = answer.error();
      reading.stop = reading.stop || answer.error().kind() != Kind::not_found;
      continue;
    }
    auto told = decode_compute(*answer);
    if (told && told->name().empty()) told = fail(Kind::invalid, "one of the machines has no name");
    if (!told) {
      reading.errors[at] = link.partial(name, told.error().sentence());
      reading.stop = true;
      continue;
    }
    told->id = std::move(one.id);
    one = *std::move(told);
    one.told_whole = true;
  }
  co_return 0;
}

Task<Result<>> Cloud::Impl::read_all(std::vector<Compute>& all, std::vector<std::string>& gone, SteadyTime deadline) {
  Reading reading{.all = all, .errors = std::vector<std::optional<Error>>(all.size())};
  std::vector<Task<int>> work;
  for (std::size_t i = 0; i < std::min(readers, all.size()); ++i) work.push_back(read_some(reading, deadline));
  if (!work.empty()) co_await all_of(std::move(work));
  for (const auto& error : reading.errors)
    if (error && error->kind() != Kind::not_found) co_return fail(*error);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (reading.errors[i]) gone.push_back(all[i].id);
  std::erase_if(all, [](const Compute& one) { return !one.told_whole; });
  co_return Result<>{};
}

Cloud::Cloud(Account account) : impl_(std::make_unique<Impl>(std::move(account))) {}
Cloud::~Cloud() = default;

Task<Result<std::vector<Category>>> Cloud::categories(SteadyTime deadline) {
  const std::string name = "GET /-/";
  CO_TRY(const auto answer, co_await impl_->get(name, "/-/", deadline));
  auto out = decode_categories(answer);
  if (!out) co_return fail(impl_->link.unreadable(name, out.error().sentence()));
  co_return out;
}

Task<Result<std::vector<Compute>>> Cloud::computes(std::map<std::string, Compute> known, SteadyTime deadline) {
  constexpr int tries = 2;
  CO_TRY(auto all, co_await impl_->collection(deadline));
  for (int left = tries;; --left) {
    for (auto& one : all)
      if (const auto found = known.find(one.id); !one.told_whole && found != known.end()) one = found->second;
    std::vector<std::string> gone;
    const auto read = co_await impl_->read_all(all, gone, deadline);
    // A token may end between the list and the last machine; the list signs in anew.
    if (!read && (read.error().kind() != Kind::unauthorized || left == 0)) co_return fail(read.error());
    if (read && gone.empty()) co_return all;
    CO_TRY(auto again, co_await impl_->collection(deadline));
    if (read) {
      // Gone meanwhile, or a list that was cut off in the middle of an id: a second one tells. Whoever stands in that
      // one alone, or still does, is looked for once more.
      if (std::ranges::includes(all, again, {}, &Compute::id, &Compute::id)) co_return all;
      if (left == 0)
        co_return fail(impl_->link.partial("GET /compute/", "it names machines that are not there, or not each time"));
      for (const auto& one : all) known.insert_or_assign(one.id, one);  // nobody is read twice
    }
    all = std::move(again);
  }
}

Task<Result<std::string>> Cloud::create(NewCompute wanted, const std::vector<Category>& all, SteadyTime deadline) {
  const std::string name = "POST /compute/";
  rest::Call call{.verb = http::Verb::post, .url = impl_->account.url + "/compute/", .name = name};
  CO_TRY(call.body, encode_compute(wanted, all, random_uuid()));
  call.headers.add("Accept", std::string(impl_->text_rendering()));
  call.headers.add("Content-Type", std::string(text_type));
  call.hidden = {to_base64(wanted.user_data), wanted.user_data};
  CO_TRY(const auto answer, co_await impl_->ask(std::move(call), deadline));
  auto id = decode_created(answer);
  if (!id) co_return fail(impl_->link.unreadable(name, id.error().sentence()));
  co_return id;
}

Task<Result<>> Cloud::remove(std::string id, SteadyTime deadline) {
  CO_TRY(const auto checked, id_of_location(id));
  rest::Call call{.verb = http::Verb::del,
                  .url = impl_->account.url + "/compute/" + checked,
                  .name = "DELETE /compute/ID",
                  .repeatable = true};
  call.headers.add("Accept", std::string(impl_->text_rendering()));
  const auto answer = co_await impl_->ask(std::move(call), deadline);
  if (!answer && answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  co_return Result<>{};
}

}  // namespace nephele::occi
