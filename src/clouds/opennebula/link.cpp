// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/link.h"

#include <algorithm>

#include "clouds/opennebula/errors.h"
#include "clouds/xml/xml.h"

namespace nephele::opennebula {

namespace {

http::ClientSettings settings_of(const Endpoint& endpoint) {
  http::ClientSettings out;
  out.connect = std::min(out.connect, endpoint.timeout);
  out.connections_per_host = endpoint.connections;
  out.body_bytes_max = endpoint.answer_bytes_max;
  out.verify_tls = endpoint.verify_tls;
  out.ca_file = endpoint.ca_file;
  return out;
}

}  // namespace

Link::Link(std::string_view system, const Endpoint& endpoint)
    : system_(system), timeout_(endpoint.timeout), client_(settings_of(endpoint)) {}

Task<Result<http::ClientResponse>> Link::exchange(http::ClientRequest request, std::string call, Effect effect,
                                                  SteadyTime deadline) {
  request.deadline = std::min(deadline, in(timeout_));
  request.idempotent = effect == Effect::reads;
  request.once = effect == Effect::changes;
  auto answer = co_await client_.send(std::move(request));
  if (!answer) co_return fail(not_answered(system_, call, answer.error()));
  co_return answer;
}

Result<> check_credentials(const Session& session) {
  // oned splits at the first colon: with one in the name it would look for another user.
  if (session.user.empty() || session.user.contains(':') || !xml::can_carry(session.user) ||
      !xml::can_carry(session.password.reveal()))
    return fail(Kind::unauthorized, "user name or password are such that OpenNebula cannot have them");
  return {};
}

}  // namespace nephele::opennebula
