// SPDX-License-Identifier: Apache-2.0
#include "clouds/opennebula/decode.h"

#include <charconv>

#include "clouds/xml/xml.h"

namespace nephele::opennebula {

namespace {

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  // "1024.0" is a whole number too: templates are written by people.
  if (!rest.empty() && rest.find_first_not_of(".0") != std::string_view::npos) return std::nullopt;
  return number;
}

std::int64_t id_in(const xml::Node& node, std::string_view name) {
  return number_in<std::int64_t>(node.child(name).text()).value_or(-1);
}

bool is_yes(std::string_view text) {
  return text == "YES" || text == "yes" || text == "Yes";
}

Header header_of(const xml::Node& node) {
  return {.id = id_in(node, "ID"),
          .uid = id_in(node, "UID"),
          .gid = id_in(node, "GID"),
          .uname = node.child("UNAME").text(),
          .gname = node.child("GNAME").text(),
          .name = node.child("NAME").text()};
}

std::unexpected<Error> not_one(std::string_view what) {
  return fail(Kind::invalid, "the answer is no " + std::string(what));
}

Result<xml::Document> parsed(std::string text, std::string_view what) {
  TRY(auto document, xml::Document::parse(std::move(text)));
  if (document.root().name() != what) return not_one(what);
  return document;
}

/// An object without an id is none.
template <class Object>
Result<Object> known(Object object, std::string_view what) {
  if (object.header.id < 0) return not_one(what);
  return object;
}

Document document_of(const xml::Node& node) {
  Document out{.header = header_of(node), .type = id_in(node, "TYPE")};
  const xml::Node contents = node.child("TEMPLATE");
  out.body = contents.child("BODY").text();
  out.contents = template_of(contents, "BODY");
  return out;
}

Disk disk_of(const xml::Node& vector) {
  return {.id = id_in(vector, "DISK_ID"), .size_mib = number_in<std::int64_t>(vector.child("SIZE").text())};
}

Nic nic_of(const xml::Node& vector) {
  return {.id = id_in(vector, "NIC_ID"),
          .ip = vector.child("IP").text(),
          .ip6 = vector.child("IP6").text(),
          .external_ip = vector.child("EXTERNAL_IP").text()};
}

/// A machine's TEMPLATE, by far the longest part of it, and little of it matters: no copy of it is made.
void read_contents(const xml::Node& contents, Vm& into) {
  for (xml::Node element = contents.first(); element; element = element.next()) {
    const auto name = element.name();
    if (name == "DISK" && is_vector(element))
      into.disks.push_back(disk_of(element));
    else if (name == "NIC" && is_vector(element))
      into.nics.push_back(nic_of(element));
    else if (name == "CPU" && !into.cpu)
      into.cpu = number_in<double>(element.text());
    else if (name == "VCPU" && !into.vcpu)
      into.vcpu = number_in<std::int64_t>(element.text());
    else if (name == "MEMORY" && !into.memory_mib)
      into.memory_mib = number_in<std::int64_t>(element.text());
    else if (name == "CONTEXT" && !into.reports_ready)
      into.reports_ready = is_yes(element.child("REPORT_READY").text());
  }
}

/// oned writes 0 for what has not come.
std::optional<Instant> time_in(const xml::Node& node, std::string_view name) {
  const auto number = number_in<std::int64_t>(node.child(name).text()).value_or(0);
  return number > 0 ? std::optional(Instant(std::chrono::seconds(number))) : std::nullopt;
}

/// The last one: one.vm.info gives all of them.
History history_of(const xml::Node& records) {
  History out;
  for (xml::Node one = records.first(); one; one = one.next()) {
    if (one.name() != "HISTORY") continue;
    out = {.sequence = number_in<int>(one.child("SEQ").text()).value_or(-1),
           .ended = time_in(one, "ETIME"),
           .ran = time_in(one, "RSTIME"),
           .ran_until = time_in(one, "RETIME")};
  }
  return out;
}

Vm vm_of(const xml::Node& node) {
  Vm out;
  out.header = header_of(node);
  out.state = vm_state(number_in<std::int64_t>(node.child("STATE").text()).value_or(-1));
  out.lcm_state = number_in<int>(node.child("LCM_STATE").text()).value_or(-1);
  out.reschedule = node.child("RESCHED").text() == "1";
  out.created = time_in(node, "STIME");
  out.ended = time_in(node, "ETIME");
  out.history = history_of(node.child("HISTORY_RECORDS"));
  read_contents(node.child("TEMPLATE"), out);
  out.user = template_of(node.child("USER_TEMPLATE"));
  out.ready = is_yes(out.user.text("READY"));
  out.error = out.user.text("ERROR");
  out.scheduling_message = out.user.text("SCHED_MESSAGE");
  return out;
}

}  // namespace

