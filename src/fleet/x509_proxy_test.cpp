// SPDX-License-Identifier: Apache-2.0
#include "fleet/x509_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "fleet/testing/authority.h"
#include "fleet/testing/space_ground.h"

namespace nephele::fleet {
namespace {

using ::testing::AllOf;
using testing::authority;
using ::testing::Contains;
using testing::Ground;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Instant real_now() {
  return std::chrono::floor<seconds>(SystemClock().now());
}

ProxyWish good_wish() {
  ProxyWish out{.certificates = {}, .key = {}, .now = real_now(), .lifetime = seconds{43'200}};
  EXPECT_TRUE(read_x509_signer(authority().folder.path().string(), out));
  return out;
}

TEST(X509Proxy, OpensslVerifiesIt) {
  auto& ca = authority();
  ProxyWish wish = good_wish();
  wish.name = "vcycle-a-0123456789";
  const auto made = make_x509_proxy(wish);
  ASSERT_TRUE(made) << made.error().sentence();
  ca.folder.write("proxy.pem", made->reveal());
  EXPECT_THAT(ca.run("verify -allow_proxy_certs -CAfile ca.pem -untrusted proxy.pem proxy.pem"), HasSubstr("OK"));
  EXPECT_THAT(ca.run("verify -auth_level 2 -allow_proxy_certs -CAfile ca.pem -untrusted proxy.pem proxy.pem"),
              HasSubstr("OK"))
      << "today's security level takes the key";
  ca.run("verify -CAfile ca.pem -untrusted proxy.pem proxy.pem", 2);  // proxies are not for everybody
  const std::string text = ca.run("x509 -in proxy.pem -noout -text -nameopt sname,sep_comma_plus_space");
  for (const char* part : {"Issuer: DC=com, DC=example, CN=robot", "CN=robot, CN=vcycle-a-0123456789", "(2048 bit)",
                           "sha256WithRSAEncryption", "Proxy Certificate Information: critical",
                           "1.3.6.1.4.1.3536.1.1.1.9", "Digital Signature, Key Encipherment, Key Agreement"})
    EXPECT_THAT(text, HasSubstr(part));
  // Its key is beside it, and the signer's certificate behind it.
  EXPECT_EQ(ca.run("x509 -in proxy.pem -noout -pubkey"), ca.run("pkey -in proxy.pem -pubout"));
  EXPECT_THAT(made->reveal(), HasSubstr(wish.certificates.substr(wish.certificates.find("-----BEGIN"), 400)));
  ca.run("x509 -in proxy.pem -noout -checkend 36000");
  ca.run("x509 -in proxy.pem -noout -checkend 43300", 1);
}

TEST(X509Proxy, OfAProxyOneMoreCanBeMade) {
  auto& ca = authority();
  const auto first = make_x509_proxy(good_wish());
  ASSERT_TRUE(first);
  // One file holds certificate, key and what is above, as user_data has it.
  const auto second =
      make_x509_proxy({.certificates = first->reveal(), .key = *first, .now = real_now(), .lifetime = seconds{600}});
  ASSERT_TRUE(second) << second.error().sentence();
  ca.folder.write("second.pem", second->reveal());
  EXPECT_THAT(ca.run("verify -allow_proxy_certs -CAfile ca.pem -untrusted second.pem second.pem"), HasSubstr("OK"));
  const auto another = make_x509_proxy(good_wish());
  EXPECT_NE(first->reveal().substr(0, 600), another->reveal().substr(0, 600)) << "no two are the same";
}

TEST(X509Proxy, TheLegacyKindIsNamedAsGlobusHadIt) {
  auto& ca = authority();
  ProxyWish wish = good_wish();
  wish.legacy = true;
  const auto made = make_x509_proxy(wish);
  ASSERT_TRUE(made);
  ca.folder.write("legacy.pem", made->reveal());
  const std::string text = ca.run("x509 -in legacy.pem -noout -text -nameopt sname,sep_comma_plus_space");
  EXPECT_THAT(text, AllOf(HasSubstr("CN=robot, CN=limited proxy"), Not(HasSubstr("Proxy Certificate Information"))));
  EXPECT_THAT(ca.run("verify -partial_chain -CAfile x509cert.pem legacy.pem", 2), HasSubstr("error"))
      << "openssl knows the other kind only";
}

TEST(X509Proxy, SaysWhatIsWrongWithItsSigner) {
  auto& ca = authority();
  ca.run("genrsa -out other.key 2048");
  ca.run("pkey -in x509key.pem -aes256 -passout pass:x -out locked.key");
  struct Case {
    const char* name;
    std::function<void(ProxyWish&)> spoil;
    const char* told;
  };
  for (const auto& [name, spoil, told] :
       {Case{"long", [](ProxyWish& w) { w.lifetime = std::chrono::hours(11 * 24); },
             "before the proxy would; renew it"},
        Case{"other key", [&](ProxyWish& w) { w.key = Secret(ca.folder.read("other.key")); }, "is not that of"},
        Case{"locked key", [&](ProxyWish& w) { w.key = Secret(ca.folder.read("locked.key")); }, "without a password"},
        Case{"no certificate", [](ProxyWish& w) { w.certificates = "text"; }, "no X.509 certificate"},
        Case{"no key", [](ProxyWish& w) { w.key = Secret("text"); }, "no private key"}}) {
    ProxyWish wish = good_wish();
    spoil(wish);
    const auto made = make_x509_proxy(wish);
    ASSERT_FALSE(made) << name;
    EXPECT_THAT(made.error().sentence(), HasSubstr(told));
    EXPECT_EQ(made.error().kind(), Kind::invalid);
    EXPECT_THAT(made.error().sentence(), Not(HasSubstr("PRIVATE KEY")));
  }
}

TEST(X509Proxy, AMachineIsToldItsOwnUnderBothNames) {
  Ground g(1);
  g.space.types[0].user_data_proxy = true;
  g.directory.write("template", "##user_data_option_x509_proxy##|##user_data_x509_proxy##");
  const auto second = real_now().time_since_epoch().count() - testing::moment(0).time_since_epoch().count();
  const std::string folder = "var/lib/vcycle/spaces/s.example.com/machinetypes/a/";

  g.cycle(second);
  EXPECT_EQ(g.cloud.creations, 0) << "no proxy, no machine";
  EXPECT_THAT(g.lines, Contains(HasSubstr("user_data_proxy needs x509cert.pem and x509key.pem")));
  EXPECT_THAT(g.names(), IsEmpty());

  g.directory.write(folder + "x509cert.pem", authority().folder.read("x509cert.pem") +  // in one file
                                                 authority().folder.read("x509key.pem"));
  Workers full("keys", 1, 0);
  g.keys = &full;
  g.cycle(second + 3'600);
  EXPECT_THAT(g.lines, Contains(HasSubstr("user_data_proxy of a: keys has too much waiting work")))
      << "its key is made beside the cycles";
  Workers keys("keys", 1, 1);
  g.keys = &keys;
  g.call_limit = std::chrono::seconds{60};  // a key may take its time
  g.cycle(second + 7'200);
  ASSERT_THAT(g.cloud.machines, SizeIs(1));
  const std::string told = g.cloud.last->user_data.reveal();
  const auto half = told.find('|');
  ASSERT_NE(half, std::string::npos);
  EXPECT_EQ(told.substr(0, half - 1), told.substr(half + 1).substr(0, half - 1));
  authority().folder.write("machine.pem", told.substr(0, half));
  EXPECT_THAT(authority().run("x509 -in machine.pem -noout -subject -nameopt sname,sep_comma_plus_space"),
              HasSubstr("CN=" + g.cloud.machines[0].name));
  EXPECT_THAT(authority().run("x509 -in machine.pem -noout -checkend 86000"), HasSubstr("will not expire"))
      << "max_wallclock_seconds";
}

}  // namespace
}  // namespace nephele::fleet
