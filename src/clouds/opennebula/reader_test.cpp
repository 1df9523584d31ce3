// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/reader.h"

#include "clouds/opennebula/one_fixture.h"

namespace nephele::opennebula {
namespace {

using testing::document;
using testing::failure;
using testing::Reply;
using testing::ScriptedTest;
using testing::success;
using testing::vm_xml;

const std::string service_body =
    R"({"name":"nature","state":2,"roles":[{"name":"FAAS","cardinality":1,"nodes":[{"deploy_id":7}]}]})";
const std::string template_body = R"({"name":"nature","roles":[{"name":"FAAS","cardinality":1,"vm_template":0}]})";

/// oned's library has no such method.
std::string unknown(const std::string& method) {
  return "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>-506</int></value></member>"
         "<member><name>faultString</name><value><string>Method '" +
         method + "' not defined</string></value></member></struct></value></fault></methodResponse>";
}

class OneReader : public ScriptedTest {
 protected:
  Reader reader_{oned_, flow_};
};

TEST_F(OneReader, ReadsServicesAndTemplatesFromOned) {
  on("one.document.info", success(document(5, 100, service_body)));
  const auto service = wait(reader_.service(alice_, 5));
  ASSERT_TRUE(service) << service.error().sentence();
  EXPECT_EQ(service->role("FAAS")->vms, std::vector<std::int64_t>{7});
  on("one.documentpool.info",
     success("<DOCUMENT_POOL>" + document(4, 101, template_body, "nature") + document(3, 101, "{broken", "other") +
             document(2, 101, template_body, "nature") + "</DOCUMENT_POOL>"));
  const auto templates = wait(reader_.service_templates(alice_));
  ASSERT_TRUE(templates) << templates.error().sentence();
  ASSERT_EQ(templates->size(), 2U);
  EXPECT_EQ(templates->front().header.id, 4);
  EXPECT_EQ(count("GET /service/5") + count("GET /service_template"), 0U);
}

TEST_F(OneReader, AsksOneFlowWhenOnedRefusesOrDoesNotHaveTheCall) {
  const std::string flow = R"({"DOCUMENT":{"ID":"5","NAME":"n","TEMPLATE":{"BODY":)" + service_body + "}}}";
  on("GET /service/5", flow);
  on("one.document.info",
     failure("[one.document.info] User [2] : Not authorized to perform USE DOCUMENT [5].", 0x200, 5));
  on("one.document.info", unknown("one.document.info"));
  for (int i = 0; i < 2; ++i) {
    const auto service = wait(reader_.service(alice_, 5));
    ASSERT_TRUE(service) << service.error().sentence();
    EXPECT_EQ(service->state, ServiceState::running);
  }
  EXPECT_EQ(count("GET /service/5"), 2U);
}

TEST_F(OneReader, AsksNobodyElseWhenTheCallerOrTheObjectIsUnknown) {
  on("one.document.info", failure("User couldn't be authenticated, aborting call.", 0x100));
  on("one.document.info", failure("Error getting document [5].", 0x400, 5));
  on("one.document.info", success(document(5, 1337, "{}")));
  EXPECT_EQ(wait(reader_.service(alice_, 5)).error().kind(), Kind::unauthorized);
  EXPECT_EQ(wait(reader_.service(alice_, 5)).error().kind(), Kind::not_found);
  EXPECT_EQ(wait(reader_.service(alice_, 5)).error().kind(), Kind::not_found);  // a document, and no service
  EXPECT_EQ(count("GET /service/5"), 0U);
}

TEST_F(OneReader, ReadsMachinesAtOnce) {
  on("one.vm.info",
     {.body = success(std::string(vm_xml)), .together = 8});  // one after the other none would come in time
  const auto vms = wait(reader_.vms(alice_, {7, 8, 9, 10, 11, 12, 13, 14}));
  ASSERT_EQ(vms.size(), 8U);
  for (const auto& vm : vms) EXPECT_TRUE(vm);
  EXPECT_TRUE(wait(reader_.vms(alice_, {})).empty());
}

// ---- several at once ------------------------------------------------------------------------------------------------

/// The answer to several calls, from those that each would have had.
std::string together(const std::vector<std::string>& answers) {
  std::string values;
  for (const auto& one : answers) {
    const auto begin = one.find("<param>") + 7;
    values += "<value><array><data>\r\n" + one.substr(begin, one.find("</param>") - begin) +
              "\r\n</data></array></value>\r\n";
  }
  return testing::envelope(values);
}

TEST_F(OneReader, ReadsAllInOneExchange) {
  on("system.multicall",
     together({success(document(4, 1337, "{}")), success(document(5, 100, service_body)), success(std::string(vm_xml)),
               failure("Error getting virtual machine [8].", 0x400)}));
  auto seen = wait(reader_.look_ahead(alice_, {4, 5}, {7, 8}));
  const auto document = wait(reader_.document(alice_, 4, &seen));
  ASSERT_TRUE(document) << document.error().sentence();
  EXPECT_EQ(document->header.id, 4);
  const auto service = wait(reader_.service(alice_, 5, &seen));
  ASSERT_TRUE(service) << service.error().sentence();
  EXPECT_EQ(service->role("FAAS")->vms, std::vector<std::int64_t>{7});
  const auto vms = wait(reader_.vms(alice_, {8, 7}, &seen));
  EXPECT_EQ(vms[0].error().kind(), Kind::not_found);
  EXPECT_TRUE(vms[1]);
  const auto calls = server_.api.calls();
  ASSERT_EQ(calls.size(), 1U);
  const auto& sent = calls.front().body;
  EXPECT_TRUE(
      sent.contains("<string>one.document.info</string></value></member><member><name>params</name><value><array>"
                    "<data><value><string>alice:"));
  EXPECT_TRUE(sent.contains("</string></value><value><i4>8</i4></value><value><boolean>0</boolean></value></data>"));
}

TEST_F(OneReader, TakesWhatItHasSeenOnce) {
  on("system.multicall", together({success(document(5, 100, service_body))}));
  on("one.document.info", success(document(5, 100, service_body)));
  auto seen = wait(reader_.look_ahead(alice_, {5}, {}));
  EXPECT_TRUE(wait(reader_.service(alice_, 5, &seen)));
  EXPECT_EQ(count("one.document.info"), 0U);
  EXPECT_TRUE(wait(reader_.service(alice_, 5, &seen)));
  EXPECT_EQ(count("one.document.info"), 1U) << "what was seen may be old by now";
}

TEST_F(OneReader, AsksForEachByItselfWhereSeveralAreNotUnderstood) {
  const std::vector<Reply> replies = {{.body = unknown("system.multicall")},
                                      {.status = 502, .body = "<html>502</html>"},
                                      {.body = together({success("<X/>")})},
                                      {.body = success("<X/>")}};
  for (const auto& reply : replies) {
    Oned oned(oned_endpoint());
    Reader reader(oned, flow_);
    server_.api.only("system.multicall", reply);
    const auto before = count("system.multicall");
    for (int turn = 0; turn < 2; ++turn) {
      const auto seen = wait(reader.look_ahead(alice_, {4, 5}, {}));
      EXPECT_TRUE(seen.documents.empty()) << reply.body;
    }
    EXPECT_EQ(count("system.multicall"), before + 1) << "it was asked again at once: " << reply.body;
  }
}

TEST_F(OneReader, LogsEachCallOfAnExchange) {
  testing::KeptLog log;
  Oned oned(oned_endpoint(), &log);
  on("system.multicall",
     together({success(document(4, 1337, "{}")), failure("Error getting document [5].", 0x400, 5)}));
  EXPECT_TRUE(wait(oned.glance(alice_, {4, 5}, {})));
  const auto entries = log.entries();
  ASSERT_EQ(entries.size(), 2U);
  for (const auto& entry : entries) EXPECT_EQ(entry.call, "one.document.info");
  EXPECT_NE(entries[0].object, entries[1].object);
  EXPECT_EQ(std::ranges::count_if(entries, [](const auto& entry) { return entry.error.empty(); }), 1);
}

}  // namespace
}  // namespace nephele::opennebula
