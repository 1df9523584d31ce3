// SPDX-License-Identifier: Apache-2.0
// Whatever a service of OCCI answers, in each of its renderings, is read or refused with a reason.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/occi/challenge.h"
#include "clouds/occi/location.h"
#include "clouds/occi/rendering.h"

namespace {

using namespace nephele;
using namespace nephele::occi;

template <class Object>
void check(const Result<Object>& got) {
  if (!got && got.error().sentence().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const char* const type : {"text/plain", "text/occi", "text/uri-list", "application/occi+json"}) {
    rest::Answer answer{.status = 200, .body = text};
    answer.headers.add("Content-Type", type);
    for (const char* const field : {"Category", "Link", "X-OCCI-Attribute", "X-OCCI-Location", "WWW-Authenticate"})
      answer.headers.add(field, text);
    check(decode_categories(answer));
    check(decode_compute(answer));
    check(decode_created(answer));
    const auto all = decode_collection(answer);
    check(all);
    if (all)
      for (const auto& one : *all)
        if (!id_of_location(one.id) || one.id.contains('/')) std::abort();
    (void)challenge_of(answer.headers);
  }
  (void)cores_in(text);
  return 0;
}
