// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/unix_path.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace nephele::qemu {

Result<FileHandle> connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string name = path;
  FileHandle directory;  // keeps /proc/self/fd/N valid during connect()
  if (name.size() >= sizeof address.sun_path) {
    const std::filesystem::path whole(path);
    directory = FileHandle(::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return fail(Kind::not_found, fmt::format("{}: {}", path, std::strerror(errno)));
    name = fmt::format("/proc/self/fd/{}/{}", directory.get(), whole.filename().string());
    if (name.size() >= sizeof address.sun_path) return fail(Kind::invalid, path + ": the socket's name is too long");
  }
  name.copy(address.sun_path, name.size());

  FileHandle socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) return fail(Kind::unavailable, fmt::format("no socket: {}", std::strerror(errno)));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const Kind kind = errno == EAGAIN ? Kind::busy : errno == EACCES ? Kind::forbidden : Kind::not_found;
    return fail(kind, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  return socket;
}

}  // namespace nephele::qemu
