// SPDX-License-Identifier: Apache-2.0
#include "frames.h"

#include <vector>

#include "check.h"

using namespace guest;

namespace {

struct Recorder : FrameSink {
  std::string log;
  bool begin(std::string_view type, std::uint64_t length) override {
    if (type == "unwanted" || length > 1000) return false;
    log += "<" + std::string(type) + ":";
    return true;
  }
  void data(std::string_view bytes) override { log += bytes; }
  void end() override { log += ">"; }
  void abandoned() override { log += "!"; }
};

const std::string stream = "query 0\ncontext 5\na\nb=cnoise\nunwanted 3\nabctime 1\n7\n\nquery 0\n";
const std::string expected = "<query:><context:a\nb=c><time:7><query:>";

const AddCase takes_any_portions("frames, portions", [] {
  for (std::size_t portion = 1; portion <= stream.size(); ++portion) {
    Recorder recorder;
    FrameParser parser(recorder);
    for (std::size_t at = 0; at < stream.size(); at += portion)
      parser.feed(std::string_view(stream).substr(at, portion));
    check(recorder.log == expected && !parser.in_frame());
  }
});

const AddCase finds_its_place_again("frames, garbage", [] {
  for (const char* junk :
       {"\n\n", "x\n", "query\n", "query -1\n", "query 99999999999\n", "QUERY 0\n", "query  0\n", "query 0 \n",
        "\xff\xfe 3\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"}) {
    Recorder recorder;
    FrameParser parser(recorder);
    parser.feed(junk);
    parser.feed("query 0\n");
    check(recorder.log == "<query:>");
  }
});

const AddCase gives_up_a_torn_frame("frames, torn", [] {
  Recorder recorder;
  FrameParser parser(recorder);
  parser.feed("context 100\nhalf");
  check(parser.in_frame());
  parser.reset();
  check(!parser.in_frame());
  parser.feed("query 0\nque");
  parser.reset();
  parser.feed("query 0\n");
  check(recorder.log == "<context:half!<query:><query:>");
});

const AddCase survives_any_bytes("frames, any bytes", [] {
  std::uint32_t seed = 3;
  constexpr std::string_view alphabet = "query time 012\n\n\xff";
  for (int round = 0; round < 20000; ++round) {
    Recorder recorder;
    FrameParser parser(recorder);
    std::string bytes;
    for (int at = 0; at < 60; ++at) bytes += alphabet[((seed = seed * 1664525 + 1013904223) >> 16) % alphabet.size()];
    parser.feed(bytes);
    parser.reset();
    parser.feed("\nquery 0\n");
    check(recorder.log.ends_with("<query:>"));
  }
});

const AddCase makes_what_it_reads("frames, make", [] {
  Recorder recorder;
  FrameParser parser(recorder);
  parser.feed(make_frame("ready", "{}"));
  check(make_frame("ready", "{}") == "ready 2\n{}" && recorder.log == "<ready:{}>");
});

}  // namespace
