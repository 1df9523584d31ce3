// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>

#include "clouds/openstack/errors.h"
#include "clouds/openstack/standin_fixture.h"

namespace nephele::openstack::testing {

class CloudTest : public StandInTest {
 protected:
  /// A server that could be made: of the first flavor, with an image that is there.
  NewServer a_server(const std::string& name = "vcycle-a-0000000001") {
    const auto made = control(http::Verb::post, "/images", R"({"name":"img"})");
    NewServer out{.name = name, .flavor = FlavorId("1")};
    out.image = ImageId(*made.at_path({"ids"})->if_array()->front().if_string());
    return out;
  }
  void expect_error(const Error& error, Kind kind, std::string_view cause) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.sentence();
    EXPECT_EQ(error.detail("cause"), cause) << error.sentence();
    expect_no_secret(error.sentence());
    for (const auto& [name, value] : error.details()) expect_no_secret(value);
  }
  NetworkId network(std::string_view name) {
    const auto all = world();
    for (const auto& row : *all.at_path({"networks"})->if_array())
      if (row.text_at({"name"}) == name) return NetworkId(std::string(row.text_at({"id"})));
    return {};
  }
};

}  // namespace nephele::openstack::testing
