// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "clouds/opennebula/one_fixture.h"
#include "http/tls_fixture.h"

namespace nephele::opennebula {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::document;
using testing::failure;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Reply;
using testing::ScriptedTest;
using testing::success;
using testing::vm_xml;

class OneClient : public ScriptedTest {};

TEST_F(OneClient, SendsEachCallOfOnedWithItsParametersInTheirTypes) {
  struct Row {
    std::string call;
    std::string parameters;
  };
  const auto ask = [this](Task<Result<>> task) { ASSERT_TRUE(wait(std::move(task))); };
  for (const auto* const call :
       {"one.vm.resize", "one.vm.diskresize", "one.vm.update", "one.vm.action", "one.vm.recover", "one.document.update",
        "one.document.rename", "one.document.delete", "one.document.allocate"})
    on(call, success(7));
  ask(oned_.resize_vm(alice_, 7, "MEMORY=1", true));
  ask(oned_.resize_disk(alice_, 7, 0, 2048));
  ask(oned_.update_vm(alice_, 7, "A=1", Update::merge));
  ask(oned_.act_on_vm(alice_, "resched", 7));
  ask(oned_.recover_vm(alice_, 7, Recovery::retry));
  ask(oned_.update_document(alice_, 7, "<TEMPLATE/>", Update::replace));
  ask(oned_.rename_document(alice_, 7, "new & old"));
  ask(oned_.delete_document(alice_, 7));
  EXPECT_EQ(wait(oned_.allocate_document(alice_, "<TEMPLATE/>", 1337)), 7);
  on("one.system.version", success("6.8.0"));
  EXPECT_EQ(wait(oned_.version(alice_)), "6.8.0");
  on("one.template.info", success("<VMTEMPLATE><ID>1</ID></VMTEMPLATE>"));
  EXPECT_TRUE(wait(oned_.vm_template(alice_, 1)));
  on("one.vm.info", success(std::string(vm_xml)));
  EXPECT_TRUE(wait(oned_.vm(alice_, 7)));
  on("one.vmpool.info", success("<VM_POOL>" + std::string(vm_xml) + "</VM_POOL>"));
  EXPECT_EQ(wait(oned_.vm_pool(alice_, Pool::own))->size(), 1U);
  on("one.document.info", success(document(9, 1337, "{}")));
  EXPECT_EQ(wait(oned_.document(alice_, 9))->body, "{}");
  on("one.documentpool.info", success("<DOCUMENT_POOL></DOCUMENT_POOL>"));
  EXPECT_TRUE(wait(oned_.document_pool(alice_, Pool::usable, 1337))->empty());
  on("one.user.info", success("<USER><ID>2</ID><GID>1</GID><GROUPS><ID>1</ID></GROUPS><NAME>alice</NAME></USER>"));
  EXPECT_EQ(wait(oned_.user(alice_, -1))->name, "alice");
  on("one.vmpool.infoextended", success("<VM_POOL>" + std::string(vm_xml) + "</VM_POOL>"));
  EXPECT_EQ(wait(oned_.vm_pool_extended(alice_, Pool::own, 5, 104))->size(), 1U);
  on("one.templatepool.info",
     success("<VMTEMPLATE_POOL><VMTEMPLATE><ID>1</ID><NAME>t</NAME></VMTEMPLATE></VMTEMPLATE_POOL>"));
  EXPECT_EQ(wait(oned_.vm_template_pool(alice_, Pool::usable))->front().header.name, "t");
  on("one.imagepool.info", success("<IMAGE_POOL><IMAGE><ID>3</ID><NAME>i</NAME><STATE>5</STATE></IMAGE></IMAGE_POOL>"));
  EXPECT_FALSE(wait(oned_.image_pool(alice_, Pool::usable))->front().is_usable());
  on("one.template.instantiate", success(12));
  EXPECT_EQ(wait(oned_.instantiate(alice_, 1, "m & n", "CPU=2")), 12);

  const auto i4 = [](int n) { return "<param><value><i4>" + std::to_string(n) + "</i4></value></param>"; };
  const auto text = [](const std::string& s) { return "<param><value><string>" + s + "</string></value></param>"; };
  const std::string no = "<param><value><boolean>0</boolean></value></param>";
  const std::string yes = "<param><value><boolean>1</boolean></value></param>";
  const std::vector<Row> rows{
      {"one.vm.resize", i4(7) + text("MEMORY=1") + yes},
      {"one.vm.diskresize", i4(7) + i4(0) + text("2048")},
      {"one.vm.update", i4(7) + text("A=1") + i4(1)},
      {"one.vm.action", text("resched") + i4(7)},
      {"one.vm.recover", i4(7) + i4(2)},
      {"one.document.update", i4(7) + text("&lt;TEMPLATE/&gt;") + i4(0)},
      {"one.document.rename", i4(7) + text("new &amp; old")},
      {"one.document.delete", i4(7)},
      {"one.document.allocate", text("&lt;TEMPLATE/&gt;") + i4(1337)},
      {"one.system.version", ""},
      {"one.template.info", i4(1) + no + no},
      {"one.vm.info", i4(7) + no},
      {"one.vmpool.info", i4(-3) + i4(-1) + i4(-1) + i4(-1)},
      {"one.document.info", i4(9) + no},
      {"one.documentpool.info", i4(-2) + i4(-1) + i4(-1) + i4(1337)},
      {"one.user.info", i4(-1) + no},
      {"one.vmpool.infoextended", i4(-3) + i4(5) + i4(104) + i4(-1)},
      {"one.templatepool.info", i4(-2) + i4(-1) + i4(-1)},
      {"one.imagepool.info", i4(-2) + i4(-1) + i4(-1)},
      {"one.template.instantiate", i4(1) + text("m &amp; n") + no + text("CPU=2") + no},
  };
  const auto seen = server_.api.calls();
  ASSERT_EQ(seen.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(seen[i].call, rows[i].call);
    EXPECT_THAT(seen[i].body, HasSubstr("<params>" + text("alice:pass:word") + rows[i].parameters + "</params>"))
        << rows[i].call;
  }
}

TEST_F(OneClient, AsksForRpc2WhereTheAddressNamesNoPlace) {
  on("one.system.version", success("6.10.0"));
  const auto host = root();
  for (const auto& url : {host, host + "/RPC2"}) {
    Oned oned({.url = url, .timeout = 5s});
    EXPECT_EQ(wait(oned.version(alice_)).value_or("none"), "6.10.0") << url;
  }
}

TEST_F(OneClient, SendsEachCallOfOneFlow) {
  const std::string service = R"({"DOCUMENT":{"ID":"5","NAME":"nature","TEMPLATE":{"BODY":{"state":11,"roles":[]}}}})";
  on("GET /service_template", R"({"DOCUMENT_POOL":{}})");
  on("GET /service_template/3", R"({"DOCUMENT":{"ID":"3","NAME":"nature","TEMPLATE":{"BODY":{"roles":[]}}}})");
  on("GET /service", R"({"DOCUMENT_POOL":{"DOCUMENT":[]}})");
  on("GET /service/5", service);
  on("POST /service_template/3/action", {.status = 201, .body = service});
  on("DELETE /service/5", {.status = 204});
  on("POST /service/5/action", {.status = 204});
  EXPECT_TRUE(wait(flow_.service_templates(alice_))->empty());
  EXPECT_EQ(wait(flow_.service_template(alice_, 3))->header.name, "nature");
  EXPECT_TRUE(wait(flow_.services(alice_))->empty());
  EXPECT_EQ(wait(flow_.service(alice_, 5))->state, ServiceState::deploying_nets);
  json::Object merge;
  merge.append("roles", json::Array{});
  EXPECT_EQ(wait(flow_.instantiate(alice_, 3, std::move(merge)))->header.id, 5);
  EXPECT_TRUE(wait(flow_.remove(alice_, 5)));
  EXPECT_TRUE(wait(flow_.recover_and_delete(alice_, 5)));
  const auto seen = server_.api.calls();
  ASSERT_EQ(seen.size(), 7U);
  EXPECT_EQ(seen[4].body, R"({"action":{"perform":"instantiate","params":{"merge_template":{"roles":[]}}}})");
  EXPECT_EQ(seen[6].body, R"({"action":{"perform":"recover","params":{"delete":true}}})");
  for (const auto& one : seen) EXPECT_EQ(one.authorization, "Basic " + to_base64("alice:pass:word")) << one.call;
}

struct Trouble {
  const char* name;
  Reply reply;
  Kind kind;
  const char* cause;
  const char* text;
};
class OnedTrouble : public ScriptedTest, public ::testing::WithParamInterface<Trouble> {};

TEST_P(OnedTrouble, IsToldApart) {
  on("one.vm.info", GetParam().reply);
  const auto got = wait(oned_.vm(alice_, 7));
  ASSERT_FALSE(got);
  EXPECT_EQ(to_string(got.error().kind()), to_string(GetParam().kind)) << got.error().sentence();
  EXPECT_EQ(got.error().detail("cause"), GetParam().cause) << got.error().sentence();
  EXPECT_EQ(got.error().detail("text"), GetParam().text);
  EXPECT_EQ(got.error().detail("call"), "one.vm.info");
  EXPECT_THAT(got.error().sentence(), Not(HasSubstr("pass:word")));
  ASSERT_EQ(log_.entries().size(), 1U);
  EXPECT_EQ(log_.entries()[0].error, got.error().sentence());
}

INSTANTIATE_TEST_SUITE_P(
    Table, OnedTrouble,
    ::testing::Values(
        Trouble{"NoSuchObject",
                {.body = failure("[one.vm.info] Error getting virtual machine [7].", 0x400, 7)},
                Kind::not_found,
                "refused",
                "[one.vm.info] Error getting virtual machine [7]."},
        Trouble{"WrongPassword",
                {.body = failure("[one.vm.info] User couldn't be authenticated, aborting call.", 0x100)},
                Kind::unauthorized,
                "refused",
                "[one.vm.info] User couldn't be authenticated, aborting call."},
        Trouble{
            "BadGateway", {.status = 502, .body = "<html><h1>Bad Gateway</h1></html>"}, Kind::unavailable, "http", ""},
        Trouble{"WrongPath", {.status = 404, .body = "no"}, Kind::unavailable, "http", ""},
        Trouble{"Garbage", {.body = "all is well"}, Kind::unavailable, "garbage", ""},
        Trouble{"Nothing", {.body = ""}, Kind::unavailable, "garbage", ""},
        Trouble{"OtherXml", {.body = "<html/>"}, Kind::unavailable, "garbage", ""},
        Trouble{"TruncatedEnvelope",
                {.body = success(std::string(vm_xml)).substr(0, 300)},
                Kind::unavailable,
                "garbage",
                ""},
        Trouble{"TruncatedPayload", {.body = success("<VM><ID>7</ID><TEMPLATE>")}, Kind::unavailable, "garbage", ""},
        Trouble{"OtherObject", {.body = success("<DOCUMENT><ID>7</ID></DOCUMENT>")}, Kind::unavailable, "garbage", ""},
        Trouble{"NumberInsteadOfText", {.body = success(7)}, Kind::unavailable, "garbage", ""}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_F(OneClient, RepeatsReadsWhoseConnectionBreaks) {
  on("one.vm.info", {.body = success(std::string(vm_xml)), .cut = true});
  on("one.vm.info", success(std::string(vm_xml)));
  const auto got = wait(oned_.vm(alice_, 7));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(count("one.vm.info"), 2U);
}

TEST_F(OneClient, NeverRepeatsWhatChangesSomething) {
  on("one.vm.action", {.body = success(7), .cut = true});
  on("one.vm.action", success(7));
  const auto acted = wait(oned_.act_on_vm(alice_, "terminate", 7));
  ASSERT_FALSE(acted);
  EXPECT_EQ(acted.error().detail("cause"), "lost") << acted.error().sentence();
  EXPECT_EQ(count("one.vm.action"), 1U);
  on("DELETE /service/5", {.status = 500, .body = "broken off", .cut = true});
  on("DELETE /service/5", {.status = 204});
  const auto removed = wait(flow_.remove(alice_, 5));
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().detail("cause"), "lost") << removed.error().sentence();
  EXPECT_EQ(count("DELETE /service/5"), 1U);
}

TEST_F(OneClient, TellsSlowFromUnreachable) {
  Endpoint slow = oned_endpoint();
  slow.timeout = 200ms;
  Oned oned(slow);
  on("one.vm.info", {.body = success(std::string(vm_xml)), .delay = 20s});
  const auto late = wait(oned.vm(alice_, 7));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind(), Kind::timeout);
  EXPECT_EQ(late.error().detail("cause"), "timeout");

  Session hurried = alice_;
  hurried.deadline = in(200ms);
  const auto hurry = wait(oned_.vm(hurried, 7));
  ASSERT_FALSE(hurry);
  EXPECT_EQ(hurry.error().kind(), Kind::timeout);

  std::uint16_t port = 0;
  {
    const http::testing::RunningServer<testing::ScriptedOne> gone;
    port = gone.port();
  }
  Oned nobody({.url = "http://127.0.0.1:" + std::to_string(port) + "/RPC2", .timeout = 3s});
  const auto refused = wait(nobody.vm(alice_, 7));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::unavailable);
  EXPECT_EQ(refused.error().detail("cause"), "unreachable") << refused.error().sentence();
}

