// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "base/settings/codec.h"
#include "base/settings/python_text.h"
#include "base/settings/tree.h"

/// A setting is a row. A service describes its settings struct by a table of rows; reading, `config show`, `--help` and
/// the manual all come from that table. A value is taken from the default < files < environment < flags, and knows
/// where it came from.
///
///   struct ApiSettings { std::string host = "127.0.0.1"; std::uint16_t port = 1337; };
///   const auto table = Table<ApiSettings>("runtimes")
///       .add("host", &ApiSettings::host, {.meaning = "address to listen on"})
///       .add("port", &ApiSettings::port, {.meaning = "port of the REST API", .environment = "NEPHELE_PORT",
///                                         .flag = "--port"}, {.min = 1});
///   CO_TRY(auto loaded, table.load(sources));   // loaded.values.port
namespace nephele::settings {

/// What a row says beside name and type.
struct Doc {
  std::string meaning{};               ///< one sentence for the manual
  std::string unit{};                  ///< "seconds", "MiB"; empty when the type says enough
  std::vector<std::string> aliases{};  ///< other names in files: "PITHOS_BACKEND_BLOCK_SIZE"
  std::string environment{};           ///< name of the variable; empty: none
  std::string flag{};                  ///< "--port"; empty: none
  bool secret = false;                 ///< never shown; always so for fields of type Secret
};

/// A row without its field: all that readers of the table need.
struct Key {
  std::string name;  ///< dotted path in files: "capacity.cpu.default"
  Doc doc;
  std::string allowed;   ///< "a number from 1 to 1024"
  std::string standard;  ///< the default, as shown
  std::string literal;   ///< the default, as a `NAME = literal` file writes it
};

/// A name that files of old carry: accepted with a warning.
struct Obsolete {
  std::string name;
  std::string advice;  ///< "use capacity.cpu.default"
};

enum class From : std::uint8_t { standard, file, environment, flag };

struct Origin {
  From from = From::standard;
  std::string where;  ///< "default", "/etc/x.conf:12", "environment NEPHELE_PORT", "flag --port"
};

using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// Variables of this process.
Environment process_environment();

struct Sources {
  std::vector<Node> files{};                                 ///< roots of what the readers gave; the last one wins
  Environment environment{};                                 ///< none when empty
  std::vector<std::pair<std::string, std::string>> flags{};  ///< {"--port", "1338"}; the last one wins
};

/// One line of `config show`.
struct Shown {
  std::string name;
  std::string value;  ///< "(hidden)" for a secret that is set
  std::string unit;
  std::string origin;
  std::string meaning;
};

/// A value on its way to its field.
struct Chosen {
  Node node;
  std::string spelled;  ///< as the source writes the name
  Origin origin;
};

/// What the sources say about one row; nothing when none does. Fails when a file has a plain value where a table must
/// be (`:capacity: 5`).
Result<std::optional<Chosen>> choose(const Key& key, const Sources& sources);

/// A `NAME = literal` file with every row as a comment: what it means, what is allowed, and its default.
std::string python_sample(std::span<const Key> keys);

/// "engine.conf:12: :port: is "abc"; write a number from 1 to 65535"
Error refused(const Key& key, const Chosen& chosen);

/// Warnings about names in `root` that no row has, with "did you mean", and about obsolete ones. `known` are the rows
/// of all services that read this file.
std::vector<std::string> unknown_keys(const Node& root, std::span<const Key> known,
                                      std::span<const Obsolete> obsolete = {});

/// The nearest of `names` when it is near enough to be a slip of the hand.
std::optional<std::string> did_you_mean(std::string_view wrong, std::span<const std::string> names);

/// The manual's text about the rows.
std::string manual(std::span<const Key> keys);

template <class S>
struct Loaded {
  S values{};
  std::vector<Origin> origins;  ///< by row

  const S* operator->() const noexcept { return &values; }
  const S& operator*() const noexcept { return values; }
};

template <class E>
struct Word {
  std::string word;
  E value;
};

template <class S>
class Table {
 public:
  explicit Table(std::string service) : service_(std::move(service)) {}

