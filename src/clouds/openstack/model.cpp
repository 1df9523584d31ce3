// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/model.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/secret.h"

namespace nephele::openstack {

namespace {

constexpr std::int64_t power_running = 1;  // nova/compute/power_state.py

/// "ssh-rsa" of "AAAAB3NzaC1yc2E...": a key begins with its own type (RFC 4253, 6.6).
std::string_view type_inside(std::string_view key) {
  constexpr std::size_t length_bytes = 4;
  if (key.size() < length_bytes) return {};
  std::size_t length = 0;
  for (const char c : key.substr(0, length_bytes)) length = (length << 8U) | static_cast<unsigned char>(c);
  return length > key.size() - length_bytes ? std::string_view() : key.substr(length_bytes, length);
}

std::string_view next_word(std::string_view& text) {
  text = ascii::trimmed_left(text);
  const auto word = text.substr(0, text.find_first_of(ascii::blanks));
  text.remove_prefix(word.size());
  return word;
}

bool is_base64(std::string_view text) {
  const auto end = text.find('=');
  const auto padding = end == std::string_view::npos ? std::string_view() : text.substr(end);
  return text.size() % 4 == 0 && (padding.empty() || padding == "=" || padding == "==") &&
         std::ranges::all_of(text.substr(0, end), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
         });
}

}  // namespace

const std::string& Server::label() const {
  const auto found = metadata.find("name");
  return found == metadata.end() || found->second.empty() ? name : found->second;
}

std::string Server::address() const {
  if (addresses.empty() || addresses.begin()->second.empty()) return "0.0.0.0";
  return addresses.begin()->second.front().text;
}

Phase phase_of(const Server& server) {
  const auto task = ascii::lowered(server.task_state);
  const auto status = ascii::uppered(server.status);
  if (task == "deleting" || task == "soft-deleting") return Phase::deleting;
  if (status == "ACTIVE") {
    if (task == "powering-off") return Phase::stopping;
    return server.power_state == power_running ? Phase::running : Phase::starting;
  }
  if (status == "BUILD") return Phase::starting;
  if (status == "SHUTOFF") return Phase::shut_down;
  if (status == "ERROR") return Phase::failed;
  if (status == "DELETED" || status == "SOFT_DELETED") return Phase::deleting;
  return Phase::unknown;
}

std::string_view to_string(Phase phase) noexcept {
  switch (phase) {
    case Phase::unknown:
      return "unknown";
    case Phase::starting:
      return "starting";
    case Phase::running:
      return "running";
    case Phase::stopping:
      return "stopping";
    case Phase::shut_down:
      return "shut down";
    case Phase::deleting:
      return "deleting";
    case Phase::failed:
      return "failed";
  }
  return "unknown";
}

Result<SshPublicKey> SshPublicKey::parse(std::string_view text) {
  while (!text.empty()) {
    auto line = ascii::trimmed(text.substr(0, text.find('\n')), ascii::spaces);
    text.remove_prefix(
        std::min(text.size(), text.find('\n') == std::string_view::npos ? text.size() : text.find('\n') + 1));
    if (line.empty() || line.starts_with('#')) continue;
    const auto type = next_word(line);
    const auto blob = next_word(line);
    if (type.empty() || blob.empty() || !is_base64(blob) || type_inside(from_base64_lenient(blob)) != type)
      return fail(Kind::invalid,
                  "this is no public key of OpenSSH; name the .pub file, whose line begins with ssh-rsa, ssh-ed25519 "
                  "or another type");
    return SshPublicKey{.type = std::string(type), .blob = std::string(blob)};
  }
  return fail(Kind::invalid, "the file of the public key is empty; write one with ssh-keygen");
}

std::string SshPublicKey::line(std::string_view comment) const {
  return type + " " + blob + " " + std::string(comment);
}

bool SshPublicKey::is_in(std::string_view public_key) const {
  auto rest = ascii::trimmed(public_key, ascii::spaces);
  return next_word(rest) == type && next_word(rest) == blob;
}

std::string SshPublicKey::pair_name(std::string_view prefix) const {
  constexpr std::size_t digits = 32;
  return std::string(prefix) + sha256_hex(from_base64_lenient(blob)).substr(0, digits);
}

const Image* first_named(std::span<const Image> images, std::string_view name) noexcept {
  const auto found =
      std::ranges::find_if(images, [name](const Image& image) { return image.active() && image.name == name; });
  return found == images.end() ? nullptr : &*found;
}

const Image* find_upload(std::span<const Image> images, std::string_view name, std::int64_t last_modified) noexcept {
  const auto found = std::ranges::find_if(images, [&](const Image& image) {
    return image.active() && image.name == name && image.last_modified == last_modified;
  });
  return found == images.end() ? nullptr : &*found;
}

std::string_view disk_format_of(std::string_view name) noexcept {
  return name.ends_with(".iso") ? "iso" : "raw";
}

}  // namespace nephele::openstack
