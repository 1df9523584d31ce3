// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/standin_fixture.h"

namespace nephele::openstack::testing {

const char* const password = "p:a ss%wörd\"\\";  // as tests/openstack/world.py has it
const char* const application_secret = "app-secret-0123456789";

void KeptLog::ended(const CallRecord& record) noexcept {
  const std::lock_guard lock(mutex_);
  entries_.push_back({.service = std::string(record.service),
                      .call = std::string(record.call),
                      .error = record.error == nullptr ? "" : record.error->sentence(),
                      .request_id = std::string(record.request_id),
                      .status = record.status});
}

std::vector<KeptLog::Entry> KeptLog::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

void StandInTest::TearDown() {
  clouds::testing::StandInTest::TearDown();
  for (const auto& entry : log_.entries()) expect_no_secret(entry.call + " " + entry.error);
}

Account account_at(const std::string& address) {
  Account out{.url = address + "/identity/v3"};
  out.credentials = {.username = "vcycle", .password = Secret(password)};
  out.project_name = "fleet";
  out.timeout = std::chrono::seconds(10);
  out.first_pause = std::chrono::milliseconds(5);
  return out;
}

std::vector<std::string> StandInTest::add_servers(const std::string& wanted) {
  std::vector<std::string> out;
  const auto made = control(http::Verb::post, "/servers", wanted);
  for (const auto& id : *made.at_path({"ids"})->if_array()) out.push_back(*id.if_string());
  return out;
}

void expect_no_secret(const std::string& text) {
  for (const std::string_view secret : {std::string_view(password), std::string_view("ss%w"),
                                        std::string_view(application_secret), std::string_view("gAAAAAB")})
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
}

}  // namespace nephele::openstack::testing
