// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "clouds/opennebula/oned.h"
#include "clouds/opennebula/oneflow.h"

namespace nephele::opennebula {

/// Reads what belongs to OneFlow the short way: its services and service templates are documents of oned (types 100 and
/// 101), and reading them there takes a millisecond where OneFlow takes 250 to 300. The rights are the same; oned
/// judges them in both cases. When oned refuses the call or does not have it, OneFlow is asked.
class Reader {
 public:
  /// Both outlive this.
  Reader(Oned& oned, OneFlow& flow) : oned_(oned), flow_(flow) {}

  /// What of these objects can be had in one exchange; all that it lacks is read by its own call. None when oned does
  /// not answer such a one.
  Task<Glance> look_ahead(Session session, std::vector<std::int64_t> documents, std::vector<std::int64_t> vms);

  /// What `seen` holds is taken from there, once.
  Task<Result<Document>> document(Session session, std::int64_t id, Glance* seen = nullptr);
  Task<Result<Service>> service(Session session, std::int64_t id, Glance* seen = nullptr);
  Task<Result<ServiceTemplate>> service_template(Session session, std::int64_t id);
  /// All that the caller may use, in oned's order: newest first unless its API_LIST_ORDER says otherwise.
  Task<Result<std::vector<ServiceTemplate>>> service_templates(Session session);
  /// These two: all at once; answers in the order of `ids`.
  Task<std::vector<Result<VmTemplate>>> vm_templates(Session session, std::vector<std::int64_t> ids);
  Task<std::vector<Result<Vm>>> vms(Session session, std::vector<std::int64_t> ids, Glance* seen = nullptr);

 private:
  Oned& oned_;
  OneFlow& flow_;
};

/// Whether OneFlow may know better than oned after this error: not when oned is away (OneFlow needs it too) or slow,
/// not when nobody knows the caller or the object.
bool flow_may_answer(const Error& error) noexcept;

}  // namespace nephele::opennebula
