// SPDX-License-Identifier: Apache-2.0
#include "manage/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/cli_table.h"
#include "base/settings/settings.h"
#include "manage/verb.h"

namespace nephele::manage {

namespace {

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

/// The columns to print: those of -o, else those of the table.
Result<std::vector<std::size_t>> chosen_columns(const std::vector<Column>& columns, const Call& call) {
  std::vector<std::size_t> chosen;
  std::vector<std::string> names;
  for (const Column& column : columns) names.push_back(column.name);
  const auto wanted = call.text("--output");
  for (std::size_t i = 0; !wanted && i < columns.size(); ++i)
    if (columns[i].shown || (!columns[i].shown_with.empty() && call.has(columns[i].shown_with))) chosen.push_back(i);
  for (const std::string& name : split(wanted.value_or(""), ',')) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      const auto near = settings::did_you_mean(name, names);
      return fail(Kind::invalid,
                  fmt::format("there is no field \"{}\"; {}", name.substr(0, 80),
                              near ? "did you mean " + *near + "?" : "--list-fields shows those that are"));
    }
    chosen.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  if (chosen.empty()) return fail(Kind::invalid, "-o names no field; --list-fields shows those that are");
  return chosen;
}

/// Reads a list from its start, leaves out what the filters refuse, and hands each row on.
class Reader {
 public:
  Reader(const Listing& listing, const Call& call, std::vector<std::size_t> chosen)
      : listing_(listing), call_(call), chosen_(std::move(chosen)) {}

  const std::vector<std::size_t>& chosen() const noexcept { return chosen_; }

  /// Stops early, well, when `each` answers false.
  template <class Each>
  Result<> read(Each each) const {
    TRY(auto filters, Filters::parse(call_.text("--filter-by").value_or(""), listing_.columns));
    std::vector<std::size_t> needed = chosen_;
    for (const auto& condition : filters.left()) needed.push_back(condition.column);
    Filters left = filters;
    TRY(const auto pages, listing_.open(call_, left, needed));
    const auto holds_all = [&](const Row& row) {
      return std::ranges::all_of(left.left(), [&](const Condition& condition) {
        const auto at = static_cast<std::size_t>(std::ranges::find(needed, condition.column) - needed.begin());
        return holds(row[at], condition.op, condition.value);
      });
    };
    for (;;) {
      TRY(auto rows, pages());
      if (rows.empty()) return {};
      for (Row& row : rows) {
        if (!holds_all(row)) continue;
        row.resize(chosen_.size());
        if (!each(std::move(row))) return {};
      }
    }
  }

 private:
  const Listing& listing_;
  const Call& call_;
  std::vector<std::size_t> chosen_;
};

class Printer {
 public:
  Printer(const Listing& listing, const Call& call, Out& out, std::vector<std::size_t> chosen)
      : columns_(listing.columns), call_(call), out_(out), reader_(listing, call, std::move(chosen)) {}

  Result<> print() {
    if (call_.has("--bare")) return lines("|", false);
    switch (call_.format()) {
      case Format::csv:
        return csv();
      case Format::json:
        return json();
      case Format::pretty:
        break;
    }
    return pretty();
  }

 private:
  bool headers() const { return !call_.has("--no-headers"); }
  std::string_view name(std::size_t i) const { return columns_[reader_.chosen()[i]].name; }
  std::size_t count() const { return reader_.chosen().size(); }

