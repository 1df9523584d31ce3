// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "http/listener.h"

namespace nephele::http {

namespace {

namespace fs = std::filesystem;

// proc(5): "sl local_address rem_address st ... inode"; addresses are hex with the port behind the colon, 0A listens.
void listening_sockets(const char* table, std::uint16_t port, std::set<std::string>& links) {
  std::ifstream in(table);
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != "0A" || colon == std::string::npos) continue;
    unsigned number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (number == port) links.insert("socket:[" + inode + "]");
  }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& links) {
  std::error_code ec;
  for (fs::directory_iterator at(process / "fd", ec), end; !ec && at != end; at.increment(ec)) {
    std::error_code unreadable;
    const auto target = fs::read_symlink(at->path(), unreadable);
    if (!unreadable && links.contains(target.string())) return true;
  }
  return false;
}

}  // namespace

std::string port_holder(std::uint16_t port) {
  std::set<std::string> links;
  listening_sockets("/proc/net/tcp", port, links);
  listening_sockets("/proc/net/tcp6", port, links);
  if (links.empty()) return {};
  std::error_code ec;
  for (fs::directory_iterator at("/proc", ec), end; !ec && at != end; at.increment(ec)) {
    const std::string id = at->path().filename().string();
    if (id.find_first_not_of("0123456789") != std::string::npos || !holds_one_of(at->path(), links)) continue;
    std::string name;
    std::ifstream(at->path() / "comm") >> name;
    return name + " (process " + id + ")";
  }
  return {};
}

}  // namespace nephele::http
