// SPDX-License-Identifier: Apache-2.0
#include "function.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "function_child.h"
#include "machine_facts.h"
#include "paths.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::uint64_t mib = 1 << 20;
const std::string cgroup_root = "/sys/fs/cgroup";
const std::string cgroup = cgroup_root + "/function";

std::vector<std::string> environment_for(const Request& request, const Settings& settings) {
  std::vector<std::string> environment = {
      "PATH=/bin:/sbin:/usr/bin:/usr/sbin",
      "HOME=/tmp",
      "REQUEST_METHOD=" + request.method,
      "REQUEST_PATH=" + request.path,
      "QUERY_STRING=" + request.query,
      "CONTENT_TYPE=" + std::string(request.field("content-type")),
      "NAME=" + settings.name,
      "FLAVOUR=" + settings.flavour,
      "ROLE=" + settings.role,
  };
  if (request.content_length) environment.push_back("CONTENT_LENGTH=" + std::to_string(*request.content_length));
  if (!settings.peer_ip.empty()) {
    environment.push_back("PEER_IP=" + settings.peer_ip);
    environment.push_back("OBJECTS_URL=http://" + settings.peer_ip + ":" + std::to_string(settings.peer_port) +
                          "/objects");
  }
  for (const auto& [name, value] : settings.function_environment) environment.push_back(name + "=" + value);
  // A decoded path can hold a zero byte, which would cut the variable short.
  std::erase_if(environment, [](const std::string& variable) { return variable.find('\0') != std::string::npos; });
  return environment;
}

Response failure(int exit_status, const std::string& errors) {
  std::string body = "{\"error\":{\"code\":500,\"message\":\"the function ended with status ";
  body += std::to_string(exit_status) + "\",\"exit_status\":" + std::to_string(exit_status);
  body += ",\"stderr\":" + json_quote(errors) + "}}";
  return json_response(500, std::move(body));
}

}  // namespace

class FunctionCall : public Exchange {
 public:
  FunctionCall(FunctionRunner& runner, const Request& request, Reply reply)
      : runner_(runner), reply_(std::move(reply)), environment_(environment_for(request, runner.settings_)) {}

  ~FunctionCall() override {
    end_process();
    runner_.ended(this);
  }

  void start();
  void refuse(int status, std::string_view message) { reply_.send(error_response(status, message)); }
  std::size_t body(std::string_view bytes) override;
  void body_end() override;

 private:
  void watch_output(const Fd& fd, std::string& into, std::size_t limit);
  bool read_output(const Fd& fd, std::string& into, std::size_t limit);
  void wait_for_room();
  void close_input();
  void drop(Fd& fd);
  void end_process();
  void on_exit();
  void answer(Response response);
  void log_errors() const;

  FunctionRunner& runner_;
  Reply reply_;
  std::vector<std::string> environment_;
  FunctionChild child_;
  bool started_ = false;
  bool input_over_ = false;
  bool waits_for_room_ = false;
  std::uint64_t input_bytes_ = 0;
  std::string output_;
  std::string errors_;
  Loop::Timer timer_ = Loop::no_timer;
};

void FunctionCall::start() {
  started_ = true;
  FunctionStart start;
  start.program = paths::function;
  start.environment = std::move(environment_);
  start.cpu_seconds = static_cast<unsigned>(runner_.settings_.function_timeout.count()) + 1;
  start.cgroup_procs = runner_.cgroup_procs_.get();
  child_ = start_function(start);
  if (child_.pid < 0) {
    answer(error_response(503, "the machine has no room for another process"));
    return;
  }
  Loop& loop = runner_.loop_;
  watch_output(child_.output, output_, FunctionLimits::output_bytes);
  watch_output(child_.errors, errors_, FunctionLimits::error_bytes);
  loop.watch(child_.process.get(), EPOLLIN, [this](std::uint32_t) { on_exit(); });
  timer_ = loop.after(runner_.settings_.function_timeout, [this] {
    timer_ = Loop::no_timer;
    answer(error_response(
        504, "the function did not end within " + std::to_string(runner_.settings_.function_timeout.count()) + " s"));
  });
  if (input_over_) close_input();
  reply_.resume();
}

void FunctionCall::watch_output(const Fd& fd, std::string& into, std::size_t limit) {
  runner_.loop_.watch(fd.get(), EPOLLIN, [this, &fd, &into, limit](std::uint32_t) {
    if (!read_output(fd, into, limit)) runner_.loop_.forget(fd.get());
    if (output_.size() > FunctionLimits::output_bytes)
      answer(error_response(
          500, "the function wrote more than " + std::to_string(FunctionLimits::output_bytes) + " bytes of output"));
  });
}

/// Keeps one byte more than the limit of the output, so that "too much" is seen; false at its end.
bool FunctionCall::read_output(const Fd& fd, std::string& into, std::size_t limit) {
  std::array<char, std::size_t{16} * 1024> buffer;
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) return false;
    const std::size_t room = limit + 1 - std::min(into.size(), limit + 1);
    into.append(buffer.data(), std::min(static_cast<std::size_t>(got), room));
  }
}

