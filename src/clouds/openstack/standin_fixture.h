// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "clouds/openstack/call_log.h"
#include "clouds/openstack/cloud.h"
#include "clouds/testing/standin_test.h"

/// The stand-in OpenStack of tests/openstack, one for all cases of the program, new before each of them.
namespace nephele::openstack::testing {

/// Keeps what it is told.
class KeptLog final : public CallLog {
 public:
  struct Entry {
    std::string service, call, error, request_id;
    int status = 0;
  };
  void ended(const CallRecord& record) noexcept override;
  std::vector<Entry> entries() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

/// Of the fleet's user, with short pauses, so that what is repeated is repeated soon.
Account account_at(const std::string& address);

class StandInTest : public clouds::testing::StandInTest {
 protected:
  StandInTest() : clouds::testing::StandInTest("openstack") {}
  void TearDown() override;

  Account account() const { return account_at(address()); }
  std::unique_ptr<Cloud> cloud() { return std::make_unique<Cloud>(account(), &log_); }

  std::vector<std::string> add_servers(const std::string& wanted);

  KeptLog log_;
};

/// What no error and no log may hold.
extern const char* const password;
extern const char* const application_secret;
void expect_no_secret(const std::string& text);

}  // namespace nephele::openstack::testing
