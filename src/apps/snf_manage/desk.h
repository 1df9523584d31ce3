// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/nephele/foundation.h"
#include "apps/synnefo/account_services.h"
#include "apps/synnefo/synnefo_conf.h"
#include "identity/manage.h"

namespace nephele::apps {

/// The services that verbs work on, over the installation's own database, whether a control plane runs or not. Each is
/// opened when the first verb asks for it.
class ManageDesk final : public identity::Desk {
 public:
  ManageDesk();
  ~ManageDesk() override;
  ManageDesk(const ManageDesk&) = delete;
  ManageDesk& operator=(const ManageDesk&) = delete;

  /// --data and --settings-dir; before anything is opened.
  void set_directories(std::optional<std::string> data, const std::optional<std::string>& settings);

  /// What the files of /etc/synnefo say.
  Result<const SynnefoConf*> conf();
  /// Where logs stand: LOG_DIR, else /var/log/synnefo where that exists, else the data directory's log.
  Result<std::string> log_directory();

  Result<identity::Ground*> ground() override;
  Result<identity::life::AccountLife*> life() override;
  Result<identity::projects::Projects*> projects() override;
  Result<operations::Operations*> post() override;
  IoThreads& threads() override { return foundation_->threads(); }

  /// One line about a verb that may have changed something, if it came as far as the database.
  void log_command(std::string_view verb, bool done);

 private:
  Installation installation() const { return Installation(Installation::directory_from(data_)); }
  Result<Foundation*> foundation();

  std::optional<std::string> data_;
  std::string settings_;
  std::unique_ptr<SynnefoConf> conf_;
  std::unique_ptr<Foundation> foundation_;
  struct Services;
  Result<Services*> services();
  std::unique_ptr<Services> services_;
};

}  // namespace nephele::apps
