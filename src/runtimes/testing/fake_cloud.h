// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtimes/runtime_cloud.h"
#include "runtimes/sign_in.h"

namespace nephele::runtimes::testing {

/// A cloud that keeps runtimes in a map: what the API does is seen without machines. One refusal can be ordered.
class FakeCloud final : public RuntimeCloud {
 public:
  std::optional<Refusal> refusal;  ///< the next call answers it
  std::vector<std::string> asked;  ///< "create ada", "read 2" ...
  std::optional<IdempotencyKey> last_key;

  Task<Answer<View>> create(Caller caller, NewRuntime wanted) override {
    asked.push_back("create " + caller.user);
    last_key = wanted.idempotency;
    if (auto no = refused()) co_return std::unexpected(std::move(*no));
    const RuntimeId id(last_ += 2);
    Function function;
    function.vm_id = 7;
    function.endpoint = "127.96.0.1";
    function.sizes = {.cpu = 1, .memory_mib = 128, .disk_mib = 256};
    std::string text = render(id, id.number() - 1, wanted.specification.name.value_or("made-up"),
                              wanted.specification.document, std::span(&function, 1));
    runtimes_[id] = {caller.account, text};
    co_return View{.id = id, .runtime = std::move(text)};
  }
  Task<Answer<View>> read(Caller caller, RuntimeId id) override {
    asked.push_back("read " + id.text());
    if (auto no = refused()) co_return std::unexpected(std::move(*no));
    const auto found = runtimes_.find(id);
    if (found == runtimes_.end()) co_return refuse(Code::not_found);
    if (found->second.first != caller.account)
      co_return refuse(Code::document_unreadable, Error(Kind::forbidden, "runtime " + id.text() + " is not yours"));
    co_return View{.id = id, .runtime = found->second.second};
  }
  Task<Answer<View>> update(Caller caller, RuntimeId id, Change) override {
    asked.push_back("update " + id.text());
    if (refuse_update) co_return std::unexpected(std::move(*std::exchange(refuse_update, std::nullopt)));
    co_return co_await read(std::move(caller), id);
  }
  Task<Answer<>> remove(Caller caller, RuntimeId id) override {
    auto view = co_await read(std::move(caller), id);
    if (!view) co_return std::unexpected(std::move(view).error());
    runtimes_.erase(id);
    co_return Answer<>{};
  }
  Task<Answer<Listed>> list(Caller caller, ListPage page) override {
    asked.push_back("list " + page.after.text() + " " + std::to_string(page.limit));
    if (auto no = refused()) co_return std::unexpected(std::move(*no));
    Listed out;
    for (const auto& [id, entry] : runtimes_) {
      if (id <= page.after || entry.first != caller.account) continue;
      if (out.runtimes.size() == page.limit) {
        out.next = last_listed_;
        break;
      }
      out.runtimes.push_back(entry.second);
      last_listed_ = id;
    }
    co_return out;
  }

  std::optional<Refusal> refuse_update;

 private:
  std::optional<Refusal> refused() { return std::exchange(refusal, std::nullopt); }

  std::int64_t last_ = 0;
  RuntimeId last_listed_;
  std::map<RuntimeId, std::pair<std::string, std::string>> runtimes_;
};

/// "ada" and "bob" have the password "pass:word"; "crowd" finds too many others waiting.
class FakeSignIn final : public SignIn {
 public:
  Task<Result<Caller>> sign_in(http::Basic credentials, std::string, std::string request_id) override {
    if (credentials.user == "crowd")
      co_return fail(Error(Kind::busy, "too many sign-ins wait").with("retry_after_ms", "2500"));
    const bool known = credentials.user == "ada" || credentials.user == "bob";
    if (!known || credentials.password.reveal() != "pass:word")
      co_return fail(Kind::unauthorized, "Invalid credentials");
    co_return Caller{.account = "id-of-" + credentials.user,
                     .admin = false,
                     .user = credentials.user,
                     .password = std::move(credentials.password),
                     .request_id = std::move(request_id)};
  }
  Task<Result<bool>> still_holds(const Caller&) override { co_return holds; }

  std::atomic<bool> holds = true;
};

}  // namespace nephele::runtimes::testing
