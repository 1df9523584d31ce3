// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/cloud.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/ascii.h"
#include "clouds/ec2/decode.h"
#include "clouds/ec2/errors.h"
#include "clouds/ec2/signing.h"
#include "http/client.h"

namespace nephele::ec2 {

namespace {

constexpr std::size_t user_data_characters_max = 65'535;  // of Nova's EC2; Amazon's own is narrower, and says so

http::ClientSettings settings_of(const Account& account) {
  http::ClientSettings out;
  out.connect = std::min(out.connect, account.timeout);
  out.connections_per_host = account.connections;
  out.body_bytes_max = account.answer_bytes_max;
  out.verify_tls = account.verify_tls;
  out.ca_file = account.ca_file;
  return out;
}

Result<> check_account(const Account& account) {
  if (account.access_key.empty() || account.secret_key.empty())
    return fail(Kind::invalid, "no keys for EC2 are given; write access_key and secret_key");
  return {};
}

/// One action and its parameters.
struct Order {
  std::string action = {};
  Parameters parameters = {};
  bool repeatable = true;                ///< reads, or does the same when it is sent twice
  std::vector<std::string> hidden = {};  ///< texts of it that no error may repeat
};

void add_tags(Parameters& to, const std::string& prefix, const std::vector<std::pair<std::string, std::string>>& tags) {
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const auto at = prefix + std::to_string(i + 1);
    to.emplace_back(at + ".Key", tags[i].first);
    to.emplace_back(at + ".Value", tags[i].second);
  }
}

Result<Parameters> parameters_of(const NewInstance& wanted) {
  constexpr std::size_t token_bytes_max = 64;
  if (wanted.image.empty() || wanted.type.empty())
    return fail(Kind::invalid, "a machine of EC2 is made of an image and a type; write both");
  const auto user_data = to_base64(wanted.user_data);
  if (user_data.size() > user_data_characters_max)
    return fail(Kind::invalid, "the user data has " + std::to_string(user_data.size()) +
                                   " characters in base64, and 65535 are taken at most; shorten it");
  if (wanted.client_token.size() > token_bytes_max)
    return fail(Kind::invalid, "a client token of EC2 has at most 64 characters");
  Parameters out{{"MinCount", "1"}, {"MaxCount", "1"}, {"ImageId", wanted.image}, {"InstanceType", wanted.type}};
  if (!wanted.user_data.empty()) out.emplace_back("UserData", user_data);
  if (!wanted.key_name.empty()) out.emplace_back("KeyName", wanted.key_name);
  if (!wanted.zone.empty()) out.emplace_back("Placement.AvailabilityZone", wanted.zone);
  if (!wanted.subnet.empty()) out.emplace_back("SubnetId", wanted.subnet);
  std::size_t named = 0, numbered = 0;
  for (const auto& group : wanted.security_groups)
    if (group.starts_with("sg-"))
      out.emplace_back("SecurityGroupId." + std::to_string(++numbered), group);
    else
      out.emplace_back("SecurityGroup." + std::to_string(++named), group);
  if (!wanted.tags.empty()) out.emplace_back("TagSpecification.1.ResourceType", "instance");
  add_tags(out, "TagSpecification.1.Tag.", wanted.tags);
  if (!wanted.client_token.empty()) out.emplace_back("ClientToken", wanted.client_token);
  return out;
}

}  // namespace

class Cloud::Impl {
 public:
  Impl(Account account, const Clock& clock)
      : account_(std::move(account)), clock_(clock), client_(settings_of(account_)) {}

  const Account& account() const noexcept { return account_; }

  /// The answer as XML, when it is a 2xx.
  Task<Result<xml::Document>> ask(Order order, SteadyTime deadline);

 private:
  Task<Result<xml::Document>> ask_once(const Order& order, const Target& target, SteadyTime deadline);
  http::ClientRequest request_of(const Order& order, const Target& target, SteadyTime deadline) const;

  const Account account_;
  const Clock& clock_;
  http::Client client_;
};

