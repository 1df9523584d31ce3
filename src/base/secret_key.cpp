// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include "base/file_handle.h"
#include "base/secret.h"

namespace nephele {

namespace {

constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(*-reinterpret-cast)
}
unsigned char* bytes_of(std::string& text) noexcept {
  return reinterpret_cast<unsigned char*>(text.data());  // NOLINT(*-reinterpret-cast)
}

std::string because(int error) {
  return std::generic_category().message(error);
}

std::unexpected<Error> refused(const std::string& path, const std::string& why) {
  return fail(Kind::unavailable, path + ": " + why);
}

/// Leaves at `path` either a whole key or nothing: the file is completed under another name and then linked, which
/// fails when another process was first. That is no error: its key is the one to read.
Result<> create(const std::string& path) {
  const std::string draft = path + "." + random_password(12);
  const FileHandle file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return refused(path, because(errno) + "; make its directory writable");
  const std::string text = to_hex(random_bytes(key_bytes)) + "\n";
  const bool written = ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file.get()) == 0 && (::link(draft.c_str(), path.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(draft.c_str());
  if (!written) return refused(path, because(error));
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const FileHandle directory(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.get()) != 0) return refused(path, because(errno));
  return {};
}

/// The key's text, once owner, mode and size are what they must be.
Result<Secret> read(const std::string& path, int descriptor) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0) return refused(path, because(errno));
  if (!S_ISREG(status.st_mode)) return refused(path, "is not a file; remove it or name another one");
  if ((status.st_mode & 0077U) != 0) return refused(path, "others can read this key; run chmod 600 on it");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) return refused(path, "belongs to somebody else; run chown");
  std::string text(2 * key_bytes + 2, '\0');
  const ssize_t got = ::read(descriptor, text.data(), text.size());
  if (got < 0) return refused(path, because(errno));
  text.resize(static_cast<std::size_t>(got));
  return Secret(std::move(text));
}

}  // namespace

SecretKey::SecretKey(const Key& master) : sealing_{}, hashing_{} {
  static constexpr const char* what = "nephele1";  // eight characters, as the derivation wants
  crypto_kdf_derive_from_key(sealing_.data(), sealing_.size(), 1, what, master.data());
  crypto_kdf_derive_from_key(hashing_.data(), hashing_.size(), 2, what, master.data());
}

SecretKey SecretKey::random() {
  const Secret bytes(random_bytes(key_bytes));
  Key master{};
  std::copy_n(bytes_of(bytes.reveal()), key_bytes, master.begin());
  return SecretKey(master);
}

Result<SecretKey> SecretKey::open_or_create(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) TRY_VOID(create(path));
  return load(path);
}

Result<SecretKey> SecretKey::load(const std::string& path) {
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT)
    return refused(path, "does not exist; copy the key here from a node of this cloud, mode 0600");
  if (!file) return refused(path, because(errno));
  TRY(const Secret text, read(path, file.get()));
  const std::string_view digits = std::string_view(text.reveal()).substr(0, text.reveal().find('\n'));
  Key master{};
  std::size_t length = 0;
  const bool complete =
      sodium_hex2bin(master.data(), master.size(), digits.data(), digits.size(), nullptr, &length, nullptr) == 0 &&
      length == key_bytes && digits.size() == 2 * key_bytes;
  if (!complete) {
    return refused(
        path, "is damaged: a key is 64 hex digits; restore it from the backup (what it sealed is lost without it)");
  }
  return SecretKey(master);
}

std::string SecretKey::seal(const Secret& secret, std::string_view context) const {
  const std::string& plain = secret.reveal();
  std::string out = random_bytes(nonce_bytes);
  out.resize(nonce_bytes + plain.size() + tag_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(bytes_of(out) + nonce_bytes, nullptr, bytes_of(plain), plain.size(),
                                             bytes_of(context), context.size(), nullptr, bytes_of(out),
                                             sealing_.data());
  return to_base64(out);
}

Result<Secret> SecretKey::open(std::string_view sealed, std::string_view context) const {
  const std::string bytes = from_base64_lenient(sealed);
  const auto refuse = [] {
    return fail(Kind::invalid, "a sealed value does not open: text, key and use do not belong together");
  };
  if (bytes.size() < nonce_bytes + tag_bytes) return refuse();
  std::string plain(bytes.size() - nonce_bytes - tag_bytes, '\0');
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, bytes_of(bytes) + nonce_bytes,
                                                 bytes.size() - nonce_bytes, bytes_of(context), context.size(),
                                                 bytes_of(bytes), sealing_.data()) != 0)
    return refuse();
  return Secret(std::move(plain));
}

std::string SecretKey::keyed_hash(std::string_view text, std::string_view context) const {
  crypto_generichash_state state;
  crypto_generichash_init(&state, hashing_.data(), hashing_.size(), key_bytes);
  const std::string length = std::to_string(context.size()) + ":";  // so that no text can move the border
  for (const std::string_view part : {std::string_view(length), context, text})
    crypto_generichash_update(&state, bytes_of(part), part.size());
  std::string digest(key_bytes, '\0');
  crypto_generichash_final(&state, bytes_of(digest), digest.size());
  return to_hex(digest);
}

}  // namespace nephele
