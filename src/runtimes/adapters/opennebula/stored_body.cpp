// SPDX-License-Identifier: Apache-2.0
#include "runtimes/adapters/opennebula/stored_body.h"

#include <array>
#include <charconv>
#include <utility>

#include "runtimes/document.h"

namespace nephele::runtimes::one {
namespace {

constexpr std::array<std::string_view, 4> number_members{"VM_ID", "CPU", "MEMORY", "DISK_SIZE"};

/// The number of a service or a VM; there is none below 0, which once was written for "not known".
std::optional<std::int64_t> known(std::optional<std::int64_t> number) {
  return number.value_or(-1) < 0 ? std::nullopt : number;
}

/// A number, or a string of digits as early engines wrote them.
std::optional<std::int64_t> number_of(const json::Value* value) {
  if (value == nullptr) return std::nullopt;
  if (const auto number = value->integer()) return number;
  const std::string* text = value->if_string();
  std::int64_t number = 0;
  if (text == nullptr || text->empty()) return std::nullopt;
  const auto [stop, ec] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (ec != std::errc{} || stop != text->data() + text->size()) return std::nullopt;
  return number;
}

const json::Value* function_member(const json::Object& document, Role role, std::string_view name) {
  const json::Value* function = document.find(to_string(role));
  if (function == nullptr || function->if_object() == nullptr) return nullptr;
  return function->if_object()->find(name);
}

/// The bare address of what once was a URL: http://10.0.0.1:8000, https://[fe80::1]/.
std::string address_in(std::string_view url) {
  constexpr std::string_view behind_scheme = "://";
  if (const auto scheme = url.find(behind_scheme); scheme != std::string_view::npos)
    url.remove_prefix(scheme + behind_scheme.size());
  else
    return std::string(url);
  url = url.substr(0, url.find('/'));
  if (url.starts_with('[')) return std::string(url.substr(1, url.find(']') - 1));
  return std::string(url.substr(0, url.find(':')));
}

/// The present form of what an early engine stored. ERROR goes: it is written again while it holds.
void modernize(json::Object& function) {
  for (const auto name : number_members) {
    json::Value* value = function.find(name);
    if (value == nullptr || value->if_string() == nullptr) continue;
    if (const auto number = number_of(value)) *value = json::Value(*number);
  }
  function.erase("ERROR");
  if (json::Value* endpoint = function.find("ENDPOINT"); endpoint != nullptr && endpoint->if_string() != nullptr)
    *endpoint = json::Value(address_in(*endpoint->if_string()));
  if (const auto vm = number_of(function.find("VM_ID")); vm && !known(vm)) function.erase("VM_ID");
  if (json::Value* state = function.find("STATE"); state != nullptr && *state == json::Value("ACTIVE"))
    *state = json::Value(to_string(FunctionState::running));
}

}  // namespace

std::optional<std::int64_t> Stored::vm_id(Role role) const {
  return known(number_of(function_member(document, role, "VM_ID")));
}

FunctionSizes Stored::sizes(Role role) const {
  const auto of = [&](std::string_view name) { return number_of(function_member(document, role, name)).value_or(0); };
  return {.cpu = of("CPU"), .memory_mib = of("MEMORY"), .disk_mib = of("DISK_SIZE")};
}

Result<Stored> read_body(std::string_view text) {
  auto value = json::parse(text, document_limits);
  if (!value) return fail(std::move(value).error().about("the document's body"));
  if (value->if_object() == nullptr) return fail(Kind::invalid, "the document's body is no JSON object");
  Stored out;
  out.document = std::move(*value->if_object());
  out.service_id = known(number_of(out.document.find("SERVICE_ID")));
  for (const std::string_view name : {"SERVICE_ID", "NAME", "ID"}) out.document.erase(name);
  for (const Role role : roles) {
    json::Value* function = out.document.find(to_string(role));
    if (function != nullptr && function->if_object() != nullptr) modernize(*function->if_object());
  }
  return out;
}

}  // namespace nephele::runtimes::one
