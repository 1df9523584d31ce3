// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "clouds/openstack/model.h"

/// Objects of OpenStack's answers to the plain values of model.h. What an object cannot be without (its id) is asked
/// for; all else may be absent. Errors are `invalid` and say what is missing.
namespace nephele::openstack {

Result<Server> decode_server(const json::Object& row);
Result<Flavor> decode_flavor(const json::Object& row);
/// A row of the list, or what stands in "keypair".
Result<Keypair> decode_keypair(const json::Object& row);
Result<Image> decode_image_v2(const json::Object& row);
Result<Image> decode_image_v1(const json::Object& row);
Result<Network> decode_network(const json::Object& row);
Result<Volume> decode_volume(const json::Object& row);
/// Of the whole answer.
Result<Limits> decode_limits(const json::Value& answer);

/// "limit=2&marker=5" of a page's link to the next one: from "NAME_links" (compute, network, volume) or "next" (image).
/// Empty: this is the last page. Only the query is taken, so that no link leads a token elsewhere. Fails with `invalid`
/// when a link is there and leads nowhere.
Result<std::string> next_query(const json::Object& page, std::string_view collection);

}  // namespace nephele::openstack
