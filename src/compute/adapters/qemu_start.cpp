// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/dead_holder.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "clouds/qemu/host.h"
#include "compute/adapters/qemu_impl.h"
#include "compute/adapters/qemu_spec.h"

namespace nephele::compute {

namespace {

constexpr std::chrono::seconds turn_limit{120};

std::unexpected<Error> told(const std::string& path) {
  return fail(Kind::unavailable, fmt::format("{}: {}", path, std::strerror(errno)));
}

Result<std::optional<qemu::UserIds>> machine_user(const std::string& wanted) {
  if (::geteuid() != 0) return std::optional<qemu::UserIds>();
  for (const std::string& name :
       wanted.empty() ? std::vector<std::string>{"nephele-vm", "nobody"} : std::vector<std::string>{wanted}) {
    passwd entry{};
    passwd* found = nullptr;
    std::string buffer(std::size_t{16} * 1024, '\0');
    if (::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) continue;
    if (entry.pw_uid == 0) return fail(Kind::invalid, fmt::format("machines must not run as {}, which is root", name));
    std::vector<gid_t> groups(64);
    int count = static_cast<int>(groups.size());
    if (::getgrouplist(name.c_str(), entry.pw_gid, groups.data(), &count) < 0) count = 0;
    groups.resize(static_cast<std::size_t>(count));
    std::erase(groups, gid_t{0});
    TRY_VOID(qemu::check_rights());
    return std::optional(qemu::UserIds{entry.pw_uid, entry.pw_gid, std::move(groups)});
  }
  return fail(Kind::unavailable, "no user to run machines under; add one with adduser --system --group nephele-vm");
}

Result<> make_directory(const std::string& path, mode_t mode, const std::optional<qemu::UserIds>& user, bool theirs) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec) return fail(Kind::unavailable, fmt::format("{}: {}", path, ec.message()));
  if (::chmod(path.c_str(), mode) != 0) return told(path);
  if (user && ::lchown(path.c_str(), theirs ? user->uid : static_cast<uid_t>(-1), user->gid) != 0) return told(path);
  return {};
}

/// The pid that a lock file names; 0 when it names none.
pid_t holder_of(const std::string& path) {
  const std::string text = read_text_file(path, 64).value_or("");
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

Result<FileHandle> lock_directory(const std::string& data) {
  const std::string path = data + "/qemu.lock";
  FileHandle file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return told(path);
  if (!lock_after_the_dead([&] { return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0; },
                           [&] { return holder_of(path); })) {
    const auto holder = std::to_string(holder_of(path));
    return fail(Error(Kind::conflict, fmt::format("{} is driven by process {} already; stop it, or take another data "
                                                  "directory",
                                                  data, holder))
                    .with("pid", holder));
  }
  const std::string mine = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) != 0 || ::pwrite(file.get(), mine.data(), mine.size(), 0) < 0) return told(path);
  return file;
}

/// Does somebody listen on this port of all addresses? Shown by addresses outside 127.96.0.0/12, where no pool is
/// drawn.
bool taken_everywhere(std::uint16_t port) {
  constexpr int looks = 2;
  for (int look = 0; look < looks; ++look) {
    const std::string random = random_bytes(2);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(random[i])); };
    const auto free = qemu::probe_bind(fmt::format("127.{}.{}.77", 112 + byte(0) % 16, byte(1)), port);
    if (free || free.error().kind() != Kind::conflict) return false;
  }
  return true;
}

}  // namespace

Result<QemuBackend::Impl::Tools> QemuBackend::Impl::find_tools(const QemuSettings& settings) {
  Tools tools;
  TRY(tools.program, qemu::find_program(settings.program, "qemu-system-x86"));
  TRY(tools.disk_tool, qemu::find_program(settings.disk_tool, "qemu-utils"));
  TRY(tools.user, machine_user(settings.machine_user));
  return tools;
}

