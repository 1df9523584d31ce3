// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "clouds/openstack/account.h"
#include "clouds/openstack/call_log.h"
#include "clouds/openstack/token.h"
#include "http/client.h"

namespace nephele::openstack {

/// A body that can be sent again from its beginning.
class RepeatableBody : public http::BodyReader {
 public:
  virtual void rewind() = 0;
  virtual std::uint64_t length() const = 0;
};

/// One request to one service, without token and address.
struct Call {
  Service service = Service::compute;
  http::Verb verb = http::Verb::get;
  std::string path = {};   ///< below the service's address, with a slash
  std::string query = {};  ///< without '?'
  std::string name = {};   ///< in errors and logs where the path says too much; empty: verb and path
  std::optional<std::string> body = {};
  std::string content_type = {"application/json"};
  http::Headers headers = {};
  RepeatableBody* stream = nullptr;      ///< outlives the call
  bool whole_deadline = false;           ///< the account's timeout is not for this: it carries a large body
  bool repeatable = false;               ///< changes nothing, though it is no GET
  std::vector<std::string> hidden = {};  ///< texts of it that no error may repeat

  std::string title() const;
  bool reads() const noexcept { return repeatable || verb == http::Verb::get || verb == http::Verb::head; }
};

/// One request over HTTP with its time, its errors and its line in the log; repetition where it is harmless and may
/// help: reads after 429, 502 and the like, changes only after what says that nothing was done (429).
class Wire {
 public:
  /// Both outlive this; `log` may be null.
  Wire(const Account& account, CallLog* log);

  /// The answer, when it is a 2xx. `token` may be empty.
  Task<Result<http::ClientResponse>> send(Call call, std::string base, Secret token, SteadyTime deadline);

 private:
  Task<Result<http::ClientResponse>> send_once(const Call& call, const std::string& url, const Secret& token,
                                               SteadyTime deadline);

  const Account& account_;
  http::Client client_;
  CallLog* log_;
};

}  // namespace nephele::openstack
