// SPDX-License-Identifier: Apache-2.0
#include "sql/postgres_address.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <map>
#include <memory>

namespace nephele::sql {

namespace {
struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;
}  // namespace

Result<PostgresAddress> PostgresAddress::parse(const std::string& url) {
  char* complaint = nullptr;
  const Options options(PQconninfoParse(url.c_str(), &complaint));
  if (complaint != nullptr) PQfreemem(complaint);  // it quotes the URL with its password
  if (!options)
    return fail(Kind::invalid,
                "the PostgreSQL address cannot be read; write postgresql://user:password@host:port/name, with @ : / "
                "and ? in a password as %40 %3A %2F and %3F");

  std::map<std::string_view, std::string> given;
  for (const auto* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) given[option->keyword] = option->val;
  const auto or_default = [&](std::string_view key, std::string_view fallback) {
    const auto found = given.find(key);
    return found == given.end() || found->second.empty() ? std::string(fallback) : found->second;
  };

  PostgresAddress address;
  address.url_ = url;
  address.password_ = or_default("password", "");
  address.shown_ = fmt::format("database {} at {}:{}", or_default("dbname", or_default("user", "of this user")),
                               or_default("host", or_default("hostaddr", "this machine")), or_default("port", "5432"));
  return address;
}

std::string PostgresAddress::clean(std::string_view message) const {
  std::string line(message.substr(0, message.find('\n')));
  if (password_.empty()) return line;
  for (auto at = line.find(password_); at != std::string::npos; at = line.find(password_, at + 3))
    line.replace(at, password_.size(), "***");
  return line;
}

}  // namespace nephele::sql