  /// `field` is a pointer to a member, or a function S& -> T& for a member of a member. The default is the value that
  /// a fresh S has.
  template <class F>
  Table&& add(std::string name, F field, Doc doc, Allow allow = {}) && {
    using T = std::remove_cvref_t<std::invoke_result_t<F&, S&>>;
    if constexpr (std::is_same_v<T, Secret> || std::is_same_v<T, std::optional<Secret>>) doc.secret = true;
    allow.unit = doc.unit;
    Row row;
    row.key.allowed = Codec<T>::allowed(allow);
    row.set = [field, allow](S& into, const Node& node) {
      auto value = Codec<T>::decode(node, allow);
      if (value) std::invoke(field, into) = std::move(*value);
      return value.has_value();
    };
    row.show = [field](const S& from) {
      S copy = from;  // a field function may want an S&
      return Codec<T>::encode(std::invoke(field, copy));
    };
    row.literal = [field](const S& from) {
      S copy = from;
      return python_of(std::invoke(field, copy));
    };
    row.takes_nothing = std::is_same_v<T, Node> || is_optional<T>;
    return std::move(*this).put(std::move(name), std::move(doc), std::move(row));
  }

  /// A field of an enumeration, written as one of these words (in any case).
  template <class F, class E>
  Table&& add_choice(std::string name, F field, const std::vector<Word<E>>& words, Doc doc) && {
    Row row;
    Allow allow;
    for (const auto& each : words) allow.words.push_back(each.word);
    row.key.allowed = Codec<std::string>::allowed(allow);
    row.set = [field, words](S& into, const Node& node) {
      const auto text = Codec<std::string>::decode(node, {});
      for (const auto& each : words) {
        if (!text || !same_word(*text, each.word)) continue;
        std::invoke(field, into) = each.value;
        return true;
      }
      return false;
    };
    row.show = [field, words](const S& from) {
      S copy = from;
      for (const auto& each : words)
        if (std::invoke(field, copy) == each.value) return each.word;
      return std::string();
    };
    return std::move(*this).put(std::move(name), std::move(doc), std::move(row));
  }

  Table&& obsolete(std::string name, std::string advice) && {
    obsolete_.push_back({std::move(name), std::move(advice)});
    return std::move(*this);
  }

  const std::string& service() const noexcept { return service_; }
  const std::vector<Obsolete>& obsolete() const noexcept { return obsolete_; }
  std::vector<Key> keys() const {
    std::vector<Key> out;
    out.reserve(rows_.size());
    for (const Row& row : rows_) out.push_back(row.key);
    return out;
  }

  /// Fails with `invalid` and the first value that is not allowed; others stand in its details under "also".
  Result<Loaded<S>> load(const Sources& sources) const {
    Loaded<S> out;
    std::optional<Error> first;
    const auto refuse = [&first](Error error) {
      first ? static_cast<void>(first->with("also", error.sentence()))
            : static_cast<void>(first.emplace(std::move(error)));
    };
    for (const Row& row : rows_) {
      out.origins.push_back({.from = From::standard, .where = "default"});
      auto chosen = choose(row.key, sources);
      if (!chosen) {
        refuse(std::move(chosen).error());
        continue;
      }
      // A value left empty in a file leaves the default alone.
      if (!*chosen || ((*chosen)->node.type() == Type::none && !row.takes_nothing)) continue;
      out.origins.back() = (*chosen)->origin;
      if (!row.set(out.values, (*chosen)->node)) refuse(refused(row.key, **chosen));
    }
    if (first) return fail(std::move(*first));
    return out;
  }

  std::vector<Shown> show(const Loaded<S>& loaded) const {
    std::vector<Shown> out;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Key& key = rows_[i].key;
      std::string value = rows_[i].show(loaded.values);
      if (key.doc.secret && !value.empty()) value = "(hidden)";
      out.push_back({.name = key.name,
                     .value = std::move(value),
                     .unit = key.doc.unit,
                     .origin = loaded.origins[i].where,
                     .meaning = key.doc.meaning});
    }
    return out;
  }

 private:
  struct Row {
    Key key{};
    std::function<bool(S&, const Node&)> set{};  // false: not allowed
    std::function<std::string(const S&)> show{};
    std::function<std::string(const S&)> literal{};  // empty: the shown text
    bool takes_nothing = false;
  };

  template <class T>
  static constexpr bool is_optional = false;
  template <class T>
  static constexpr bool is_optional<std::optional<T>> = true;

  static bool same_word(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return ascii::lower(x) == ascii::lower(y); });
  }

  Table&& put(std::string name, Doc doc, Row row) && {
    row.key.name = std::move(name);
    row.key.doc = std::move(doc);
    row.key.standard = row.show(S{});
    row.key.literal = row.literal ? row.literal(S{}) : python_text(row.key.standard);
    if (row.key.doc.secret && !row.key.standard.empty()) row.key.standard = "(hidden)";
    rows_.push_back(std::move(row));
    return std::move(*this);
  }

  std::string service_;
  std::vector<Row> rows_;
  std::vector<Obsolete> obsolete_;
};

}  // namespace nephele::settings
