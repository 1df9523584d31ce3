// SPDX-License-Identifier: Apache-2.0
// Datagrams of anybody: read or refused with a reason; what was read is written so that it reads the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "fleet/addresses.h"
#include "fleet/vac_messages.h"

namespace {

using namespace nephele::fleet;

void check_again(const Reply& reply) {
  const auto text = datagram(reply.envelope, reply.status, Dialect::vacquery);
  const auto again = read_reply(text);
  if (!again || datagram(again->envelope, again->status, Dialect::vacquery) != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto query = read_query(text)) {
    const auto again = read_query(query_text(*query, "x"));
    if (again && (again->space != query->space || again->cookie != query->cookie)) std::abort();
  }
  const auto reply = read_reply(text);
  if (reply)
    check_again(*reply);
  else if (reply.error().sentence().empty())
    std::abort();
  if (const auto at = host_port(text); at && (at->host.empty() || at->port == 0)) std::abort();
  if (const auto networks = Networks::parse({text}); networks) (void)networks->contain(Address{});
  if (const auto address = Address::from(text); address && Address::from(address->text()) != address) std::abort();
  return 0;
}
