// SPDX-License-Identifier: Apache-2.0
#include "runtimes/faults.h"

#include <gtest/gtest.h>

namespace nephele::runtimes {
namespace {

struct FaultCase {
  const char* name;
  Refusal refusal;
  RouteKind route;
  int status;
  std::string body;
};

class Fault : public testing::TestWithParam<FaultCase> {};

TEST_P(Fault, HasTheStatusAndTheTextsOfTheCatalogue) {
  const auto response = fault(GetParam().refusal, GetParam().route, "req-1");
  EXPECT_EQ(response.status, GetParam().status);
  EXPECT_EQ(std::get<std::string>(response.body), GetParam().body);
}

Error because(Kind kind) {
  return {kind, "why"};
}
std::string body(const std::string& error, const std::string& message = "\"why\"") {
  return "{\"error\":\"" + error + "\",\"message\":" + message + "}";
}
const std::string hidden = "\"something broke on our side; quote request req-1\"";

INSTANTIATE_TEST_SUITE_P(
    Table, Fault,
    testing::Values(
        FaultCase{"UnknownFlavour",
                  {Code::flavour_unknown, "a-b", *json::parse(R"({"FAAS":{"FLAVOUR":"a"},"DAAS":{"FLAVOUR":"b"}})")},
                  RouteKind::create,
                  422,
                  body("Cannot find a valid service template for the specified flavours: a-b",
                       R"({"FAAS":{"FLAVOUR":"a"},"DAAS":{"FLAVOUR":"b"}})")},
        FaultCase{"DoesNotFit",
                  {Code::create_refused, because(Kind::over_quota)},
                  RouteKind::create,
                  422,
                  body("Failed to create Serverless Runtime Service")},
        FaultCase{"CreateTimesOut",
                  {Code::create_refused, because(Kind::timeout)},
                  RouteKind::create,
                  504,
                  body("Failed to create Serverless Runtime Service")},
        FaultCase{"CreateFindsTheDatabaseGone",
                  {Code::create_refused, because(Kind::unavailable)},
                  RouteKind::create,
                  500,
                  body("Failed to create Serverless Runtime Service", hidden)},
        FaultCase{"ResizeDoesNotFit",
                  {Code::capacity_refused, because(Kind::over_quota)},
                  RouteKind::update,
                  500,
                  body("Failed to resize Serverless Runtime Function VM capacity")},
        FaultCase{"ResizeForbidden",
                  {Code::capacity_refused, because(Kind::forbidden)},
                  RouteKind::update,
                  403,
                  body("Failed to resize Serverless Runtime Function VM capacity")},
        FaultCase{"DiskShrinks",
                  {Code::disk_refused, because(Kind::invalid)},
                  RouteKind::update,
                  500,
                  body("Failed to resize Serverless Runtime Function VM disk")},
        FaultCase{"Transient",
                  {Code::transient_state, "FAAS", "PENDING"},
                  RouteKind::update,
                  423,
                  body("Cannot update Serverless Runtime Function VM FAAS on a transient state", "\"PENDING\"")},
        FaultCase{"InError",
                  {Code::error_state, "DAAS", "it broke"},
                  RouteKind::update,
                  500,
                  body("Cannot update Serverless Runtime Function VM DAAS on an error state. A recovery was attempted",
                       "\"it broke\"")},
        FaultCase{"Stuck",
                  {Code::stuck_updating, "FAAS", "UPDATING"},
                  RouteKind::update,
                  500,
                  body("Serverless Runtime Function VM FAAS stuck while updating capabilities", "\"UPDATING\"")},
        FaultCase{"LateOnCreate",
                  {Code::vms_not_created, "3"},
                  RouteKind::create,
                  504,
                  body("OpenNebula did not create VMs for the Serverless Runtime Service 3", "\"\"")},
        FaultCase{"LateOnRead",
                  {Code::vms_not_created, "3"},
                  RouteKind::read,
                  500,
                  body("OpenNebula did not create VMs for the Serverless Runtime Service 3", "\"\"")},
        FaultCase{"NotFoundOnCreateStaysInside",
                  {Code::create_refused, because(Kind::not_found)},
                  RouteKind::create,
                  500,
                  body("Failed to create Serverless Runtime Service")},
        FaultCase{"TooMany",
                  {Code::document_unreadable, because(Kind::busy)},
                  RouteKind::read,
                  429,
                  body("Too many requests")},
        FaultCase{"NotYours",
                  {Code::document_unreadable, because(Kind::forbidden)},
                  RouteKind::remove,
                  403,
                  body("Failed to read Serverless Runtime Document")}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(Faults, EveryCodeHasATextOfItsOwn) {
  for (auto code = std::uint8_t{0}; code < static_cast<std::uint8_t>(Code::internal); ++code)
    EXPECT_NE(error_text(static_cast<Code>(code)), "Internal error") << static_cast<int>(code);
}

TEST(Faults, EveryKindOnEveryRouteIsAStatusThatMayLeave) {
  for (auto kind = std::uint8_t{0}; kind <= static_cast<std::uint8_t>(Kind::internal); ++kind)
    for (auto code = std::uint8_t{0}; code <= static_cast<std::uint8_t>(Code::internal); ++code) {
      const Refusal refusal(static_cast<Code>(code), Error(static_cast<Kind>(kind), "x"));
      const int status = status_of(refusal, RouteKind::remove);
      EXPECT_TRUE(status == 500 || (status >= 400 && status < 430)) << status;
    }
}

}  // namespace
}  // namespace nephele::runtimes