TEST_F(OneClient, ReadsLongAnswersAndRefusesTooLongOnes) {
  const std::string body = R"({"text":")" + std::string(8U << 20U, 'x') + R"("})";
  on("one.document.info", success(document(9, 1337, body)));
  const auto got = wait(oned_.document(alice_, 9));
  ASSERT_TRUE(got) << got.error().sentence();
  EXPECT_EQ(got->body, body);
  Endpoint narrow = oned_endpoint();
  narrow.answer_bytes_max = 1U << 20U;
  Oned oned(narrow);
  const auto refused = wait(oned.document(alice_, 9));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail("cause"), "too_long");
}

TEST_F(OneClient, KeepsCredentialsToItselfThatNobodyCanHave) {
  for (const auto* const user : {"", "al\x01ice", "al\xffice", "alice:x"}) {
    const Session odd{user, Secret("p"), SteadyTime::max()};
    EXPECT_EQ(wait(oned_.vm(odd, 7)).error().kind(), Kind::unauthorized);
    EXPECT_EQ(wait(flow_.service(odd, 7)).error().kind(), Kind::unauthorized);
  }
  const Session with_zero{"alice", Secret(std::string("pa\0ss", 5)), SteadyTime::max()};
  EXPECT_EQ(wait(flow_.service(with_zero, 7)).error().kind(), Kind::unauthorized);
  EXPECT_TRUE(server_.api.calls().empty());
}

