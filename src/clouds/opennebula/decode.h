// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "clouds/opennebula/model.h"

/// Payloads of oned (XML) and of OneFlow (JSON) as values. No I/O. Numbers may come as texts and texts as numbers, as
/// both systems mix them; what is absent keeps its default. All fail with `invalid` when the whole is not what was
/// asked for, and quote nothing of it: machines carry secrets in their context.
namespace nephele::opennebula {

Result<Document> decode_document(std::string xml);
Result<std::vector<Document>> decode_document_pool(std::string xml);
Result<VmTemplate> decode_vm_template(std::string xml);
Result<Vm> decode_vm(std::string xml);
/// Entries of one.vmpool.info are abbreviated: no user template, a part of the template. An entry without an id is
/// refused with all of them: who reads a list may rely on it.
Result<std::vector<Vm>> decode_vm_pool(std::string xml);
Result<std::vector<VmTemplate>> decode_vm_template_pool(std::string xml);
Result<std::vector<Image>> decode_image_pool(std::string xml);
Result<User> decode_user(std::string xml);

/// From the document that oned keeps: header from oned, the rest from its body.
Result<Service> service_of(const Document& document);
Result<ServiceTemplate> service_template_of(const Document& document);

/// From OneFlow: `{"DOCUMENT":{...}}`, and `{"DOCUMENT_POOL":{"DOCUMENT":[...]}}`.
Result<Service> decode_service(std::string_view text);
Result<ServiceTemplate> decode_service_template(std::string_view text);
Result<std::vector<ServiceTemplate>> decode_service_template_pool(std::string_view text);
Result<std::vector<Service>> decode_service_pool(std::string_view text);

}  // namespace nephele::opennebula