Result<Document> decode_document(std::string xml) {
  TRY(const auto document, parsed(std::move(xml), "DOCUMENT"));
  return known(document_of(document.root()), "DOCUMENT");
}

Result<std::vector<Document>> decode_document_pool(std::string xml) {
  TRY(const auto pool, parsed(std::move(xml), "DOCUMENT_POOL"));
  std::vector<Document> out;
  for (xml::Node node = pool.root().first(); node; node = node.next())
    if (node.name() == "DOCUMENT") out.push_back(document_of(node));
  return out;
}

Result<VmTemplate> decode_vm_template(std::string xml) {
  TRY(const auto document, parsed(std::move(xml), "VMTEMPLATE"));
  const xml::Node root = document.root();
  return known(VmTemplate{.header = header_of(root), .contents = template_of(root.child("TEMPLATE"))}, "VMTEMPLATE");
}

Result<Vm> decode_vm(std::string xml) {
  TRY(const auto document, parsed(std::move(xml), "VM"));
  return known(vm_of(document.root()), "VM");
}

Result<std::vector<Vm>> decode_vm_pool(std::string xml) {
  TRY(const auto pool, parsed(std::move(xml), "VM_POOL"));
  std::vector<Vm> out;
  for (xml::Node node = pool.root().first(); node; node = node.next()) {
    if (node.name() != "VM") continue;
    TRY(auto one, known(vm_of(node), "VM"));
    out.push_back(std::move(one));
  }
  return out;
}

Result<std::vector<VmTemplate>> decode_vm_template_pool(std::string xml) {
  TRY(const auto pool, parsed(std::move(xml), "VMTEMPLATE_POOL"));
  std::vector<VmTemplate> out;
  for (xml::Node node = pool.root().first(); node; node = node.next())
    if (node.name() == "VMTEMPLATE")
      out.push_back({.header = header_of(node), .contents = template_of(node.child("TEMPLATE"))});
  return out;
}

Result<std::vector<Image>> decode_image_pool(std::string xml) {
  TRY(const auto pool, parsed(std::move(xml), "IMAGE_POOL"));
  std::vector<Image> out;
  for (xml::Node node = pool.root().first(); node; node = node.next())
    if (node.name() == "IMAGE")
      out.push_back({.header = header_of(node), .state = number_in<int>(node.child("STATE").text()).value_or(-1)});
  return out;
}

Result<User> decode_user(std::string xml) {
  TRY(const auto document, parsed(std::move(xml), "USER"));
  const xml::Node root = document.root();
  User out{.id = id_in(root, "ID"),
           .gid = id_in(root, "GID"),
           .name = root.child("NAME").text(),
           .gname = root.child("GNAME").text()};
  if (out.id < 0) return not_one("USER");
  const xml::Node groups = root.child("GROUPS");
  for (xml::Node group = groups.first(); group; group = group.next())
    if (const auto id = number_in<std::int64_t>(group.text())) out.groups.push_back(*id);
  return out;
}

}  // namespace nephele::opennebula
