// SPDX-License-Identifier: Apache-2.0
#include "clouds/testing/standin_test.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

#include "clouds/testing/local_server.h"
#include "http/client.h"

namespace nephele::clouds::testing {

namespace {

/// As root it stays root: a checkout may stand where nobody else can read it.
struct Running {
  LocalServer server{"root"};
  std::uint16_t port = free_port();
  std::uint16_t control_port = free_port();

  Running(const std::string& folder, const std::string& port_option) {
    const char* const source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): one thread
    if (source == nullptr) throw std::runtime_error("NEPHELE_SOURCE_DIR is not set; start this test with ctest");
    server.start({"/usr/bin/python3", "-B", std::string(source) + "/tests/" + folder, port_option, std::to_string(port),
                  "--control-port", std::to_string(control_port)},
                 port);
  }
};

const Running& running(const std::string& folder, const std::string& port_option) {
  static std::map<std::string, std::unique_ptr<Running>> all;
  auto& one = all[folder];
  if (!one) one = std::make_unique<Running>(folder, port_option);
  return *one;
}

std::string url_of(std::uint16_t port) {
  return "http://127.0.0.1:" + std::to_string(port);
}

}  // namespace

StandInTest::StandInTest(std::string folder, const std::string& port_option) {
  const Running& one = running(folder, port_option);
  address_ = url_of(one.port);
  control_ = url_of(one.control_port);
}

void StandInTest::SetUp() {
  control(http::Verb::post, "/reset", "{}");
}

void StandInTest::TearDown() {
  const auto troubles = control(http::Verb::get, "/troubles");
  EXPECT_EQ(json::write(troubles), "[]");
}

json::Value StandInTest::control(http::Verb verb, std::string path, std::string body) {
  http::Client client({.use_proxy_environment = false});
  const auto answer =
      wait(client.send({.verb = verb, .url = control_ + path, .body = std::move(body), .deadline = soon()}));
  if (!answer || answer->status != 200)
    throw std::runtime_error(path + ": " + (answer ? answer->body : answer.error().sentence()));
  return json::parse(answer->body).value();
}

std::vector<std::string> StandInTest::calls() {
  std::vector<std::string> out;
  const auto journal = control(http::Verb::get, "/journal");
  for (const auto& entry : *journal.if_array()) out.emplace_back(entry.text_at({"method"}));
  return out;
}

std::size_t StandInTest::count(const std::string& call) {
  return static_cast<std::size_t>(std::ranges::count(calls(), call));
}

json::Value StandInTest::last_detail(const std::string& call) {
  json::Value out;
  const auto journal = control(http::Verb::get, "/journal");
  for (const auto& entry : *journal.if_array())
    if (const auto* const detail = entry.at_path({"detail"}); detail != nullptr && entry.text_at({"method"}) == call)
      out = *detail;
  return out;
}

std::string StandInTest::last_body(const std::string& call) {
  const auto detail = last_detail(call);
  const auto* const body = detail.at_path({"body"});
  return body == nullptr ? "" : json::write(*body);
}

std::size_t StandInTest::there_are(const std::string& what) {
  return world().at_path({what})->if_array()->size();
}

}  // namespace nephele::clouds::testing
