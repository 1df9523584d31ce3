// SPDX-License-Identifier: Apache-2.0
#include "http/chunks.h"

#include <gtest/gtest.h>

namespace nephele::http {
namespace {

struct Decoded {
  ChunkDecoder::State end = ChunkDecoder::State::more;
  std::string data;
  std::string rest;
};

/// Feeds `step` bytes at a time.
Decoded decode(std::string_view text, std::size_t step) {
  Decoded result;
  ChunkDecoder decoder;
  std::string input;
  for (;;) {
    const auto next = decoder.next(input);
    input.erase(0, next.framing);
    result.end = next.state;
    if (next.state == ChunkDecoder::State::end || next.state == ChunkDecoder::State::bad) break;
    if (next.state == ChunkDecoder::State::data && !input.empty()) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(input.size(), decoder.remaining()));
      result.data += input.substr(0, n);
      input.erase(0, n);
      decoder.took(n);
      continue;
    }
    if (text.empty()) break;
    input += text.substr(0, step);
    text.remove_prefix(std::min(step, text.size()));
  }
  result.rest = input + std::string(text);
  return result;
}

struct Case {
  const char* name;
  std::string text;
  ChunkDecoder::State end;
  std::string data = "";
};
class Chunks : public ::testing::TestWithParam<Case> {};
TEST_P(Chunks, DecodeTheSameHoweverTheyArrive) {
  for (const std::size_t step : {1UZ, 2UZ, 3UZ, 7UZ, 100'000UZ}) {
    const auto got = decode(GetParam().text, step);
    EXPECT_EQ(got.end, GetParam().end) << step;
    if (GetParam().end == ChunkDecoder::State::end) {
      EXPECT_EQ(got.data, GetParam().data) << step;
      EXPECT_EQ(got.rest, "") << step;
    }
  }
}

using enum ChunkDecoder::State;
INSTANTIATE_TEST_SUITE_P(
    Table, Chunks,
    ::testing::Values(
        Case{"Empty", "0\r\n\r\n", end}, Case{"One", "5\r\nhello\r\n0\r\n\r\n", end, "hello"},
        Case{"Several", "1\r\na\r\nA\r\n0123456789\r\n00\r\n\r\n", end, "a0123456789"},
        Case{"Extension", "1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n", end, "x"},
        Case{"Trailers", "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n", end, "x"},
        Case{"BadTrailer", "0\r\nno colon\r\n\r\n", bad}, Case{"FoldedTrailer", "0\r\nA: b\r\n c\r\n\r\n", bad},
        Case{"NoSize", "\r\n", bad}, Case{"NotHex", "g\r\n", bad}, Case{"Prefix", "0x1\r\nx\r\n", bad},
        Case{"Sign", "+1\r\nx\r\n", bad}, Case{"Minus", "-1\r\nx\r\n", bad}, Case{"LeadingBlank", " 1\r\nx\r\n", bad},
        Case{"TrailingBlank", "1 \r\nx\r\n", bad}, Case{"HugeSize", "ffffffffffffffff\r\n", bad},
        Case{"ManyZeros", "0000000000000000000001\r\nx\r\n", bad}, Case{"BareLineFeed", "1\nx\n0\n\n", bad},
        Case{"DataTooLong", "1\r\nxy\r\n0\r\n\r\n", bad}, Case{"NoBreakAfterData", "1\r\nx0\r\n\r\n", bad},
        Case{"LineFeedAfterData", "1\r\nx\n0\r\n\r\n", bad}, Case{"LongExtension", "1;" + std::string(2000, 'a'), bad},
        Case{"ControlInExtension", std::string("1;\0\r\nx\r\n", 8), bad},
        Case{"LongTrailer", "0\r\nA: " + std::string(2000, 'a'), bad}, Case{"CutShort", "5\r\nhel", data},
        Case{"CutInSize", "5", more}, Case{"CutBeforeTheEnd", "0\r\n", more}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ChunkDecoder, CountsExtensionsAndTrailersOverTheWholeBody) {
  std::string extensions;
  for (int i = 0; i < 100; ++i) extensions += "1;" + std::string(900, 'e') + "\r\nx\r\n";
  EXPECT_EQ(decode(extensions + "0\r\n\r\n", 1000).end, bad);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 100; ++i) trailers += "T: " + std::string(900, 't') + "\r\n";
  EXPECT_EQ(decode(trailers + "\r\n", 1000).end, bad);
}

TEST(ChunkDecoder, LeavesWhatBelongsToTheNextRequest) {
  const auto got = decode("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 100);
  EXPECT_EQ(got.end, end);
  EXPECT_EQ(got.rest, "GET / HTTP/1.1\r\n");
}

}  // namespace
}  // namespace nephele::http
