// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/io_threads.h"
#include "bus/bus.h"
#include "runtimes/flavours.h"
#include "runtimes/testing/api_caller.h"
#include "runtimes/testing/fake_cloud.h"
#include "sql/testing/test_databases.h"

namespace nephele::runtimes::testing {

inline const std::string minimal =
    R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"nature"},"SCHEDULING":{},"DEVICE_INFO":{}}})";

/// The API over a cloud and a sign-in that tests control; only events are kept in a real database.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    std::vector<sql::Migration> steps;
    for (const auto& part : {bus::migrations(), migrations()}) steps.insert(steps.end(), part.begin(), part.end());
    if (auto done = database->migrate(steps); !done) throw std::runtime_error(done.error().sentence());
  }
  ~ApiTest() override { loop.run(bus->stop()); }

  Answered get(const std::string& path, const ApiCaller::Headers& headers = ApiCaller::as("ada")) {
    return caller.send(http::Verb::get, path, headers);
  }
  Answered post(const std::string& body, const ApiCaller::Headers& headers = ApiCaller::as("ada")) {
    return caller.send(http::Verb::post, "/serverless-runtimes", headers, body);
  }
  Answered put(const std::string& path, const std::string& body,
               const ApiCaller::Headers& headers = ApiCaller::as("ada")) {
    return caller.send(http::Verb::put, path, headers, body);
  }
  Answered del(const std::string& path, const ApiCaller::Headers& headers = ApiCaller::as("ada")) {
    return caller.send(http::Verb::del, path, headers);
  }

  IoThreads loop{1};  // first: an executor outlives the database that resumes on it
  sql::testing::TestDatabase fresh{sql::Engine::sqlite};
  std::unique_ptr<sql::Database> database = fresh.open();
  SystemClock clock;
  std::unique_ptr<bus::Bus> bus = bus::in_process_bus(*database, clock, loop.first(), {}, {});
  EventLog events{*database, *bus, clock};
  FakeCloud cloud;
  FakeSignIn sign_in;
  Service service{cloud, sign_in, events};
  Settings settings;
  RuntimesMetrics numbers{*database};
  DatabaseReady ready{*database};
  Api api{service, settings, {&numbers}, {&ready}, {}};
  ApiCaller caller{loop, api};
};

}  // namespace nephele::runtimes::testing
