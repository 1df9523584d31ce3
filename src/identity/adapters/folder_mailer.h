// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/workers.h"
#include "identity/mailer.h"

namespace nephele::identity {

/// Mails are files, for a cloud of one machine that knows no relay: FOLDER/2026-03-01T120000.250Z-UUID.eml, so that
/// their names sort by time. Each is complete or not there, readable by its owner only, and the same mail is the same
/// file.
class FolderMailer final : public Mailer {
 public:
  /// Makes the folder (mode 0700) where there is none.
  static Result<std::unique_ptr<FolderMailer>> open(std::string folder);
  Task<Result<>> send(Mail mail) override;

 private:
  explicit FolderMailer(std::string folder) : folder_(std::move(folder)) {}

  std::string folder_;
  Workers workers_{"mail-folder", 1, 256};
};

}  // namespace nephele::identity