Result<std::unique_ptr<QemuBackend::Impl>> QemuBackend::Impl::open(QemuSettings settings, const Executor& executor,
                                                                   log::Logger log) {
  TRY(auto tools, find_tools(settings));
  settings.data_directory = std::filesystem::absolute(settings.data_directory).lexically_normal().string();
  while (settings.data_directory.size() > 1 && settings.data_directory.ends_with('/'))
    settings.data_directory.pop_back();
  const std::string& data = settings.data_directory;
  std::error_code ec;
  if (!std::filesystem::is_directory(data, ec)) {
    TRY_VOID(make_directory(data, 0700, std::nullopt, false));
  }
  TRY(tools.lock, lock_directory(data));
  const mode_t ours = tools.user ? 0710 : 0700;  // the machines' group passes through to what is theirs
  TRY_VOID(make_directory(data + "/servers", ours, tools.user, false));
  TRY_VOID(make_directory(data + "/servers/.links", ours, tools.user, false));
  auto out = std::make_unique<Impl>(std::move(settings), executor, std::move(log), std::move(tools));
  out->scope_.spawn(out->choose_early());  // so that the first start need not wait for it
  return out;
}

Task<qemu::AcceleratorChoice> QemuBackend::Impl::accelerator() {
  const auto mine = co_await choosing_->take(in(turn_limit), "the accelerator's probe");
  if (!choice_) {
    qemu::AcceleratorProbe probe{tools_.program, settings_.probe_rom, settings_.data_directory + "/accelerator.json",
                                 tools_.user};
    choice_ = co_await qemu::choose_accelerator(std::move(probe));
    log_.info("vm.accelerator", {{"uses", qemu::to_string(choice_->accelerator)}, {"why", choice_->words}});
  }
  co_return *choice_;
}

Task<> QemuBackend::Impl::choose_early() {
  (void)co_await accelerator();
}

Task<Result<std::string>> QemuBackend::Impl::accelerator_words() {
  const auto choice = co_await accelerator();
  co_return choice.words;
}

Task<Result<>> QemuBackend::Impl::prepare(MachineSpec spec, std::vector<ContextFile> context) {
  CO_TRY(const auto checked, qemu_machine(spec, qemu::Accelerator::tcg));
  CO_TRY(const auto mine, co_await turn(spec.id));
  const auto directory = directory_of(spec.id);
  if (directory.exists() && directory.load()) co_return Result<>{};
  CO_TRY_VOID(directory.create());
  CO_TRY_VOID(co_await make_disks(directory, spec));
  const auto today = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  CO_TRY(Secret disc, context_disc(context, today));
  const std::string disc_file = directory.file(checked.context);
  auto write = [disc = std::move(disc), disc_file] { return replace_file(disc_file, disc.reveal(), 0600); };
  CO_TRY_VOID(co_await workers_.run(std::move(write)));
  if (tools_.user && ::lchown(disc_file.c_str(), tools_.user->uid, tools_.user->gid) != 0) co_return told(disc_file);
  // Last: a directory with a record is complete.
  co_return co_await workers_.run([directory, record = qemu_record(spec)] { return directory.save(record); });
}

Task<Result<>> QemuBackend::Impl::make_disks(const qemu::RunDirectory& directory, const MachineSpec& spec) {
  for (const DiskSpec& disk : spec.disks) {
    std::error_code ignored;
    if (std::filesystem::exists(directory.file(disk_file(disk)), ignored)) continue;
    CO_TRY_VOID(co_await disks_.create_overlay(directory.run(), disk_file(disk), disk.base, disk.size));
  }
  co_return Result<>{};
}

Task<Result<>> QemuBackend::Impl::grow_disks(const qemu::RunDirectory& directory, MachineSpec& spec) {
  for (DiskSpec& disk : spec.disks) {
    CO_TRY(const auto header, qemu::read_qcow_header(directory.file(disk_file(disk))));
    // Larger already: a resize that failed has come as far as that, and a disk never shrinks.
    if (header.virtual_size >= disk.size) {
      disk.size = header.virtual_size;
      continue;
    }
    CO_TRY_VOID(co_await disks_.grow(directory.run(), disk_file(disk), disk.size));
  }
  co_return Result<>{};
}

