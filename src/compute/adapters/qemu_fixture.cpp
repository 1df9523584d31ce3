// SPDX-License-Identifier: Apache-2.0
#include "compute/adapters/qemu_fixture.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/file_handle.h"
#include "base/json.h"
#include "clouds/qemu/run_directory.h"
#include "clouds/qemu/unix_path.h"

namespace nephele::compute::testing {

std::string guest_image() {
  std::string directory;
  if (const char* named = std::getenv("NEPHELE_GUEST_IMAGE"))
    directory = named;
  else if (const char* build = std::getenv("NEPHELE_BINARY_DIR"))
    directory = std::string(build) + "/guest-image";
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");
  if (!std::filesystem::exists(directory + "/vmlinux") && source != nullptr)
    directory = std::string(source) + "/build/guest-image";
  if (std::filesystem::exists(directory + "/vmlinux")) return directory;
  throw std::runtime_error(
      "no guest image; make one with guest/build build/guest-image, or name its directory in "
      "NEPHELE_GUEST_IMAGE");
}

void Events::on_event(MachineEvent event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  came_.notify_all();
}

std::optional<MachineEvent> Events::take(ServerId id, MachineEvent::What what) {
  for (auto it = events_.begin(); it != events_.end(); ++it) {
    if (it->id != id || it->what != what) continue;
    auto out = *it;
    events_.erase(it);
    return out;
  }
  return std::nullopt;
}

std::optional<MachineEvent> Events::wait(ServerId id, MachineEvent::What what, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (auto event = take(id, what)) return event;
    if (came_.wait_until(lock, until) == std::cv_status::timeout) return take(id, what);
  }
}

bool Events::heard(ServerId id, MachineEvent::What what) {
  return wait(id, what, std::chrono::milliseconds(0)).has_value();
}

Controller::Controller(const std::string& data)
    : image_(guest_image()),
      logging_(clock_, log::Level::debug),
      work_(context_.get_executor()),
      thread_([this] { context_.run(); }) {
  if (std::getenv("NEPHELE_TEST_LOG") != nullptr) logging_.add(log::standard_error_sink());
  QemuSettings settings;
  settings.data_directory = data;
  settings.probe_rom = image_ + "/accel-probe.bin";
  auto opened = QemuBackend::open(std::move(settings), context_.get_executor(), logging_.logger("qemu"));
  if (!opened) {
    work_.reset();
    throw std::runtime_error(opened.error().sentence());
  }
  backend_ = std::move(*opened);
  backend_->listen(events);
}

Controller::~Controller() {
  if (backend_) asio::co_spawn(context_, backend_->stop_watching(), asio::use_future).get();
  work_.reset();
  if (thread_.joinable()) thread_.join();
}

Cloud::Cloud(std::string data)
    : data_(data.empty() ? directory_ / "data" : std::move(data)),
      address_prefix_(fmt::format("127.{}.{}", 112 + ::getpid() % 8, (::getpid() / 8) % 256)),
      controller_(std::make_unique<Controller>(data_)) {}

Cloud::~Cloud() {
  if (!controller_) restart();
  const auto machines = run(backend().list());
  if (!machines) return;
  for (const MachineState& machine : *machines) (void)run(backend().remove(machine.id)).has_value();
}

void Cloud::restart() {
  controller_.reset();
  controller_ = std::make_unique<Controller>(data_);
}

MachineSpec Cloud::spec(std::int64_t id) const {
  const std::string image = guest_image();
  std::ifstream words(image + "/cmdline");
  MachineSpec out;
  out.id = ServerId(id);
  out.generation = 1;
  out.uuid = fmt::format("11111111-2222-4333-8444-{:06}{:06}", ::getpid() % 1'000'000, id);
  out.name = fmt::format("server-{}", id);
  out.sizes = {Cpus(1), Bytes::mib(128), Bytes::mib(256)};
  out.ceilings = {Cpus(2), Bytes::mib(256)};
  out.kernel = image + "/vmlinux";
  out.initrd = image + "/initrd.img";
  std::getline(words, out.command_line);
  out.disks.push_back({"root", "qcow2", "", image + "/root.qcow2", out.sizes.disk});
  NicSpec nic;
  nic.mac = fmt::format("52:54:00:00:00:{:02x}", id);
  nic.forwards.push_back({fmt::format("{}.{}", address_prefix_, id), 8000});
  out.nics.push_back(nic);
  return out;
}

std::vector<ContextFile> Cloud::context() const {
  std::vector<ContextFile> out;
  out.push_back({"context.sh", Secret("NAME='test'\nSR_AUTH='YWxpY2U6c2VjcmV0'\nETH0_IP='10.0.2.15'\n"
                                      "ETH0_MASK='255.255.255.0'\nETH0_GATEWAY='10.0.2.2'\n")});
  return out;
}

MachineSpec Cloud::boot(std::int64_t id) {
  auto out = spec(id);
  if (auto done = run(backend().prepare(out, context())); !done) throw std::runtime_error(done.error().sentence());
  if (auto done = run(backend().start(out)); !done) throw std::runtime_error(done.error().sentence());
  if (!events().wait(out.id, MachineEvent::What::ready, boot_limit)) {
    const auto console = run(backend().console_log(out.id, 2000));
    throw std::runtime_error("the guest did not say READY; its console: " + console.value_or(""));
  }
  return out;
}

std::optional<std::string> http_get(const std::string& address, std::uint16_t port, const std::string& path) {
  const FileHandle socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return std::nullopt;
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  ::inet_pton(AF_INET, address.c_str(), &where.sin_addr);
  const timeval limit{5, 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) return std::nullopt;
  const std::string request = fmt::format("GET {} HTTP/1.1\r\nHost: guest\r\nConnection: close\r\n\r\n", path);
  if (::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) return std::nullopt;
  std::string answer;
  std::string block(4096, '\0');
  for (;;) {
    const ssize_t got = ::recv(socket.get(), block.data(), block.size(), 0);
    if (got <= 0) break;
    answer.append(block, 0, static_cast<std::size_t>(got));
  }
  const std::size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.1 200") || body == std::string::npos) return std::nullopt;
  return answer.substr(body + 4);
}

std::int64_t guest_number(const MachineSpec& spec, std::string_view member) {
  const auto answer = http_get(spec.nics[0].forwards[0].address, spec.nics[0].forwards[0].port, "/");
  const auto value = answer ? json::parse(*answer) : fail(Kind::not_found, "no answer");
  const json::Value* number = value ? value->at_path({member}) : nullptr;
  return number != nullptr ? number->integer().value_or(-1) : -1;
}

void type_at_console(const std::string& socket, const std::string& line) {
  const auto console = qemu::connect_unix(socket);
  if (!console) throw std::runtime_error(console.error().sentence());
  const std::string text = "\n" + line + "\n";
  for (const char c : text) {  // a serial port has a small buffer
    while (::write(console->get(), &c, 1) != 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

std::vector<pid_t> processes_with(const std::string& argument) {
  std::vector<pid_t> out;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = static_cast<pid_t>(std::atol(entry.path().filename().c_str()));
    if (pid <= 0 || pid == ::getpid()) continue;
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (line.contains(argument)) out.push_back(pid);
  }
  return out;
}

pid_t machine_pid(const std::string& data, ServerId id) {
  const auto record = qemu::RunDirectory(data + "/servers/" + id.text(), std::nullopt).load();
  return record ? record->pid : 0;
}

}  // namespace nephele::compute::testing
