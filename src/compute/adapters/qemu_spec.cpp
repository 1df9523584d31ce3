// SPDX-License-Identifier: Apache-2.0
#include "compute/adapters/qemu_spec.h"

#include <fmt/format.h>

#include <algorithm>

#include "clouds/qemu/context_iso.h"

namespace nephele::compute {

namespace {

// A link's name becomes a directory, a disk's a file.
bool plain(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

constexpr Cpus cpus_most(255);  // of a q35 without an interrupt remapper

/// A ceiling is a wish: it never makes a machine impossible whose size itself is not.
Cpus cpus_ceiling(const MachineSpec& spec) {
  return std::max(spec.sizes.cpus, std::min(spec.ceilings.cpus, cpus_most));
}

Result<qemu::NetworkDevice> network_device(const NicSpec& nic) {
  qemu::NetworkDevice out;
  out.mac = nic.mac;
  switch (nic.kind) {
    case NicSpec::Kind::user:
      for (const Forward& forward : nic.forwards) out.forwards.push_back({forward.address, forward.port});
      return out;
    case NicSpec::Kind::link: {
      if (!plain(nic.link) || nic.link_end < 0 || nic.link_end > 1)
        return fail(Kind::invalid,
                    fmt::format("\"{}\" cannot be a private link; use letters, digits, - _ .", nic.link));
      out.kind = qemu::NetworkDevice::Kind::link;
      // Seen from the run directory DATA/servers/ID/run: no path is too long for a socket, and the machines' user needs
      // no way through the data directory itself.
      out.local = fmt::format("../../.links/{}/{}", nic.link, nic.link_end);
      out.remote = fmt::format("../../.links/{}/{}", nic.link, 1 - nic.link_end);
      return out;
    }
    case NicSpec::Kind::tap:
      break;
  }
  return fail(Kind::invalid, "this backend has no tap networks");
}

}  // namespace

std::string disk_file(const DiskSpec& disk) {
  return disk.name + ".qcow2";
}

Result<qemu::MachineSpec> qemu_machine(const MachineSpec& spec, qemu::Accelerator accelerator) {
  if (spec.sizes.cpus.count() == 0 || spec.sizes.cpus > cpus_most)
    return fail(Kind::invalid, fmt::format("a machine has 1 to {} processors", cpus_most.count()));
  if (spec.sizes.memory < memory_least)
    return fail(Kind::invalid, fmt::format("a machine needs at least {} MiB of memory", memory_least.in_mib()));
  qemu::MachineSpec out;
  out.name = spec.name;
  out.uuid = spec.uuid;
  out.accelerator = accelerator;
  out.cpus = spec.sizes.cpus;
  out.cpus_max = cpus_ceiling(spec);
  out.memory = spec.sizes.memory;
  out.memory_max = std::max(spec.sizes.memory, spec.ceilings.memory);
  out.kernel = spec.kernel;
  out.initrd = spec.initrd;
  out.append = spec.command_line;
  if (!spec.disks.empty() && !(" " + out.append).contains(" root=")) out.append += " root=/dev/vda";
  for (const DiskSpec& disk : spec.disks) {
    if (!plain(disk.name)) return fail(Kind::invalid, fmt::format("\"{}\" cannot be the name of a disk", disk.name));
    if (!disk.locator.empty() || disk.format != "qcow2")
      return fail(Kind::invalid, fmt::format("disk {}: this backend makes qcow2 overlays of images only", disk.name));
    if (disk.size.count() == 0 || disk.size.count() % 512 != 0)
      return fail(Kind::invalid, fmt::format("disk {}: its size must be a multiple of 512 bytes", disk.name));
    out.disks.push_back({disk.name, disk_file(disk), disk.format, disk.base});
  }
  out.context = "context.iso";
  for (const NicSpec& nic : spec.nics) {
    TRY(auto device, network_device(nic));
    out.nics.push_back(std::move(device));
  }
  return out;
}

qemu::Record qemu_record(const MachineSpec& spec) {
  qemu::Record out;
  out.id = spec.id.text();
  out.uuid = spec.uuid;
  out.generation = spec.generation;
  out.sizes = {spec.sizes.cpus, spec.sizes.memory, spec.disks.empty() ? Bytes() : spec.disks.front().size};
  out.cpus_max = cpus_ceiling(spec);
  out.memory_at_start = spec.sizes.memory;
  out.memory_max = std::max(spec.sizes.memory, spec.ceilings.memory);
  for (const NicSpec& nic : spec.nics)
    if (nic.kind == NicSpec::Kind::link) out.links.push_back(fmt::format("{}/{}", nic.link, nic.link_end));
  return out;
}

Result<Secret> context_disc(const std::vector<ContextFile>& files, std::chrono::sys_seconds date) {
  std::vector<qemu::IsoFile> on_disc;
  for (const ContextFile& file : files) on_disc.push_back({file.name, file.content.reveal()});
  TRY(std::string bytes, qemu::make_iso("CONTEXT", on_disc, date));
  return Secret(std::move(bytes));
}

MachineState machine_state(ServerId id, const qemu::Record& record, bool alive) {
  using Power = MachineState::Power;
  MachineState out;
  out.id = id;
  out.generation = record.generation;
  if (record.sizes.cpus.count() != 0) out.sizes = Sizes{record.sizes.cpus, record.sizes.memory, record.sizes.disk};
  if (alive) {
    out.power = record.ready ? Power::ready : Power::starting;
    return out;
  }
  out.reason = record.reason;
  switch (record.how) {
    case qemu::Record::End::none:
    case qemu::Record::End::start_failed:
    case qemu::Record::End::host_restarted:
      out.power = Power::absent;
      break;
    case qemu::Record::End::asked:
      out.asked = true;
      [[fallthrough]];
    case qemu::Record::End::guest_shutdown:
      out.power = Power::stopped;
      break;
    case qemu::Record::End::panicked:
    case qemu::Record::End::crashed:
      out.power = Power::failed;
      break;
  }
  return out;
}

}  // namespace nephele::compute
