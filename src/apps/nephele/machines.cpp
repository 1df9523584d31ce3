// SPDX-License-Identifier: Apache-2.0
// Verbs about one machine: logs, console. They read its directory and work while anything else is broken.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <iostream>

#include "apps/nephele/verbs.h"
#include "clouds/qemu/console_log.h"
#include "clouds/qemu/run_directory.h"
#include "clouds/qemu/unix_path.h"

namespace nephele::apps {

namespace {

constexpr char leave_key = 0x1d;  // ^]

Result<qemu::RunDirectory> directory_of(const Context& context, std::int64_t server) {
  qemu::RunDirectory directory(context.installation.servers() + "/" + std::to_string(server), std::nullopt);
  if (directory.exists()) return directory;
  return fail(Kind::not_found, "no machine " + std::to_string(server) + " in " + context.installation.directory() +
                                   "; it is the VM_ID that a runtime shows");
}

/// The terminal as the guest wants it: every key at once, nothing drawn by us.
class RawTerminal {
 public:
  RawTerminal() {
    if (::isatty(STDIN_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
  }
  ~RawTerminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Copies between terminal and console until one of them ends or ^] is typed.
void converse(int socket) {
  std::array<pollfd, 2> waits{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{socket, POLLIN, 0}};
  std::array<char, 4096> block{};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0) return;
    if (waits[1].revents != 0) {
      const ssize_t got = ::read(socket, block.data(), block.size());
      if (got <= 0 || !write_all(STDOUT_FILENO, {block.data(), static_cast<std::size_t>(got)})) return;
    }
    if (waits[0].revents != 0) {
      const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
      const std::string_view typed(block.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
      if (typed.empty() || typed.contains(leave_key) || !write_all(socket, typed)) return;
    }
  }
}

}  // namespace

int logs(const Context& context, std::int64_t server, std::size_t bytes) {
  const auto directory = directory_of(context, server);
  if (!directory) return report(directory.error());
  const auto text = qemu::console_tail(directory->file("serial.log"), bytes);
  if (!text) return report(text.error());
  std::cout << *text;
  return 0;
}

int console(const Context& context, std::int64_t server) {
  const auto directory = directory_of(context, server);
  if (!directory) return report(directory.error());
  const auto socket = qemu::connect_unix(directory->file("console"));
  if (!socket)
    return report(Error(Kind::unavailable, "the console of machine " + std::to_string(server) +
                                               " cannot be opened: " + socket.error().sentence()));
  std::cerr << "console of machine " << server << "; leave it with ^]\n";
  const int flags = ::fcntl(socket->get(), F_GETFL);
  ::fcntl(socket->get(), F_SETFL, flags & ~O_NONBLOCK);
  const RawTerminal raw;
  converse(socket->get());
  return 0;
}

}  // namespace nephele::apps
