// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/process_watch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <filesystem>
#include <utility>

#include "base/text_file.h"

namespace nephele::qemu {

Task<> wait_for_end(const Process& process) {
  int copy = -1;
  while ((copy = ::fcntl(process.descriptor(), F_DUPFD_CLOEXEC, 3)) < 0) {
    if (process.ended()) co_return;
    co_await sleep_for(std::chrono::milliseconds(100));  // out of descriptors: somebody will close one
  }
  asio::posix::stream_descriptor watched(co_await this_executor(), copy);
  while (!process.ended()) co_await watched.async_wait(asio::posix::descriptor_base::wait_read, asio::use_awaitable);
}

namespace {

Task<Result<>> ended(const Process& process) {
  co_await wait_for_end(process);
  co_return Result<>{};
}

// A child that nobody waits for any more must not live on, nor stay a zombie.
class Killer {
 public:
  explicit Killer(const Process& process) : process_(process) {}
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;
  ~Killer() {
    if (process_.ended()) return;
    process_.signal(SIGKILL);
    constexpr int tear_down_ms = 1000;
    if (process_.ended(tear_down_ms)) process_.reap();
  }

 private:
  const Process& process_;
};

}  // namespace

Task<Result<Finished>> run_to_end(ShortRun run) {
  const FileHandle said(::memfd_create("output", MFD_CLOEXEC));
  run.process.output = said.get();
  run.process.errors = said.get();
  CO_TRY(const Process process, Process::spawn(run.process));
  const std::string program = std::filesystem::path(run.process.arguments[0]).filename().string();
  const Killer killer(process);
  const auto in_time = co_await with_deadline(ended(process), in(run.limit), program);
  if (!in_time) co_return fail(in_time.error());

  constexpr std::size_t said_max = std::size_t{64} * 1024;
  Finished out{process.reap(), read_text_file(fmt::format("/proc/self/fd/{}", said.get()), said_max).value_or("")};
  while (!out.said.empty() && out.said.back() == '\n') out.said.pop_back();
  co_return out;
}

}  // namespace nephele::qemu
