// SPDX-License-Identifier: Apache-2.0
#include "runtimes/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/settings/config_files.h"

namespace nephele::runtimes {
namespace {

struct SchemaCase {
  const char* name;
  std::string body;
  std::string violation;  ///< empty: none
};

class Schema : public testing::TestWithParam<SchemaCase> {};

TEST_P(Schema, TellsTheFirstViolation) {
  const auto body = json::parse(GetParam().body);
  ASSERT_TRUE(body) << body.error().sentence();
  const auto found = first_violation(*body);
  EXPECT_EQ(found ? found->text : "", GetParam().violation);
}

std::string with_faas(const std::string& members) {
  return R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"nature")" + members + "}}}";
}
std::string with_runtime(const std::string& members) {
  return R"({"SERVERLESS_RUNTIME":{"FAAS":{"FLAVOUR":"nature"})" + members + "}}";
}
const std::string at = "The property '#/SERVERLESS_RUNTIME/";

INSTANTIATE_TEST_SUITE_P(
    Table, Schema,
    testing::Values(
        SchemaCase{"Minimal", with_runtime(R"(,"SCHEDULING":{},"DEVICE_INFO":{})"), ""},
        SchemaCase{"UnknownMembersPass", with_faas(R"(,"X":[1,{"y":null}])"), ""},
        SchemaCase{"Array", "[]", "The property '#/' of type array did not match the following type: object"},
        SchemaCase{"Null", "null", "The property '#/' of type null did not match the following type: object"},
        SchemaCase{"Number", "5", "The property '#/' of type integer did not match the following type: object"},
        SchemaCase{"Text", "\"x\"", "The property '#/' of type string did not match the following type: object"},
        SchemaCase{"Truth", "true", "The property '#/' of type boolean did not match the following type: object"},
        SchemaCase{"Empty", "{}", "The property '#/' did not contain a required property of 'SERVERLESS_RUNTIME'"},
        SchemaCase{"Other", R"({"OTHER":1})",
                   "The property '#/' did not contain a required property of 'SERVERLESS_RUNTIME'"},
        SchemaCase{"RuntimeIsText", R"({"SERVERLESS_RUNTIME":"x"})",
                   "The property '#/SERVERLESS_RUNTIME' of type string did not match the following type: object"},
        SchemaCase{"NoFaas", R"({"SERVERLESS_RUNTIME":{}})",
                   "The property '#/SERVERLESS_RUNTIME' did not contain a required property of 'FAAS'"},
        SchemaCase{"NoFlavour", R"({"SERVERLESS_RUNTIME":{"FAAS":{}}})",
                   at + "FAAS' did not contain a required property of 'FLAVOUR'"},
        SchemaCase{"EmptyDaas", with_runtime(R"(,"DAAS":{})"),
                   at + "DAAS' did not contain a required property of 'FLAVOUR'"},
        SchemaCase{"EmptyDaasFlavourPasses", with_runtime(R"(,"DAAS":{"FLAVOUR":""})"), ""},
        SchemaCase{"CpuText", with_faas(R"(,"CPU":"2")"),
                   at + "FAAS/CPU' of type string did not match the following type: integer"},
        SchemaCase{"CpuWithPoint", with_faas(R"(,"CPU":2.0)"),
                   at + "FAAS/CPU' of type number did not match the following type: integer"},
        SchemaCase{"CpuWithExponent", with_faas(R"(,"CPU":2e0)"),
                   at + "FAAS/CPU' of type number did not match the following type: integer"},
        SchemaCase{"CpuTrue", with_faas(R"(,"CPU":true)"),
                   at + "FAAS/CPU' of type boolean did not match the following type: integer"},
        SchemaCase{"CpuNull", with_faas(R"(,"CPU":null)"),
                   at + "FAAS/CPU' of type null did not match the following type: integer"},
        SchemaCase{"CpuZero", with_faas(R"(,"CPU":0)"),
                   at + "FAAS/CPU' did not have a minimum value of 1, inclusively"},
        SchemaCase{"MemoryNegative", with_faas(R"(,"MEMORY":-5)"),
                   at + "FAAS/MEMORY' did not have a minimum value of 1, inclusively"},
        SchemaCase{"DiskLargestPasses", with_faas(R"(,"DISK_SIZE":2147483647)"), ""},
        SchemaCase{"DiskTooLarge", with_faas(R"(,"DISK_SIZE":2147483648)"),
                   at + "FAAS/DISK_SIZE' did not have a maximum value of 2147483647, inclusively"},
        SchemaCase{"BeyondSixtyFourBits", with_faas(R"(,"DISK_SIZE":99999999999999999999999)"),
                   at + "FAAS/DISK_SIZE' did not have a maximum value of 2147483647, inclusively"},
        SchemaCase{"FarBelowZero", with_faas(R"(,"DISK_SIZE":-99999999999999999999999)"),
                   at + "FAAS/DISK_SIZE' did not have a minimum value of 1, inclusively"},
        SchemaCase{"StateOutsideItsWords", with_faas(R"(,"STATE":"BAD")"),
                   at + "FAAS/STATE' value \"BAD\" did not match one of the following values: PENDING, RUNNING, "
                        "UPDATING, ERROR"},
        SchemaCase{"StateOfItsWords", with_faas(R"(,"STATE":"ERROR","ERROR":"x","VM_ID":7,"ENDPOINT":"")"), ""},
        SchemaCase{"FlavourIsFoundBeforeTheRest", R"({"SERVERLESS_RUNTIME":{"FAAS":{"CPU":"x","FLAVOUR":1}}})",
                   at + "FAAS/FLAVOUR' of type integer did not match the following type: string"},
        SchemaCase{"DeclaredMembersBeforeRequiredOnes", R"({"SERVERLESS_RUNTIME":{"FAAS":{"CPU":"x"}}})",
                   at + "FAAS/CPU' of type string did not match the following type: integer"},
        SchemaCase{"NameBeforeFaas", R"({"SERVERLESS_RUNTIME":{"FAAS":1,"NAME":1}})",
                   at + "NAME' of type integer did not match the following type: string"},
        SchemaCase{"IdAsText", with_runtime(R"(,"ID":"3")"),
                   at + "ID' of type string did not match the following type: integer"},
        SchemaCase{"LongestNamePasses", with_runtime(",\"NAME\":\"" + std::string(128, 'n') + "\""), ""},
        SchemaCase{"NameTooLong", with_runtime(",\"NAME\":\"" + std::string(129, 'n') + "\""),
                   at + "NAME' was not of a maximum string length of 128"},
        SchemaCase{"NameWithNul", with_runtime(R"(,"NAME":"a\u0000b")"), at + "NAME' contains a NUL character"},
        SchemaCase{"PolicyNumber", with_runtime(R"(,"SCHEDULING":{"POLICY":1})"),
                   at + "SCHEDULING/POLICY' of type integer did not match the following type: string"},
        SchemaCase{"SchedulingNull", with_runtime(R"(,"SCHEDULING":null)"),
                   at + "SCHEDULING' of type null did not match the following type: object"},
        SchemaCase{"LatencyInteger", with_runtime(R"(,"DEVICE_INFO":{"LATENCY_TO_PE":100})"), ""},
        SchemaCase{"LatencyReal", with_runtime(R"(,"DEVICE_INFO":{"LATENCY_TO_PE":0.360587})"), ""},
        SchemaCase{"LatencyText", with_runtime(R"(,"DEVICE_INFO":{"LATENCY_TO_PE":"1"})"),
                   at + "DEVICE_INFO/LATENCY_TO_PE' of type string did not match the following type: number"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(SchemaDocument, IsJsonThatDeclaresEveryMember) {
  const auto document = json::parse(schema_document());
  ASSERT_TRUE(document);
  EXPECT_EQ(document->text_at({"properties", "SERVERLESS_RUNTIME", "properties", "FAAS", "properties", "CPU", "type"}),
            "integer");
  const auto* values =
      document->at_path({"properties", "SERVERLESS_RUNTIME", "properties", "DAAS", "properties", "STATE", "enum"});
  ASSERT_NE(values, nullptr);
  EXPECT_EQ(json::write(*values), R"(["PENDING","RUNNING","UPDATING","ERROR"])");
  EXPECT_EQ(json::write(*document->at_path({"required"})), R"(["SERVERLESS_RUNTIME"])");
}

std::string source_directory() {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  return source != nullptr ? source : ".";
}

TEST(SchemaDocument, IsTheFileThatIsInstalled) {
  const auto text = settings::read_file(source_directory() + "/share/schemas/serverless_runtime.json");
  ASSERT_TRUE(text) << text.error().sentence();
  const auto shipped = json::parse(*text);
  ASSERT_TRUE(shipped) << shipped.error().sentence();
  EXPECT_EQ(json::write(*shipped), schema_document()) << "share/schemas/serverless_runtime.json follows schema.cpp";
}

TEST(SchemaDocument, AllowsEveryShippedSpecification) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() + "/tests/templates")) {
    const auto text = settings::read_file(entry.path());
    ASSERT_TRUE(text) << text.error().sentence();
    const auto body = json::parse(*text);
    ASSERT_TRUE(body) << entry.path() << ": " << body.error().sentence();
    const auto found = first_violation(*body);
    EXPECT_FALSE(found) << entry.path() << ": " << found->text;
    ++count;
  }
  EXPECT_EQ(count, 7);
}

}  // namespace
}  // namespace nephele::runtimes
