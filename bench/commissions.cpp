// SPDX-License-Identifier: Apache-2.0
// Commissions that are issued and accepted in a second, through the service class: what bench/commissions.py holds
// against pgbench.
//   commissions prepare URL CLIENTS                      the schema, and for each client a user in a project of his own
//   commissions run URL CLIENTS CONNECTIONS SECONDS      prints the pairs of issue and accept per second

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "identity/identity.h"
#include "identity/quota/quotas.h"

namespace {

using namespace nephele;
using namespace nephele::identity::quota;
using Steady = std::chrono::steady_clock;

constexpr const char* resource = "cyclades.vm";

Key member(std::size_t client) {
  const std::string number = std::to_string(client);
  return {user_ref("u" + number), project_ref("p" + number), resource};
}
Key project(std::size_t client) {
  return {project_ref("p" + std::to_string(client)), "", resource};
}

void prepare(const std::string& url, std::size_t clients) {
  auto database = sql::Database::open({.url = url}).value();
  database->migrate(identity::Identity::migrations()).value();
  const SystemClock clock;
  const Quotas quotas(*database, clock);
  std::vector<Limit> limits;
  for (std::size_t i = 0; i < clients; ++i) {
    limits.push_back({member(i), unlimited});
    limits.push_back({project(i), unlimited});
  }
  database->write_now([&](sql::Tx& tx) { return quotas.set_limits(tx, limits); }).value();
}

Task<> client(Quotas& quotas, std::size_t number, Steady::time_point until, std::size_t& done) {
  while (Steady::now() < until) {
    auto serial = co_await quotas.issue(
        {.client = "cyclades", .name = "bench", .provisions = {{member(number), 1}, {project(number), 1}}});
    (co_await quotas.resolve("cyclades", serial.value(), Verdict::accept)).value();
    ++done;
  }
}

void run(const std::string& url, std::size_t clients, std::size_t connections, int seconds) {
  asio::io_context io(1);
  auto database = sql::Database::open({.url = url, .readers = connections - 1}).value();
  const SystemClock clock;
  Quotas quotas(*database, clock);
  std::size_t done = 0;
  std::exception_ptr thrown;
  const auto start = Steady::now();
  for (std::size_t i = 0; i < clients; ++i)
    asio::co_spawn(io, client(quotas, i, start + std::chrono::seconds(seconds), done), [&](std::exception_ptr why) {
      if (why) thrown = why;
    });
  io.run();
  if (thrown) std::rethrow_exception(thrown);
  const double spent = std::chrono::duration<double>(Steady::now() - start).count();
  std::printf("%.1f\n", static_cast<double>(done) / spent);
}

}  // namespace

int main(int count, char** words) {
  try {
    const std::string_view verb = count > 1 ? words[1] : "";
    if (verb == "prepare" && count == 4) {
      prepare(words[2], std::strtoul(words[3], nullptr, 10));
    } else if (verb == "run" && count == 6) {
      run(words[2], std::strtoul(words[3], nullptr, 10), std::strtoul(words[4], nullptr, 10), std::atoi(words[5]));
    } else {
      std::fprintf(stderr, "commissions prepare URL CLIENTS | run URL CLIENTS CONNECTIONS SECONDS\n");
      return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
  } catch (const std::exception& thrown) {
    std::fprintf(stderr, "commissions: %s\n", thrown.what());
    return EXIT_FAILURE;
  }
}
