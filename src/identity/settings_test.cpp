// SPDX-License-Identifier: Apache-2.0
#include "identity/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/settings/config_files.h"

namespace nephele::identity {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const settings::PythonExtras django{.calls = true, .needed = is_setting};

std::string source(std::string_view path) {
  const char* root = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  return std::string(root != nullptr ? root : ".") + "/" + std::string(path);
}

settings::Document guide() {
  const auto paths = settings::conf_files(source("src/identity/testdata/synnefo")).value();
  return settings::read_python_files(paths, django).value();
}

Result<LoadedSettings> load(const settings::Node& root) {
  settings::Sources sources;
  sources.files.push_back(root);
  return load_settings(sources);
}

Result<LoadedSettings> load(std::string_view text) {
  TRY(const auto document, settings::read_python_literal(text, "20.conf", nullptr, django));
  return load(document.root);
}

TEST(AstakosSettings, HaveTheDefaultsOfTheContract) {
  const auto loaded = load("");
  ASSERT_TRUE(loaded) << loaded.error().sentence();
  const AstakosSettings& s = *loaded->values;
  EXPECT_EQ(s.base_url, "https://accounts.example.synnefo.org");
  EXPECT_THAT(s.modules, ElementsAre("local"));
  EXPECT_EQ(s.session.token_duration, std::chrono::hours{720});
  EXPECT_EQ(s.session.cookie_name, "_pithos2_a");
  EXPECT_TRUE(s.sign_up.moderated);
  EXPECT_FALSE(s.captcha.enabled);
  EXPECT_EQ(s.mail.contact, "support@example.synnefo.org");
  EXPECT_THAT(s.projects.member_limits.items, ElementsAre("Unlimited", "5", "15", "50", "100"));
  EXPECT_EQ(s.oauth2.token_expires, std::chrono::seconds{20});
  EXPECT_EQ(s.ldap.attributes.at("last_name").source, "sn");
}

TEST(AstakosSettings, TakeWhatTheGuidePrintsAndASiteAdds) {
  const auto document = guide();
  const auto loaded = load(document.root);
  ASSERT_TRUE(loaded) << loaded.error().sentence();
  const AstakosSettings& s = *loaded->values;
  EXPECT_THAT(s.modules, ElementsAre("local", "shibboleth"));
  EXPECT_EQ(s.captcha.public_key, "example_recaptcha_public_key!@#$%^&*(");
  EXPECT_EQ(s.captcha.private_key.reveal(), "example_recaptcha_private_key!@#$%^&*(");
  EXPECT_TRUE(s.captcha.enabled);
  EXPECT_EQ(s.base_url, "https://accounts.example.org/astakos");
  ASSERT_THAT(s.ldap.user_search, SizeIs(1));
  EXPECT_EQ(s.ldap.user_search[0].base, "ou=people,dc=example,dc=org");
  EXPECT_EQ(s.ldap.user_search[0].scope, LdapSearch::Scope::subtree);
  EXPECT_EQ(s.ldap.user_search[0].filter, "(uid=%(user)s)");
  EXPECT_EQ(s.ldap.group_type.type, "GroupOfNamesType");
  EXPECT_EQ(*s.ldap.connection_options.entries.entry("ldap.OPT_NETWORK_TIMEOUT")->value.if_integer(), 10);
  EXPECT_FALSE(s.ldap.attributes.at("email").editable);
  EXPECT_TRUE(s.ldap.attributes.at("first_name").editable);
  EXPECT_TRUE(s.policies.contains("ASTAKOS_AUTH_PROVIDER_LDAP_AUTOMODERATE_POLICY"));
  EXPECT_THAT(s.policies, SizeIs(3));
  EXPECT_EQ(s.messages.at("ASTAKOS_SIGNUP_TERMS_MESSAGE"), "Please read the terms");
  EXPECT_THAT(s.projects.admins, SizeIs(1));
  EXPECT_THAT(s.projects.member_limits.items, ElementsAre("Unlimited", "5", "15"));
  EXPECT_THAT(s.sign_up.email_patterns, ElementsAre(".*@example\\.org"));
  EXPECT_EQ(s.session.token_duration, std::chrono::hours{720});
}

TEST(AstakosSettings, FillRecipientsThatWereNotSet) {
  const auto loaded = load(guide().root).value();
  const auto mails = [](const std::optional<People>& people) {
    std::vector<std::string> out;
    for (const auto& person : people.value()) out.push_back(person.mail);
    return out;
  };
  const auto all = recipients_of(*loaded.values);
  EXPECT_THAT(mails(all.account), ElementsAre("help@example.org", "boss@example.org"));
  EXPECT_THAT(mails(all.account_pending), ElementsAre("help@example.org", "boss@example.org"));
  EXPECT_THAT(mails(all.feedback), ElementsAre("help@example.org"));
  EXPECT_THAT(mails(all.project_creation), ElementsAre("help@example.org", "boss@example.org"));
  const auto plain = recipients_of(*load("ADMINS = ['a@b']\nHELPDESK = ['h@b']\n").value().values);
  EXPECT_THAT(mails(plain.account_activated), ElementsAre("h@b", "a@b"));
}

TEST(AstakosSettings, NeverShowSecrets) {
  const auto loaded = load(guide().root).value();
  for (const auto& row : loaded.shown)
    EXPECT_THAT(row.value, AllOf(Not(HasSubstr("hunter")), Not(HasSubstr("private_key!")), Not(HasSubstr("kept and"))))
        << row.name;
}

struct Bad {
  std::string_view text;
  std::string_view sentence;
};

TEST(AstakosSettings, SayWhereAWrongValueStandsAndWhatIsAllowed) {
  for (const auto& [text, sentence] :
       {Bad{"\nASTAKOS_IM_MODULES = ['local', 'kerberos']\n",
            "20.conf:2: ASTAKOS_IM_MODULES is [\"local\",\"kerberos\"]; write a list of local, ldap"},
        Bad{"ASTAKOS_RECAPTCHA_ENABLED = 'maybe'\n",
            "20.conf:1: ASTAKOS_RECAPTCHA_ENABLED is \"maybe\"; write true or false"},
        Bad{"ASTAKOS_RECAPTCHA_PRIVATE_KEY = ['hunter2']\n", "not a value that can be used"},
        Bad{"AUTH_LDAP_USER_SEARCH = LDAPSearch(1)\n", "write LDAPSearch("},
        Bad{"AUTH_LDAP_USER_SEARCH = LDAPSearch('a', ldap.SCOPE_UP)\n", "write LDAPSearch("},
        Bad{"AUTH_LDAP_USER_SEARCH = Search('a')\n", "write LDAPSearch("},
        Bad{"AUTH_LDAP_GROUP_TYPE = Best()\n", "PosixGroupType()"},
        Bad{"ADMINS = [('a', 'b', 'c')]\n", "write a list such as"},
        Bad{"ASTAKOS_GLOBAL_MESSAGES = ['x']\n", "(\"warning\", \"the text\")"},
        Bad{"ASTAKOS_COMPONENTS_META = 3\n", "write a dict"},
        Bad{"ASTAKOS_AUTH_PROVIDER_LDAP_LIMIT_POLICY = 'x'\n", "20.conf:1: ASTAKOS_AUTH_PROVIDER_LDAP_LIMIT_POLICY"},
        Bad{"ASTAKOS_AUTH_PROVIDER_LDAP_FLY_POLICY = True\n", "names no policy"},
        Bad{"ASTAKOS_AUTH_PROVIDER_LDAP_ADD_GROUPS_POLICY = True\n", "a list of groups"},
        Bad{"ASTAKOS_SIGNUP_TERMS_MESSAGE = 3\n", "20.conf:1: ASTAKOS_SIGNUP_TERMS_MESSAGE is no text"},
        Bad{"A = 1\nASTAKOS_BASE_URL = f(x for x in y)\n", "20.conf:2: "}}) {
    const auto loaded = load(text);
    ASSERT_FALSE(loaded) << text;
    EXPECT_THAT(loaded.error().sentence(), AllOf(HasSubstr(std::string(sentence)), Not(HasSubstr("hunter2"))));
  }
}

TEST(AstakosSettings, LeaveForeignSettingsAlone) {
  const auto document = guide();
  EXPECT_THAT(document.warnings,
              ElementsAre(AllOf(HasSubstr("30-site.conf:41: "), HasSubstr("INSTALLED_APPS is left out"))));
  EXPECT_NE(document.root.entry("MIDDLEWARE_CLASSES"), nullptr);
  EXPECT_TRUE(is_setting("EMAIL_HOST"));
  EXPECT_TRUE(is_setting("ASTAKOS_SITENAME"));
  EXPECT_TRUE(is_setting("ASTAKOS_AUTH_PROVIDER_LDAP_LIMIT_POLICY"));
  EXPECT_FALSE(is_setting("MIDDLEWARE_CLASSES"));
}

TEST(AstakosSettings, ReadBackWhatTheyWrite) {
  const auto loaded =
      load(
          "AUTH_LDAP_USER_SEARCH = LDAPSearchUnion(LDAPSearch('a\"b', 1), LDAPSearch('c', ldap.SCOPE_BASE, '(x=y)'))\n"
          "AUTH_LDAP_GROUP_TYPE = NestedMemberDNGroupType('member', name_attr='uid')\n"
          "ADMINS = [('Ada', 'a@b')]\nASTAKOS_INVITATIONS_PER_LEVEL = {1: 5}\n")
          .value();
  std::string text;
  for (const auto& row : loaded.shown)
    if (row.origin != "default") text += row.name + " = " + row.value + "\n";
  const auto again = load(text);
  ASSERT_TRUE(again) << again.error().sentence() << text;
  for (std::size_t i = 0; i < loaded.shown.size(); ++i) EXPECT_EQ(again->shown[i].value, loaded.shown[i].value);
  EXPECT_EQ(again->values->ldap.user_search[0].scope, LdapSearch::Scope::one_level);
  EXPECT_EQ(again->values->ldap.group_type.member_attribute, "member");
}

TEST(SampleSettings, AreTheShippedFile) {
  const std::string path = source("share/synnefo/20-snf-astakos-app-settings.conf");
  if (std::getenv("NEPHELE_WRITE_SAMPLES") != nullptr)  // NOLINT(concurrency-mt-unsafe): never changed
    std::ofstream(path, std::ios::binary) << sample_settings();
  EXPECT_EQ(settings::read_file(path).value_or(""), sample_settings())
      << "the table has changed: run this test with NEPHELE_WRITE_SAMPLES=1, it writes " << path;
}

TEST(SampleSettings, GiveTheDefaultsWhenTakenAsTheyAre) {
  std::string text = sample_settings();
  for (std::size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1))
    if (text[at + 2] != ' ') text.erase(at + 1, 1);
  const auto loaded = load(text);
  ASSERT_TRUE(loaded) << loaded.error().sentence();
  const auto standard = load("").value();
  ASSERT_EQ(loaded->shown.size(), standard.shown.size());
  EXPECT_GT(loaded->shown.size(), 120U);
  for (std::size_t i = 0; i < standard.shown.size(); ++i) {
    EXPECT_EQ(loaded->shown[i].value, standard.shown[i].value) << standard.shown[i].name;
    EXPECT_THAT(standard.shown[i].meaning, Not(IsEmpty()));
  }
  EXPECT_THAT(text, StartsWith("# Settings"));
}

}  // namespace
}  // namespace nephele::identity
