// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "clouds/testing/standin_test.h"
#include "fleet/cloud.h"
#include "fleet/testing/one_space.h"

namespace nephele::fleet::testing {

/// One space on a cloud that a stand-in plays, whatever its API: managers that are started and die, and what every
/// adapter must bring a fleet through.
class SpaceOnStandIn : public clouds::testing::StandInTest, public OneSpace {
 protected:
  using StandInTest::StandInTest;
  void TearDown() override;

  /// The adapter, with what the test's options say now.
  virtual std::unique_ptr<Cloud> adapter() = 0;
  /// Machines that the cloud has, of whatever state but those that are gone.
  virtual std::size_t living() = 0;
  /// What the stand-in needs after a reset to be the cloud of these tests.
  virtual void furnish() {}

  /// A manager that has just been started.
  void begin_anew() { made = adapter(); }
  /// As if nothing had ever been, on a stand-in with these settings.
  void anew(const std::string& settings = "{}");
  SpaceReport cycle(std::int64_t second, int die_at = 0) { return cycle(at(second), die_at); }
  /// With the clock that machines' times are of.
  SpaceReport cycle_now() { return cycle(std::chrono::floor<seconds>(clock.now())); }

  struct Deaths {
    std::string settings = "{}";  ///< of the stand-in
    /// Asked when a manager has died, or got through: how many folders there will be. Nothing: as many as machines.
    std::function<std::size_t(bool died)> known = {};
    std::function<void()> afterwards = {};  ///< judges each end
  };
  /// The manager dies before its first step, in another life before its second, and so on until it gets through. Others
  /// take over for 25 minutes each time: there are never more than `machines`, and so many in the end.
  void dies_at_each_step(std::size_t machines, const Deaths& deaths);
  void dies_at_each_step(std::size_t machines) { dies_at_each_step(machines, {}); }

  /// Each call that a cycle needs, of a manager that has just begun, is answered in each way that is no answer: with
  /// refusals, half a page, another page, nothing. And for an hour the whole cloud is away. None of `machines`, which
  /// is all that the space may have, ends by that, and there is never one more.
  void survives_each_answer(std::size_t machines);

  SystemClock clock;
  std::unique_ptr<Cloud> made;
  std::vector<std::string> every_line;  ///< of all cycles
  std::vector<std::string> secrets;     ///< what none of them may hold

 private:
  SpaceReport cycle(Instant now, int die_at = 0);
  void expect_untouched(std::size_t machines, const std::string& when);
  bool dies(int die_at);  ///< or got through
};

}  // namespace nephele::fleet::testing
