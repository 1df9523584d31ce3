// SPDX-License-Identifier: Apache-2.0
#include "compute/handlers.h"

#include <charconv>

#include "compute/bring_up.h"
#include "compute/impl.h"
#include "compute/machine_spec.h"

namespace nephele::compute {

namespace {

ServerId server_of(const operations::Record& record) {
  std::int64_t number = 0;
  const std::string_view digits = std::string_view(record.object).substr(record.object.find(':') + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return ServerId(number);
}

Result<ContextValues> pairs_from(const json::Value* values) {
  ContextValues pairs;
  if (values == nullptr) return pairs;
  const auto* list = values->if_array();
  if (list == nullptr) return fail(Kind::internal, "an operation with unreadable context");
  for (const auto& entry : *list) {
    const auto* pair = entry.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].if_string() || !(*pair)[1].if_string())
      return fail(Kind::internal, "an operation with unreadable context");
    pairs.emplace_back(*(*pair)[0].if_string(), Secret(*(*pair)[1].if_string()));
  }
  return pairs;
}

/// What all kinds share: how a failure shows at the server.
class ServerHandler : public operations::Handler {
 public:
  explicit ServerHandler(Compute::Impl& impl) : impl_(impl) {}

  void failed(sql::Tx& tx, const operations::Record& record, const Error& error) override {
    const ServerId id = server_of(record);
    const auto server = store::find_to_change(tx, id);
    if (!server || server->desired == Desired::deleted) return;
    const Time now = impl_.clock.now();
    store::set_activity(tx, id, Activity::none, now);
    store::set_observed(tx, id, Observed::error, error.sentence(), now);
    impl_.tell(tx, id, "error", error.sentence(), server->generation);
  }

  /// By hand (`nephele operations cancel`); when a removal overtakes, the server is deleted already. Nobody else would
  /// end the server's activity.
  void cancelled(sql::Tx& tx, const operations::Record& record) override {
    failed(tx, record, Error(Kind::conflict, "the operator cancelled what was under way; an update starts it again"));
  }

 protected:
  /// Between two attempts the owner reads what the server waits for, once; it goes on by itself when the cause is gone.
  void show_waiting(sql::Tx& tx, const operations::Record& record, const Error& error) {
    const ServerId id = server_of(record);
    const auto server = store::find_to_change(tx, id);
    if (!server || server->desired == Desired::deleted || server->observed == Observed::ready) return;
    if (server->observed == Observed::error && server->reason == error.sentence()) return;
    store::set_observed(tx, id, Observed::error, error.sentence(), impl_.clock.now());
    impl_.tell(tx, id, "error", error.sentence(), server->generation);
  }

  Compute::Impl& impl_;
};

class Build final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    const ServerId id = server_of(work.record());
    if (work.starts("disk")) {
      CO_TRY(const auto spec, co_await load_spec(impl_, id));
      CO_TRY(auto files, context_files(work, spec));
      CO_TRY_VOID(co_await impl_.backend().prepare(spec, std::move(files)));
      CO_TRY_VOID(co_await work.finished("disk"));
    }
    CO_TRY_VOID(co_await bring_up(impl_, work, id));
    co_return co_await finish_ready(impl_, work, id, "ready");
  }

  void retried(sql::Tx& tx, const operations::Record& record, const Error& error) override {
    show_waiting(tx, record, error);
  }

 private:
  static Result<std::vector<ContextFile>> context_files(const operations::Work& work, const MachineSpec& spec) {
    const auto& payload = work.record().payload;
    TRY(auto values, pairs_from(payload.at_path({"context"})));
    for (auto& [key, value] : network_context(spec)) values.emplace_back(key, Secret(std::move(value)));
    TRY(const auto sealed, work.sealed());
    if (!sealed.empty()) {
      TRY(const auto parsed, json::parse(sealed.reveal()));
      TRY(auto secrets, pairs_from(&parsed));
      for (auto& pair : secrets) values.push_back(std::move(pair));
    }
    TRY(auto script, context_script(values));
    std::vector<ContextFile> files;
    files.push_back({"context.sh", std::move(script)});
    if (const auto function = payload.text_at({"function"}); !function.empty())
      files.push_back({"function", Secret(from_base64_lenient(function))});
    return files;
  }
};

class Start final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    const ServerId id = server_of(work.record());
    CO_TRY_VOID(co_await bring_up(impl_, work, id));
    co_return co_await finish_ready(impl_, work, id, "ready");
  }

  void retried(sql::Tx& tx, const operations::Record& record, const Error& error) override {
    show_waiting(tx, record, error);
  }
};

class Stop final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    const ServerId id = server_of(work.record());
    const auto* forced = work.record().payload.at_path({"forced"});
    const bool at_once = forced != nullptr && forced->if_bool() != nullptr && *forced->if_bool();
    if (work.starts("stop")) {
      CO_TRY_VOID(co_await impl_.backend().stop(id, at_once ? std::chrono::seconds(0) : impl_.settings.stop_grace));
      CO_TRY_VOID(co_await work.finished("stop"));
    }
    const Time now = impl_.clock.now();
    co_return co_await work.finish_with([&](sql::Tx& tx) {
      const std::string reason = "stopped on request";
      store::set_observed(tx, id, Observed::stopped, reason, now);
      store::set_activity(tx, id, Activity::none, now);
      impl_.tell(tx, id, "stopped", reason, 0);
    });
  }
};

