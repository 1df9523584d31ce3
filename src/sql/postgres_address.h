// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

/// Where a PostgreSQL server is. Private to sql/.
namespace nephele::sql {

/// A libpq URL that was read once, so that no error of libpq can show it as it stands.
class PostgresAddress {
 public:
  static Result<PostgresAddress> parse(const std::string& url);

  const std::string& url() const noexcept { return url_; }  ///< holds the password
  /// "database nephele at db.example.org:5432", for sentences.
  const std::string& shown() const noexcept { return shown_; }
  /// The first line of a message of libpq, without the password.
  std::string clean(std::string_view message) const;

 private:
  std::string url_;
  std::string password_;
  std::string shown_;
};

}  // namespace nephele::sql
