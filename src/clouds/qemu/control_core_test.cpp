// SPDX-License-Identifier: Apache-2.0
#include "clouds/qemu/control_core.h"

#include <gtest/gtest.h>

namespace nephele::qemu {
namespace {

struct FrameCase {
  const char* name;
  std::string bytes;
  std::vector<std::string> frames;  ///< "type=payload"
};
class Frames : public testing::TestWithParam<FrameCase> {};

TEST_P(Frames, AreReadHoweverTheyAreTorn) {
  for (std::size_t cut = 1; cut <= GetParam().bytes.size(); ++cut) {
    ControlCore core;
    std::vector<std::string> heard;
    for (std::size_t at = 0; at < GetParam().bytes.size(); at += cut)
      for (const auto& frame : core.feed(std::string_view(GetParam().bytes).substr(at, cut)))
        heard.push_back(frame.type + "=" + frame.payload);
    EXPECT_EQ(heard, GetParam().frames) << "in pieces of " << cut;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, Frames,
    testing::Values(FrameCase{"One", "ready 2\n{}", {"ready={}"}}, FrameCase{"Empty", "booting 0\n", {"booting="}},
                    FrameCase{
                        "Several", "booting 0\nready 3\na\nbstopping 0\n", {"booting=", "ready=a\nb", "stopping="}},
                    FrameCase{"NoLength", "ready\nready 1\nx", {"ready=x"}},
                    FrameCase{"NoType", " 3\nready 1\nx", {"ready=x"}},
                    FrameCase{"NegativeLength", "ready -1\nready 1\nx", {"ready=x"}},
                    FrameCase{"HugeNumber", "ready 99999999999999999999999\nready 1\nx", {"ready=x"}},
                    FrameCase{"LongLine", std::string(500, 'a') + "\nready 1\nx", {"ready=x"}},
                    FrameCase{"LongType", std::string(30, 'a') + " 0\nready 1\nx", {"ready=x"}},
                    FrameCase{"TooBig", "ready 70000\n" + std::string(70000, 'z') + "ready 1\nx", {"ready=x"}},
                    FrameCase{"EmptyLines", "\n\n\nready 1\nx", {"ready=x"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ControlFrame, IsTypeLengthPayload) {
  EXPECT_EQ(ControlCore::frame("query", ""), "query 0\n");
  EXPECT_EQ(ControlCore::frame("time", "1.5"), "time 3\n1.5");
}

}  // namespace
}  // namespace nephele::qemu
