// SPDX-License-Identifier: Apache-2.0
#include "context.h"

#include "check.h"
#include "text.h"

using namespace guest;

namespace {

const AddCase reads_what_a_shell_reads("context", [] {
  const Variables got = parse_context(
      "# comment\nA='it'\\''s'\nB=\"x \\\"y\\\" $z\"\nC=bare word\nexport "
      "D='multi\nline'\nE=''\n=x\n1F='no'\nG\nH='a'\"b\"c\n"
      "  I='indented'\nJ='1';K='2'\n");
  check(got.at("A") == "it's" && got.at("B") == "x \"y\" $z" && got.at("C") == "bare");
  check(got.at("D") == "multi\nline" && got.at("E").empty() && got.at("H") == "abc" && got.at("I") == "indented");
  check(got.at("J") == "1" && got.at("K") == "2" && !got.contains("1F") && !got.contains("G"));
});

const AddCase an_open_quote_takes_the_rest("context, open quote", [] {
  const Variables got = parse_context("A='1'\nB='never closed\nC='2'\n");
  check(got.at("A") == "1" && !got.contains("C") && got.size() <= 2);
  check(parse_context("A='").empty() && parse_context("A=").at("A").empty() && parse_context("A").empty());
});

const AddCase writes_what_it_reads("context, round trip", [] {
  Variables variables = {{"A", "it's"}, {"B", "a\nb"}, {"C", "''''"}, {"D", "\\\"$"}, {"E", ""}};
  check(parse_context(write_context(variables)) == variables);
});

const AddCase keeps_no_credentials("context, credentials", [] {
  const Variables kept = kept_variables(parse_context("SR_AUTH='x'\nTOKEN='y'\nNAME='n'\nFUNCTION_ENV_A='b'\n"));
  check(kept.size() == 2 && kept.contains("NAME") && kept.contains("FUNCTION_ENV_A"));
});

const AddCase understands_settings("context, settings", [] {
  const Settings s =
      settings_from(parse_context("NAME='My box!'\nROLE='daas'\nPORTS='8000, 8080 x 0 99999 8000'\n"
                                  "ETH0_IP='10.0.2.15'\nETH1_MAC='AA:bb'\nFUNCTION_TIMEOUT='abc'\n"
                                  "FUNCTION_CONCURRENCY='9'\nPEER_PORT='-1'\n"));
  check(s.name == "My box!" && s.hostname == "My-box" && s.is_data());
  check((s.ports == std::vector<std::uint16_t>{8000, 8080}) && s.nics[0].ip == "10.0.2.15" && s.nics[1].mac == "AA:bb");
  check(s.function_timeout.count() == 30 && s.function_concurrency == 9 && s.peer_port == 8000);
  check(settings_from({}).ports == std::vector<std::uint16_t>{8000} && settings_from({}).hostname == "localhost");
  check(to_hostname("---") == "localhost" && to_hostname("a/../b") == "a-..-b");
});

const AddCase survives_any_bytes("context, any bytes", [] {
  std::uint32_t seed = 7;
  constexpr std::string_view alphabet = "AB_='\"\\\n #;x\0";
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (int at = 0; at < 40; ++at) text += alphabet[((seed = seed * 1664525 + 1013904223) >> 16) % alphabet.size()];
    const Variables variables = parse_context(text);
    check(parse_context(write_context(variables)) == variables);
    settings_from(variables);
  }
});

const AddCase json_is_always_valid("text, json", [] {
  check(json_quote("a\"\\\n\x01\x7f") == "\"a\\\"\\\\\\n\\u0001\\u007f\"");
  check(json_quote("\xff\xc3\xa4\xc3") == "\"\\ufffd\xc3\xa4\\ufffd\"");
  check(!is_utf8("\xc0\x80") && !is_utf8("\xed\xa0\x80") && !is_utf8("\xf4\x90\x80\x80") &&
        is_utf8("\xf4\x8f\xbf\xbf"));
  check(to_number("18446744073709551615", UINT64_MAX) == UINT64_MAX && !to_number("18446744073709551616", UINT64_MAX));
  check(!to_number("", 9) && !to_number("10", 9) && to_number("9", 9) == 9U && !to_number("9", 5) &&
        !to_number("-1", 9));
  check(!percent_decode("%") && !percent_decode("%4") && !percent_decode("%zz") && percent_decode("%41%2f") == "A/");
});

}  // namespace
