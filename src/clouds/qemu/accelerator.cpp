// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/accelerator.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "clouds/qemu/process_watch.h"
#include "clouds/qemu/run_directory.h"

namespace nephele::qemu {

std::string_view to_string(Accelerator accelerator) noexcept {
  return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

namespace {

constexpr const char* device = "/dev/kvm";
constexpr std::chrono::milliseconds proof_limit{1'000};
constexpr std::size_t rom_bytes_max = 1U << 20U;

AcceleratorChoice software(std::string_view because) {
  return {Accelerator::tcg, fmt::format("software emulation (about 20 times slower) because {}", because)};
}

// Why the device cannot even be opened; empty when it can.
std::string closed_because(const std::optional<UserIds>& user) {
  struct stat about{};
  if (::stat(device, &about) != 0) return "this machine has no /dev/kvm";
  constexpr mode_t both = 06;
  const std::string advice =
      "/dev/kvm may not be opened by the user that machines run under; put it into the group kvm";
  if (!user) {
    const FileHandle opened(::open(device, O_RDWR | O_CLOEXEC));
    if (opened) return {};
    return errno == EACCES || errno == EPERM ? advice : fmt::format("/dev/kvm: {}", std::strerror(errno));
  }
  const bool in_group = about.st_gid == user->gid || std::ranges::count(user->groups, about.st_gid) != 0;
  const mode_t bits = about.st_uid == user->uid ? about.st_mode >> 6U : in_group ? about.st_mode >> 3U : about.st_mode;
  return (bits & both) == both ? std::string() : advice;
}

// Another host start, program, device, user or firmware is another question.
std::string question(const AcceleratorProbe& probe) {
  struct stat program{};
  struct stat kvm{};
  ::stat(probe.program.c_str(), &program);
  ::stat(device, &kvm);
  std::string who = probe.user ? fmt::format("{}:{}", probe.user->uid, probe.user->gid) : std::to_string(::geteuid());
  if (probe.user)
    for (const gid_t group : probe.user->groups) who += fmt::format(",{}", group);
  const std::string rom = sha256_hex(read_text_file(probe.rom, rom_bytes_max).value_or(""));
  return fmt::format("{} {}:{}:{}.{} {}:{:o} {} {}", host_boot_id(), program.st_dev, program.st_ino,
                     program.st_mtim.tv_sec, program.st_mtim.tv_nsec, kvm.st_rdev, kvm.st_mode, who, rom);
}

std::optional<AcceleratorChoice> remembered(const AcceleratorProbe& probe, const std::string& asked) {
  const auto text = read_text_file(probe.cache, std::size_t{16} * 1024);
  if (!text) return std::nullopt;
  const auto value = json::parse(*text);
  if (!value || value->text_at({"question"}) != asked) return std::nullopt;
  const Accelerator accelerator = value->text_at({"accelerator"}) == "kvm" ? Accelerator::kvm : Accelerator::tcg;
  return AcceleratorChoice{accelerator, std::string(value->text_at({"words"}))};
}

void remember(const AcceleratorProbe& probe, const std::string& asked, const AcceleratorChoice& choice) {
  json::Object o;
  o.append("question", asked);
  o.append("accelerator", to_string(choice.accelerator));
  o.append("words", choice.words);
  (void)replace_file(probe.cache, json::write(o) + "\n", 0600).has_value();  // only a memory: asked again without it
}

// The firmware writes R, P, L, U as it reaches real, protected and long mode and the user's ring, then ends QEMU.
Task<Result<Finished>> run_guest(const AcceleratorProbe& probe, Accelerator accelerator) {
  std::vector<FileHandle> kept;
  CO_TRY(const std::string rom, pass_file(probe.rom, "", probe.user, kept));
  ShortRun run;
  run.limit = proof_limit;
  run.process.arguments = {probe.program,
                           "-nodefaults",
                           "-no-user-config",
                           "-machine",
                           "microvm,acpi=off,isa-serial=on",
                           "-accel",
                           std::string(to_string(accelerator)),
                           "-m",
                           "32",
                           "-bios",
                           rom,
                           "-display",
                           "none",
                           "-serial",
                           "stdio",
                           "-no-reboot",
                           "-device",
                           "isa-debug-exit,iobase=0xf4,iosize=4"};
  run.process.directory = "/";
  run.process.user = probe.user;
  for (const FileHandle& file : kept) run.process.keep.push_back(file.get());
  co_return co_await run_to_end(std::move(run));
}

bool proved(const Result<Finished>& guest) {
  return guest && guest->status == "with status 85" && guest->said.contains("RPLU");
}

}  // namespace

Task<AcceleratorChoice> choose_accelerator(AcceleratorProbe probe) {
  if (probe.rom.empty()) co_return software("there is no test guest to prove /dev/kvm with");
  if (const std::string closed = closed_because(probe.user); !closed.empty()) co_return software(closed);
  const std::string asked = question(probe);
  if (auto known = remembered(probe, asked)) co_return std::move(*known);

  const auto guest = co_await run_guest(probe, Accelerator::kvm);
  AcceleratorChoice choice{Accelerator::kvm, "kvm"};
  if (!proved(guest)) {
    const std::string how = guest                                   ? fmt::format("it ended {}", guest->status)
                            : guest.error().kind() == Kind::timeout ? "it says nothing within a second"
                                                                    : guest.error().sentence();
    choice = software(fmt::format("/dev/kvm is there but a test guest does not run on it: {}", how));
    // A host too busy for any guest has proved nothing: asked again at the next start.
    const auto emulated = co_await run_guest(probe, Accelerator::tcg);
    if (!proved(emulated)) co_return choice;
  }
  remember(probe, asked, choice);
  co_return choice;
}

}  // namespace nephele::qemu
