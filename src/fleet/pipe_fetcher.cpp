// SPDX-License-Identifier: Apache-2.0
#include "fleet/pipe_fetcher.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

namespace nephele::fleet {

namespace {

constexpr std::chrono::seconds fetched_within{30};
constexpr seconds first_pause{60}, longest_pause{3'600};

bool has_ended(const std::future<Result<std::string>>& answer) {
  return answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

PipeFetcher::PipeFetcher(const Files& files, Remote& remote, Executor executor, Say say)
    : cache_(files), remote_(remote), executor_(std::move(executor)), say_(std::move(say)) {
  cache_.close();
}

bool PipeFetcher::is_due(const PipeUse& use, Instant now) const {
  if (fetches_.contains(use.url)) return false;
  // What lies too far in the time to come is of a clock that has been set back since.
  if (const auto trouble = troubles_.find(use.url);
      trouble != troubles_.end() && now < trouble->second.again && trouble->second.again <= now + longest_pause)
    return false;
  return !use.fetched || *use.fetched > now || *use.fetched <= now - use.cache;
}

std::size_t PipeFetcher::begin(const std::vector<PipeUse>& uses, Instant now) {
  ++round_;
  std::size_t begun = 0;
  for (const auto& use : uses) {
    if (!is_due(use, now)) continue;
    say_("Fetching " + use.url);
    fetches_[use.url] = {asio::co_spawn(executor_, remote_.get(use.url, in(fetched_within)), asio::use_future), round_};
    ++begun;
  }
  return begun;
}

bool PipeFetcher::is_waited_for() const {
  return std::ranges::any_of(
      fetches_, [&](const auto& fetch) { return fetch.second.round == round_ && !has_ended(fetch.second.answer); });
}

Result<> PipeFetcher::keep(const std::string& url, const Result<std::string>& answer, Instant now) const {
  if (!answer) return fail(answer.error());
  if (const auto good = check_pipe(*answer); !good)
    return fail(Kind::invalid, "Failed to load the vacuum pipe " + url + ": " + good.error().sentence());
  return cache_.keep(url, *answer, now);
}

bool PipeFetcher::collect(Instant now) {
  bool is_new = false;
  for (auto entry = fetches_.begin(); entry != fetches_.end();) {
    if (!has_ended(entry->second.answer)) {
      ++entry;
      continue;
    }
    const std::string url = entry->first;
    const auto kept = keep(url, entry->second.answer.get(), now);
    entry = fetches_.erase(entry);
    if (kept) {
      troubles_.erase(url);
      is_new = true;
      continue;
    }
    auto& trouble = troubles_[url];
    const seconds pause = std::min(longest_pause, first_pause * (1 << std::min(trouble.failures, 10)));
    ++trouble.failures;
    trouble.again = now + pause;
    say_(kept.error().sentence() + (cache_.find(url) ? "; what it said last goes on" : "") + "; asked again in " +
         std::to_string(pause.count()) + " s");
  }
  return is_new;
}

}  // namespace nephele::fleet
