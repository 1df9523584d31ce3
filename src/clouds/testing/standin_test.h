// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/io_threads.h"
#include "base/json.h"
#include "http/message.h"

/// The stand-ins for clouds below tests/ (tests/standin says what they have in common).
namespace nephele::clouds::testing {

/// One stand-in for all cases of the program, new before each of them.
class StandInTest : public ::testing::Test {
 protected:
  /// `folder` below tests/; `port_option` names the port that is waited for: the last one that it opens.
  explicit StandInTest(std::string folder, const std::string& port_option = "--port");
  void SetUp() override;
  void TearDown() override;

  /// "http://127.0.0.1:PORT" of the port that was named.
  const std::string& address() const noexcept { return address_; }

  template <class T>
  T wait(Task<T> task) {
    return threads_.run(std::move(task));
  }
  static SteadyTime soon() { return in(std::chrono::seconds(30)); }

  /// The control port (tests/standin/control.py, and control.py of the folder).
  json::Value control(http::Verb verb, std::string path, std::string body = {});
  void set(const std::string& settings) { control(http::Verb::post, "/settings", settings); }
  void fault(const std::string& rule) { control(http::Verb::post, "/faults", rule); }
  void clear_faults() { control(http::Verb::del, "/faults"); }
  json::Value world() { return control(http::Verb::get, "/world"); }
  /// So many of "servers", "instances", ...
  std::size_t there_are(const std::string& what);

  /// "POST /v2.1/servers", "RunInstances" and so on, in the order of their ends.
  std::vector<std::string> calls();
  std::size_t count(const std::string& call);
  /// What the journal has of the last such call; null: there was none.
  json::Value last_detail(const std::string& call);
  /// Of that the body, in JSON as it was sent; "": there was none.
  std::string last_body(const std::string& call);
  void forget_calls() { control(http::Verb::del, "/journal"); }

  IoThreads threads_{1};

 private:
  std::string address_, control_;
};

}  // namespace nephele::clouds::testing
