// SPDX-License-Identifier: Apache-2.0
#include "identity/django_hash.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace nephele::identity {
namespace {

// Written by Python's hashlib, in the forms of Django's hashers.
constexpr const char* of_correct_horse[] = {
    "pbkdf2_sha256$1000$seasalt2$oksQ9Bdi8Bce0okH61Cis7qICJfP+cYfDOnMdNPMzK8=",
    "pbkdf2_sha1$1000$seasalt2$z8uI+Wl4zj9ngVTOBcFxL2SxGng=",
    "sha1$seasalt$55eef163bf2e349b9946e3183eef620dde0247f5",
};

TEST(DjangoHash, MatchesItsPasswordAlone) {
  for (const char* hash : of_correct_horse) {
    EXPECT_TRUE(is_django_hash(hash)) << hash;
    EXPECT_TRUE(check_django_hash(hash)) << hash;
    EXPECT_TRUE(matches_django_hash(Secret("correct horse"), hash)) << hash;
    for (const char* wrong : {"", "Correct horse", "correct horse ", "battery staple"})
      EXPECT_FALSE(matches_django_hash(Secret(wrong), hash)) << hash << " by " << wrong;
  }
  EXPECT_FALSE(is_django_hash(""));
  EXPECT_FALSE(is_django_hash("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"));
}

TEST(DjangoHash, WhatDjangoDoesNotWriteIsRefused) {
  const std::string digest = "oksQ9Bdi8Bce0okH61Cis7qICJfP+cYfDOnMdNPMzK8=";
  const std::vector<std::string> all{"!",
                                     "plain",
                                     "md5$salt$900150983cd24fb0d6963f7d28e17f72",
                                     "pbkdf2_sha256$0$salt$" + digest,
                                     "pbkdf2_sha256$-1$salt$" + digest,
                                     "pbkdf2_sha256$1x$salt$" + digest,
                                     "pbkdf2_sha256$2000001$salt$" + digest,
                                     "pbkdf2_sha256$99999999999$salt$" + digest,
                                     "pbkdf2_sha256$1000$$" + digest,
                                     "pbkdf2_sha256$1000$salt$" + digest + "$",
                                     "pbkdf2_sha256$1000$salt$",
                                     "pbkdf2_sha256$1000$salt",
                                     "pbkdf2_sha256$1000$salt$" + digest.substr(4),
                                     "pbkdf2_sha256$1000$salt$\n" + digest,
                                     "pbkdf2_sha1$1000$salt$" + digest,
                                     "pbkdf2_sha256$1000$" + std::string(129, 's') + "$" + digest,
                                     "sha1$$55eef163bf2e349b9946e3183eef620dde0247f5",
                                     "sha1$salt$55eef163bf2e349b9946e3183eef620dde0247f",
                                     "sha1$salt$zz"};
  for (const auto& bad : all) {
    EXPECT_EQ(check_django_hash(bad).error().kind(), Kind::invalid) << bad;
    EXPECT_FALSE(matches_django_hash(Secret("correct horse"), bad)) << bad;
  }
}

TEST(DjangoHash, WorkIsCountedByDigest) {
  const auto work = [](int sha1, int sha256) { return DjangoWork{.sha1 = sha1, .sha256 = sha256}; };
  EXPECT_EQ(work_of(of_correct_horse[0]), work(0, 1000));
  EXPECT_EQ(work_of(of_correct_horse[1]), work(1000, 0));
  for (const char* none : {of_correct_horse[2], "", "!", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"})
    EXPECT_EQ(work_of(none), work(0, 0)) << none;
  EXPECT_EQ(rest_of(work(300, 5000), work(0, 1000)), work(300, 4000));
  EXPECT_EQ(rest_of(work(300, 0), work(1000, 1000)), work(0, 0));
  EXPECT_EQ(work(300, 5000).iterations(), 5300U);
}

}  // namespace
}  // namespace nephele::identity
