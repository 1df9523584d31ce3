// SPDX-License-Identifier: Apache-2.0
#include "fleet/cernvm_signature.h"

#include <gmock/gmock.h>

#include <functional>

#include "base/secret.h"
#include "fleet/testing/authority.h"

namespace nephele::fleet {
namespace {

using testing::authority;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::size_t section = std::size_t{32} * 1024;

std::string filled(std::string text) {
  text.resize(section, '\0');
  return text;
}

/// As CernVM's build makes it: with the mistakes in its JSON that old images have.
std::string signed_image() {
  auto& ca = authority();
  const std::string image =
      std::string(100'000, 'x') + filled("{\n\"ucernvm-version\": \"2.7-8.cernvm.x86_64\",\n\"branch\": \"HEAD\",\n}");
  ca.folder.write("to-be-signed", image);
  ca.run("dgst -sha256 -sign x509key.pem -out signature to-be-signed");
  return image + filled(
                     "{\n\"howto-verify\": \"openssl dgst -verify <key> -signature <signature>\"\n\"host\": "
                     "\"cvm-sign01.cern.ch\"\n\"certificate\": \"" +
                     to_base64(ca.folder.read("x509cert.pem")) + "\",\n\"signature\": \"" +
                     to_base64(ca.folder.read("signature")) + "\"\n}\n");
}

/// A folder of CAs as /etc/grid-security/certificates is one.
std::string signers() {
  auto& ca = authority();
  ca.folder.write("signers/ca.pem", ca.folder.read("ca.pem"));
  ca.run("rehash signers");
  return ca.folder / "signers";
}

TEST(CernvmSignature, OneThatFitsIsReadAndItsSignerIsVouchedFor) {
  const std::string file = authority().folder.write("image.iso", signed_image());
  const auto read = read_cernvm_signature(file, signers());
  ASSERT_TRUE(read) << read.error().sentence();
  EXPECT_EQ(read->subject, "/DC=com/DC=example/CN=robot");
  EXPECT_EQ(read->version, "2.7-8.cernvm.x86_64");
  EXPECT_THAT(read->distrusted, IsEmpty());
  EXPECT_THAT(authority().run("dgst -sha256 -r to-be-signed"), StartsWith(read->sha256));
  EXPECT_TRUE(check_cernvm_signature(file, "^/DC=com/.*/CN=robot$", signers()));
}

TEST(CernvmSignature, WhatIsWrongIsToldAndRefused) {
  const std::string good = signed_image();
  authority().folder.write("nobody/README", "");
  const std::string nobody = authority().folder / "nobody";
  struct Case {
    const char* name;
    std::function<void(std::string&)> spoil;
    const char *pattern, *told;
    bool vouched = true;
  };
  for (const auto& each :
       {Case{"changed", [](std::string& image) { image[50'000] = 'y'; }, "robot", "the file was changed"},
        Case{"metadata", [](std::string& image) { image[100'010] = 'y'; }, "robot", "the file was changed"},
        Case{"short", [](std::string& image) { image.resize(65'536); }, "robot", "too short"},
        Case{"no signature", [](std::string& image) { image += filled("text"); }, "robot", "no JSON"},
        Case{"no certificate", [](std::string& image) { image += filled("{}"); }, "robot", "no certificate"},
        Case{"another one", [](std::string&) {}, "CN=somebody", "does not match cernvm_signing_dn = CN=somebody"},
        Case{"no pattern", [](std::string&) {}, "(", "no regular expression"},
        Case{"unknown CA", [](std::string&) {}, "robot", "unable to get local issuer certificate", false}}) {
    std::string image = good;
    each.spoil(image);
    const std::string file = authority().folder.write("bad.iso", image);
    const auto checked = check_cernvm_signature(file, each.pattern, each.vouched ? signers() : nobody);
    ASSERT_FALSE(checked) << each.name;
    EXPECT_THAT(checked.error().sentence(), HasSubstr(each.told)) << each.name;
  }
  EXPECT_FALSE(check_cernvm_signature("/nowhere", "x", nobody));
}

}  // namespace
}  // namespace nephele::fleet
