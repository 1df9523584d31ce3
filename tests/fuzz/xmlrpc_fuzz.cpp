// SPDX-License-Identifier: Apache-2.0
// Whatever comes as oned's answer is read or refused, also as each of its payloads; what we encode is XML.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/opennebula/decode.h"
#include "clouds/opennebula/xmlrpc.h"

namespace {

using namespace nephele::opennebula;

template <class Object>
void check(const nephele::Result<Object>& got) {
  if (!got && got.error().sentence().empty()) std::abort();
}

void read_as_everything(const std::string& text) {
  check(decode_document(text));
  check(decode_document_pool(text));
  check(decode_vm_template(text));
  check(decode_vm(text));
  check(decode_vm_pool(text));
  check(decode_user(text));
  check(decode_service(text));
  check(decode_service_template_pool(text));
  const Document document{.header = {.id = 1}, .type = 100, .body = text};
  check(service_of(document));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto decoded = xmlrpc::decode(text);
  check(decoded);
  if (decoded)
    if (const auto* const answer = std::get_if<xmlrpc::Answer>(&*decoded); answer != nullptr && answer->success)
      if (const auto* const payload = std::get_if<std::string>(&answer->payload)) read_as_everything(*payload);
  read_as_everything(text);

  // A text that is accepted comes back as the payload of an answer.
  const auto encoded = xmlrpc::encode("one.x", {text, true, 7});
  if (encoded.has_value() != nephele::xml::can_carry(text)) std::abort();
  if (encoded) {
    const auto document = nephele::xml::Document::parse(*encoded);
    if (!document) std::abort();
    const auto parameter = document->root().child("params").child("param").child("value").child("string");
    if (parameter.text() != text) std::abort();
  }
  return 0;
}
