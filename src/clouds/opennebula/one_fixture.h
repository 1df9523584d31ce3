// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "clouds/opennebula/oned.h"
#include "clouds/opennebula/oneflow.h"
#include "clouds/xml/xml.h"
#include "http/server_fixture.h"

/// An oned and a OneFlow that answer what a test has written down, and keep what they were asked.
namespace nephele::opennebula::testing {

struct Reply {
  int status = 200;
  std::string body = {};
  std::chrono::milliseconds delay{0};
  bool cut = false;          ///< the connection breaks in the middle of the body
  std::size_t together = 0;  ///< it comes when so many calls have come, or after ten seconds
};

struct Seen {
  std::string call;  ///< "one.vm.info", "GET /service/3"
  std::string body;
  std::string authorization;
};

/// The first half of a body, then a broken connection.
class BrokenSource final : public http::BodySource {
 public:
  explicit BrokenSource(std::string half) : half_(std::move(half)) {}
  Task<Result<std::size_t>> read(std::span<std::byte> into) override {
    if (half_.empty()) co_return fail(Kind::unavailable, "cut");
    const auto count = std::min(into.size(), half_.size());
    std::memcpy(into.data(), half_.data(), count);
    half_.erase(0, count);
    co_return count;
  }

 private:
  std::string half_;
};

struct ScriptedOne {
  Task<http::Response> oned(http::Request& request) {
    auto body = (co_await http::read_all(*request.body, 1U << 20U)).value_or("");
    const auto begin = body.find("<methodName>") + 12;
    std::string call = body.substr(begin, body.find("</methodName>") - begin);
    co_return co_await answer(request, std::move(call), std::move(body));
  }
  Task<http::Response> flow(http::Request& request) {
    auto body = (co_await http::read_all(*request.body, 1U << 20U)).value_or("");
    std::string call = std::string(http::to_string(request.verb)) + " " + request.path.substr(5);  // without /flow
    co_return co_await answer(request, std::move(call), std::move(body));
  }

  /// Replies of one call are given in their order; the last one stays.
  void on(const std::string& call, Reply reply) {
    const std::lock_guard lock(mutex);
    replies[call].push_back(std::move(reply));
  }
  /// From now on.
  void only(const std::string& call, Reply reply) {
    const std::lock_guard lock(mutex);
    replies[call] = {std::move(reply)};
  }
  std::vector<Seen> calls() {
    const std::lock_guard lock(mutex);
    return seen;
  }

  static constexpr http::Route<ScriptedOne> routes[] = {
      {http::Verb::post, "/RPC2", http::Access::open, &ScriptedOne::oned, 1U << 20U},
      {http::Verb::get, "/flow/service", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::get, "/flow/service/{id}", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::del, "/flow/service/{id}", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::post, "/flow/service/{id}/action", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::get, "/flow/service_template", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::get, "/flow/service_template/{id}", http::Access::open, &ScriptedOne::flow, 1U << 20U},
      {http::Verb::post, "/flow/service_template/{id}/action", http::Access::open, &ScriptedOne::flow, 1U << 20U},
  };

  std::mutex mutex;
  std::map<std::string, std::deque<Reply>> replies;
  std::vector<Seen> seen;

 private:
  Reply next(http::Request& request, std::string call, std::string body) {
    const std::lock_guard lock(mutex);
    auto& left = replies[call];
    seen.push_back({std::move(call), std::move(body), std::string(request.headers.find("Authorization").value_or(""))});
    if (left.empty()) return {.status = 404, .body = "not in the script"};
    Reply reply = left.front();
    if (left.size() > 1) left.pop_front();
    return reply;
  }