Result<> QemuBackend::Impl::make_link(const NicSpec& nic) {
  return make_directory(links() + "/" + nic.link, 0700, tools_.user, true);
}

void QemuBackend::Impl::remove_links(const qemu::Record& record) {
  for (const std::string& link : record.links) {
    ::unlink((links() + "/" + link).c_str());
    ::rmdir(std::filesystem::path(links() + "/" + link).parent_path().c_str());  // the last end takes it away
  }
}

Task<Result<>> QemuBackend::Impl::start(MachineSpec spec) {
  CO_TRY(const auto mine, co_await turn(spec.id));
  CO_TRY(const auto found, co_await look(spec.id));
  const auto directory = directory_of(spec.id);
  if (!directory.load())
    co_return fail(Kind::not_found, "server " + spec.id.text() + " has no disk here; build it first");
  if (found.machine) {
    if (found.record.generation == spec.generation) co_return Result<>{};
    if (found.record.generation > spec.generation)
      co_return fail(Kind::conflict, "server " + spec.id.text() + " runs from a later start already");
    CO_TRY_VOID(co_await found.machine->stop(std::chrono::milliseconds(0)));
  }
  CO_TRY_VOID(co_await grow_disks(directory, spec));
  for (const NicSpec& nic : spec.nics)
    if (nic.kind == NicSpec::Kind::link) {
      CO_TRY_VOID(make_link(nic));
    }
  co_return co_await start_process(directory, spec);
}

Result<> QemuBackend::Impl::pass_files(qemu::MachineSpec& machine, std::vector<FileHandle>& files) const {
  const auto pass = [&](std::string& file) -> Result<> {
    if (file.empty()) return {};
    TRY(file, qemu::pass_file(file, settings_.data_directory, tools_.user, files));
    return {};
  };
  TRY_VOID(pass(machine.kernel));
  TRY_VOID(pass(machine.initrd));
  for (qemu::DiskDevice& disk : machine.disks) {
    TRY_VOID(pass(disk.base));
  }
  return {};
}

Task<Result<>> QemuBackend::Impl::start_process(const qemu::RunDirectory& directory, const MachineSpec& spec) {
  CO_TRY_VOID(qemu::find_program(tools_.program, "qemu-system-x86"));  // perhaps removed since we were started
  CO_TRY(auto machine, qemu_machine(spec, (co_await accelerator()).accelerator));
  std::vector<FileHandle> files;
  CO_TRY_VOID(pass_files(machine, files));
  // From here on to the end: a start that is cancelled between process and monitor would leave a machine that holds the
  // monitor and that nobody knows. It is short, and has limits of its own.
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  auto arguments = qemu::command_line(machine);
  arguments.insert(arguments.begin(), tools_.program);
  auto started =
      co_await qemu::Machine::start(around_, directory, qemu_record(spec), std::move(arguments), std::move(files));
  if (!started && !started.error().detail("address").empty()) co_return fail(explain_address(started.error(), spec));
  if (!started) co_return fail(started.error());
  keep(spec.id, *started);
  log_.info("vm.started", {{"vm", spec.id}, {"pid", (*started)->record().pid}, {"generation", spec.generation}});
  co_return Result<>{};
}

// QEMU has one text for all reasons: binding ourselves tells which address and why.
Error QemuBackend::Impl::explain_address(Error error, const MachineSpec& spec) {
  for (const NicSpec& nic : spec.nics) {
    for (const Forward& forward : nic.forwards) {
      const auto free = qemu::probe_bind(forward.address, forward.port);
      if (free) continue;
      // No other address would help: whoever asks waits, and needs no new one.
      if (taken_everywhere(forward.port))
        return {Kind::unavailable,
                fmt::format("{}:{} is in use by another program that listens on port {} of all addresses (0.0.0.0 or "
                            "[::]); end it (`ss -ltnp 'sport = :{}'` shows it), then the machine is started by itself",
                            forward.address, forward.port, forward.port, forward.port)};
      return Error(Kind::conflict, free.error().sentence()).with("address", forward.address);
    }
  }
  return error;  // free again by now: the caller may try the same once more
}

}  // namespace nephele::compute
