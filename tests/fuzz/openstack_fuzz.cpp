// SPDX-License-Identifier: Apache-2.0
// Whatever a cloud answers is read or refused with a reason; no error repeats what it must hide, and a link to the next
// page is a query that a URL can carry.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/openstack/decode.h"
#include "clouds/openstack/errors.h"
#include "clouds/openstack/fields.h"
#include "clouds/openstack/token.h"

namespace {

using namespace nephele;
using namespace nephele::openstack;

template <class Object>
void check(const Result<Object>& got) {
  if (!got && got.error().sentence().empty()) std::abort();
}

void read_rows(const json::Object& row) {
  check(decode_server(row));
  check(decode_flavor(row));
  check(decode_keypair(row));
  check(decode_image_v2(row));
  check(decode_image_v1(row));
  check(decode_network(row));
  check(decode_volume(row));
  if (const auto server = decode_server(row)) {
    (void)server->label();
    (void)server->address();
    (void)to_string(phase_of(*server));
  }
  for (const auto* const collection : {"servers", "images"}) {
    const auto query = next_query(row, collection);
    check(query);
    if (query)
      for (const char c : *query)
        if (c <= ' ' || c == '#' || c == 0x7F) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(decode_token_v3("T", text));
  check(decode_token_v2(text));
  (void)fields::time_of(text);
  check(SshPublicKey::parse(text));
  if (const auto tree = json::parse(text)) {
    check(decode_limits(*tree));
    if (const auto* const object = tree->if_object()) read_rows(*object);
  }
  if (const auto token = decode_token_v3("T", text))
    for (const auto service : {Service::compute, Service::image, Service::network, Service::volume})
      check(endpoint_of(*token, {.url = "https://h"}, service));
  // A secret that stands in the answer, wherever.
  const std::string secret = "geheim-0123";
  for (const auto* const kind : {"application/json", "text/html", "text/plain"})
    for (const int status : {400, 403, 413, 500}) {
      const std::string body = R"({"badRequest":{"message":")" + secret + "\"}}" + text + secret;
      const auto error = refused("compute", "POST /servers",
                                 {.status = status, .body = body, .content_type = kind, .retry_after = text}, {secret});
      if (error.sentence().contains(secret) || error.sentence().contains('\n')) std::abort();
      (void)retry_after(error);
    }
  return 0;
}
