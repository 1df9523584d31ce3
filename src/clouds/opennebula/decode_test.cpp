// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/decode.h"

#include <gtest/gtest.h>

#include "clouds/opennebula/oned.h"

namespace nephele::opennebula {
namespace {

constexpr const char* header =
    "<ID>60</ID><UID>2</UID><GID>1</GID><UNAME>alice</UNAME><GNAME>users</GNAME><NAME>my sr</NAME>";

std::string vm(const std::string& inside) {
  return "<VM>" + std::string(header) + inside + "</VM>";
}

TEST(Decode, ADocument) {
  const auto got = decode_document("<DOCUMENT>" + std::string(header) +
                                   "<TYPE>1337</TYPE><PERMISSIONS><OWNER_U>1</OWNER_U></PERMISSIONS><TEMPLATE>"
                                   "<BODY><![CDATA[{\"FAAS\":{\"X\":\"<&>\"},\"SERVICE_ID\":59}]]></BODY>"
                                   "<OTHER><![CDATA[kept]]></OTHER></TEMPLATE></DOCUMENT>");
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->header.id, 60);
  EXPECT_EQ(got->header.uid, 2);
  EXPECT_EQ(got->header.gid, 1);
  EXPECT_EQ(got->header.uname, "alice");
  EXPECT_EQ(got->header.gname, "users");
  EXPECT_EQ(got->header.name, "my sr");
  EXPECT_EQ(got->type, 1337);
  EXPECT_EQ(got->body, R"({"FAAS":{"X":"<&>"},"SERVICE_ID":59})");
  EXPECT_TRUE(got->contents == Template().add("OTHER", std::string("kept")));
  EXPECT_FALSE(decode_document("<DOCUMENT></DOCUMENT>"));
  EXPECT_FALSE(decode_document(vm("")));
}

TEST(Decode, DocumentPools) {
  EXPECT_TRUE(decode_document_pool("<DOCUMENT_POOL></DOCUMENT_POOL>")->empty());
  EXPECT_TRUE(decode_document_pool("<DOCUMENT_POOL/>")->empty());
  const auto two = decode_document_pool(
      "<DOCUMENT_POOL><DOCUMENT><ID>9</ID></DOCUMENT><DOCUMENT><ID>4</ID></DOCUMENT></DOCUMENT_POOL>");
  ASSERT_EQ(two->size(), 2U);
  EXPECT_EQ(two->at(0).header.id, 9);
  EXPECT_EQ(two->at(1).header.id, 4);
}

// The VM of the contract's section 9.4, in a hot resize: TEMPLATE/RESIZE repeats the old sizes.
TEST(Decode, AVmByAbsolutePaths) {
  const auto got = decode_vm(
      vm("<STATE>3</STATE><LCM_STATE>66</LCM_STATE><RESCHED>1</RESCHED><MONITORING><CPU>55</CPU></MONITORING><TEMPLATE>"
         "<CONTEXT><DISK_ID><![CDATA[1]]></DISK_ID><REPORT_READY><![CDATA[YES]]></REPORT_READY></CONTEXT>"
         "<CPU><![CDATA[2]]></CPU>"
         "<DISK><DISK_ID><![CDATA[0]]></DISK_ID><ORIGINAL_SIZE>512</ORIGINAL_SIZE><SIZE><![CDATA[1024]]></SIZE></DISK>"
         "<DISK><DISK_ID><![CDATA[2]]></DISK_ID></DISK>"
         "<MEMORY><![CDATA[256]]></MEMORY>"
         "<NIC><IP><![CDATA[10.0.0.11]]></IP><IP6>2001:db8::1</IP6><NIC_ID><![CDATA[0]]></NIC_ID></NIC>"
         "<NIC><EXTERNAL_IP>198.51.100.7</EXTERNAL_IP><NIC_ID>1</NIC_ID></NIC>"
         "<RESIZE><CPU><![CDATA[1]]></CPU><MEMORY><![CDATA[128]]></MEMORY><VCPU><![CDATA[1]]></VCPU></RESIZE>"
         "<VCPU><![CDATA[2]]></VCPU></TEMPLATE>"
         "<USER_TEMPLATE><ERROR><![CDATA[Sat Nov 21 00:37:51 2026: DEPLOY: no]]></ERROR>"
         "<FLAVOURS><![CDATA[0]]></FLAVOURS><READY><![CDATA[YES]]></READY>"
         "<SCHED_MESSAGE><![CDATA[Cannot dispatch VM]]></SCHED_MESSAGE></USER_TEMPLATE><HISTORY_RECORDS/>"));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->state, VmState::active);
  EXPECT_EQ(got->lcm_state, 66);
  EXPECT_TRUE(got->reschedule);
  EXPECT_EQ(got->cpu, 2.0);
  EXPECT_EQ(got->vcpu, 2);
  EXPECT_EQ(got->memory_mib, 256);
  ASSERT_NE(got->disk(0), nullptr);
  EXPECT_EQ(got->disk(0)->size_mib, 1024);
  EXPECT_EQ(got->disk(2)->size_mib, std::nullopt);
  EXPECT_EQ(got->disk(1), nullptr);
  EXPECT_EQ(got->nic(0)->ip, "10.0.0.11");
  EXPECT_EQ(got->nic(0)->ip6, "2001:db8::1");
  EXPECT_EQ(got->nic(1)->external_ip, "198.51.100.7");
  EXPECT_TRUE(got->reports_ready);
  EXPECT_TRUE(got->ready);
  EXPECT_EQ(got->error, "Sat Nov 21 00:37:51 2026: DEPLOY: no");
  EXPECT_EQ(got->scheduling_message, "Cannot dispatch VM");
  EXPECT_EQ(got->user.text("FLAVOURS"), "0");
}

