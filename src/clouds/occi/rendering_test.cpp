// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/rendering.h"

#include <gmock/gmock.h>

#include "clouds/occi/challenge.h"
#include "clouds/occi/fields.h"
#include "clouds/occi/requests.h"

namespace nephele::occi {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

rest::Answer answer(const std::string& type, std::string body) {
  rest::Answer out{.status = 200, .body = std::move(body)};
  out.headers.add("Content-Type", type);
  return out;
}

TEST(OcciRendering, SplitsOutsideQuotesAndBrackets) {
  EXPECT_THAT(split(R"(a; t="x;y\";z"; <h;i>;)", ';'), ElementsAre("a", R"(t="x;y\";z")", "<h;i>", ""));
  EXPECT_THAT(split("", ','), ElementsAre(""));
}

/// As three services write the same two categories.
TEST(OcciRendering, ReadsCategoriesInEachRendering) {
  const std::string first =
      R"(small;scheme="http://x/resource_tpl#";class="mixin";title="1 core, \"S\"; cheap";rel="http://a# http://b#";)"
      R"(location="/resource_tpl/small/";attributes="occi.compute.cores{immutable} a.b")";
  const std::string second = R"(os_1; scheme="http://x/os_tpl#"; class="mixin")";
  rest::Answer in_fields{.status = 200};
  in_fields.headers.add("content-type", "text/occi; charset=utf-8");
  in_fields.headers.add("category", first + "," + second);
  const std::string json =
      R"({"mixins":[{"term":"small","scheme":"http://x/resource_tpl#","title":"1 core, \"S\"; cheap",)"
      R"("depends":["http://a#","http://b#"],"location":"/resource_tpl/small/"},)"
      R"({"term":"os_1","scheme":"http://x/os_tpl#"}]})";
  for (const auto& one : {answer("text/plain; charset=UTF-8", "\r\nCategory: " + first + "\r\nCategory: " + second),
                          answer("text/plain", "Category: " + first + ", " + second + "\n"), in_fields,
                          answer("application/occi+json", json)}) {
    const auto read = decode_categories(one);
    ASSERT_TRUE(read) << one.body << read.error().sentence();
    ASSERT_EQ(read->size(), 2U) << one.body;
    EXPECT_EQ(read->front().type(), "http://x/resource_tpl#small");
    EXPECT_EQ(read->front().title, R"(1 core, "S"; cheap)");
    EXPECT_THAT(read->front().related, ElementsAre("http://a#", "http://b#"));
    EXPECT_EQ(read->front().location, "/resource_tpl/small/");
    EXPECT_EQ(read->back().class_name, "mixin");
    EXPECT_TRUE(is_template(read->back(), "os_tpl"));
    EXPECT_FALSE(is_template(read->back(), "resource_tpl"));
  }
}

TEST(OcciRendering, ReadsDefaultsOfAttributesInBothForms) {
  for (const char* const attributes : {R"({"occi.compute.cores":{"type":"number","default":4}})",
                                       R"({"occi":{"compute":{"cores":{"Default":4.0}}}})"}) {
    const auto read =
        decode_categories(answer("application/occi+json", R"({"mixins":[{"term":"s","scheme":"x#","attributes":)" +
                                                              std::string(attributes) + "}]}"));
    ASSERT_TRUE(read);
    EXPECT_EQ(cores_in(read->front().defaults.at("occi.compute.cores")), 4);
  }
}

TEST(OcciRendering, ReadsAMachineInEachRendering) {
  const std::string head = R"(compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind")";
  const std::string mixin = R"(2; scheme="http://x/resource#"; class="mixin")";
  const std::string link = R"(</network/1>; rel="x#network"; occi.networkinterface.address="10.0.0.9")";
  rest::Answer in_fields{.status = 200};
  in_fields.headers.add("Content-Type", "text/occi");
  in_fields.headers.add("Category", head + ", " + mixin);
  in_fields.headers.add(
      "X-OCCI-Attribute",
      R"(occi.core.id="u-1", occi.core.title="a \"b\", c", occi.compute.cores=2, occi.compute.state="active")");
  in_fields.headers.add("Link", "</x?action=stop>; rel=\"y#stop\", " + link);
  const auto text = "Category: " + head + "\nCategory: " + mixin +
                    "\nX-OCCI-Attribute: occi.core.id=\"u-1\"\nX-OCCI-Attribute: occi.core.title=\"a \\\"b\\\", c\"\n"
                    "X-OCCI-Attribute: occi.compute.cores=2\nX-OCCI-Attribute: org.openstack.compute.state=\"Active\"\n"
                    "Link: </x?action=stop>; rel=\"y#stop\"\nLink: " +
                    link;
  const std::string json =
      R"({"kind":"x#compute","id":"u-1","title":"a \"b\", c","mixins":["http://x/resource#2"],"attributes":)"
      R"({"occi.compute.cores":2.0,"occi.compute.state":"active"},"links":[{"id":"s"},{"attributes":)"
      R"({"occi.networkinterface.address":"10.0.0.9"}}]})";
  for (const auto& one : {in_fields, answer("text/plain", text), answer("application/occi+json", json),
                          answer("application/json", R"({"resources":[)" + json + "]}")}) {
    const auto read = decode_compute(one);
    ASSERT_TRUE(read) << one.body << read.error().sentence();
    EXPECT_EQ(read->id, "u-1");
    EXPECT_EQ(read->name(), R"(a "b", c)");
    EXPECT_EQ(read->state(), "active");
    EXPECT_EQ(read->cores(), 2);
    EXPECT_EQ(read->address, "10.0.0.9");
    EXPECT_THAT(read->mixins, ElementsAre("http://x/resource#2"));
    EXPECT_TRUE(read->told_whole);
  }
}

TEST(OcciRendering, ReadsCollectionsAndRefusesHalfOnes) {
  const std::string one = "X-OCCI-Location: https://h:8787/compute/a-1";
  for (const auto& each :
       {answer("text/plain", "\n" + one + "\nX-OCCI-Location: https://h:8787/compute/b_2\n"),
        answer("text/plain", one + ", /compute/b_2"),
        answer("text/uri-list", "# two\nhttp://h/compute/a-1\r\n/compute/b_2\n"),
        answer("application/occi+json", R"(["http://h/compute/a-1","/compute/b_2"])"),
        answer("application/occi+json", R"({"resources":[{"id":"a-1","title":"t"},{"id":"urn:uuid:b_2"}]})")}) {
    const auto read = decode_collection(each);
    ASSERT_TRUE(read) << each.body << read.error().sentence();
    ASSERT_EQ(read->size(), 2U) << each.body;
    EXPECT_EQ(read->front().id, "a-1");
    EXPECT_THAT(read->back().id, HasSubstr("b_2"));
    EXPECT_FALSE(read->front().told_whole);
  }
  EXPECT_TRUE(decode_collection(answer("text/plain", ""))->empty());
  EXPECT_TRUE(decode_collection(answer("application/occi+json", "{}"))->empty());
  for (const auto& bad :
       {answer("text/plain", one + "\nX-OCCI-Loc"), answer("text/plain", one + "\nX-OCCI-Location:"),
        answer("text/plain", "X-OCCI-Location: https://h/compute/"),
        answer("text/plain", "X-OCCI-Location: https://h/a/../"), answer("text/plain", "<html>"),
        answer("text/html", "<html></html>"), answer("text/plain", "Maintenance: come back at 12:00\n"),
        answer("application/occi+json", ""), answer("application/occi+json", R"({"resources":[{"id":"a-1")"),
        answer("application/occi+json", R"({"error":"x"})"), answer("application/occi+json", R"({"resources":[7]})"),
        answer("text/uri-list", "ht")})
    EXPECT_FALSE(decode_collection(bad)) << bad.body;
}

TEST(OcciRendering, KnowsWhatWasMade) {
  rest::Answer by_field = answer("text/plain", "OK");
  by_field.headers.add("Location", "https://h/compute/n-1");
  for (const auto& one : {by_field, answer("text/plain", "X-OCCI-Location: http://h/compute/n-1\n"),
                          answer("text/html; charset=utf-8", "http://h/compute/n-1"),
                          answer("application/occi+json", R"({"resources":[{"id":"n-1"}]})")}) {
    const auto id = decode_created(one);
    ASSERT_TRUE(id) << one.body << id.error().sentence();
    EXPECT_EQ(*id, "n-1");
  }
  EXPECT_FALSE(decode_created(answer("text/plain", "OK:")));
}

TEST(OcciRendering, WritesEachAttributeOnALineOfItsOwn) {
  NewCompute wanted{.name = "vcycle-a-1",
                    .image = {.term = "i", .scheme = "http://x/os_tpl#"},
                    .size = {.term = "s", .scheme = "http://x/resource_tpl#"},
                    .user_data = "#!/bin/sh\n"};
  wanted.public_key = "ssh-ed25519 AAAA \"root\",\n";
  const Category data{.term = "user_data", .scheme = "http://schemas.openstack.org/compute/instance#"};
  const Category key{.term = "public_key", .scheme = "http://schemas.openstack.org/instance/credentials#"};
  EXPECT_EQ(encode_compute(wanted, {data, key}, "u-1").value(),
            R"(Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"
Category: i; scheme="http://x/os_tpl#"; class="mixin"
Category: s; scheme="http://x/resource_tpl#"; class="mixin"
Category: user_data; scheme="http://schemas.openstack.org/compute/instance#"; class="mixin"
Category: public_key; scheme="http://schemas.openstack.org/instance/credentials#"; class="mixin"
X-OCCI-Attribute: occi.core.id="u-1"
X-OCCI-Attribute: occi.core.title="vcycle-a-1"
X-OCCI-Attribute: occi.compute.hostname="vcycle-a-1"
X-OCCI-Attribute: org.openstack.compute.user_data="IyEvYmluL3NoCg=="
X-OCCI-Attribute: org.openstack.credentials.publickey.data="ssh-ed25519 AAAA vcycle"
)");
  const auto ogf = encode_compute(
      wanted, {{.term = "user_data", .scheme = "http://schemas.ogf.org/occi/infrastructure/compute#"}}, "u-1");
  EXPECT_THAT(ogf.value(), HasSubstr("occi.compute.userdata=\"IyEv"));
  EXPECT_THAT(ogf.value(), Not(HasSubstr("AAAA")));
  EXPECT_FALSE(encode_compute(wanted, {}, "u-1"));
}

TEST(OcciRendering, FindsTemplatesByTermTypeAndTitle) {
  const std::string parent = "http://schemas.ogf.org/occi/infrastructure#resource_tpl";
  const std::vector<Category> all{
      {.term = "resource_tpl", .scheme = "http://schemas.ogf.org/occi/infrastructure#", .class_name = "mixin"},
      {.term = "1", .scheme = "http://x#", .title = "Flavor: m1.small", .related = {parent}},
      {.term = "2", .scheme = "http://x#", .title = "twice", .related = {parent}},
      {.term = "3", .scheme = "http://x#", .title = "twice", .related = {parent}},
      {.term = "twice", .scheme = "http://y#", .title = "an image", .related = {}}};
  for (const char* const name : {"1", "http://x#1", "m1.small", "Flavor: m1.small"}) {
    const auto* const found = find_template(all, "resource_tpl", name);
    ASSERT_NE(found, nullptr) << name;
    EXPECT_EQ(found->term, "1");
  }
  for (const char* const name : {"twice", "none", "resource_tpl"})
    EXPECT_EQ(find_template(all, "resource_tpl", name), nullptr) << name;
}

TEST(OcciRendering, HearsHowTheServiceWantsToKnowUs) {
  struct Case {
    std::string field, keystone;
    bool v3 = false, basic = false;
  };
  for (const Case& each : {Case{"Keystone uri='https://k:5000/v2.0'", "https://k:5000"},
                           Case{"Keystone uri=\"https://k:5000/v3/\"", "https://k:5000", true},
                           Case{"keystone uri=https://k/identity", "https://k/identity"}, Case{"Keystone uri='", ""},
                           Case{"Keystone", ""}, Case{"Basic realm=\"x\"", "", false, true}, Case{"", ""}}) {
    http::Headers headers;
    headers.add("www-authenticate", each.field);
    const auto heard = challenge_of(headers);
    EXPECT_EQ(heard.keystone, each.keystone) << each.field;
    EXPECT_EQ(heard.v3, each.v3) << each.field;
    EXPECT_EQ(heard.basic, each.basic) << each.field;
  }
}

}  // namespace
}  // namespace nephele::occi
