// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/image_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <filesystem>

#include "base/clock.h"
#include "base/file_handle.h"
#include "base/text_file.h"
#include "fleet/file_sum.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

constexpr std::chrono::seconds asked_within{30};
// An image may take this long and a second more for each of these: a slow line is no dead one, and a big image no
// reason to wait for a dead one for ever.
constexpr std::chrono::seconds loaded_within{120};
constexpr std::uint64_t bytes_each_second = std::uint64_t{512} * 1024;
constexpr std::uint64_t image_max = std::uint64_t{256} << 30U;
constexpr std::chrono::milliseconds lock_poll{200};
constexpr std::size_t note_max = 256;

/// "Sun, 01 Mar 2026 12:00:00 GMT", as RFC 9110 wants it written.
std::optional<std::int64_t> unix_time(const std::string& http_date) {
  std::tm parts{};
  const char* const end = ::strptime(http_date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  const auto time = static_cast<std::int64_t>(::timegm(&parts));
  return time >= 0 ? std::optional(time) : std::nullopt;
}

std::optional<std::uint64_t> length_in(const http::ClientResponse& answer) {
  const auto text = answer.headers.find("Content-Length").value_or("");
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

Result<> broken(const std::string& path) {
  return fail(Kind::unavailable, path + " cannot be written: " + std::generic_category().message(errno));
}

/// Blocks go to a file and into its checksum.
class ToFile final : public http::Client::Sink {
 public:
  ToFile(std::string path, Workers& workers) : path_(std::move(path)), workers_(workers) {}
  Task<Result<>> write(std::span<const std::byte> block) override {
    co_return co_await workers_.run([this, block] { return take(block); });
  }
  /// Nothing came: an empty file.
  Result<> open() {
    if (file_) return {};
    file_ = FileHandle(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    return file_ ? Result<>{} : broken(path_);
  }
  /// On the disk, with the server's time.
  Result<std::string> end(std::int64_t modified) {
    TRY_VOID(open());
    const std::array<timespec, 2> times{timespec{.tv_sec = 0, .tv_nsec = UTIME_NOW},
                                        timespec{.tv_sec = modified, .tv_nsec = 0}};
    if (::futimens(file_.get(), times.data()) != 0 || ::fsync(file_.get()) != 0) {
      TRY_VOID(broken(path_));
    }
    return sum_.hex();
  }
  std::uint64_t length() const noexcept { return length_; }

 private:
  Result<> take(std::span<const std::byte> block) {
    TRY_VOID(open());
    length_ += block.size();
    if (length_ > image_max) return fail(Kind::over_quota, "it is longer than any image");
    sum_.add(block);
    while (!block.empty()) {
      const auto put = ::write(file_.get(), block.data(), block.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) return broken(path_);
      block = block.subspan(static_cast<std::size_t>(put));
    }
    return {};
  }

  std::string path_;
  Workers& workers_;
  FileHandle file_;
  FileSum sum_;
  std::uint64_t length_ = 0;
};

}  // namespace

struct ImageCache::Place {
  Place(std::string from, const std::string& folder) : url(std::move(from)) {
    const std::string name = cache_name(url);
    file = folder + "/" + name;
    lock = folder + "/." + name + ".lock";
    part = folder + "/." + name + ".part";
    note = folder + "/." + name + ".sum";
  }
  std::string url, file, lock, part;
  std::string note;  ///< "SHA256 TIME SIZE" of the file

  /// Beside the file, so that it is read once and not in each cycle.
  Result<ImageFile> look(const struct stat& about) const {
    ImageFile out{.path = file, .modified = about.st_mtim.tv_sec};
    const std::string tail = " " + std::to_string(out.modified) + " " + std::to_string(about.st_size);
    if (const auto text = read_text_file(note, note_max); text && text->ends_with(tail)) {
      out.sha256 = text->substr(0, text->size() - tail.size());
      return out;
    }
    TRY(out.sha256, sum_of_file(file));
    TRY_VOID(replace_file(note, out.sha256 + tail, 0644));
    return out;
  }
  Result<std::optional<ImageFile>> look() const {
    struct stat about{};
    if (::stat(file.c_str(), &about) != 0 || about.st_size == 0) return std::nullopt;
    TRY(auto found, look(about));
    return found;
  }
};

ImageCache::ImageCache(std::string folder, WebSettings web, Workers& workers, Say say)
    : folder_(std::move(folder)),
      web_(std::move(web)),
      workers_(workers),
      say_(std::move(say)),
      client_(client_settings(web_)) {}

http::ClientRequest ImageCache::request(const Place& place, const std::optional<ImageFile>& have) const {
  http::ClientRequest out{.url = place.url};
  if (!web_.agent.empty()) out.headers.add("User-Agent", web_.agent);
  if (have) out.headers.add("If-Modified-Since", http_date(Time{std::chrono::seconds{have->modified}}));
  return out;
}

/// One at a time looks after a URL, also of several processes. Whoever dies lets it go.
Task<Result<FileHandle>> ImageCache::lock(const Place& place, SteadyTime deadline) {
  for (;;) {
    FileHandle file(::open(place.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file) co_return fail(broken(place.lock).error());
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) co_return std::move(file);
    if (in(lock_poll) >= deadline)
      co_return fail(Kind::timeout, "another one has downloaded " + place.url + " for too long");
    co_await sleep_for(lock_poll);
  }
}

Task<Result<ImageCache::News>> ImageCache::ask(const Place& place, const std::optional<ImageFile>& have,
                                               SteadyTime deadline) {
  auto asked = request(place, have);
  asked.verb = http::Verb::head;
  asked.deadline = std::min(deadline, in(asked_within));
  CO_TRY(const auto answer, co_await send_following(client_, asked));
  if (answer.status == 304 && have) co_return News{};
  // Some servers know GET only.
  if (answer.status == 405 || answer.status == 501 || answer.status == 403) co_return News{.is_new = true};
  if (answer.status != 200) co_return fail(Kind::invalid, "it answers HTTP code " + std::to_string(answer.status));
  // Some take no notice of If-Modified-Since.
  if (have && unix_time(std::string(answer.headers.find("Last-Modified").value_or(""))) == have->modified)
    co_return News{};
  co_return News{.is_new = true, .length = length_in(answer)};
}

/// True: there is a new one. Whole, with its time and checksum, or not there at all.
Task<Result<bool>> ImageCache::download(const Place& place, const std::optional<ImageFile>& have,
                                        std::optional<std::uint64_t> length, SteadyTime deadline) {
  auto asked = request(place, have);
  asked.deadline = deadline;
  if (length)
    asked.deadline =
        std::min(deadline, in(loaded_within + std::chrono::seconds{std::min(*length, image_max) / bytes_each_second}));
  ToFile into(place.part, workers_);
  const auto answer = co_await send_following(client_, asked, &into);
  if (!answer) co_return fail(answer.error());
  if (answer->status == 304 && have) co_return false;
  if (answer->status != 200) co_return fail(Kind::invalid, "it answers HTTP code " + std::to_string(answer->status));
  const auto modified = unix_time(std::string(answer->headers.find("Last-Modified").value_or("")));
  if (!modified)
    co_return fail(Kind::invalid, "its server tells no Last-Modified, so nobody knows which version it is");
  if (into.length() == 0) co_return fail(Kind::invalid, "it is empty");
  if (const auto told = length_in(*answer); told && *told != into.length())
    co_return fail(Kind::unavailable, "it came in part only");
  co_return co_await workers_.run([&]() -> Result<bool> {
    TRY(const auto sum, into.end(*modified));
    if (::rename(place.part.c_str(), place.file.c_str()) != 0) {
      TRY_VOID(broken(place.file));
    }
    TRY_VOID(
        replace_file(place.note, sum + " " + std::to_string(*modified) + " " + std::to_string(into.length()), 0644));
    return true;
  });
}

Task<Result<bool>> ImageCache::refresh(const Place& place, const std::optional<ImageFile>& have, SteadyTime deadline) {
  CO_TRY(const auto news, co_await ask(place, have, deadline));
  if (!news.is_new) co_return false;
  const auto loaded = co_await download(place, have, news.length, deadline);
  if (!loaded) ::unlink(place.part.c_str());
  co_return loaded;
}

Task<Result<ImageFile>> ImageCache::file_of(std::string url, SteadyTime deadline) {
  std::error_code ec;
  std::filesystem::create_directories(folder_, ec);
  if (ec) co_return fail(Kind::unavailable, folder_ + " cannot be made: " + ec.message());
  const Place place(std::move(url), folder_);
  CO_TRY(const auto locked, co_await lock(place, deadline));
  const auto look = [&place] { return place.look(); };
  CO_TRY(const auto have, co_await workers_.run(look));
  const auto loaded = co_await refresh(place, have, deadline);
  if (!loaded && !have)
    co_return fail(Kind::invalid, "Failed to fetch " + place.url + ": " + loaded.error().sentence());
  if (!loaded)
    say_("Failed to fetch " + place.url + ": " + loaded.error().sentence() + "; the copy of " +
         http_date(Time{std::chrono::seconds{have->modified}}) + " is used");
  if (!loaded || !*loaded) co_return *have;
  say_("New " + place.url + " put in " + folder_);
  CO_TRY(const auto now, co_await workers_.run(look));
  if (!now) co_return fail(Kind::unavailable, place.file + " has gone again");
  co_return *now;
}

}  // namespace nephele::fleet