  Task<http::Response> answer(http::Request& request, std::string call, std::string body) {
    const Reply reply = next(request, std::move(call), std::move(body));
    if (reply.delay.count() > 0) co_await sleep_for(reply.delay);
    for (const auto until = in(std::chrono::seconds(10));
         calls().size() < reply.together && std::chrono::steady_clock::now() < until;)
      co_await sleep_for(std::chrono::milliseconds(2));
    http::Response response = http::text_response(reply.status, reply.body);
    if (reply.cut)
      response.body =
          http::Stream{std::make_unique<BrokenSource>(reply.body.substr(0, reply.body.size() / 2)), reply.body.size()};
    co_return response;
  }
};

inline std::string envelope(const std::string& values) {
  return "<?xml version=\"1.0\" "
         "encoding=\"UTF-8\"?>\r\n<methodResponse>\r\n<params>\r\n<param><value><array><data>\r\n" +
         values + "</data></array></value></param>\r\n</params>\r\n</methodResponse>\r\n";
}
inline std::string success(const std::string& payload) {
  return envelope("<value><boolean>1</boolean></value>\r\n<value><string>" + xml::escape(payload) +
                  "</string></value>\r\n<value><i4>0</i4></value>\r\n");
}
inline std::string success(int id) {
  return envelope("<value><boolean>1</boolean></value>\r\n<value><i4>" + std::to_string(id) +
                  "</i4></value>\r\n<value><i4>0</i4></value>\r\n");
}
inline std::string failure(const std::string& message, int code, int object = -1) {
  return envelope("<value><boolean>0</boolean></value>\r\n<value><string>" + xml::escape(message) +
                  "</string></value>\r\n<value><i4>" + std::to_string(code) + "</i4></value>\r\n<value><i4>" +
                  std::to_string(object) + "</i4></value>\r\n<value><i8>-1</i8></value>\r\n");
}
inline constexpr std::string_view vm_xml =
    "<VM><ID>7</ID><NAME>FAAS_0</NAME><STATE>3</STATE><LCM_STATE>3</LCM_STATE></VM>";

inline std::string document(int id, int type, const std::string& body, const std::string& name = "n") {
  return "<DOCUMENT><ID>" + std::to_string(id) +
         "</ID><UID>2</UID><GID>1</GID><UNAME>alice</UNAME><GNAME>users</GNAME><NAME>" + name + "</NAME><TYPE>" +
         std::to_string(type) + "</TYPE><TEMPLATE><BODY><![CDATA[" + body + "]]></BODY></TEMPLATE></DOCUMENT>";
}

/// Keeps what it is told.
class KeptLog final : public CallLog {
 public:
  struct Entry {
    std::string system, call, user, error, sent, received;
    std::optional<std::int64_t> object;
  };
  explicit KeptLog(bool texts = true) : texts_(texts) {}
  bool wants_text() const noexcept override { return texts_; }
  void ended(const CallRecord& record) noexcept override {
    const std::lock_guard lock(mutex_);
    entries_.push_back({.system = std::string(record.system),
                        .call = std::string(record.call),
                        .user = std::string(record.user),
                        .error = record.error == nullptr ? "" : record.error->sentence(),
                        .sent = std::string(record.sent),
                        .received = std::string(record.received),
                        .object = record.object});
  }
  std::vector<Entry> entries() const {
    const std::lock_guard lock(mutex_);
    return entries_;
  }

 private:
  bool texts_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
};

class ScriptedTest : public ::testing::Test {
 protected:
  Endpoint oned_endpoint() const { return {.url = root() + "/RPC2", .timeout = std::chrono::seconds(5)}; }
  Endpoint flow_endpoint() const { return {.url = root() + "/flow/", .timeout = std::chrono::seconds(5)}; }
  std::string root() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  void on(const std::string& call, Reply reply) { server_.api.on(call, std::move(reply)); }
  void on(const std::string& call, std::string body) { server_.api.on(call, {.body = std::move(body)}); }
  std::size_t count(std::string_view call) {
    return static_cast<std::size_t>(std::ranges::count(server_.api.calls(), call, &Seen::call));
  }
  template <class T>
  T wait(Task<T> task) {
    return threads_.run(std::move(task));
  }

  http::testing::RunningServer<ScriptedOne> server_;
  IoThreads threads_{1};
  KeptLog log_;
  Oned oned_{oned_endpoint(), &log_};
  OneFlow flow_{flow_endpoint(), &log_};
  const Session alice_{"alice", Secret("pass:word"), SteadyTime::max()};
};

}  // namespace nephele::opennebula::testing
