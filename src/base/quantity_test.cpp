// SPDX-License-Identifier: Apache-2.0
#include "base/quantity.h"

#include <gtest/gtest.h>

namespace nephele {
namespace {

constexpr std::int64_t gib = std::int64_t{1} << 30U;

struct Read {
  std::string_view text;
  std::int64_t value;
};

TEST(Quantity, IsReadWithEveryUnit) {
  for (const auto& [text, value] :
       {Read{"0", 0}, Read{"20", 20}, Read{"1K", 1024}, Read{"1KB", 1024}, Read{"1kib", 1024}, Read{"4G", 4 * gib},
        Read{" 4 GiB ", 4 * gib}, Read{"1.5G", gib + gib / 2}, Read{"0.001K", 1}, Read{"2M", 2 << 20U},
        Read{"1T", gib << 10U}, Read{"1PiB", gib << 20U}, Read{"7 bytes", 7}, Read{"7B", 7}, Read{"inf", unlimited},
        Read{"Inf", unlimited}, Read{"9223372036854775807", unlimited}, Read{"8191P", std::int64_t{8191} << 50U}}) {
    const auto read = quantity_from(text);
    ASSERT_TRUE(read.has_value()) << text << ": " << read.error().sentence();
    EXPECT_EQ(*read, value) << text;
  }
}

TEST(Quantity, RefusesWhatIsNoneOrTooLarge) {
  for (const std::string_view text : {"", " ", "G", "-1", "1X", "1KX", "1.", "1.G", ".5", "1 2", "1e3", "infinite",
                                      "9223372036854775808", "8192P", "99999999999999999999", "1\n"})
    EXPECT_FALSE(quantity_from(text).has_value()) << text;
}

struct Shown {
  std::int64_t bytes;
  UnitStyle style;
  std::string_view text;
};

TEST(Quantity, IsShownInEveryStyle) {
  for (const auto& [bytes, style, text] :
       {Shown{0, UnitStyle::automatic, "0 B"}, Shown{1023, UnitStyle::automatic, "1023 B"},
        Shown{1024, UnitStyle::automatic, "1 KiB"}, Shown{gib + gib / 2, UnitStyle::automatic, "1.5 GiB"},
        Shown{gib / 3, UnitStyle::automatic, "341.33 MiB"}, Shown{-4 * gib, UnitStyle::automatic, "-4 GiB"},
        Shown{gib, UnitStyle::mb, "1024 MiB"}, Shown{gib, UnitStyle::b, "1073741824 B"},
        Shown{gib, UnitStyle::tb, "0 TiB"}, Shown{512 * gib, UnitStyle::tb, "0.5 TiB"},
        Shown{gib << 20U, UnitStyle::pb, "1 PiB"}, Shown{gib, UnitStyle::none, "1073741824"},
        Shown{unlimited, UnitStyle::automatic, "inf"}, Shown{unlimited, UnitStyle::kb, "inf"},
        Shown{unlimited, UnitStyle::none, "9223372036854775807"}})
    EXPECT_EQ(show_bytes(bytes, style), text);
  EXPECT_EQ(show_count(unlimited, UnitStyle::automatic), "inf");
  EXPECT_EQ(show_count(12, UnitStyle::gb), "12");
}

TEST(Quantity, ReadsWhatItShows) {
  for (const std::int64_t bytes : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 40U, 3 * gib, unlimited})
    EXPECT_EQ(quantity_from(show_bytes(bytes, UnitStyle::automatic)).value(), bytes);
}

TEST(Quantity, KnowsItsStylesByName) {
  EXPECT_EQ(unit_style_from("auto").value(), UnitStyle::automatic);
  EXPECT_EQ(unit_style_from("pb").value(), UnitStyle::pb);
  EXPECT_FALSE(unit_style_from("eb").has_value());
}

}  // namespace
}  // namespace nephele
