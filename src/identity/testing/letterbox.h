// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "identity/mailer.h"

namespace nephele::identity::testing {

/// What arrived, by who it was for.
class Letterbox final : public Mailer {
 public:
  Task<Result<>> send(Mail mail) override {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(std::move(mail));
    co_return Result<>{};
  }
  std::vector<Mail> arrived() const {
    const std::lock_guard lock(mutex_);
    return arrived_;
  }
  /// The key in the latest link to somebody; empty: there is none yet.
  std::string key_for(const std::string& mailbox) const {
    std::string key;
    for (const auto& mail : arrived()) {
      const auto at = mail.text.find("auth=");
      if (mail.to.mailbox == mailbox && at != std::string::npos)
        key = mail.text.substr(at + 5, mail.text.find_first_of("&\n", at) - at - 5);
    }
    return key;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Mail> arrived_;
};

}  // namespace nephele::identity::testing
