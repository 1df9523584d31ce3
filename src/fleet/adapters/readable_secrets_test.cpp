// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/readable_secrets.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/temp_directory.h"
#include "fleet/adapters/options.h"

namespace nephele::fleet {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReadableSecrets : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text, unsigned mode) {
    directory.write(name, text);
    fs::permissions(directory / name, static_cast<fs::perms>(mode));
  }
  std::vector<std::string> told() {
    const auto config = read_configuration(find_config_files(directory.path().string()).texts);
    return readable_secrets(Files(directory.path().string(), "vm"), config);
  }

  TempDirectory directory;
};

const std::string type = "[machinetype s.example.com a]\nuser_data = u\nbackoff_seconds = 1\nfizzle_seconds = 1\n";
const std::string space = type + "[space s.example.com]\napi = openstack\nusername = u\n";

TEST_F(ReadableSecrets, AConfigurationWithAPasswordIsForItsOwnerAndPerhapsAGroup) {
  put("etc/vcycle.conf", space, 0644);
  EXPECT_THAT(told(), IsEmpty()) << "nothing in it is secret";
  put("etc/vcycle.d/secret.conf", "[space s.example.com]\npassword_base64 = cGFzcw==\n", 0644);
  EXPECT_THAT(told(),
              ElementsAre(::testing::AllOf(HasSubstr("/etc/vcycle.d/secret.conf, which has the password_base64"),
                                           HasSubstr("can be read by others; chmod 600"))));
  for (const unsigned mode : {0600U, 0640U}) {
    put("etc/vcycle.d/secret.conf", "[space s.example.com]\npassword_base64 = cGFzcw==\n", mode);
    EXPECT_THAT(told(), IsEmpty()) << mode;
  }
}

TEST_F(ReadableSecrets, SoAreFilesThatItNames) {
  put("key.json", "{}", 0644);
  put("etc/vcycle.conf", type + "[space s.example.com]\napi = google\nkey_file = " + (directory / "key.json") + "\n",
      0644);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("key.json, which has the key_file")));
  put("key.json", "{}", 0600);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ReadableSecrets, SoIsTheKeyThatProxiesAreMadeWith) {
  put("etc/vcycle.conf", type + "user_data_proxy = true\n[space s.example.com]\napi = nephele\n", 0644);
  const std::string folder = "var/lib/vcycle/spaces/s.example.com/machinetypes/a/";
  put(folder + "x509cert.pem", "", 0644);
  EXPECT_THAT(told(), ElementsAre(HasSubstr("x509cert.pem, which has the user_data_proxy's key in it")));
  put(folder + "x509key.pem", "", 0600);
  EXPECT_THAT(told(), IsEmpty()) << "the certificate alone is for everybody";
}

TEST(FilesOfOptions, LieBelowTheRootOrInTheFolderOfTheSpace) {
  const Files files("/root", "vm");
  for (const auto& [written, placed] : {std::pair{"/etc/key.json", "/root/etc/key.json"},
                                        {"keys/key.json", "/root/var/lib/vcycle/spaces/s.example.com/keys/key.json"}}) {
    auto config = read_configuration(
        {{"/etc/vcycle.conf", type + "[space s.example.com]\napi = google\nkey_file = " + written + "\nproxy = /p\n"}});
    place_files(files, config);
    ASSERT_THAT(config.spaces, ::testing::SizeIs(1));
    EXPECT_EQ(*config.spaces[0].options.entry("key_file")->value.if_text(), placed);
    EXPECT_EQ(config.spaces[0].options.entry("key_file")->value.place().line, 7);
    EXPECT_EQ(*config.spaces[0].options.entry("proxy")->value.if_text(), "/p") << "nothing of this cloud";
  }
}

}  // namespace
}  // namespace nephele::fleet
