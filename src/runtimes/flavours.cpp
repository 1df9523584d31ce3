// SPDX-License-Identifier: Apache-2.0
#include "runtimes/flavours.h"

#include <stdexcept>

#include "runtimes/migrations.h"
#include "runtimes/store.h"

namespace nephele::runtimes {
namespace {

Flavour flavour_of_row(const store::FlavourRow& row) {
  const auto definition = json::parse(row.definition);
  auto flavour = definition ? flavour_from_json(row.name, *definition) : Result<Flavour>(fail(definition.error()));
  if (!flavour)
    throw std::runtime_error("the stored flavour \"" + row.name + "\" cannot be read: " + flavour.error().sentence());
  return std::move(*flavour);
}

store::FlavourRow row_of(const Flavour& flavour) {
  return {.name = flavour.name, .definition = json::write(to_json(flavour))};
}

std::unexpected<Error> unknown(const std::string& name) {
  return fail(Kind::not_found, "no flavour \"" + name + "\"; `nephele flavour list` shows what there is");
}

}  // namespace

std::span<const sql::Migration> migrations() {
  return all_migrations;
}

std::optional<Flavour> find_flavour(sql::Tx& tx, const std::string& name) {
  auto definition = store::flavour(tx, name);
  if (!definition) return std::nullopt;
  return flavour_of_row({.name = name, .definition = std::move(*definition)});
}

Flavours::Flavours(sql::Database& database, const Clock& clock) : database_(database), clock_(clock) {}

Task<Result<>> Flavours::add(Flavour flavour) {
  CO_TRY_VOID(check_flavour(flavour));
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (store::insert_flavour(tx, row_of(flavour), clock_.now())) return {};
    return fail(Kind::conflict, "there is a flavour \"" + flavour.name + "\" already; remove it first");
  });
}

Task<Result<std::vector<Flavour>>> Flavours::list(std::string after, std::size_t limit) {
  co_return co_await database_.read([&](sql::Tx& tx) {
    std::vector<Flavour> out;
    for (const auto& row : store::flavours(tx, after, limit)) out.push_back(flavour_of_row(row));
    return out;
  });
}

Task<Result<Flavour>> Flavours::show(std::string name) {
  co_return co_await database_.read([&](sql::Tx& tx) -> Result<Flavour> {
    auto found = find_flavour(tx, name);
    if (!found) return unknown(name);
    return std::move(*found);
  });
}

Task<Result<>> Flavours::remove(std::string name) {
  co_return co_await database_.write([&](sql::Tx& tx) -> Result<> {
    if (!store::erase_flavour(tx, name)) return unknown(name);
    return {};
  });
}

Task<Result<bool>> Flavours::seed() {
  co_return co_await database_.write([&](sql::Tx& tx) {
    if (store::any_flavour(tx)) return false;
    for (const auto& flavour : shipped_flavours()) store::insert_flavour(tx, row_of(flavour), clock_.now());
    return true;
  });
}

}  // namespace nephele::runtimes