class Reboot final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    if (work.starts("reboot")) {
      CO_TRY_VOID(co_await impl_.backend().reboot(server_of(work.record())));
      CO_TRY_VOID(co_await work.finished("reboot"));
    }
    co_return Result<>{};
  }
  void failed(sql::Tx&, const operations::Record&, const Error&) override {}  // it runs on as before
};

class Resize final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    const ServerId id = server_of(work.record());
    if (work.starts("live")) {
      CO_TRY(const auto spec, co_await load_spec(impl_, id));
      CO_TRY(const auto how, co_await impl_.backend().resize(spec));
      CO_TRY_VOID(co_await work.finished("live", how == Resized::needs_restart));
    }
    if (*work.result_of("live") == json::Value(false)) co_return co_await finish_ready(impl_, work, id, "resized");

    if (work.starts("stop")) {
      // A new generation first: the orderly end that we cause must not look like the guest's own wish.
      const Time now = impl_.clock.now();
      CO_TRY_VOID(co_await work.write([&](sql::Tx& tx) {
        const auto server = store::find_to_change(tx, id);
        if (!server) return;
        store::next_generation(tx, id, now);
        store::set_observed(tx, id, Observed::starting, "restarts for its new size", now);
        store::set_ceilings(tx, id,
                            {std::max(server->ceilings.cpus, server->sizes.cpus),
                             std::max(server->ceilings.memory, server->sizes.memory)},
                            now);
      }));
      CO_TRY_VOID(co_await impl_.backend().stop(id, impl_.settings.stop_grace));
      CO_TRY_VOID(co_await work.finished("stop"));
    }
    CO_TRY_VOID(co_await bring_up(impl_, work, id));
    co_return co_await finish_ready(impl_, work, id, "restarted");
  }

  void retried(sql::Tx& tx, const operations::Record& record, const Error& error) override {
    show_waiting(tx, record, error);
  }

  /// A machine that still runs keeps its old size. One that does not is in error, and is started with the old size when
  /// somebody asks for that: the new one has just failed. Its disk may have grown.
  void failed(sql::Tx& tx, const operations::Record& record, const Error& error) override {
    const ServerId id = server_of(record);
    const auto server = store::find_to_change(tx, id);
    if (!server || server->desired == Desired::deleted) return;
    const bool runs = server->observed == Observed::ready;
    const Time now = impl_.clock.now();
    const auto number = [&](std::string_view name) {
      const auto* value = record.payload.at_path({name});
      return static_cast<std::uint64_t>(value == nullptr ? 0 : value->integer().value_or(0));
    };
    const Sizes before{Cpus(static_cast<std::uint32_t>(number("cpus"))), Bytes::of(number("memory_bytes")),
                       runs ? Bytes::of(number("disk_bytes")) : server->sizes.disk};
    store::set_sizes(tx, id, before, store::memory_reserved(tx, id), now);
    if (!runs) return ServerHandler::failed(tx, record, error);
    store::set_activity(tx, id, Activity::none, now);
    impl_.tell(tx, id, "resize_failed", error.sentence(), server->generation);
  }
};

class Remove final : public ServerHandler {
 public:
  using ServerHandler::ServerHandler;

  Task<Result<>> run(operations::Work& work) override {
    const ServerId id = server_of(work.record());
    if (work.starts("remove")) {
      CO_TRY_VOID(co_await impl_.backend().remove(id));
      CO_TRY_VOID(co_await work.finished("remove"));
    }
    const Time rests_until = impl_.clock.now() + impl_.settings.address_rest;
    co_return co_await work.finish_with([&](sql::Tx& tx) {
      store::free_addresses(tx, id, rests_until);
      store::erase(tx, id);
      impl_.tell(tx, id, "deleted", "", 0);
    });
  }
  void failed(sql::Tx&, const operations::Record&, const Error&) override {}  // the next start tries again
};

template <class H>
std::pair<std::string, std::unique_ptr<operations::Handler>> entry(std::string_view kind, Compute::Impl& impl) {
  return {std::string(kind), std::make_unique<H>(impl)};
}

}  // namespace

Handlers make_handlers(Compute::Impl& impl) {
  Handlers handlers;
  handlers.by_kind.push_back(entry<Build>(build_kind, impl));
  handlers.by_kind.push_back(entry<Start>(start_kind, impl));
  handlers.by_kind.push_back(entry<Stop>(stop_kind, impl));
  handlers.by_kind.push_back(entry<Reboot>(reboot_kind, impl));
  handlers.by_kind.push_back(entry<Resize>(resize_kind, impl));
  handlers.by_kind.push_back(entry<Remove>(remove_kind, impl));
  return handlers;
}

}  // namespace nephele::compute
