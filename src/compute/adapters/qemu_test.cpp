// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <signal.h>

#include "compute/adapters/qemu_fixture.h"

namespace nephele::compute::testing {
namespace {

using What = MachineEvent::What;
using Power = MachineState::Power;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(QemuBackend, AMachineBootsAnswersAndStops) {
  Cloud cloud;
  const auto spec = cloud.boot(1);
  EXPECT_EQ(cloud.state(spec.id).power, Power::ready);
  const auto answer = http_get(spec.nics[0].forwards[0].address, 8000, "/");
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->find("test"), std::string::npos) << *answer;
  EXPECT_TRUE(cloud.run(cloud.backend().stop(spec.id, seconds(20))));
  EXPECT_EQ(cloud.state(spec.id).power, Power::stopped);
  EXPECT_FALSE(cloud.events().heard(spec.id, What::guest_shutdown));
}

}  // namespace
}  // namespace nephele::compute::testing
