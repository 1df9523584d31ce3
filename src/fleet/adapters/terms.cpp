// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/terms.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "fleet/space_cycle.h"

namespace nephele::fleet {

namespace {

constexpr std::string_view image_prefix = "image:";

// Sums of many such numbers are numbers still.
constexpr std::int64_t processors_max = 1'000'000;
constexpr std::int64_t mebibytes_max = 1'000'000'000;

std::optional<std::int64_t> positive(std::string_view text, std::int64_t most) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  const bool whole = failed == std::errc{} && end == text.data() + text.size() && out > 0 && out <= most;
  return whole ? std::optional(out) : std::nullopt;
}

std::optional<Flavor> flavor_in(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return std::nullopt;
  Flavor out{.name = std::string(text.substr(0, colon))};
  auto rest = text.substr(colon + 1);
  const auto second = rest.find(':');
  if (second != std::string_view::npos) {
    out.memory_mib = positive(rest.substr(second + 1), mebibytes_max);
    if (!out.memory_mib) return std::nullopt;
    rest = rest.substr(0, second);
  }
  const auto processors = positive(rest, processors_max);
  if (!processors) return std::nullopt;
  out.processors = *processors;
  return out;
}

}  // namespace

std::optional<std::string> named_image(std::string_view root_image) {
  if (!root_image.starts_with(image_prefix)) return std::nullopt;
  return std::string(root_image.substr(image_prefix.size()));
}

Error none_made(const Error& error) {
  return may_have_happened(error.kind()) ? Error(Kind::busy, error.sentence()) : error;
}

std::string one_of(const std::vector<std::string>& choices, const std::string& machine) {
  return choices.empty() ? std::string() : choices[std::hash<std::string>{}(machine) % choices.size()];
}

std::vector<std::string> flavors_of(const Space& space) {
  std::vector<std::string> out;
  for (const auto& type : space.types)
    for (const auto& name : type.flavor_names)
      if (std::ranges::find(out, name) == out.end()) out.push_back(name);
  return out;
}

Result<std::map<std::string, Flavor>> flavor_sizes(const Space& space, const std::vector<std::string>& written) {
  std::map<std::string, Flavor> out;
  for (const auto& text : written) {
    const auto flavor = flavor_in(text);
    if (!flavor)
      return wrong_in(space, "has flavor_processors = " + text + "; write NAME:PROCESSORS or NAME:PROCESSORS:MIB");
    out[flavor->name] = *flavor;
  }
  return out;
}

std::unexpected<Error> wrong_in(const Space& space, const std::string& what) {
  return fail(Kind::invalid, space.options.place().text() + ": [space " + space.name + "] " + what);
}

Result<Secret> password_of(const Space& space, const Secret& base64, const Secret& raised) {
  if (base64.empty() && raised.empty())
    return wrong_in(space, "has no password_base64; `base64` makes it of a password");
  if (base64.empty()) {
    std::string text = raised.reveal();
    for (char& c : text) --c;
    return Secret(text);
  }
  const std::string decoded = from_base64_lenient(base64.reveal());
  const std::string password(ascii::trimmed(decoded));
  if (password.empty())
    return wrong_in(space, "has a password_base64 that is no Base64; `base64` makes it of a password");
  return Secret(password);
}

}  // namespace nephele::fleet
