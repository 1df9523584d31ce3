// SPDX-License-Identifier: Apache-2.0
// Whatever an EC2 answers is read or refused with a reason; any text can be signed, and stands in the form once.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/ec2/decode.h"
#include "clouds/ec2/signing.h"

namespace {

using namespace nephele;
using namespace nephele::ec2;

template <class Object>
void check(const Result<Object>& got) {
  if (!got && got.error().sentence().empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)decode_fault(text);
  if (const auto document = xml::Document::parse(text)) {
    check(decode_instances(document->root()));
    check(decode_reservation(document->root()));
    check(decode_instance_types(document->root()));
    check(decode_key_pairs(document->root()));
  }
  const auto target = target_of("https://" + text);
  check(target);
  if (target && (target->host.empty() || !target->path.starts_with('/'))) std::abort();
  const auto form = form_of({{text, text}});
  for (const char c : form)
    if (c <= ' ' || c >= 0x7F || c == '+') std::abort();
  Account account{.access_key = "A"};
  account.secret_key = Secret("S");
  const Target there{.host = "h", .path = "/"};
  if (sign_v4(account, there, form, Time{}).size() != 2) std::abort();
  if (sign_v2(account, there, {{text, text}}, Time{}).size() != 6) std::abort();
  return 0;
}
