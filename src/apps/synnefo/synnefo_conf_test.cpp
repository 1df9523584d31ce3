// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/synnefo_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/temp_directory.h"

namespace nephele::apps {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(SynnefoConf, WithoutADirectoryHasTheDefaults) {
  const TempDirectory dir;
  const auto conf = read_synnefo(dir / "none");
  ASSERT_TRUE(conf) << conf.error().sentence();
  EXPECT_THAT(conf->warnings, IsEmpty());
  EXPECT_EQ(conf->programs.unlogged, "-list$|-show$");
  EXPECT_EQ(conf->programs.logging.type(), settings::Type::none);
  EXPECT_THAT(conf->programs.database_url, IsEmpty());
}

TEST(SynnefoConf, ReadsTheGuidesFilesInOrder) {
  const char* source = std::getenv("NEPHELE_SOURCE_DIR");  // NOLINT(concurrency-mt-unsafe): never changed
  const auto conf = read_synnefo(std::string(source != nullptr ? source : ".") + "/src/identity/testdata/synnefo");
  ASSERT_TRUE(conf) << conf.error().sentence();
  EXPECT_EQ(conf->programs.logging.entry("version")->value.place().line, 7);
  EXPECT_THAT(conf->astakos->modules, ElementsAre("local", "shibboleth"));
  EXPECT_THAT(conf->warnings, Contains(HasSubstr("30-site.conf:42: MIDDLEWARE_CLASSES is not a known setting")));
  EXPECT_THAT(conf->warnings, Not(Contains(HasSubstr("_POLICY"))));
  EXPECT_NE(conf->root.entry("MIDDLEWARE_CLASSES"), nullptr);
}

TEST(SynnefoConf, SaysWhatHasNoEffect) {
  const TempDirectory dir;
  dir.write("20-site.conf",
            "SECRET_KEY = 'x'\nASTAKOS_MODERATION_ENABLED = False\nASTAKOS_INVITATIONS_ENABLED = True\n"
            "CLOUDBAR_ACTIVE = False\n");
  const auto conf = read_synnefo(dir.path().string());
  ASSERT_TRUE(conf) << conf.error().sentence();
  EXPECT_THAT(conf->warnings, ElementsAre(HasSubstr("20-site.conf:3: ASTAKOS_INVITATIONS_ENABLED has no effect here"),
                                          HasSubstr("20-site.conf:4: CLOUDBAR_ACTIVE has no effect here")));
}

TEST(SynnefoConf, TakesDjangosDatabase) {
  const TempDirectory dir;
  dir.write("10-db.conf",
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql_psycopg2', 'NAME': 'snf_apps',\n"
            "  'USER': 'synnefo', 'PASSWORD': 'a@b/c:d', 'HOST': '203.0.113.1', 'PORT': '5432', 'OPTIONS': {}}}\n");
  const auto conf = read_synnefo(dir.path().string());
  ASSERT_TRUE(conf) << conf.error().sentence();
  EXPECT_EQ(conf->programs.database_url, "postgresql://synnefo:a%40b%2Fc%3Ad@203.0.113.1:5432/snf_apps");
  for (const auto& row : conf->shown) EXPECT_THAT(row.value, Not(HasSubstr("a@b")));
  dir.write("20-db.conf",
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'x', 'HOST': '/run/pg'}}\n");
  EXPECT_EQ(read_synnefo(dir.path().string())->programs.database_url, "postgresql:///x?host=%2Frun%2Fpg");
  dir.write("30-db.conf", "\nDATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'NAME': 'x'}}\n");
  EXPECT_THAT(read_synnefo(dir.path().string()).error().sentence(),
              AllOf(HasSubstr("30-db.conf:2: "), HasSubstr("mysql")));
}

TEST(SynnefoConf, NamesFileAndLineOfAWrongValue) {
  const TempDirectory dir;
  dir.write("20-a.conf", "A = 1\nEMAIL_PORT = 'x'\n");
  EXPECT_THAT(read_synnefo(dir.path().string()).error().sentence(), HasSubstr("20-a.conf:2: EMAIL_PORT is \"x\""));
}

}  // namespace
}  // namespace nephele::apps
