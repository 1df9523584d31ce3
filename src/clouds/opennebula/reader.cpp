// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/reader.h"

#include "base/async_all.h"
#include "clouds/opennebula/decode.h"
#include "clouds/opennebula/errors.h"

namespace nephele::opennebula {

namespace {

/// A document of another type is no object of OneFlow: nothing to ask OneFlow about.
Error no_such(std::string_view what, std::int64_t id) {
  return oned_refused("one.document.info", {.success = false,
                                            .message = "document " + std::to_string(id) + " is no " + std::string(what),
                                            .code = static_cast<std::int64_t>(OnedCode::no_exists),
                                            .object = id});
}

template <class Object>
Result<Object> from(const Document& document, DocumentType type, std::string_view what,
                    Result<Object> (*read)(const Document&)) {
  if (document.type != static_cast<std::int64_t>(type)) return fail(no_such(what, document.header.id));
  auto out = read(document);
  if (!out) return fail(unreadable("oned", "one.document.info", out.error().sentence()));
  return out;
}

Task<Result<Vm>> ready(Result<Vm> known) {
  co_return known;
}

}  // namespace

bool flow_may_answer(const Error& error) noexcept {
  const auto cause = error.detail("cause");
  if (cause == "fault" || cause == "garbage" || cause == "http" || cause == "too_long") return true;
  return cause == "refused" && error.kind() != Kind::unauthorized && error.kind() != Kind::not_found;
}

Task<Glance> Reader::look_ahead(Session session, std::vector<std::int64_t> documents, std::vector<std::int64_t> vms) {
  co_return (co_await oned_.glance(std::move(session), std::move(documents), std::move(vms))).value_or(Glance{});
}

Task<Result<Document>> Reader::document(Session session, std::int64_t id, Glance* seen) {
  if (seen != nullptr)
    if (auto known = seen->documents.extract(id)) co_return std::move(known.mapped());
  co_return co_await oned_.document(std::move(session), id);
}

Task<Result<Service>> Reader::service(Session session, std::int64_t id, Glance* seen) {
  auto document = co_await this->document(session, id, seen);
  auto out = document ? from(*document, DocumentType::service, "service", service_of)
                      : Result<Service>(fail(document.error()));
  if (out || !flow_may_answer(out.error())) co_return out;
  co_return co_await flow_.service(std::move(session), id);
}

Task<Result<ServiceTemplate>> Reader::service_template(Session session, std::int64_t id) {
  auto document = co_await oned_.document(session, id);
  auto out = document ? from(*document, DocumentType::service_template, "service template", service_template_of)
                      : Result<ServiceTemplate>(fail(document.error()));
  if (out || !flow_may_answer(out.error())) co_return out;
  co_return co_await flow_.service_template(std::move(session), id);
}

Task<Result<std::vector<ServiceTemplate>>> Reader::service_templates(Session session) {
  const auto pool =
      co_await oned_.document_pool(session, Pool::usable, static_cast<std::int32_t>(DocumentType::service_template));
  if (!pool) {
    if (flow_may_answer(pool.error())) co_return co_await flow_.service_templates(std::move(session));
    co_return fail(pool.error());
  }
  std::vector<ServiceTemplate> out;
  // One with a broken body hides no others; it may belong to somebody else altogether.
  for (const auto& document : *pool)
    if (auto one = service_template_of(document)) out.push_back(*std::move(one));
  co_return out;
}

Task<std::vector<Result<VmTemplate>>> Reader::vm_templates(Session session, std::vector<std::int64_t> ids) {
  std::vector<Task<Result<VmTemplate>>> reads;
  reads.reserve(ids.size());
  for (const auto id : ids) reads.push_back(oned_.vm_template(session, id));
  co_return co_await all_of(std::move(reads));
}

Task<std::vector<Result<Vm>>> Reader::vms(Session session, std::vector<std::int64_t> ids, Glance* seen) {
  std::vector<Task<Result<Vm>>> reads;
  reads.reserve(ids.size());
  for (const auto id : ids) {
    if (seen != nullptr)
      if (auto known = seen->vms.extract(id)) {
        reads.push_back(ready(std::move(known.mapped())));
        continue;
      }
    reads.push_back(oned_.vm(session, id));
  }
  co_return co_await all_of(std::move(reads));
}

}  // namespace nephele::opennebula
