// SPDX-License-Identifier: Apache-2.0
#include "clouds/ec2/decode.h"

#include <charconv>

#include "base/ascii.h"

namespace nephele::ec2 {

namespace {

std::unexpected<Error> lacks(std::string_view what, std::string_view member) {
  return fail(Kind::invalid, std::string(what) + " has no <" + std::string(member) + ">");
}

template <class Each>
Result<> for_items(xml::Node set, const Each& each) {
  for (auto item = set.first(); item; item = item.next()) {
    if (item.name() != "item") return fail(Kind::invalid, "a list holds something else than items");
    TRY_VOID(each(item));
  }
  return {};
}

std::optional<int> number(std::string_view text, std::size_t at, std::size_t count) {
  int out = 0;
  if (text.size() < at + count) return std::nullopt;
  const auto [end, failed] = std::from_chars(text.data() + at, text.data() + at + count, out);
  return failed == std::errc{} && end == text.data() + at + count ? std::optional(out) : std::nullopt;
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc{} && end == text.data() + text.size() ? std::optional(out) : std::nullopt;
}

/// "2026-11-21T07:57:43.000Z": UTC, always.
std::optional<Instant> time_of(std::string_view text) {
  const auto year = number(text, 0, 4), month = number(text, 5, 2), day = number(text, 8, 2);
  const auto hour = number(text, 11, 2), minute = number(text, 14, 2), second = number(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[10] != 'T') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

/// The time in "User initiated (2026-11-21 07:57:43 GMT)".
std::optional<Instant> time_in_reason(std::string_view text) {
  const auto begin = text.rfind('(');
  if (begin == std::string_view::npos || !text.ends_with(" GMT)")) return std::nullopt;
  std::string moment(text.substr(begin + 1, std::string_view("2026-11-21 07:57:43").size()));
  if (moment.size() > 10 && moment[10] == ' ') moment[10] = 'T';
  return time_of(moment);
}

Result<Instance> instance_in(xml::Node item) {
  Instance out{.id = InstanceId(item.child("instanceId").text()),
               .state = item.child("instanceState").child("name").text(),
               .image = item.child("imageId").text(),
               .type = item.child("instanceType").text(),
               .zone = item.child("placement").child("availabilityZone").text(),
               .private_address = item.child("privateIpAddress").text(),
               .private_dns_name = item.child("privateDnsName").text(),
               .launched = time_of(item.child("launchTime").text()),
               .reason = item.child("stateReason").child("message").text(),
               .reason_code = item.child("stateReason").child("code").text(),
               .changed = time_in_reason(item.child("reason").text()),
               .client_token = item.child("clientToken").text()};
  if (out.id.empty()) return lacks("an instance", "instanceId");
  if (out.state.empty()) return lacks("instance " + out.id.text(), "instanceState");
  TRY_VOID(for_items(item.child("tagSet"), [&out](xml::Node tag) -> Result<> {
    out.tags[tag.child("key").text()] = tag.child("value").text();
    return {};
  }));
  return out;
}

Result<> add_instances(xml::Node reservation, std::vector<Instance>& into) {
  return for_items(reservation.child("instancesSet"), [&into](xml::Node item) -> Result<> {
    TRY(auto one, instance_in(item));
    into.push_back(std::move(one));
    return {};
  });
}

}  // namespace

std::string Instance::name() const {
  const auto found = tags.find("name");
  return found == tags.end() ? std::string() : found->second;
}

Phase phase_of(const Instance& instance) {
  if (instance.state == "running") return Phase::running;
  if (instance.state == "pending") return Phase::starting;
  if (instance.state == "stopping" || instance.state == "stopped") return Phase::shut_down;
  if (instance.state == "shutting-down" || instance.state == "terminated") return Phase::deleting;
  if (instance.state == "error") return Phase::failed;
  return Phase::unknown;
}

Result<InstancePage> decode_instances(xml::Node answer) {
  const auto set = answer.child("reservationSet");
  if (!set) return lacks("the answer", "reservationSet");  // an account without machines has an empty one
  InstancePage out{.next_token = answer.child("nextToken").text()};
  TRY_VOID(for_items(set, [&out](xml::Node item) { return add_instances(item, out.instances); }));
  return out;
}

Result<Instance> decode_reservation(xml::Node answer) {
  std::vector<Instance> made;
  TRY_VOID(add_instances(answer, made));
  if (made.size() != 1)
    return fail(Kind::invalid, "one machine was asked for, and it names " + std::to_string(made.size()));
  return std::move(made.front());
}

Result<TypePage> decode_instance_types(xml::Node answer) {
  const auto set = answer.child("instanceTypeSet");
  if (!set) return lacks("the answer", "instanceTypeSet");
  TypePage out{.next_token = answer.child("nextToken").text()};
  TRY_VOID(for_items(set, [&out](xml::Node item) -> Result<> {
    InstanceType one{.name = item.child("instanceType").text()};
    const auto processors = whole(item.child("vCpuInfo").child("defaultVCpus").text());
    if (one.name.empty() || !processors || *processors < 1) return lacks("an instance type", "defaultVCpus");
    one.processors = *processors;
    one.memory_mib = whole(item.child("memoryInfo").child("sizeInMiB").text()).value_or(0);
    out.types.push_back(std::move(one));
    return {};
  }));
  return out;
}

Result<std::vector<KeyPair>> decode_key_pairs(xml::Node answer) {
  const auto set = answer.child("keySet");
  if (!set) return lacks("the answer", "keySet");
  std::vector<KeyPair> out;
  TRY_VOID(for_items(set, [&out](xml::Node item) -> Result<> {
    out.push_back(
        {.name = item.child("keyName").text(), .fingerprint = ascii::lowered(item.child("keyFingerprint").text())});
    return out.back().name.empty() ? Result<>(lacks("a key pair", "keyName")) : Result<>();
  }));
  return out;
}

Fault decode_fault(const std::string& body) {
  const auto document = xml::Document::parse(body);
  if (!document) return {};
  const auto root = document->root();
  // EC2: <Response><Errors><Error>; some that speak like it: <ErrorResponse><Error>.
  const auto listed = root.child("Errors").child("Error");
  const auto error = listed ? listed : root.child("Error");
  auto id = root.child("RequestID").text();
  if (id.empty()) id = root.child("RequestId").text();
  return {.code = error.child("Code").text(), .message = error.child("Message").text(), .request_id = std::move(id)};
}

}  // namespace nephele::ec2
