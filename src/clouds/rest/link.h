// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/result.h"
#include "http/message.h"

namespace nephele::rest {

struct Settings {
  std::string service = {};                   ///< "the cloud's service of OCCI": sentences begin with it
  std::chrono::milliseconds timeout{30'000};  ///< of one request; a call's deadline may come sooner
  int repeats_max = 2;                        ///< of reads after 5xx, of anything after "too many requests"
  std::chrono::milliseconds first_pause{500};
  bool verify_tls = true;             ///< false only where a setting says so
  std::string ca_file = {};           ///< empty: the system's
  std::string certificate_file = {};  ///< shown to servers that ask; empty: nothing
  std::size_t connections = 16;
  std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;
};

struct Call {
  http::Verb verb = http::Verb::get;
  std::string url = {};
  std::string name = {};  ///< "GET /compute/ID", in errors: ids of machines would make each another one
  std::string body = {};
  http::Headers headers = {};
  bool repeatable = false;               ///< does the same when it is sent twice; a GET or HEAD always does
  std::vector<std::string> hidden = {};  ///< texts of it that no error may repeat
};

struct Answer {
  int status = 0;
  http::Headers headers = {};
  std::string body = {};
};

/// What an answer outside 2xx means. The default takes quotas by their words and all else by the status, as in
/// clouds/rest/errors.h.
using Refusal = Error (*)(std::string_view service, const Call& call, const Answer& answer);
Error refused_by_words(std::string_view service, const Call& call, const Answer& answer);

/// One call with its deadline, its repetitions and its refusals in our kinds.
class Link {
 public:
  explicit Link(Settings settings, Refusal refusal = refused_by_words);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  const Settings& settings() const noexcept;
  /// The answer when it is a 2xx.
  Task<Result<Answer>> send(Call call, SteadyTime deadline);
  /// Whatever was answered, once.
  Task<Result<Answer>> ask(Call call, SteadyTime deadline);

  Error refused(const Call& call, const Answer& answer) const;
  Error unreadable(std::string_view call, std::string_view why) const;
  Error partial(std::string_view call, std::string_view why) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// "https://h/a" of "https://h/a/"
std::string without_slashes(std::string_view url);

}  // namespace nephele::rest