  Result<> lines(std::string_view between, bool padded) {
    return reader_.read([&](const Row& row) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) {
        if (i > 0) line += between;
        const std::string text = cell_text(row[i]);
        line += padded ? right_aligned(text, widths_[i]) : text;
      }
      out_.print(line + "\n");
      return true;
    });
  }

  Result<> csv() {
    std::string head;
    for (std::size_t i = 0; i < count(); ++i) head += (i > 0 ? "," : "") + csv_cell(std::string(name(i)));
    if (headers()) out_.print(head + "\r\n");
    return reader_.read([&](const Row& row) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) line += (i > 0 ? "," : "") + csv_cell(row[i]);
      out_.print(line + "\r\n");
      return true;
    });
  }

  Result<> json() {
    bool first = true;
    out_.print("[");
    TRY_VOID(reader_.read([&](const Row& row) {
      json::Object object;
      for (std::size_t i = 0; i < row.size(); ++i) object.append(std::string(name(i)), json_of(row[i]));
      out_.print((first ? "\n  " : ",\n  ") + json::write(json::Value(std::move(object))));
      first = false;
      return true;
    }));
    out_.print(first ? "]\n" : "\n]\n");
    return {};
  }

  void widen(const Row& row) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths_[i] = std::max(widths_[i], cli::display_width(cell_text(row[i])));
  }

  Result<> pretty() {
    for (std::size_t i = 0; i < count(); ++i) widths_.push_back(headers() ? cli::display_width(name(i)) : 0);
    std::vector<Row> held;
    bool too_many = false;
    TRY_VOID(reader_.read([&](Row row) {
      widen(row);
      if (!too_many) held.push_back(std::move(row));
      if (held.size() > held_max) {
        too_many = true;
        held = {};
      }
      return true;
    }));
    if (headers()) head();
    if (too_many) return lines("  ", true);
    for (const Row& row : held) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line += (i > 0 ? "  " : "") + right_aligned(cell_text(row[i]), widths_[i]);
      out_.print(line + "\n");
    }
    return {};
  }

  void head() {
    std::string line;
    std::size_t width = 2 * (count() - 1);
    for (std::size_t i = 0; i < count(); ++i) {
      line += (i > 0 ? "  " : "") + right_aligned(name(i), widths_[i]);
      width += widths_[i];
    }
    out_.print(line + "\n" + std::string(width, '-') + "\n");
  }

  const std::vector<Column>& columns_;
  const Call& call_;
  Out& out_;
  Reader reader_;
  std::vector<std::size_t> widths_;
};

Result<> print_columns(const std::vector<Column>& columns, bool types, const Call& call, Out& out) {
  std::vector<Field<Column>> fields;
  fields.push_back({{.name = "name", .help = {}}, [](const Column& c) { return Value(c.name); }});
  if (types)
    fields.push_back(
        {{.name = "value", .help = {}}, [](const Column& c) { return Value(std::string(allowed(c.type))); }});
  fields.push_back({{.name = "meaning", .help = {}}, [](const Column& c) { return Value(c.help); }});
  const auto table = listing<Column>(
      std::move(fields), [columns](const Call&, Filters&) { return Result<Pages<Column>>(one_page(columns)); });
  return print_list(table, Call({}, call.format(), 1), out);
}

}  // namespace

Result<> print_list(const Listing& listing, const Call& call, Out& out) {
  TRY(auto chosen, chosen_columns(listing.columns, call));
  return Printer(listing, call, out, std::move(chosen)).print();
}

Verb list_verb(std::string name, std::string help, Listing listing, std::vector<Option> options) {
  Verb verb{.name = std::move(name), .help = std::move(help), .options = std::move(options), .run = {}};
  for (Option option :
       {Option{"-o,--output", "F1,F2", "the fields to print, in this order"},
        Option{"--list-fields", "", "the fields that there are"},
        Option{"--filter-by", "K=V,K>=V", "only rows for which all of these hold: = != > >= < <="},
        Option{"--list-filters", "", "what can be filtered by"}, Option{"--no-headers", "", "rows only"},
        Option{"-c,--bare", "", "as old scripts want it: rows only, with | between the fields"}})
    verb.options.push_back(std::move(option));
  verb.run = [listing = std::move(listing)](const Call& call, Out& out) {
    if (call.has("--list-fields")) return print_columns(listing.columns, false, call, out);
    if (call.has("--list-filters")) return print_columns(listing.columns, true, call, out);
    return print_list(listing, call, out);
  };
  return verb;
}

}  // namespace nephele::manage
