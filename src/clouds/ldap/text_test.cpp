// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/text.h"

#include <gtest/gtest.h>

#include "clouds/ldap/directory.h"
#include "clouds/ldap/distinguished_name.h"

namespace nephele::ldap {
namespace {

using namespace std::string_literals;

TEST(LdapText, NothingOfAValueIsSyntaxOfAFilter) {
  EXPECT_EQ(escape_filter("ada"), "ada");
  EXPECT_EQ(escape_filter("*"), "\\2a");
  EXPECT_EQ(escape_filter("a)(uid=*"), "a\\29\\28uid=\\2a");
  EXPECT_EQ(escape_filter("\\2a"), "\\5c2a");
  EXPECT_EQ(escape_filter("a\0b\n\x7F"s), "a\\00b\\0a\\7f");
  EXPECT_EQ(escape_filter("Ζωή&|!<>=~"), "Ζωή&|!<>=~");
}

TEST(LdapText, NothingOfAValueIsSyntaxOfAName) {
  EXPECT_EQ(escape_dn("ada"), "ada");
  EXPECT_EQ(escape_dn("a,ou=x"), "a\\,ou\\=x");
  EXPECT_EQ(escape_dn("\\+\"<>;="), "\\\\\\+\\\"\\<\\>\\;\\=");
  EXPECT_EQ(escape_dn("# a#"), "\\# a#");
  EXPECT_EQ(escape_dn(" a "), "\\ a\\ ");
  EXPECT_EQ(escape_dn(" "), "\\ ");
  EXPECT_EQ(escape_dn("a\0b\n"s), "a\\00b\\0a");
  EXPECT_EQ(escape_dn("Ζωή"), "Ζωή");
}

TEST(LdapText, LibldapReadsWhatIsEscapedAsTheSameName) {
  for (const auto& value : {"*()\\,+\"<>;=# o'x"s, " #,"s, "a  b "s, "Ζωή"s, "\\2a"s, "a\nb"s}) {
    std::string hex;
    for (const char c : value) {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      hex += {'\\', digits[byte >> 4U], digits[byte & 15U]};
    }
    EXPECT_TRUE(same_dn("uid=" + escape_dn(value) + ",dc=x", "uid=" + hex + ",dc=x")) << value;
  }
  EXPECT_TRUE(same_dn("CN=Staff, OU=Groups,DC=x", "cn=staff,ou=groups,dc=x"));
  EXPECT_FALSE(same_dn("cn=staff,dc=x", "cn=staff,dc=y"));
  EXPECT_FALSE(same_dn("staff", "staff")) << "no name is like no name";
}

TEST(LdapText, OnlyTheUserIsFilledIn) {
  const auto filled = [](std::string_view pattern, std::string_view user) {
    const auto text = fill_in(pattern, user, escape_filter);
    return text ? *text : "refused";
  };
  EXPECT_EQ(filled("(|(uid=%(user)s)(mail=%(user)s))", "a*"), "(|(uid=a\\2a)(mail=a\\2a))");
  EXPECT_EQ(filled("(x=100%%)(uid=%(user)s)", "%(user)s"), "(x=100%)(uid=%\\28user\\29s)");
  EXPECT_EQ(filled("(uid=%s)", "a"), "refused");
  EXPECT_EQ(filled("(uid=%(name)s)", "a"), "refused");
  EXPECT_EQ(filled("(uid=%", "a"), "refused");
}

TEST(LdapText, AGuidIsReadAsActiveDirectoryWritesIt) {
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes += static_cast<char>(i * 16 + i);
  EXPECT_EQ(guid_text(bytes), "33221100-5544-7766-8899-aabbccddeeff");
  EXPECT_EQ(guid_text("short"), "");
}

TEST(LdapEntry, ValuesAreBytesAndTextOnlyWhereTheyAreText) {
  const Entry entry{
      .dn = "", .attributes = {{"Mail", {"a@b", "c@d"}}, {"photo", {"\xFF\x00"s}}, {"none", {}}}, .groups = {}};
  EXPECT_EQ(entry.text("mail"), "a@b");
  EXPECT_EQ(entry.values("MAIL").size(), 2u);
  EXPECT_EQ(entry.text("photo"), std::nullopt);
  EXPECT_EQ(entry.values("photo").at(0).size(), 2u);
  EXPECT_EQ(entry.text("none"), std::nullopt);
  EXPECT_TRUE(entry.values("other").empty());
}

TEST(LdapSettings, ThatContradictThemselvesAreRefused) {
  const auto base = [] {
    Settings settings;
    settings.servers = {"ldaps://ldap.example.org"};
    settings.users = {{.base = "dc=x", .filter = "(uid=%(user)s)"}};
    return settings;
  };
  const auto refused = [&](auto change) {
    Settings settings = base();
    change(settings);
    const auto good = Directory::check(settings);
    return good ? "taken" : good.error().sentence();
  };
  EXPECT_TRUE(Directory::check(base())) << Directory::check(base()).error().sentence();
  const auto has = [](const std::string& text, std::string_view words) { return text.contains(words); };
  EXPECT_PRED2(has, refused([](Settings& s) { s.servers = {}; }), "no server");
  for (const char* bad : {"", "ldap.example.org", "http://x", "ldap://", "ldaps://x y", "ldaps://u@x", "ldaps://x\n"})
    EXPECT_PRED2(has, refused([bad](Settings& s) { s.servers = {bad}; }), "no address") << bad;
  EXPECT_PRED2(has, refused([](Settings& s) { s.servers = {"ldap://x"}; }), "in the clear");
  EXPECT_PRED2(has, refused([](Settings& s) { s.servers = {"ldap://127.0.0.1.example.org"}; }), "in the clear")
      << "a name that only looks like the loopback";
  EXPECT_PRED2(has, refused([](Settings& s) {
                 s.servers = {"ldap://x"};
                 s.start_tls = true;
               }),
               "taken");
  EXPECT_PRED2(has, refused([](Settings& s) {
                 s.servers = {"ldap://x"};
                 s.plain_passwords = true;
               }),
               "taken");
  EXPECT_PRED2(has, refused([](Settings& s) { s.start_tls = true; }), "TLS from the start");
  EXPECT_PRED2(has, refused([](Settings& s) { s.users = {}; }), "give one of them");
  EXPECT_PRED2(has, refused([](Settings& s) { s.user_dn_template = "uid=%(user)s,dc=x"; }), "give one of them");
  EXPECT_PRED2(has, refused([](Settings& s) { s.users[0].filter = "(uid=ada)"; }), "find everybody");
  EXPECT_PRED2(has, refused([](Settings& s) { s.users[0].filter = "(uid=%(user)s)(x=%d)"; }), "use % only");
  EXPECT_PRED2(has, refused([](Settings& s) { s.bind_dn = "cn=reader"; }), "both or not at all");
  EXPECT_PRED2(has, refused([](Settings& s) { s.require_group = "cn=x,dc=y"; }), "needs a group search");
  EXPECT_PRED2(has, refused([](Settings& s) {
                 s.groups.emplace();
                 s.groups->searches = {{.base = "dc=x"}};
                 s.require_group = "staff";
               }),
               "no distinguished name");
  EXPECT_PRED2(has, refused([](Settings& s) { s.groups.emplace(); }), "no group search");
  EXPECT_PRED2(has, refused([](Settings& s) { s.sign_ins = 0; }), "above 0");
}

}  // namespace
}  // namespace nephele::ldap