http::ClientRequest Cloud::Impl::request_of(const Order& order, const Target& target, SteadyTime deadline) const {
  Parameters parameters{{"Action", order.action}, {"Version", account_.version}};
  parameters.insert(parameters.end(), order.parameters.begin(), order.parameters.end());
  http::ClientRequest out{.verb = http::Verb::post, .url = account_.url};
  out.headers.add("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
  // A proxy or a kept connection sees this field too: it is what was signed.
  out.headers.add("Host", target.host);
  if (account_.signature == Signature::v2) {
    out.body = form_of(sign_v2(account_, target, std::move(parameters), clock_.now()));
  } else {
    out.body = form_of(parameters);
    for (auto& [name, value] : sign_v4(account_, target, out.body, clock_.now()))
      out.headers.add(std::move(name), std::move(value));
  }
  out.deadline = std::min(deadline, in(account_.timeout));
  out.idempotent = order.repeatable;
  out.once = !order.repeatable;
  return out;
}

Task<Result<xml::Document>> Cloud::Impl::ask_once(const Order& order, const Target& target, SteadyTime deadline) {
  auto answer = co_await client_.send(request_of(order, target, deadline));
  if (!answer) co_return fail(not_answered(order.action, answer.error()));
  if (answer->status < 200 || answer->status > 299)
    co_return fail(refused(order.action, answer->status, decode_fault(answer->body), order.hidden));
  auto document = xml::Document::parse(std::move(answer->body));
  if (!document) co_return fail(unreadable(order.action, document.error().sentence()));
  if (document->root().name() != order.action + "Response")
    co_return fail(unreadable(order.action, "it is no <" + order.action + "Response>"));
  co_return document;
}

Task<Result<xml::Document>> Cloud::Impl::ask(Order order, SteadyTime deadline) {
  CO_TRY_VOID(check_account(account_));
  CO_TRY(const auto target, target_of(account_.url));
  auto pause = account_.first_pause;
  for (int repeats = 0;; ++repeats) {
    auto answer = co_await ask_once(order, target, deadline);
    if (answer || repeats >= account_.repeats_max) co_return answer;
    const auto cause = answer.error().detail("cause");
    if (cause != "rate_limit" && !(order.repeatable && cause == "server")) co_return answer;
    const auto next = in(pause);
    if (next >= deadline) co_return answer;
    co_await sleep_until(next);
    pause *= 2;
  }
}

Cloud::Cloud(Account account, const Clock& clock) : impl_(std::make_unique<Impl>(std::move(account), clock)) {}
Cloud::~Cloud() = default;

const Account& Cloud::account() const noexcept {
  return impl_->account();
}

Task<Result<std::vector<Instance>>> Cloud::instances(SteadyTime deadline) {
  const std::string action = "DescribeInstances";
  std::vector<Instance> out;
  std::set<std::string> known;
  std::string token;
  do {
    Order order{.action = action};
    if (is_modern(impl_->account())) order.parameters.emplace_back("MaxResults", "1000");
    if (!token.empty()) order.parameters.emplace_back("NextToken", token);
    CO_TRY(const auto answer, co_await impl_->ask(std::move(order), deadline));
    auto page = decode_instances(answer.root());
    if (!page) co_return fail(partial(action, page.error().sentence()));
    for (auto& one : page->instances)
      if (known.insert(one.id.text()).second) out.push_back(std::move(one));
    // A page may be empty and not the last; the same token twice leads nowhere.
    if (!page->next_token.empty() && page->next_token == token)
      co_return fail(partial(action, "its pages go in circles"));
    token = page->next_token;
  } while (!token.empty());
  co_return out;
}

Task<Result<Instance>> Cloud::run(NewInstance wanted, SteadyTime deadline) {
  Order order{.action = "RunInstances", .repeatable = false};
  CO_TRY(order.parameters, parameters_of(wanted));
  order.hidden = {to_base64(wanted.user_data), wanted.user_data};
  const std::string action = order.action;
  CO_TRY(const auto answer, co_await impl_->ask(std::move(order), deadline));
  auto made = decode_reservation(answer.root());
  if (!made) co_return fail(unreadable(action, made.error().sentence()));
  co_return made;
}

Task<Result<>> Cloud::terminate(InstanceId id, SteadyTime deadline) {
  const auto answer =
      co_await impl_->ask({.action = "TerminateInstances", .parameters = {{"InstanceId.1", id.text()}}}, deadline);
  if (!answer && answer.error().kind() != Kind::not_found) co_return fail(answer.error());
  co_return Result<>{};
}

Task<Result<>> Cloud::tag(InstanceId id, std::vector<std::pair<std::string, std::string>> tags, SteadyTime deadline) {
  Order order{.action = "CreateTags", .parameters = {{"ResourceId.1", id.text()}}};
  add_tags(order.parameters, "Tag.", tags);
  CO_TRY_VOID(co_await impl_->ask(std::move(order), deadline));
  co_return Result<>{};
}

Task<Result<std::vector<InstanceType>>> Cloud::instance_types(std::vector<std::string> names, SteadyTime deadline) {
  constexpr std::size_t names_max = 100;  // values of a filter: 200; rows of a page: 100
  const std::string action = "DescribeInstanceTypes";
  std::vector<InstanceType> out;
  for (std::size_t from = 0; from < names.size(); from += names_max) {
    // By a filter: naming one that does not exist would be refused.
    Parameters filter{{"Filter.1.Name", "instance-type"}};
    for (std::size_t i = from; i < std::min(names.size(), from + names_max); ++i)
      filter.emplace_back("Filter.1.Value." + std::to_string(i - from + 1), names[i]);
    std::string token;
    do {
      Order order{.action = action, .parameters = filter};
      if (!token.empty()) order.parameters.emplace_back("NextToken", token);
      CO_TRY(const auto answer, co_await impl_->ask(std::move(order), deadline));
      auto page = decode_instance_types(answer.root());
      if (!page) co_return fail(partial(action, page.error().sentence()));
      std::ranges::move(page->types, std::back_inserter(out));
      if (!page->next_token.empty() && page->next_token == token)
        co_return fail(partial(action, "its pages go in circles"));
      token = page->next_token;
    } while (!token.empty());
  }
  co_return out;
}

Task<Result<std::vector<KeyPair>>> Cloud::key_pairs(SteadyTime deadline) {
  const std::string action = "DescribeKeyPairs";
  CO_TRY(const auto answer, co_await impl_->ask({.action = action}, deadline));
  auto pairs = decode_key_pairs(answer.root());
  if (!pairs) co_return fail(unreadable(action, pairs.error().sentence()));
  co_return pairs;
}

Task<Result<std::string>> Cloud::ensure_key_pair(std::string public_key, std::string name, SteadyTime deadline) {
  CO_TRY(const auto fingerprint, fingerprint_of(public_key));
  CO_TRY(const auto pairs, co_await key_pairs(deadline));
  const auto found = std::ranges::find_if(
      pairs, [&](const KeyPair& pair) { return pair.fingerprint == fingerprint || pair.name == name; });
  if (found != pairs.end()) co_return found->name;
  const auto imported = co_await impl_->ask(
      {.action = "ImportKeyPair",
       .parameters = {{"KeyName", name}, {"PublicKeyMaterial", to_base64(ascii::trimmed(public_key, ascii::spaces))}},
       .repeatable = false},
      deadline);
  // Somebody else has just done it.
  if (!imported && imported.error().kind() != Kind::conflict) co_return fail(imported.error());
  co_return name;
}

Result<std::string> fingerprint_of(std::string_view public_key) {
  auto rest = ascii::trimmed(public_key, ascii::spaces);
  const auto type = rest.substr(0, rest.find(' '));
  rest = ascii::trimmed_left(rest.substr(type.size()));
  const auto blob = from_base64_lenient(rest.substr(0, rest.find_first_of(ascii::spaces)));
  if (type.empty() || blob.size() < 4 + type.size() || std::string_view(blob).substr(4, type.size()) != type)
    return fail(Kind::invalid, "this is no public key of OpenSSH; name the .pub file");
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_Digest(blob.data(), blob.size(), bytes.data(), &size, EVP_md5(), nullptr) != 1)
    return fail(Kind::unavailable, "this machine's OpenSSL has no MD5, by which EC2 names keys");
  const auto hex = to_hex({reinterpret_cast<const char*>(bytes.data()), size});
  std::string out;
  for (std::size_t at = 0; at < hex.size(); at += 2) out += (out.empty() ? "" : ":") + hex.substr(at, 2);
  return out;
}

}  // namespace nephele::ec2
