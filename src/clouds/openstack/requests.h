// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "clouds/openstack/model.h"

/// Bodies that are sent, without a connection.
namespace nephele::openstack {

/// Of POST /servers. Fails with `invalid` when Nova would refuse it for certain: no name, user data above 65,535
/// characters of base64.
Result<std::string> server_request(const NewServer& wanted);
std::string keypair_request(std::string_view name, std::string_view public_key);
/// `id` is ours to choose: an image whose answer is lost can be found by it.
std::string image_request_v2(const NewImage& wanted, const ImageId& id);
std::string volume_request(const NewVolume& wanted);

/// The value of `name` in a query for servers whose names begin so. Nova takes it for a regular expression of its
/// database, whichever that is.
std::string name_pattern(std::string_view prefix);

}  // namespace nephele::openstack
