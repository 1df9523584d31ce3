// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"
#include "clouds/qemu/accelerator.h"

/// From what a machine is to the arguments that make QEMU that machine. Pure. Paths are those that QEMU sees; its
/// working directory is the machine's run directory, so short names keep sockets under 108 bytes.
namespace nephele::qemu {

struct DiskDevice {
  std::string name;  ///< serial number in the guest
  std::string file;
  std::string format;  ///< "qcow2" or "raw"
  std::string base;    ///< of a qcow2 overlay: a qcow2 that nobody writes; empty: none
};

struct HostForward {
  std::string address;
  std::uint16_t port;  ///< the same in the guest
};

struct NetworkDevice {
  enum class Kind : std::uint8_t {
    user,  ///< slirp; reaches nothing, is reached on the forwards
    link,  ///< one other machine, by datagrams between two unix sockets
  };
  Kind kind = Kind::user;
  std::string mac;
  std::vector<HostForward> forwards;
  std::string local, remote;  ///< sockets of a link
};

struct MachineSpec {
  std::string name;
  std::string uuid;
  Accelerator accelerator = Accelerator::tcg;
  Cpus cpus, cpus_max;
  Bytes memory, memory_max;
  std::string kernel, initrd, append;  ///< kernel empty: the disk's own boot loader
  std::vector<DiskDevice> disks;
  std::string context;  ///< file of the CD-ROM; empty: an empty drive
  std::vector<NetworkDevice> nics;
};

/// Linux guests take memory in blocks of this size.
inline constexpr Bytes memory_block = Bytes::mib(128);

/// Size of the one memory device that takes a machine from what it has at its start to its ceiling (or beyond it, by
/// less than a block: the balloon takes the rest); zero when there is nothing to add.
Bytes growth_device(Bytes at_start, Bytes ceiling);

/// The arguments after the program's name.
std::vector<std::string> command_line(const MachineSpec& machine);

}  // namespace nephele::qemu
