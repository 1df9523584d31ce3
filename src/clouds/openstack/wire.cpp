// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/wire.h"

#include <algorithm>
#include <random>

#include "clouds/openstack/errors.h"

namespace nephele::openstack {

namespace {

http::ClientSettings settings_of(const Account& account) {
  http::ClientSettings out;
  out.connect = std::min(out.connect, account.timeout);
  out.connections_per_host = account.connections;
  out.body_bytes_max = account.answer_bytes_max;
  out.verify_tls = account.verify_tls;
  out.ca_file = account.ca_file;
  return out;
}

http::ClientRequest request_of(const Call& call, const std::string& url, const Secret& token, SteadyTime deadline) {
  http::ClientRequest out{.verb = call.verb, .url = url, .headers = call.headers};
  out.headers.set("Accept", "application/json");
  if (!token.empty()) out.headers.set("X-Auth-Token", token.reveal());
  if (call.stream != nullptr) {
    call.stream->rewind();
    out.stream = call.stream;
    out.stream_length = call.stream->length();
  }
  if (call.body) out.body = *call.body;
  if (call.body || call.stream != nullptr) out.headers.set("Content-Type", call.content_type);
  out.deadline = deadline;
  out.idempotent = call.reads();
  out.once = !call.reads();
  return out;
}

std::string_view request_id_of(const http::Headers& headers) {
  if (const auto id = headers.find("X-Openstack-Request-Id")) return *id;
  return headers.find("X-Compute-Request-Id").value_or(std::string_view());
}

/// After these the same read may go well; after "too many requests" also a change, since nothing was done.
bool worth_repeating(const Error& error, bool reads) {
  const auto cause = error.detail("cause");
  if (cause == "rate_limit") return true;
  return reads && (cause == "server" || error.detail("http_status") == "504");
}

/// Between half and all of it, so that many who were refused together do not come back together.
std::chrono::milliseconds with_jitter(std::chrono::milliseconds pause) {
  static thread_local std::minstd_rand chance{std::random_device{}()};
  return pause / 2 + std::chrono::milliseconds(chance() % static_cast<unsigned>(pause.count() / 2 + 1));
}

}  // namespace

std::string Call::title() const {
  return name.empty() ? std::string(http::to_string(verb)) + " " + path : name;
}

Wire::Wire(const Account& account, CallLog* log) : account_(account), client_(settings_of(account)), log_(log) {}

Task<Result<http::ClientResponse>> Wire::send_once(const Call& call, const std::string& url, const Secret& token,
                                                   SteadyTime deadline) {
  const auto begin = std::chrono::steady_clock::now();
  const auto service = to_string(call.service);
  const std::string title = call.title();
  CallRecord record{.service = service, .call = title};
  const SteadyTime until = call.whole_deadline ? deadline : std::min(deadline, in(account_.timeout));
  auto answer = co_await client_.send(request_of(call, url, token, until));
  std::string request_id;
  if (!answer) {
    answer = fail(not_answered(service, title, answer.error()));
  } else {
    record.status = answer->status;
    request_id = request_id_of(answer->headers);
    if (answer->status < 200 || answer->status > 299)
      answer = fail(refused(service, title,
                            {.status = answer->status,
                             .body = answer->body,
                             .content_type = answer->headers.find("Content-Type").value_or(""),
                             .retry_after = answer->headers.find("Retry-After").value_or(""),
                             .request_id = request_id},
                            call.hidden));
  }
  record.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  record.request_id = request_id;
  if (!answer) record.error = &answer.error();
  if (log_ != nullptr) log_->ended(record);
  co_return answer;
}

Task<Result<http::ClientResponse>> Wire::send(Call call, std::string base, Secret token, SteadyTime deadline) {
  const std::string url = base + call.path + (call.query.empty() ? "" : "?" + call.query);
  auto pause = account_.first_pause;
  for (int repeats = 0;; ++repeats) {
    auto answer = co_await send_once(call, url, token, deadline);
    if (answer || repeats >= account_.repeats_max || !worth_repeating(answer.error(), call.reads())) co_return answer;
    const auto asked = retry_after(answer.error());
    const auto next = in(asked ? std::chrono::milliseconds(*asked) : with_jitter(pause));
    if (next >= deadline) co_return answer;
    co_await sleep_until(next);
    pause *= 2;
  }
}

}  // namespace nephele::openstack
