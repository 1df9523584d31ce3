// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

/// What must not be seen, and the primitives around it (libsodium underneath, in secret.cpp only).
namespace nephele {

/// A readable secret. It has no comparison and no stream output; the only way to its text is a name that can be
/// searched for. Wiped when it goes.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : text_(std::move(other.text_)) { other.wipe(); }
  Secret& operator=(Secret other) noexcept {
    text_.swap(other.text_);
    return *this;
  }
  ~Secret() { wipe(); }
  const std::string& reveal() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }

 private:
  void wipe() noexcept;  // the whole capacity: a moved-from short string still holds its text

  std::string text_;
};

/// Bytes from the operating system's generator.
std::string random_bytes(std::size_t count);
/// A version 4 UUID in lower case.
std::string random_uuid();
/// `bytes` of chance as text that can be typed after any command: base64url, and never begins with a hyphen, which
/// would make an option of it.
std::string random_token(std::size_t bytes);
/// `length` characters of [a-z0-9] without look-alikes (0 o 1 l), for passwords that people copy.
std::string random_password(std::size_t length);

std::string to_hex(std::string_view bytes);
/// Standard alphabet, with padding, without line breaks.
std::string to_base64(std::string_view bytes);
/// Lenient: characters outside the alphabet are skipped, padding is optional, what follows it is ignored (Provision
/// Engine contract, 2.3).
std::string from_base64_lenient(std::string_view text);
/// URL-safe alphabet without padding, for tokens.
std::string to_base64url(std::string_view bytes);

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

/// SHA-256 in hex: for content and for request bodies, never for passwords.
std::string sha256_hex(std::string_view bytes);

/// 32 bytes that seal and key hashes of one installation: DATA/secret.key, mode 0600.
class SecretKey {
 public:
  /// Reads the key (64 hex digits), or makes it when the file does not exist: complete or not at all, also when several
  /// processes start at once. Refuses a file that others can read.
  static Result<SecretKey> open_or_create(const std::string& path);
  /// The same, but a file that does not exist is an error.
  static Result<SecretKey> load(const std::string& path);
  static SecretKey random();

  /// Authenticated encryption (XChaCha20-Poly1305, random nonce), as base64 text for a column. `context` names what
  /// it is for and must be given again to open it.
  std::string seal(const Secret& secret, std::string_view context) const;
  /// Fails with `invalid` when text, key or context do not belong together.
  Result<Secret> open(std::string_view sealed, std::string_view context) const;
  /// Keyed hash (BLAKE2b, 32 bytes), in hex: for tokens at rest and cache keys. `context` separates uses.
  std::string keyed_hash(std::string_view text, std::string_view context) const;

 private:
  using Key = std::array<unsigned char, 32>;
  explicit SecretKey(const Key& master);
  Key sealing_;  // both derived from the master key, so that the two uses never meet
  Key hashing_;
};

/// argon2id in PHC text form. Costs 19 MiB and two passes, about 20 ms: run it in Workers, never on an I/O thread.
std::string hash_password(const Secret& password);
bool verify_password(const Secret& password, std::string_view hash);

}  // namespace nephele