TEST(Decode, AVmThatHasNextToNothing) {
  const auto got =
      decode_vm(vm("<STATE>1</STATE><LCM_STATE>0</LCM_STATE><TEMPLATE><CPU>0.5</CPU><MEMORY>x</MEMORY>"
                   "</TEMPLATE><USER_TEMPLATE/>"));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->state, VmState::pending);
  EXPECT_EQ(got->cpu, 0.5);
  EXPECT_EQ(got->vcpu, std::nullopt);
  EXPECT_EQ(got->memory_mib, std::nullopt);
  EXPECT_FALSE(got->reports_ready || got->ready || got->reschedule);
  EXPECT_EQ(got->nic(0), nullptr);
  EXPECT_FALSE(decode_vm("<VM><ID>x</ID></VM>"));
  EXPECT_EQ(decode_vm_pool("<VM_POOL>" + vm("") + vm("") + "</VM_POOL>")->size(), 2U);
}

TEST(Decode, WhenAVmWasWhere) {
  const auto at = [](std::int64_t second) { return Instant(std::chrono::seconds(second)); };
  const auto got = decode_vm(vm(
      "<STIME>100</STIME><ETIME>0</ETIME><HISTORY_RECORDS><HISTORY><SEQ>0</SEQ><ETIME>150</ETIME><RSTIME>110</RSTIME>"
      "<RETIME>150</RETIME></HISTORY><HISTORY><SEQ>1</SEQ><ETIME>0</ETIME><RSTIME>160</RSTIME><RETIME>0</RETIME>"
      "</HISTORY></HISTORY_RECORDS>"));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->created, at(100));
  EXPECT_EQ(got->ended, std::nullopt);
  EXPECT_EQ(got->history.sequence, 1);
  EXPECT_EQ(got->history.ran, at(160));
  EXPECT_FALSE(got->history.ran_until || got->history.ended);
  EXPECT_FALSE(decode_vm_pool("<VM_POOL>" + vm("") + "<VM><ID/></VM></VM_POOL>")) << "a list is whole or none";
}

TEST(Decode, AVmTemplate) {
  const auto got = decode_vm_template("<VMTEMPLATE>" + std::string(header) +
                                      "<REGTIME>1</REGTIME><TEMPLATE><DISK><IMAGE_ID>0</IMAGE_ID></DISK><MEMORY>128"
                                      "</MEMORY></TEMPLATE></VMTEMPLATE>");
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->contents.vector("DISK")->text("IMAGE_ID"), "0");
  EXPECT_EQ(got->contents.text("MEMORY"), "128");
}

TEST(Decode, AUser) {
  const auto got = decode_user(
      "<USER><ID>2</ID><GID>1</GID><GROUPS><ID>1</ID><ID>100</ID></GROUPS><GNAME>users</GNAME><NAME>alice</NAME></"
      "USER>");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->id, 2);
  EXPECT_EQ(got->groups, (std::vector<std::int64_t>{1, 100}));
  EXPECT_EQ(got->gname, "users");
}

// ---- OneFlow --------------------------------------------------------------------------------------------------------

constexpr std::string_view service_body =
    R"({"name":"nature","deployment":"straight","state":4,"start_time":1795220966,
        "log":[{"timestamp":1795220966,"severity":"I","message":"New state: DEPLOYING"},
               {"timestamp":"1795220967","severity":"E","message":"Role FAAS : no"}],
        "roles":[{"name":"FAAS","cardinality":1,"state":"1","vm_template":0,"nodes":[
                    {"deploy_id":7,"vm_info":{"VM":{"ID":"8","NAME":"FAAS_0"}}}]},
                 {"name":"DAAS","cardinality":"2","nodes":[{"vm_info":{"VM":{"ID":"9"}}},{"deploy_id":"10","vm_info":null}]},
                 {"name":"NEW","cardinality":1},{"name":"GONE","cardinality":0,"nodes":[]}]})";

void expect_service(const Result<Service>& got) {
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->header.id, 5);
  EXPECT_EQ(got->header.name, "nature");
  EXPECT_EQ(got->state, ServiceState::warning);
  ASSERT_EQ(got->log.size(), 2U);
  EXPECT_EQ(got->log[1].timestamp, 1795220967);
  EXPECT_EQ(got->log[1].severity, "E");
  EXPECT_EQ(got->log[1].message, "Role FAAS : no");
  EXPECT_EQ(got->role("FAAS")->vms, std::vector<std::int64_t>{7});  // deploy_id, not vm_info
  EXPECT_EQ(got->role("FAAS")->state, 1);
  EXPECT_EQ(got->role("DAAS")->vms, (std::vector<std::int64_t>{9, 10}));
  EXPECT_TRUE(got->role("DAAS")->complete());
  EXPECT_FALSE(got->role("NEW")->complete());
  EXPECT_TRUE(got->role("GONE")->complete());
  EXPECT_EQ(got->role("faas"), nullptr);
}