TEST_F(OneClient, KnowsThatNothingHasAnIdBeyond32Bits) {
  const auto got = wait(oned_.vm(alice_, std::int64_t{1} << 32));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), Kind::not_found);
  EXPECT_TRUE(server_.api.calls().empty());
}

TEST_F(OneClient, VerifiesCertificatesUnlessToldOtherwise) {
  const http::testing::Certificate certificate;
  http::testing::RunningServer<testing::ScriptedOne> server({}, {.tls = certificate.files()});
  server.api.on("one.system.version", {.body = success("6.8.0")});
  Endpoint endpoint{.url = "https://localhost:" + std::to_string(server.port()) + "/RPC2", .timeout = 5s};
  Oned careful(endpoint);
  const auto refused = wait(careful.version(alice_));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), Kind::unavailable);
  EXPECT_TRUE(server.api.calls().empty());
  endpoint.ca_file = certificate.certificate_file;
  Oned knowing(endpoint);
  EXPECT_EQ(wait(knowing.version(alice_)), "6.8.0");
  endpoint.ca_file.clear();
  endpoint.verify_tls = false;
  Oned careless(endpoint);
  EXPECT_EQ(wait(careless.version(alice_)), "6.8.0");
}

TEST_F(OneClient, LogsEachCallWithoutSecrets) {
  on("POST /service_template/3/action",
     {.status = 201,
      .body = R"({"DOCUMENT":{"ID":"5","NAME":"n","TEMPLATE":{"BODY":{"state":0,"roles":[{"name":"FAAS",)"
              R"("vm_template_contents":"CONTEXT=[SR_AUTH=\"b3RoZXI6c2VjcmV0\"]"}]}}}})"});
  json::Object merge;
  merge.append("contents", "CONTEXT=[SR_AUTH=\"" + to_base64("alice:pass:word") + "\", A=\"seen\"]");
  ASSERT_TRUE(wait(flow_.instantiate(alice_, 3, std::move(merge))));
  on("one.document.allocate", success(61));
  ASSERT_TRUE(wait(oned_.allocate_document(alice_, "<TEMPLATE/>", 1337)));
  const auto entries = log_.entries();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].system, "oneflow");
  EXPECT_EQ(entries[0].call, "POST /service_template/3/action");
  EXPECT_EQ(entries[0].object, 3);
  EXPECT_EQ(entries[0].user, "alice");
  EXPECT_EQ(entries[0].error, "");
  EXPECT_THAT(entries[0].sent, AllOf(HasSubstr("instantiate"), HasSubstr("seen"), Not(HasSubstr("YWxpY2"))));
  EXPECT_THAT(entries[0].received, AllOf(HasSubstr("FAAS"), Not(HasSubstr("b3RoZXI6"))));
  EXPECT_EQ(entries[1].system, "oned");
  EXPECT_EQ(entries[1].object, 61);
  EXPECT_EQ(entries[1].sent, R"(["<TEMPLATE/>",1337])");
}

}  // namespace
}  // namespace nephele::opennebula
