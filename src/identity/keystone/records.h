// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "identity/directory/store.h"
#include "identity/keystone/audit.h"
#include "identity/keystone/fields.h"
#include "identity/keystone/render.h"

/// What is the same for all that has an id and a name in the directory: shown, made, changed, removed.
namespace nephele::identity::keystone {

/// One kind of them. `name` stands in bodies and sentences: "project".
template <class Row>
struct RecordKind {
  using Key = decltype(Row::id);
  std::string_view name;
  std::optional<Row> (*find)(sql::Tx&, const Key&);
  json::Object (*render)(const Row&, const Links&);
  /// What a body says over what there is. Fails with `invalid`.
  Result<> (*apply)(const json::Object& body, Row& row);
};

/// The object `name` of the request's body.
inline Task<Result<json::Object>> given_in(http::Request& request, std::string_view name) {
  CO_TRY(const auto text, co_await body_of(request));
  co_return wrapped_in(text, std::string(name));
}

template <class Row>
http::Response record_answer(int status, const RecordKind<Row>& kind, const Row& row, const Links& links) {
  return answer(status, wrapped(std::string(kind.name), kind.render(row, links)));
}

template <class Row>
Task<Result<http::Response>> show_record(const Desk& desk, const http::Request& request, RecordKind<Row> kind) {
  const typename RecordKind<Row>::Key id(request.parameters.at(0));
  CO_TRY(const auto row, co_await desk.database.read([&](sql::Tx& tx) { return kind.find(tx, id); }));
  if (!row) co_return no_such(kind.name, id.text());
  co_return record_answer(200, kind, *row, desk.links);
}

/// What the audit log says of a row that has a name, or only an id.
template <class Row>
std::string audit_words(const Row& row) {
  if constexpr (requires { row.name; })
    return row.id.text() + " " + row.name;
  else
    return row.id.text();
}

/// `keep(tx, row)` completes and stores it.
template <class Row, class Keep>
Task<Result<http::Response>> create_record(const Desk& desk, Standing caller, json::Object body, RecordKind<Row> kind,
                                           Row row, Keep keep) {
  CO_TRY_VOID(kind.apply(body, row));
  CO_TRY_VOID(co_await desk.database.write([&](sql::Tx& tx) -> Result<> {
    directory::store::changed(tx);
    TRY_VOID(keep(tx, row));
    note(tx, desk, caller, std::string(kind.name) + ".created", audit_words(row));
    return {};
  }));
  co_return record_answer(201, kind, row, desk.links);
}

/// Nothing that is locked before the directory's counter.
struct HoldNothing {
  template <class Key>
  void operator()(sql::Tx&, const Key&) const {}
};

/// `keep(tx, row)` judges and stores what it is now. Changes come one after the other: who reads a row here sees what
/// the one before has made of it. `hold(tx, id)` takes the rows that others take before the directory's counter.
template <class Row, class Keep, class Hold = HoldNothing>
Task<Result<http::Response>> change_record(const Desk& desk, Standing caller, http::Request& request,
                                           RecordKind<Row> kind, Keep keep, Hold hold = {}) {
  const typename RecordKind<Row>::Key id(request.parameters.at(0));
  CO_TRY(const auto body, co_await given_in(request, kind.name));
  CO_TRY(const auto row, co_await desk.database.write([&](sql::Tx& tx) -> Result<Row> {
    hold(tx, id);
    directory::store::changed(tx);
    auto found = kind.find(tx, id);
    if (!found) return no_such(kind.name, id.text());
    TRY_VOID(kind.apply(body, *found));
    TRY_VOID(keep(tx, *found));
    note(tx, desk, caller, std::string(kind.name) + ".changed", audit_words(*found) + members_of(body));
    return std::move(*found);
  }));
  co_return record_answer(200, kind, row, desk.links);
}

/// `remove(tx, id)` answers whether there was one; `hold` as of change_record().
template <class Row, class Remove, class Hold = HoldNothing>
Task<Result<http::Response>> remove_record(const Desk& desk, Standing caller, const http::Request& request,
                                           RecordKind<Row> kind, Remove remove, Hold hold = {}) {
  const typename RecordKind<Row>::Key id(request.parameters.at(0));
  CO_TRY_VOID(co_await desk.database.write([&](sql::Tx& tx) -> Result<> {
    hold(tx, id);
    directory::store::changed(tx);
    TRY(const bool was_there, Result<bool>(remove(tx, id)));
    if (!was_there) return no_such(kind.name, id.text());
    note(tx, desk, caller, std::string(kind.name) + ".removed", id.text());
    return {};
  }));
  co_return http::empty_response(204);
}

}  // namespace nephele::identity::keystone
