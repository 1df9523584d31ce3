// SPDX-License-Identifier: Apache-2.0
#include "compute/machine_spec.h"

#include <fmt/format.h>

#include "base/secret.h"

namespace nephele::compute {

namespace {

/// Locally administered, QEMU's prefix; unique within an installation, which is all that user-mode networks need.
std::string mac_of(ServerId id, unsigned nic) {
  const auto n = static_cast<std::uint64_t>(id.number());
  return fmt::format("52:54:{:02x}:{:02x}:{:02x}:{:02x}", nic, (n >> 16U) & 255U, (n >> 8U) & 255U, n & 255U);
}

std::string uuid_of(std::string_view installation, ServerId id) {
  std::string hex = sha256_hex(fmt::format("{}/server/{}", installation, id.number())).substr(0, 32);
  hex[12] = '4';
  hex[16] = '8';
  return fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                     hex.substr(20, 12));
}

std::string link_address(int end) {
  return fmt::format("10.96.0.{}", end + 1);
}

}  // namespace

MachineSpec machine_spec(const Server& server, const Image& image, std::string_view installation) {
  MachineSpec spec;
  spec.id = server.id;
  spec.generation = server.generation;
  spec.uuid = uuid_of(installation, server.id);
  spec.name = fmt::format("server-{}", server.id.number());
  spec.sizes = server.sizes;
  spec.ceilings = server.ceilings;
  spec.kernel = image.directory + "/vmlinux";
  spec.initrd = image.directory + "/initrd.img";
  spec.command_line = image.command_line;
  spec.disks.push_back({"root", "qcow2", "", image.directory + "/root.qcow2", server.sizes.disk});
  NicSpec user;
  user.mac = mac_of(server.id, 0);
  for (const auto port : server.ports) user.forwards.push_back({server.address, port});
  spec.nics.push_back(std::move(user));
  if (!server.link.empty()) {
    NicSpec link;
    link.kind = NicSpec::Kind::link;
    link.mac = mac_of(server.id, 1);
    link.link = server.link;
    link.link_end = server.link_end;
    spec.nics.push_back(std::move(link));
  }
  spec.tags = {{"owner", server.owner}, {"name", server.name}};
  return spec;
}

std::vector<std::pair<std::string, std::string>> network_context(const MachineSpec& spec) {
  std::vector<std::pair<std::string, std::string>> values{{"NETWORK", "YES"}};
  for (const auto& nic : spec.nics) {
    if (nic.kind == NicSpec::Kind::user) {
      // The fixed addresses of QEMU's user-mode network: known beforehand, so no guest has to ask DHCP.
      values.insert(values.end(), {{"ETH0_MAC", nic.mac},
                                   {"ETH0_IP", "10.0.2.15"},
                                   {"ETH0_MASK", "255.255.255.0"},
                                   {"ETH0_GATEWAY", "10.0.2.2"},
                                   {"ETH0_DNS", "10.0.2.3"}});
    } else if (nic.kind == NicSpec::Kind::link) {
      values.insert(values.end(), {{"ETH1_MAC", nic.mac},
                                   {"ETH1_IP", link_address(nic.link_end)},
                                   {"ETH1_MASK", "255.255.255.252"},
                                   {"PEER_IP", link_address(1 - nic.link_end)}});
    }
  }
  return values;
}

}  // namespace nephele::compute
