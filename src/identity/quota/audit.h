// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "identity/quota/model.h"
#include "identity/quota/rules.h"
#include "sql/sql.h"

/// Comparing holdings with what they should be: no I/O, but for who is asked what that is.
namespace nephele::identity::quota {

struct Audit {
  bool fix = false;
  bool unexpected = false;  ///< also holdings that nobody expects; fixed by a limit of 0, since usage must not be lost
};

/// Who decides on limits tells what they should be, in the transaction that looks at them.
class Expectations {
 public:
  virtual ~Expectations() = default;
  /// Before the holdings are locked: nobody decides otherwise until the end of the transaction, which is one that
  /// writes.
  virtual void hold(sql::Tx& tx) const = 0;
  /// Of these, as far as somebody decides on them.
  virtual std::map<Key, Amount> of(sql::Tx& tx, std::span<const Key> keys) const = 0;
  struct Page {
    std::vector<Limit> limits = {};
    std::string next = {};  ///< empty: that is all
  };
  /// All, page by page; `after` is empty, or `next` of the page before.
  virtual Page all(sql::Tx& tx, const std::string& after) const = 0;
};

enum class Flaw : std::uint8_t {
  missing,      ///< expected, but there is no such holding
  unexpected,   ///< there is a holding that nobody expects
  limit,        ///< another limit than expected
  usage,        ///< another usage than log and pending commissions tell
  unexplained,  ///< these tell of a usage below zero or above all numbers: not fixed
};
std::string_view to_string(Flaw flaw) noexcept;

struct Finding {
  Flaw flaw = Flaw::limit;
  Holding found;     ///< zeroes when missing
  Holding expected;  ///< as far as it is known, else as found
  bool fixed = false;
};

/// What is wrong with one holding. `limit` is absent when nobody expects it.
std::vector<Finding> compare(const Holding& found, std::optional<Amount> limit, const UsageSum& told,
                             const Audit& audit);

}  // namespace nephele::identity::quota
