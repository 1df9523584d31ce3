// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nephele::qemu {

namespace {

// In an option's value a comma ends the value; two are one.
std::string option_value(std::string_view value) {
  std::string out;
  for (const char c : value) {
    out += c;
    if (c == ',') out += ',';
  }
  return out;
}

// Shown by ps: letters that no terminal and no option parser minds.
std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, 64)) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    out += fine ? c : '_';
  }
  return out.empty() ? "machine" : out;
}

class Arguments {
 public:
  void flag(std::string option) { all_.push_back(std::move(option)); }
  void add(std::string option, std::string value) {
    all_.push_back(std::move(option));
    all_.push_back(std::move(value));
  }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
};

void add_process(Arguments& a, const MachineSpec& m) {
  const std::string name = plain_name(m.name);
  a.flag("-nodefaults");
  a.flag("-no-user-config");
  a.add("-display", "none");
  a.add("-name", fmt::format("guest={},process=vm-{:.12},debug-threads=on", name, name));
  a.add("-uuid", m.uuid);
  a.add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
  a.flag("-no-shutdown");  // so that a power-off while nobody listens is still told later
  a.add("-action", "panic=pause");
}

void add_processor_and_memory(Arguments& a, const MachineSpec& m) {
  a.add("-machine", "q35,memory-backend=ram0,vmport=off,dump-guest-core=off");
  if (m.accelerator == Accelerator::kvm) {
    a.add("-accel", "kvm");
    a.add("-cpu", "host,migratable=on");
  } else {
    a.add("-accel", "tcg,thread=multi,tb-size=32");
    a.add("-cpu", "qemu64");
  }
  a.add("-smp", fmt::format("{},maxcpus={}", m.cpus.count(), std::max(m.cpus, m.cpus_max).count()));
  const Bytes growth = growth_device(m.memory, m.memory_max);
  // Without a suffix QEMU reads MiB.
  std::string memory = fmt::format("size={}B", m.memory.count());
  if (growth.count() > 0) memory += fmt::format(",slots=1,maxmem={}B", (m.memory + growth).count());
  a.add("-m", memory);
  a.add("-object", fmt::format("memory-backend-memfd,id=ram0,size={},prealloc=off,share=on", m.memory.count()));
}

void add_control(Arguments& a) {
  a.add("-qmp", "unix:qmp,server=on,wait=off");
  a.add("-qmp", "unix:qmp2,server=on,wait=off");  // for people, and for us while an older one of us still hangs on
  a.add("-chardev", "socket,id=ser,path=console,server=on,wait=off,logfile=serial.log,logappend=on");
  a.add("-serial", "chardev:ser");
  a.add("-device", "virtio-serial-pci,id=vs0");
  a.add("-chardev", "socket,id=ctl,path=ctl,server=on,wait=off");
  a.add("-device", "virtserialport,chardev=ctl,name=nephele.0");
}

void add_disks(Arguments& a, const MachineSpec& m) {
  int number = 0;
  for (const DiskDevice& disk : m.disks) {
    std::string node = fmt::format("node-name=d{},driver={},discard=unmap,file.driver=file,file.filename={}", number,
                                   disk.format, option_value(disk.file));
    // Named here and not taken from the overlay's header: an installation may move.
    if (!disk.base.empty())
      node +=
          fmt::format(",backing.driver=qcow2,backing.read-only=on,backing.file.driver=file,backing.file.filename={}",
                      option_value(disk.base));
    a.add("-blockdev", node);
    a.add("-device", fmt::format("virtio-blk-pci,drive=d{0},id=vd{0},serial={1},werror=stop,rerror=report", number,
                                 option_value(std::string_view(disk.name).substr(0, 20))));
    ++number;
  }
  a.add("-device", "virtio-scsi-pci,id=scsi0");
  if (m.context.empty()) {
    a.add("-device", "scsi-cd,bus=scsi0.0,id=cdrom0");
    return;
  }
  a.add("-blockdev", fmt::format("node-name=cd0,driver=raw,read-only=on,file.driver=file,file.filename={}",
                                 option_value(m.context)));
  a.add("-device", "scsi-cd,bus=scsi0.0,drive=cd0,id=cdrom0");
}

void add_network(Arguments& a, const MachineSpec& m) {
  int number = 0;
  for (const NetworkDevice& nic : m.nics) {
    std::string netdev;
    if (nic.kind == NetworkDevice::Kind::user) {
      netdev = fmt::format("user,id=n{},ipv6=off,restrict=on", number);
      for (const HostForward& forward : nic.forwards)
        netdev += fmt::format(",hostfwd=tcp:{0}:{1}-:{1}", forward.address, forward.port);
    } else {
      netdev = fmt::format("dgram,id=n{},local.type=unix,local.path={},remote.type=unix,remote.path={}", number,
                           option_value(nic.local), option_value(nic.remote));
    }
    a.add("-netdev", netdev);
    a.add("-device", fmt::format("virtio-net-pci,netdev=n{0},id=net{0},mac={1},romfile=", number, nic.mac));
    ++number;
  }
}

void add_helpers(Arguments& a) {
  a.add("-device", "virtio-rng-pci");
  a.add("-device", "virtio-balloon-pci,id=bal0,free-page-reporting=on");
  a.add("-device", "pvpanic-pci");
  a.add("-device", "pcie-root-port,id=rp0,chassis=1");
  a.add("-device", "pcie-root-port,id=rp1,chassis=2");
}

void add_boot(Arguments& a, const MachineSpec& m) {
  if (m.kernel.empty()) return;
  a.add("-kernel", m.kernel);
  if (!m.initrd.empty()) a.add("-initrd", m.initrd);
  a.add("-append", m.append);
}

}  // namespace

Bytes growth_device(Bytes at_start, Bytes ceiling) {
  const std::uint64_t missing = (ceiling - at_start).count();
  const std::uint64_t block = memory_block.count();
  return Bytes::of((missing + block - 1) / block * block);
}

std::vector<std::string> command_line(const MachineSpec& machine) {
  Arguments a;
  add_process(a, machine);
  add_processor_and_memory(a, machine);
  add_control(a);
  add_boot(a, machine);
  add_disks(a, machine);
  add_network(a, machine);
  add_helpers(a);
  return a.take();
}

}  // namespace nephele::qemu
