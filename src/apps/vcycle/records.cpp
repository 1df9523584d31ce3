// SPDX-License-Identifier: Apache-2.0
// Accounting records after the fact: vcycle apel-republish, vcycle apel-sync.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>

#include "apps/vcycle/verbs.h"
#include "base/text_file.h"
#include "base/utc.h"
#include "fleet/apel.h"

namespace nephele::apps::vcycle {

namespace {

constexpr std::size_t record_max = std::size_t{64} * 1024;

struct Record {
  std::string name;  ///< "20261122/063047e5501119"
  std::string text;
};

/// The value of a line "Key: value".
std::string value_of(const std::string& text, const std::string& key) {
  const std::string begins = "\n" + key + ": ";
  const std::string whole = "\n" + text;
  const auto at = whole.find(begins);
  if (at == std::string::npos) return {};
  const auto from = at + begins.size();
  return whole.substr(from, whole.find('\n', from) - from);
}

std::string with_site(const std::string& text, const std::string& site) {
  const auto at = text.find("\nSite: ");
  if (at == std::string::npos) return text;
  return text.substr(0, at + 7) + site + text.substr(std::min(text.find('\n', at + 1), text.size()));
}

/// The first folder that can hold a record of the month; clocks may differ by a day.
std::string first_day_of(const std::string& month) {
  using namespace std::chrono;
  const auto number = [&](std::size_t from, std::size_t length) {
    int out = 0;
    std::from_chars(month.data() + from, month.data() + from + length, out);
    return out;
  };
  const sys_days first = year(number(0, 4)) / std::chrono::month(static_cast<unsigned>(number(4, 2))) / 1;
  return fmt::format("{:%Y%m%d}", utc(first - days(1)));
}

/// Each record of the archive since that day, in the order in which they were written.
Result<> each_record(const fleet::Files& files, const std::string& since,
                     const std::function<Result<>(const Record&)>& visit) {
  TRY(const auto days, fleet::names_in(files.lib("apel-archive")));
  for (const auto& day : days) {
    if (day < since) continue;
    TRY(const auto names, fleet::names_in(files.lib("apel-archive/" + day)));
    for (const auto& name : names)
      if (auto text = read_text_file(files.lib("apel-archive/" + day + "/" + name), record_max))
        TRY_VOID(visit({day + "/" + name, std::move(*text)}));
  }
  return {};
}

/// "YYYYMM" of the record's end.
std::string month_of(const Record& record) {
  std::int64_t end = 0;
  const std::string text = value_of(record.text, "EndTime");
  std::from_chars(text.data(), text.data() + text.size(), end);
  return fmt::format("{:%Y%m}", utc(fleet::Instant{fleet::seconds{end}}));
}

bool is_month(const std::string& text) {
  return text.size() == 6 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) &&
         text.substr(4) >= "01" && text.substr(4) <= "12";
}

bool is_site(const std::string& text) {
  return !text.empty() && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) <= 0x20; });
}

/// Beside the archive, which stays as it was written: the site under which a record was sent again.
std::string mark_of(const fleet::Files& files, const Record& record) {
  return files.lib("apel-republished/" + record.name);
}

/// Under which APEL has the record; empty: it names none.
std::string site_sent(const fleet::Files& files, const Record& record) {
  const auto again = fleet::read_state(mark_of(files, record));
  return again && is_site(*again) ? *again : value_of(record.text, "Site");
}

Result<> write_below(const fleet::Files& files, const std::string& path, const std::string& text) {
  TRY_VOID(files.make_folder(std::filesystem::path(path).parent_path().string(), 0755));
  return files.write(path, text, 0644);
}

/// Of a sync record; ssmsend may not have taken those of a moment ago.
std::string unused_name(const Context& context) {
  std::error_code ec;
  for (std::uint32_t salt = 0xffffff00;; ++salt) {  // apart from those of machines, which are drawn
    std::string path = context.files.lib("apel-outgoing/" + fleet::apel_file_name(context.now, salt));
    if (!std::filesystem::exists(path, ec)) return path;
  }
}

}  // namespace

int apel_republish(const Context& context, const std::string& site, const std::string& month, bool again) {
  if (!is_site(site)) return complain(Error(Kind::invalid, "\"" + site + "\" is no name of a site"));
  if (!month.empty() && !is_month(month)) return complain(Error(Kind::invalid, month + " is no month; write YYYYMM"));
  std::size_t copied = 0, right = 0, before = 0;
  const auto copy = [&](const Record& record) -> Result<> {
    if (!month.empty() && month_of(record) != month) return {};
    const std::string mark = mark_of(context.files, record);
    // With this site it was sent when it was written; where another one was tried since, this is the one that holds.
    if (value_of(record.text, "Site") == site) {
      ++right;
      return context.files.remove(mark);
    }
    std::error_code ec;
    if (!again && std::filesystem::exists(mark, ec)) {
      ++before;
      return {};
    }
    const std::string to = context.files.lib("apel-outgoing/" + record.name);
    TRY_VOID(write_below(context.files, to, with_site(record.text, site)));
    TRY_VOID(write_below(context.files, mark, site + "\n"));
    ++copied;
    return {};
  };
  if (const auto done = each_record(context.files, month.empty() ? "" : first_day_of(month), copy); !done)
    return complain(done.error());
  std::cout << fmt::format("{} records with Site: {} are in {}; {} had it already, {} were copied before{}\n", copied,
                           site, context.files.lib("apel-outgoing"), right, before,
                           before > 0 ? " (--again copies them once more)" : "");
  return 0;
}

int apel_sync(const Context& context, const std::vector<std::string>& months) {
  std::vector<std::string> wanted = months;
  if (wanted.empty()) wanted.push_back(fmt::format("{:%Y%m}", utc(context.now - std::chrono::hours(24))));
  for (const auto& month : wanted)
    if (!is_month(month)) return complain(Error(Kind::invalid, month + " is no month; write YYYYMM"));
  using Jobs = std::map<std::pair<std::string, std::string>, std::size_t>;
  std::map<std::string, Jobs> jobs;  // by month
  for (const auto& month : wanted) jobs[month];
  const auto counted = each_record(context.files, first_day_of(jobs.begin()->first), [&](const Record& record) {
    const auto month = jobs.find(month_of(record));
    if (month == jobs.end()) return Result<>{};
    const auto site = site_sent(context.files, record);
    const auto host = value_of(record.text, "SubmitHost");
    if (site.empty() || host.empty())
      std::cerr << "vcycle: warning: the record " << record.name << " names no Site or no SubmitHost; it is left out\n";
    else
      ++month->second[{site, host}];
    return Result<>{};
  });
  if (!counted) return complain(counted.error());
  for (const auto& [month, of_month] : jobs)
    for (const auto& [who, count] : of_month) {
      const auto number = month[4] == '0' ? month.substr(5) : month.substr(4);
      const auto text =
          fmt::format("APEL-sync-message: v0.1\nSite: {}\nSubmitHost: {}\nNumberOfJobs: {}\nMonth: {}\nYear: {}\n%%\n",
                      who.first, who.second, count, number, month.substr(0, 4));
      if (const auto done = write_below(context.files, unused_name(context), text); !done) {
        complain(done.error());
        return 2;
      }
      std::cout << fmt::format("{} {}: {} jobs in {}\n", who.first, who.second, count, month);
    }
  return 0;
}

}  // namespace nephele::apps::vcycle
