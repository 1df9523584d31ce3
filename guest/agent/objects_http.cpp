// SPDX-License-Identifier: Apache-2.0
#include "objects_http.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <array>
#include <cerrno>
#include <optional>

#include "object_key.h"
#include "sha256.h"
#include "text.h"

namespace guest {
namespace {

constexpr std::string_view no_room = "the disk of this machine is full: delete objects or enlarge it";
constexpr std::string_view broken = "the disk of this machine does not take the object";
constexpr std::string_view default_type = "application/octet-stream";

std::string http_date(std::int64_t seconds) {
  const time_t when = seconds;
  tm parts{};
  ::gmtime_r(&when, &parts);
  std::array<char, 40> text{};
  ::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return text.data();
}

bool names_etag(std::string_view field, const std::string& etag) {
  if (field.empty()) return false;
  for (std::string_view word : split_words(field)) {
    if (word.starts_with("W/")) word.remove_prefix(2);
    if (word == "*" || word == "\"" + etag + "\"") return true;
  }
  return false;
}

struct Range {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
};

enum class RangeKind { none, usable, unusable };

/// One range of bytes; anything else is ignored, as RFC 9110 (14.2) allows.
RangeKind parse_range(std::string_view field, std::uint64_t size, Range& range) {
  if (!field.starts_with("bytes=") || field.find(',') != std::string_view::npos) return RangeKind::none;
  field.remove_prefix(6);
  const std::size_t dash = field.find('-');
  if (dash == std::string_view::npos) return RangeKind::none;
  const auto first = to_number(field.substr(0, dash), 1ULL << 60);
  const auto last = to_number(field.substr(dash + 1), 1ULL << 60);
  if (dash == 0) {
    if (!last) return RangeKind::none;
    range.length = std::min(*last, size);
    range.first = size - range.length;
    return range.length == 0 ? RangeKind::unusable : RangeKind::usable;
  }
  if (!first || (!last && dash + 1 < field.size()) || (last && *last < *first)) return RangeKind::none;
  if (*first >= size) return RangeKind::unusable;
  range.first = *first;
  range.length = std::min(last.value_or(size - 1), size - 1) - *first + 1;
  return RangeKind::usable;
}

std::string object_json(std::string_view key, const ObjectRecord& record) {
  return "{\"key\":" + json_quote(key) + ",\"size\":" + std::to_string(record.size) +
         ",\"etag\":" + json_quote(record.etag) + ",\"type\":" + json_quote(record.type) +
         ",\"modified\":" + std::to_string(record.modified) + "}";
}

Response store_answer(StoreResult result, std::string_view key, const ObjectRecord& record) {
  switch (result) {
    case StoreResult::created:
    case StoreResult::replaced: {
      Response response = json_response(result == StoreResult::created ? 201 : 200, object_json(key, record));
      response.fields.emplace_back("ETag", "\"" + record.etag + "\"");
      return response;
    }
    case StoreResult::removed: {
      Response response;
      response.status = 204;
      return response;
    }
    case StoreResult::missing:
      return error_response(404, "no object has this key");
    case StoreResult::exists:
      return error_response(412, "an object has this key already");
    case StoreResult::full:
      return error_response(507, no_room);
    case StoreResult::broken:
      break;
  }
  return error_response(500, broken);
}

std::string type_of(const Request& request) {
  std::string type(request.field("content-type"));
  const bool plain = type.size() <= 128 && type.find_first_of("\t\r\n") == std::string::npos && is_utf8(type);
  return type.empty() || !plain ? std::string(default_type) : type;
}

}  // namespace

/// A PUT under way: the content goes to a file of its own and gets the key's name when all of it is on disk.
class Upload : public Exchange {
 public:
  Upload(ObjectsHttp& objects, std::string_view key, const Request& request, Reply reply)
      : objects_(objects), reply_(std::move(reply)), key_(key), only_new_(request.field("if-none-match") == "*") {
    record_.type = type_of(request);
    file_ = objects.store_.begin(temporary_);
    const bool reserved = file_ && reserve(request.content_length.value_or(0));
    if (!reserved) refuse();
  }

  ~Upload() override {
    if (file_) ::unlink(temporary_.c_str());
  }