TEST(Decode, AServiceFromBothSources) {
  const std::string body(service_body);
  expect_service(decode_service(R"({"DOCUMENT":{"ID":"5","UID":"0","NAME":"nature","TYPE":"100","TEMPLATE":{"BODY":)" +
                                body + "}}}"));
  Document document{.header = {.id = 5, .name = "nature"}, .type = 100, .body = body, .contents = {}};
  expect_service(service_of(document));
  document.type = 1337;
  EXPECT_FALSE(service_of(document));
  document.type = 100;
  document.body = "{";
  EXPECT_FALSE(service_of(document));
  EXPECT_FALSE(decode_service("Invalid credentials"));
  EXPECT_FALSE(decode_service("[]"));
  EXPECT_FALSE(decode_service(R"({"DOCUMENT":{}})"));
  EXPECT_FALSE(decode_service(R"({"DOCUMENT":{"ID":"5"}})"));
}

TEST(Decode, ServiceTemplatesOfBothFormats) {
  const auto got = decode_service_template_pool(
      R"({"DOCUMENT_POOL":{"DOCUMENT":[
        {"ID":"4","NAME":"new","TEMPLATE":{"BODY":{"roles":[{"name":"FAAS","type":"vm","template_id":3}]}}},
        {"ID":"3","NAME":"broken"},
        {"ID":"2","NAME":"old","TEMPLATE":{"BODY":{"roles":[{"name":"FAAS","vm_template":"1","cardinality":2}]}}}]}})");
  ASSERT_TRUE(got) << got.error().sentence();
  ASSERT_EQ(got->size(), 2U);
  EXPECT_EQ(got->at(0).role("FAAS")->vm_template, 3);
  EXPECT_TRUE(got->at(0).role("FAAS")->new_format);
  EXPECT_EQ(got->at(0).role("FAAS")->cardinality, std::nullopt);
  EXPECT_EQ(got->at(1).role("FAAS")->vm_template, 1);
  EXPECT_FALSE(got->at(1).role("FAAS")->new_format);
  EXPECT_EQ(got->at(1).role("FAAS")->cardinality, 2);
  EXPECT_TRUE(decode_service_template_pool(R"({"DOCUMENT_POOL":{}})")->empty());
  EXPECT_FALSE(decode_service_template_pool(R"({"DOCUMENT":{}})"));
}

TEST(Model, KnowsTheStatesOfServices) {
  EXPECT_EQ(to_string(ServiceState::pending), "PENDING");
  EXPECT_EQ(to_string(ServiceState::hold), "HOLD");
  EXPECT_EQ(to_string(service_state(99)), "UNKNOWN");
  EXPECT_EQ(to_string(service_state(-1)), "UNKNOWN");
  std::vector<int> failed;
  for (int i = -1; i < 20; ++i)
    if (is_failed(service_state(i))) failed.push_back(i);
  EXPECT_EQ(failed, (std::vector<int>{6, 7, 9, 13, 14}));
}

TEST(Model, KnowsTheStatesOfMachines) {
  EXPECT_EQ(vm_state(3), VmState::active);
  EXPECT_EQ(vm_state(11), VmState::cloning_failure);
  for (const std::int64_t number : {-1L, 12L, 1L << 32}) EXPECT_EQ(vm_state(number), VmState::unknown);
}

TEST(Model, ReadsVersions) {
  EXPECT_EQ(parse_version("6.8.0"), (Version{6, 8, 0}));
  EXPECT_EQ(parse_version("7.2"), (Version{7, 2, 0}));
  EXPECT_EQ(parse_version("6.10.0-1"), (Version{6, 10, 0}));
  for (const auto* const text : {"", "7", "x", "6.x", "-6.8.0", "6.-8"}) EXPECT_EQ(parse_version(text), std::nullopt);
}

TEST(DocumentText, CarriesAnyJsonAndAnyName) {
  const auto text = document_text(R"({"a":"x]]>y & <z>"})", "a <b> & \"c\" ${d}");
  ASSERT_TRUE(text) << text.error().sentence();
  EXPECT_EQ(*text,
            "<TEMPLATE><NAME>a &lt;b&gt; &amp; \"c\" ${d}</NAME><BODY>{\"a\":\"x]]\\u003ey &amp; &lt;z&gt;\"}"
            "</BODY></TEMPLATE>");
  EXPECT_EQ(*document_text("{}"), "<TEMPLATE><BODY>{}</BODY></TEMPLATE>");
  EXPECT_FALSE(document_text("{}", "x]]>"));
  EXPECT_FALSE(document_text("{}", "x\x01"));
}

}  // namespace
}  // namespace nephele::opennebula
