// SPDX-License-Identifier: Apache-2.0
// What is read as template text and can be written again comes back the same, from text, XML and JSON; any text at all
// can be made writable; no log shows what stands behind a secret's name.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "clouds/opennebula/call_log.h"
#include "clouds/opennebula/template_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace nephele;
  using namespace nephele::opennebula;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto got = read_text(text);
  if (!got && got.error().sentence().empty()) std::abort();
  if (got) {
    if (const auto written = write_text(*got)) {
      const auto again = read_text(*written);
      if (!again || *again != *got) std::abort();
      if (!write_xml(*got)) std::abort();
    }
    if (const auto object = write_object(*got))
      if (!read_object(*object)) std::abort();
  }

  const auto value = without_references(writable(text));
  if (writable(value) != value || value.contains("${")) std::abort();
  const auto what = Template().add("A", value).add("B", Vector{{"C", value}});
  const auto written = write_text(what);
  if (!written) std::abort();
  const auto back = read_text(*written);
  if (!back || *back != what) std::abort();

  // `written` has a known secret in it, in both spellings.
  static const Session session{"u", Secret("p"), SteadyTime::max()};
  const auto with_secret = write_text(Template().add("SR_AUTH", "geheim" + value).add("X", std::string("open")));
  if (with_secret) {
    const auto shown = without_secrets(*with_secret, session);
    if (shown.contains("geheim") || !shown.contains("open")) std::abort();
  }
  return 0;
}