std::size_t FunctionCall::body(std::string_view bytes) {
  if (!started_) return 0;
  std::size_t taken = 0;
  while (child_.input && taken < bytes.size()) {
    const ssize_t written = ::write(child_.input.get(), bytes.data() + taken, bytes.size() - taken);
    if (written < 0 && errno == EAGAIN) {
      wait_for_room();
      break;
    }
    if (written < 0)
      drop(child_.input);
    else
      taken += static_cast<std::size_t>(written);
  }
  if (!child_.input) taken = bytes.size();  // the function does not want it
  input_bytes_ += taken;
  if (input_bytes_ > FunctionLimits::input_bytes) answer(error_response(413, "the request body is too large"));
  return taken;
}

void FunctionCall::wait_for_room() {
  if (waits_for_room_) return;
  waits_for_room_ = true;
  runner_.loop_.watch(child_.input.get(), EPOLLOUT, [this](std::uint32_t) {
    waits_for_room_ = false;
    runner_.loop_.forget(child_.input.get());
    reply_.resume();
  });
}

void FunctionCall::body_end() {
  input_over_ = true;
  if (started_) close_input();
}

void FunctionCall::close_input() {
  drop(child_.input);
}

void FunctionCall::drop(Fd& fd) {
  if (fd) runner_.loop_.forget(fd.get());
  fd.reset();
}

void FunctionCall::end_process() {
  runner_.loop_.cancel(timer_);
  drop(child_.input);
  drop(child_.output);
  drop(child_.errors);
  if (child_.pid > 0) {
    ::kill(child_.pid, SIGKILL);  // with it the kernel ends everything in its namespace
    ::waitpid(child_.pid, nullptr, 0);
  }
  child_.pid = -1;
  drop(child_.process);
}

void FunctionCall::on_exit() {
  read_output(child_.output, output_, FunctionLimits::output_bytes);
  read_output(child_.errors, errors_, FunctionLimits::error_bytes);
  int status = 0;
  ::waitpid(child_.pid, &status, 0);
  child_.pid = -1;
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (errors_.size() > FunctionLimits::error_bytes) errors_.resize(FunctionLimits::error_bytes);
  log_errors();
  if (output_.size() > FunctionLimits::output_bytes) {
    answer(error_response(500, "the function wrote too much output"));
  } else if (code != 0) {
    answer(failure(code, errors_));
  } else {
    Response response;
    response.type = runner_.settings_.function_type;
    response.body = std::move(output_);
    answer(std::move(response));
  }
}

/// What the function says beside its answer goes to the console's log, each line marked as not ours.
void FunctionCall::log_errors() const {
  for (std::string_view rest = errors_; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    std::string clean = "function: ";
    for (const char c : line) clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    console_line(clean);
  }
}

void FunctionCall::answer(Response response) {
  end_process();
  reply_.send(std::move(response));  // may destroy this
}

FunctionRunner::FunctionRunner(Loop& loop, const Settings& settings) : loop_(loop), settings_(settings) {}

FunctionRunner::~FunctionRunner() = default;

void FunctionRunner::refresh() {
  struct stat info{};
  installed_ = ::stat(paths::function, &info) == 0 && info.st_size > 0 && ::chmod(paths::function, 0555) == 0;
  if (installed_) limit_memory();
}

/// A function that wants more memory than there is must fall alone; without control groups the kernel's badness score
/// is all there is.
void FunctionRunner::limit_memory() {
  if (!cgroup_procs_) {
    ::mount("cgroup2", cgroup_root.c_str(), "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
    write_file(cgroup_root + "/cgroup.subtree_control", "+memory +pids");
    ::mkdir(cgroup.c_str(), 0755);
    cgroup_procs_.reset(::open((cgroup + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
    write_file(cgroup + "/pids.max", "256");
  }
  const std::uint64_t total = machine_facts().memory_usable_mib;
  const std::uint64_t ours = std::max<std::uint64_t>(24, total / 8);
  const std::uint64_t limit = total > 2 * ours ? total - ours : total / 2;
  write_file(cgroup + "/memory.max", std::to_string(limit * mib));
}

bool FunctionRunner::has_slot() const {
  return running_.size() < settings_.function_concurrency;
}

std::unique_ptr<Exchange> FunctionRunner::call(const Request& request, Reply reply) {
  if (request.content_length.value_or(0) > FunctionLimits::input_bytes) {
    reply.send(error_response(413, "the request body is too large"));
    return nullptr;
  }
  if (!has_slot() && waiting_.size() >= FunctionLimits::waiting_calls) {
    Response busy = error_response(503, "too many calls of the function wait already");
    busy.fields.emplace_back("Retry-After", "1");
    reply.send(std::move(busy));
    return nullptr;
  }
  auto call = std::make_unique<FunctionCall>(*this, request, std::move(reply));
  if (has_slot()) {
    limit_memory();  // memory may have come or gone since the last call
    running_.insert(call.get());
    call->start();
  } else {
    waiting_.push_back(call.get());
  }
  return call;
}

void FunctionRunner::ended(FunctionCall* call) {
  running_.erase(call);
  std::erase(waiting_, call);
  if (waiting_.empty() || !has_slot()) return;
  FunctionCall* next = waiting_.front();
  waiting_.pop_front();
  running_.insert(next);
  next->start();
}

void FunctionRunner::stop_all() {
  waiting_.clear();
  const auto running = running_;
  for (FunctionCall* call : running) call->refuse(503, "the machine is going down");
}

}  // namespace guest
