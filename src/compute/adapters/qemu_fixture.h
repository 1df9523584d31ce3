// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/eventually.h"
#include "base/log.h"
#include "base/temp_directory.h"
#include "compute/adapters/qemu.h"

/// Real machines for tests: a data directory, the backend on a thread of its own, the events it told.
namespace nephele::compute::testing {

/// Directory of the guest image; fails with a sentence when there is none.
std::string guest_image();

class Events final : public MachineEvents {
 public:
  void on_event(MachineEvent event) override;
  /// The first event of this kind about `id` that was not taken before; nothing when none came in time.
  std::optional<MachineEvent> wait(ServerId id, MachineEvent::What what, std::chrono::milliseconds limit);
  bool heard(ServerId id, MachineEvent::What what);

 private:
  std::optional<MachineEvent> take(ServerId id, MachineEvent::What what);
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<MachineEvent> events_;
};

/// Enough for a boot by software emulation on a host that is busy with something else.
inline constexpr std::chrono::seconds boot_limit{150};

/// One life of the control plane over a data directory. NEPHELE_TEST_LOG=1 shows what it logs.
class Controller {
 public:
  explicit Controller(const std::string& data);
  ~Controller();  ///< lets go of the machines: they live on

  template <class T>
  T run(Task<T> work) {
    auto answer = asio::co_spawn(context_, std::move(work), asio::use_future);
    if (answer.wait_for(std::chrono::seconds(60)) != std::future_status::ready) throw std::runtime_error("no answer");
    return answer.get();
  }
  QemuBackend& backend() { return *backend_; }
  Events events;

 private:
  std::string image_;  // first: it may be missing, and nothing runs then
  SystemClock clock_;
  log::Logging logging_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::jthread thread_;
  std::unique_ptr<QemuBackend> backend_;
};

/// A data directory whose machines are gone at the end of the test, whatever happened in it.
class Cloud {
 public:
  explicit Cloud(std::string data = "");  ///< empty: a temporary one
  ~Cloud();
  const std::string& data() const { return data_; }
  Controller& controller() { return *controller_; }
  QemuBackend& backend() { return controller_->backend(); }
  Events& events() { return controller_->events; }
  /// Another life of the control plane over the same machines.
  void restart();
  void drop() { controller_.reset(); }

  template <class T>
  T run(Task<T> work) {
    return controller_->run(std::move(work));
  }
  /// A machine of the usual size with an address of its own.
  MachineSpec spec(std::int64_t id) const;
  std::vector<ContextFile> context() const;
  /// Prepared, started and READY.
  MachineSpec boot(std::int64_t id);
  MachineState state(ServerId id) { return run(backend().state(id)).value(); }

 private:
  TempDirectory directory_;
  std::string data_;
  std::string address_prefix_;
  std::unique_ptr<Controller> controller_;
};

/// The body of the guest's answer to GET `path`, or nothing.
std::optional<std::string> http_get(const std::string& address, std::uint16_t port, const std::string& path);
/// The number of a member of the guest's answer at "/", or -1.
std::int64_t guest_number(const MachineSpec& spec, std::string_view member);
/// Types a line at the serial console.
void type_at_console(const std::string& socket, const std::string& line);
/// The process of a machine, from its record; 0: none.
pid_t machine_pid(const std::string& data, ServerId id);
/// Every running process that has this among its arguments.
std::vector<pid_t> processes_with(const std::string& argument);

}  // namespace nephele::compute::testing
