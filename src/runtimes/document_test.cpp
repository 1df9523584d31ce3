// SPDX-License-Identifier: Apache-2.0
#include "runtimes/document.h"

#include <gtest/gtest.h>

#include "runtimes/settings.h"

namespace nephele::runtimes {
namespace {

Specification read(std::string_view text) {
  return read_specification(*json::parse(text));
}

Function function(Role role, std::int64_t vm, FunctionState state, FunctionSizes sizes, std::string endpoint) {
  return {.role = role, .vm_id = vm, .state = state, .error = {}, .endpoint = std::move(endpoint), .sizes = sizes};
}

std::string rendered(const Specification& spec, std::vector<Function> functions) {
  return wrapped(render(RuntimeId(4), 3, "n", spec.document, functions));
}

TEST(Document, AnswersAsTheContractShows) {
  const auto spec = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"Function"}}})");
  EXPECT_EQ(rendered(spec, {function(Role::faas, 0, FunctionState::pending, {1, 128, 1024}, "10.0.0.10")}),
            R"({"SERVERLESS_RUNTIME":{"NAME":"n","ID":4,"FAAS":{"FLAVOUR":"Function","VM_ID":0,"STATE":"PENDING",)"
            R"("CPU":1,"MEMORY":128,"DISK_SIZE":1024,"ENDPOINT":"10.0.0.10"},"SERVICE_ID":3}})");
}

TEST(Document, KeepsTheCallersOrderUnknownMembersAndNumbersAsWritten) {
  const auto spec =
      read(R"({"SERVERLESS_RUNTIME":{"DEVICE_INFO":{"LATENCY_TO_PE":1.0e-05,"x":[1.50]},"own":null,)"
           R"("FAAS":{"DISK_SIZE":7,"mine":{"a":1},"CPU":2,"FLAVOUR":"f"},"SCHEDULING":{}},"outside":1})");
  EXPECT_EQ(rendered(spec, {function(Role::faas, 9, FunctionState::running, {3, 130, 8}, "")}),
            R"({"SERVERLESS_RUNTIME":{"NAME":"n","ID":4,"DEVICE_INFO":{"LATENCY_TO_PE":1.0e-05,"x":[1.50]},"own":null,)"
            R"("FAAS":{"DISK_SIZE":8,"mine":{"a":1},"CPU":3,"FLAVOUR":"f","VM_ID":9,"STATE":"RUNNING","MEMORY":130,)"
            R"("ENDPOINT":""},"SCHEDULING":{},"SERVICE_ID":3}})");
}

TEST(Document, NeverBelievesWhatOnlyTheEngineMaySay) {
  const auto spec = read(R"({"SERVERLESS_RUNTIME":{"ID":1,"NAME":"mine","SERVICE_ID":2,)"
                         R"("FAAS":{"ENDPOINT":"6.6.6.6","STATE":"RUNNING","ERROR":"no","VM_ID":5,"FLAVOUR":"f"}}})");
  EXPECT_EQ(spec.name, "mine");
  EXPECT_EQ(json::write(spec.document), R"({"FAAS":{"FLAVOUR":"f"}})");
}

TEST(Document, ShowsErrorOnlyInError) {
  const auto spec = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"f"}}})");
  auto broken = function(Role::faas, 1, FunctionState::error, {1, 1, 1}, "");
  broken.error = "the guest panicked";
  EXPECT_NE(rendered(spec, {broken}).find(R"("STATE":"ERROR","ERROR":"the guest panicked","CPU")"), std::string::npos);
  broken.state = FunctionState::running;
  EXPECT_EQ(rendered(spec, {broken}).find("ERROR"), std::string::npos);
}

TEST(Document, KeepsADataFunctionWithoutFlavourAsItIs) {
  const auto spec = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"f"},"DAAS":{"FLAVOUR":""}}})");
  EXPECT_FALSE(has_function(spec.document, Role::daas));
  EXPECT_NE(rendered(spec, {function(Role::faas, 1, FunctionState::pending, {1, 1, 1}, "")})
                .find(R"("DAAS":{"FLAVOUR":""},"SERVICE_ID")"),
            std::string::npos);
}

TEST(Document, TakesNewWishesWholeAndAtTheEnd) {
  auto stored = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"f"}}})").document;
  const auto wish = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"g"},"SCHEDULING":{"POLICY":"energy"},"x":1}})");
  EXPECT_TRUE(take_wishes(stored, wish.document));
  EXPECT_EQ(json::write(stored), R"({"FAAS":{"FLAVOUR":"f"},"SCHEDULING":{"POLICY":"energy"}})");
  EXPECT_FALSE(take_wishes(stored, wish.document)) << "the same again is no change";
}

TEST(Document, ReadsTheSizesThatWereWritten) {
  const auto spec = read(R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"f","MEMORY":177}}})");
  const auto sizes = wanted_sizes(spec.document, Role::faas);
  EXPECT_FALSE(sizes.cpu);
  EXPECT_EQ(sizes.memory_mib, 177);
  EXPECT_TRUE(wanted_sizes(spec.document, Role::daas).empty());
}

TEST(EngineConf, ShowsTheDefaultsOfTheContract) {
  EXPECT_EQ(json::write(engine_conf(Settings{})),
            R"({"one_xmlrpc":"http://localhost:2633/RPC2","oneflow_server":"http://localhost:2474",)"
            R"("host":"127.0.0.1","port":1337,"timeout":30,"capacity":{"disk":{"default":1024},)"
            R"("cpu":{"default":2,"mult":2},"memory":{"default":1024,"mult":2,"resize_mode":"BALLOONING"}},)"
            R"("log":{"level":2,"system":"file"}})");
}

}  // namespace
}  // namespace nephele::runtimes