  std::size_t body(std::string_view bytes) override {
    std::string_view rest = bytes;
    while (file_ && !rest.empty()) {
      const ssize_t written = ::write(file_.get(), rest.data(), rest.size());
      if (written <= 0) {
        refuse();
        break;
      }
      hash_.update(rest.substr(0, static_cast<std::size_t>(written)));
      record_.size += static_cast<std::uint64_t>(written);
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return bytes.size();
  }

  void body_end() override {
    if (!file_) return;
    record_.etag = hash_.finish_hex();
    record_.modified = ::time(nullptr);
    auto file = std::make_shared<Fd>(std::move(file_));
    objects_.worker_.run([store = &objects_.store_, file, temporary = temporary_, key = key_, record = record_,
                          only_new = only_new_, reply = reply_]() -> Worker::Completion {
      const StoreResult result = store->commit(*file, temporary, key, record, only_new);
      file->reset();
      return [=] { reply.send(store_answer(result, key, record)); };
    });
  }

 private:
  /// So that a full disk is known before the content has come; a file system that can't reserve is no fault.
  bool reserve(std::uint64_t length) const {
    if (length == 0) return true;
    const auto bytes = static_cast<off_t>(length + ObjectRecord::bytes);
    return ::fallocate(file_.get(), 0, 0, bytes) == 0 || errno == EOPNOTSUPP;
  }

  void refuse() {
    if (file_) ::unlink(temporary_.c_str());
    file_.reset();
    reply_.send(error_response(507, no_room));
  }

  ObjectsHttp& objects_;
  Reply reply_;
  std::string key_;
  bool only_new_;
  std::string temporary_;
  Fd file_;
  Sha256 hash_;
  ObjectRecord record_;
};

ObjectsHttp::ObjectsHttp(Loop& loop, std::string folder) : store_(std::move(folder)), worker_(loop) {}

std::unique_ptr<Exchange> ObjectsHttp::handle(const Request& request, Reply reply) {
  constexpr std::string_view root = "/objects";
  std::string_view key = request.path;
  key.remove_prefix(std::min(root.size() + 1, key.size()));
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const auto refuse = [&](std::string allowed) {
    Response response = error_response(405, "allowed here: " + allowed);
    response.fields.emplace_back("Allow", std::move(allowed));
    reply.send(std::move(response));
  };
  if (key.empty()) {
    if (reads)
      list(request, std::move(reply));
    else
      refuse("GET, HEAD");
    return nullptr;
  }
  if (const auto fault = key_fault(key)) {
    reply.send(error_response(400, *fault));
    return nullptr;
  }
  if (request.method == "PUT") return put(key, request, std::move(reply));
  if (reads)
    get(key, request, reply);
  else if (request.method == "DELETE")
    remove(key, std::move(reply));
  else
    refuse("GET, HEAD, PUT, DELETE");
  return nullptr;
}

std::unique_ptr<Exchange> ObjectsHttp::put(std::string_view key, const Request& request, Reply reply) {
  if (!request.content_length && !request.chunked) {
    reply.send(error_response(411, "say how long the object is: Content-Length"));
    return nullptr;
  }
  return std::make_unique<Upload>(*this, key, request, std::move(reply));
}

void ObjectsHttp::get(std::string_view key, const Request& request, const Reply& reply) const {
  Response response;
  const auto record = store_.open_object(key, response.file);
  if (!record) {
    reply.send(error_response(404, "no object has this key"));
    return;
  }
  response.type = record->type;
  response.fields = {
      {"ETag", "\"" + record->etag + "\""}, {"Last-Modified", http_date(record->modified)}, {"Accept-Ranges", "bytes"}};
  Range range{0, record->size};
  const RangeKind kind = parse_range(request.field("range"), record->size, range);
  if (names_etag(request.field("if-none-match"), record->etag)) {
    response.status = 304;
    response.file.reset();
  } else if (kind == RangeKind::unusable) {
    response = error_response(416, "the object is shorter");
    response.fields.emplace_back("Content-Range", "bytes */" + std::to_string(record->size));
  } else if (kind == RangeKind::usable) {
    response.status = 206;
    response.fields.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                      std::to_string(range.first + range.length - 1) + "/" +
                                                      std::to_string(record->size));
  }
  response.file_offset = ObjectRecord::bytes + range.first;
  response.file_length = range.length;
  reply.send(std::move(response));
}

void ObjectsHttp::remove(std::string_view key, Reply reply) {
  worker_.run([store = &store_, key = std::string(key), reply]() -> Worker::Completion {
    const StoreResult result = store->remove(key);
    return [=] { reply.send(store_answer(result, key, {})); };
  });
}

void ObjectsHttp::list(const Request& request, Reply reply) {
  std::size_t limit = 100;
  if (const auto text = request.parameter("limit")) {
    const auto number = to_number(*text, list_max);
    if (!number || *number == 0) {
      reply.send(error_response(400, "limit is a number from 1 to 1000"));
      return;
    }
    limit = static_cast<std::size_t>(*number);
  }
  worker_.run([store = &store_, limit, prefix = request.parameter("prefix").value_or(""),
               marker = request.parameter("marker").value_or(""), reply]() -> Worker::Completion {
    const ObjectList list = store->list(prefix, marker, limit);
    std::string body = "{\"objects\":[";
    for (const ListedObject& object : list.objects) {
      if (body.back() == '}') body += ',';
      body += object_json(object.key, object.record);
    }
    body += "],\"next\":" + (list.more ? json_quote(list.objects.back().key) : "null") + "}";
    return [=] { reply.send(json_response(200, body)); };
  });
}

}  // namespace guest
