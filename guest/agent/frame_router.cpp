// SPDX-License-Identifier: Apache-2.0
#include "frame_router.h"

#include <fcntl.h>
#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>

#include "paths.h"
#include "text.h"

namespace guest {
namespace {

struct Limit {
  std::string_view type;
  std::uint64_t length_max;
};

constexpr std::array<Limit, 5> known_types = {
    {{"context", 256 << 10}, {"function", 32 << 20}, {"time", 64}, {"entropy", 4096}, {"query", 4096}}};

const std::string new_function = std::string(paths::function) + ".frame";

}  // namespace

bool FrameRouter::begin(std::string_view type, std::uint64_t length) {
  for (const Limit& known : known_types) {
    if (known.type != type || length > known.length_max) continue;
    type_ = type;
    payload_.clear();
    if (type == "function") {
      ::unlink(new_function.c_str());
      function_.reset(::open(new_function.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
      function_complete_ = length > 0 && function_;
    }
    return true;
  }
  return false;
}

void FrameRouter::data(std::string_view bytes) {
  if (type_ != "function") {
    payload_ += bytes;
  } else if (function_complete_) {
    function_complete_ = ::write(function_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  }
}

void FrameRouter::end() {
  if (type_ == "context") calls_.context(payload_);
  if (type_ == "function") install_function();
  if (type_ == "time" && !set_clock(trim(payload_))) console_line("time: not a number of seconds");
  if (type_ == "entropy") stir_entropy(payload_);
  if (type_ == "query") calls_.query();
  payload_ = std::string();
}

void FrameRouter::abandoned() {
  function_.reset();
  ::unlink(new_function.c_str());
  payload_ = std::string();
}

void FrameRouter::install_function() {
  function_.reset();
  if (function_complete_)
    ::rename(new_function.c_str(), paths::function);
  else
    ::unlink(new_function.c_str());
  if (!function_complete_) ::unlink(paths::function);
  calls_.function();
}

bool set_clock(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto seconds = to_number(text.substr(0, dot), 1ULL << 40);
  if (!seconds) return false;
  std::string fraction(dot < text.size() ? text.substr(dot + 1, 9) : std::string_view());
  fraction.resize(9, '0');
  const auto nanoseconds = to_number(fraction, 999'999'999);
  if (!nanoseconds) return false;
  const timespec now{static_cast<time_t>(*seconds), static_cast<long>(*nanoseconds)};
  return ::clock_settime(CLOCK_REALTIME, &now) == 0;
}

void stir_entropy(std::string_view bytes) {
  const Fd pool(::open("/dev/random", O_WRONLY | O_CLOEXEC));
  if (!pool) return;
  std::string buffer(sizeof(rand_pool_info) + bytes.size(), '\0');
  rand_pool_info info{};
  info.entropy_count = static_cast<int>(std::min<std::size_t>(bytes.size() * 8, 4096));
  info.buf_size = static_cast<int>(bytes.size());
  std::memcpy(buffer.data(), &info, sizeof info);
  std::memcpy(buffer.data() + sizeof info, bytes.data(), bytes.size());
  ::ioctl(pool.get(), RNDADDENTROPY, buffer.data());
  ::ioctl(pool.get(), RNDRESEEDCRNG);
}

}  // namespace guest
