// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/temp_directory.h"
#include "base/testing/child.h"

namespace nephele::fleet::testing {

/// A CA and a user whom it has certified for ten days, made by the real openssl, which also judges what we make.
struct Authority {
  Authority() {
    folder.write("ca.cnf",
                 "[v3_ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n"
                 "[user]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature,keyAgreement\n"
                 "[req]\ndistinguished_name=dn\n[dn]\n");
    run("req -x509 -newkey rsa:2048 -noenc -keyout ca.key -out ca.pem -days 20 -subj /DC=com/CN=ca -config ca.cnf "
        "-extensions v3_ca");
    run("req -newkey rsa:2048 -noenc -keyout x509key.pem -out user.csr -subj /DC=com/DC=example/CN=robot -config "
        "ca.cnf");
    run("x509 -req -in user.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 10 -out x509cert.pem -extfile ca.cnf "
        "-extensions user");
  }
  /// What openssl says; fails the test when it refuses.
  std::string run(const std::string& words, int wanted = 0) {
    folder.write("said", "");
    std::vector<std::string> line{"/usr/bin/openssl"};
    std::istringstream in(words);
    for (std::string word; in >> word;) line.push_back(word);
    const auto child = nephele::testing::start_child(
        {.words = line, .log = folder / "said", .folder = folder.path().string(), .as = {}});
    int status = -1;
    EXPECT_TRUE(nephele::testing::ended_within(child, std::chrono::seconds(30), &status)) << words;
    EXPECT_EQ(WEXITSTATUS(status), wanted) << words << "\n" << folder.read("said");
    return folder.read("said");
  }
  TempDirectory folder;
};

inline Authority& authority() {
  static Authority one;
  return one;
}

}  // namespace nephele::fleet::testing
