// SPDX-License-Identifier: Apache-2.0
#include "manage/items.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/visible.h"

namespace nephele::manage {

bool confirmed(std::string_view question, Out& out, std::istream& in) {
  out.print(fmt::format("{} [y/N] ", question));
  out.flush();
  std::string answer;
  if (!std::getline(in, answer)) return false;
  answer = ascii::lowered(answer);
  return answer == "y" || answer == "yes";
}

Result<> for_each_item(const Call& call, std::string_view argument, Out& out,
                       const std::function<Result<>(const std::string&)>& each) {
  const auto& items = call.all(argument);
  std::size_t failed = 0;
  for (const std::string& item : items) {
    const auto done = each(item);
    if (done) continue;
    ++failed;
    out.print(fmt::format("Error -- {}: {}\n", visible(item), visible(done.error().sentence())));
  }
  if (failed == 0) return {};
  return fail(Kind::conflict, fmt::format("{} of {} failed", failed, items.size()));
}

Result<> remove_each_item(const Call& call, std::string_view argument, std::initializer_list<std::string_view> unless,
                          Out& out, std::istream& in, const std::function<Result<>(const std::string&)>& each) {
  const bool sure = std::ranges::any_of(unless, [&call](std::string_view option) { return call.has(option); });
  const std::string question = fmt::format("remove {}?", fmt::join(call.all(argument), ", "));
  if (!sure && !confirmed(visible(question), out, in)) return fail(Kind::conflict, "nothing was removed");
  return for_each_item(call, argument, out, each);
}

}  // namespace nephele::manage
