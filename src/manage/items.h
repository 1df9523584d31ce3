// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <string_view>

#include "manage/call.h"

/// What verbs share that change or remove several things at once.
namespace nephele::manage {

/// The answer to a question with yes or no; anything but a clear yes is no, also the end of the input.
bool confirmed(std::string_view question, Out& out, std::istream& in);

/// Does `each` for every word of a repeated argument. What fails is printed as `Error -- …` and the next is tried; the
/// answer fails when any did.
Result<> for_each_item(const Call& call, std::string_view argument, Out& out,
                       const std::function<Result<>(const std::string&)>& each);

/// The same for verbs that remove: asks first, naming the items, unless one of `unless` (`--force`) was given.
Result<> remove_each_item(const Call& call, std::string_view argument, std::initializer_list<std::string_view> unless,
                          Out& out, std::istream& in, const std::function<Result<>(const std::string&)>& each);

}  // namespace nephele::manage
