// SPDX-License-Identifier: Apache-2.0
#include "control_port.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

#include "text.h"

namespace guest {
namespace {

constexpr std::chrono::milliseconds torn_after{2000};
constexpr unsigned retries_max = 12;
constexpr std::size_t waiting_max = 8;

std::string port_device() {
  const std::string directory = "/sys/class/virtio-ports";
  const std::unique_ptr<DIR, int (*)(DIR*)> ports(::opendir(directory.c_str()), ::closedir);
  if (!ports) return {};
  while (const dirent* entry = ::readdir(ports.get())) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    if (trim(read_file(directory + "/" + name + "/name").value_or("")) == ControlPort::port_name) return "/dev/" + name;
  }
  return {};
}

}  // namespace

ControlPort::ControlPort(Loop& loop, FrameSink& sink) : loop_(loop), parser_(sink) {}

ControlPort::~ControlPort() {
  close();
}

void ControlPort::find() {
  if (fd_) return;
  const std::string device = port_device();
  if (device.empty()) return;
  fd_.reset(::open(device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd_) return;
  // Edge-triggered: without a host the port is hung up for ever, and only a change of that may wake us.
  const auto events = static_cast<std::uint32_t>(EPOLLIN | EPOLLOUT | EPOLLET);
  if (!loop_.watch(fd_.get(), events, [this](std::uint32_t) { on_events(); })) {
    fd_.reset();
    return;
  }
  on_events();
}

void ControlPort::close() {
  loop_.cancel(retry_timer_);
  loop_.cancel(torn_timer_);
  if (fd_) loop_.forget(fd_.get());
  fd_.reset();
}

void ControlPort::send(std::string_view type, std::string_view payload) {
  std::erase_if(waiting_, [&](const Waiting& frame) { return frame.type == type && frame.sent == 0; });
  if (waiting_.size() >= waiting_max) waiting_.pop_back();
  waiting_.push_back(Waiting{std::string(type), make_frame(type, payload)});
  retries_ = 0;
  flush();
}

void ControlPort::on_events() {
  retries_ = 0;
  read_all();
  flush();
}

void ControlPort::read_all() {
  std::array<char, std::size_t{16} * 1024> buffer;
  while (fd_) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got > 0) {
      parser_.feed(std::string_view(buffer.data(), static_cast<std::size_t>(got)));
    } else if (got == 0) {
      host_gone();
      return;
    } else if (errno == ENODEV || errno == EIO) {
      parser_.reset();
      close();  // unplugged; find() takes the next one
      return;
    } else if (errno != EINTR) {
      break;
    }
  }
  watch_torn_frame();
}

/// A new host starts afresh: half frames of both directions are void.
void ControlPort::host_gone() {
  parser_.reset();
  loop_.cancel(torn_timer_);
  for (Waiting& frame : waiting_) frame.sent = 0;
}

void ControlPort::watch_torn_frame() {
  loop_.cancel(torn_timer_);
  if (!parser_.in_frame()) return;
  torn_timer_ = loop_.after(torn_after, [this] {
    torn_timer_ = Loop::no_timer;
    parser_.reset();
  });
}

void ControlPort::flush() {
  while (fd_ && !waiting_.empty()) {
    Waiting& frame = waiting_.front();
    const std::string_view rest = std::string_view(frame.bytes).substr(frame.sent);
    const ssize_t written = ::write(fd_.get(), rest.data(), rest.size());
    if (written < 0) {
      if (errno == EAGAIN) retry_later();
      return;
    }
    frame.sent += static_cast<std::size_t>(written);
    if (frame.sent == frame.bytes.size()) waiting_.pop_front();
  }
}

/// The host's bytes can arrive before the driver knows that the host is connected; then writing fails for some
/// milliseconds. After these tries only the driver's own wake-up counts.
void ControlPort::retry_later() {
  if (retries_ >= retries_max || retry_timer_ != Loop::no_timer) return;
  const std::chrono::milliseconds delay(std::min(1U << retries_++, 100U));
  retry_timer_ = loop_.after(delay, [this] {
    retry_timer_ = Loop::no_timer;
    flush();
  });
}

}  // namespace guest
