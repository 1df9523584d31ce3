// SPDX-License-Identifier: Apache-2.0
#include "object_key.h"

#include <algorithm>

#include "text.h"

namespace guest {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

template <class Each>
void for_each_component(std::string_view key, Each each) {
  while (true) {
    const std::size_t slash = key.find('/');
    each(key.substr(0, slash), slash == std::string_view::npos);
    if (slash == std::string_view::npos) return;
    key.remove_prefix(slash + 1);
  }
}

}  // namespace

std::string escape_component(std::string_view component) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string name;
  for (const char c : component) {
    if (is_plain(c) && !(name.empty() && c == '.')) {
      name += c;
    } else {
      name += '%';
      name += digits[static_cast<unsigned char>(c) >> 4];
      name += digits[static_cast<unsigned char>(c) & 15];
    }
  }
  return name;
}

std::optional<std::string> unescape_component(std::string_view name) {
  return percent_decode(name);
}

std::optional<std::string_view> key_fault(std::string_view key) {
  if (key.empty()) return "the key is empty";
  if (key.size() > key_bytes_max) return "the key is longer than 1024 bytes";
  if (!is_utf8(key)) return "the key is no UTF-8";
  if (std::ranges::any_of(key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return "the key has control characters";
  std::optional<std::string_view> fault;
  for_each_component(key, [&](std::string_view component, bool) {
    if (component.empty()) fault = "the key has an empty component";
    if (component == "." || component == "..") fault = "the key has a component '.' or '..'";
    if (escape_component(component).size() > component_bytes_max) fault = "a component of the key is too long";
  });
  return fault;
}

std::string key_to_path(std::string_view key) {
  std::string path;
  for_each_component(key, [&](std::string_view component, bool last) {
    path += escape_component(component);
    path += last ? "=" : "+/";
  });
  return path;
}

}  // namespace guest
