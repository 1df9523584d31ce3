// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/vac_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "apps/vcycled/udp.h"
#include "base/secret.h"

namespace nephele::apps::vcycle {

namespace {

using fleet::Question;

constexpr int rounds_max = 6;
constexpr std::size_t answers_max = 100'000;  // of one factory: it may be anybody who answers

struct Known {
  Result<std::vector<Peer>> peers = std::vector<Peer>();
  std::string cookie;
  std::optional<SteadyTime> first_sent;
  std::optional<std::int64_t> num_machines, num_types;
  std::size_t answers = 0;
  FactoryAnswer answer;

  bool lacks(Question question) const {
    switch (question) {
      case Question::factory:
        return !answer.status;
      case Question::machinetypes:
        return !num_types || static_cast<std::int64_t>(answer.types.size()) < *num_types;
      case Question::machines:
        return !num_machines || static_cast<std::int64_t>(answer.machines.size()) < *num_machines;
    }
    return false;
  }
};

class Asking {
 public:
  Asking(const std::vector<FactoryAt>& factories, const Inquiry& inquiry, UdpSocket socket)
      : inquiry_(inquiry), questions_(inquiry.questions), socket_(std::move(socket)), known_(factories.size()) {
    if (std::ranges::find(questions_, Question::factory) == questions_.end()) questions_.push_back(Question::factory);
    const std::string salt = to_base64(random_bytes(32));
    for (std::size_t i = 0; i < known_.size(); ++i) {
      // The name as well: two factories of one name are told apart by nobody else.
      known_[i].cookie = sha256_hex(salt + factories[i].name);
      known_[i].answer.asked = known_[i].answer.factory = factories[i].name;
      by_cookie_[known_[i].cookie] = &known_[i];
    }
    resolve_all(factories);
  }

  std::vector<FactoryAnswer> run() {
    const auto length = inquiry_.timeout / (rounds_max - 1);
    for (int round = 0; round < rounds_max && !is_complete(); ++round) {
      const SteadyTime until = in(length);
      for (auto& known : known_) send_to(known);
      while (!is_complete()) {
        const auto received = socket_.receive(until);
        if (!received) break;
        take(received->datagram);
      }
    }
    std::vector<FactoryAnswer> out;
    for (auto& known : known_) {
      known.answer.error = missing(known);
      out.push_back(std::move(known.answer));
    }
    return out;
  }

 private:
  void resolve_all(const std::vector<FactoryAt>& factories) {
    std::vector<std::jthread> threads;  // one name server that is away delays no other name
    for (std::size_t i = 0; i < known_.size(); ++i) {
      if (fleet::Address::from(factories[i].at.host))
        known_[i].peers = resolve(factories[i].at);
      else
        threads.emplace_back([&known = known_[i], at = factories[i].at] { known.peers = resolve(at); });
    }
  }

  bool is_complete() const {
    return std::ranges::none_of(known_, [this](const Known& known) { return known.peers && is_lacking(known); });
  }
  bool is_lacking(const Known& known) const {
    return known.answers < answers_max &&
           std::ranges::any_of(questions_, [&](Question question) { return known.lacks(question); });
  }

  void send_to(Known& known) {
    if (!known.peers) return;
    if (!known.first_sent) known.first_sent = std::chrono::steady_clock::now();
    for (const auto question : questions_) {
      if (!known.lacks(question)) continue;
      const auto text =
          fleet::query_text({.question = question, .space = inquiry_.space, .cookie = known.cookie}, inquiry_.program);
      // Each of its addresses has its turn: nobody says which one it listens at.
      std::string why;
      const bool sent = std::ranges::any_of(*known.peers, [&](const Peer& peer) {
        const auto done = socket_.send(peer, text);
        if (!done) why = done.error().sentence();
        return done.has_value();
      });
      known.answer.error = sent ? "" : why;
    }
    std::ranges::rotate(*known.peers, known.peers->begin() + 1);
  }

  void take(const std::string& text) {
    auto reply = fleet::read_reply(text);
    if (!reply || reply->envelope.space != inquiry_.space) return;
    const auto found = by_cookie_.find(reply->envelope.cookie);
    if (found == by_cookie_.end() || found->second->answers >= answers_max) return;
    Known& known = *found->second;
    FactoryAnswer& answer = known.answer;
    ++known.answers;
    if (!answer.answered())
      answer.seconds =
          std::chrono::duration<double>(std::chrono::steady_clock::now() - known.first_sent.value()).count();
    if (!reply->envelope.factory.empty()) answer.factory = reply->envelope.factory;
    answer.version = reply->envelope.daemon_version;
    answer.sent = reply->envelope.sent;
    if (inquiry_.keep_datagrams) answer.datagrams.push_back(text);
    if (auto* status = std::get_if<fleet::FactoryStatus>(&reply->status)) {
      if (status->num_machines) known.num_machines = status->num_machines;
      if (status->num_machinetypes) known.num_types = status->num_machinetypes;
      answer.status = std::move(*status);
    } else if (auto* machine = std::get_if<fleet::MachineStatus>(&reply->status)) {
      known.num_machines = machine->num_machines;
      const std::string name = machine->machine.name;
      answer.machines.insert_or_assign(name, std::move(*machine));
    } else if (auto* type = std::get_if<fleet::MachinetypeStatus>(&reply->status)) {
      known.num_types = type->num_machinetypes;
      const std::string name = type->machinetype;
      answer.types.insert_or_assign(name, std::move(*type));
    }
  }

  std::string missing(const Known& known) const {
    if (!known.peers) return known.peers.error().sentence();
    if (!known.answer.answered()) return known.answer.error.empty() ? "it does not answer" : known.answer.error;
    for (const auto question : questions_) {
      if (!known.lacks(question)) continue;
      if (question == Question::machines)
        return fmt::format("{} of {} machines were told", known.answer.machines.size(), known.num_machines.value_or(0));
      if (question == Question::machinetypes)
        return fmt::format("{} of {} machinetypes were told", known.answer.types.size(), known.num_types.value_or(0));
      return "it did not tell of itself";
    }
    return {};
  }

  const Inquiry& inquiry_;
  std::vector<Question> questions_;
  UdpSocket socket_;
  std::vector<Known> known_;
  std::map<std::string, Known*, std::less<>> by_cookie_;
};

}  // namespace

std::vector<FactoryAnswer> ask(const std::vector<FactoryAt>& factories, const Inquiry& inquiry) {
  auto socket = UdpSocket::open({}, 0);
  if (socket) return Asking(factories, inquiry, std::move(*socket)).run();
  std::vector<FactoryAnswer> out;
  for (const auto& factory : factories)
    out.push_back({.asked = factory.name, .factory = factory.name, .error = socket.error().sentence()});
  return out;
}

}  // namespace nephele::apps::vcycle
