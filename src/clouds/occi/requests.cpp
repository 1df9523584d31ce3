// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/requests.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "base/secret.h"
#include "clouds/occi/fields.h"

namespace nephele::occi {

namespace {

constexpr std::string_view os_user_data = "http://schemas.openstack.org/compute/instance#user_data";
constexpr std::string_view ogf_user_data = "http://schemas.ogf.org/occi/infrastructure/compute#user_data";
constexpr std::string_view os_public_key = "http://schemas.openstack.org/instance/credentials#public_key";
constexpr std::string_view ogf_ssh_key = "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key";

std::string category_line(std::string_view type, std::string_view class_name) {
  const auto hash = type.find('#');
  return "Category: " + std::string(type.substr(hash + 1)) + "; scheme=" + quoted(type.substr(0, hash + 1)) +
         "; class=" + quoted(class_name) + "\n";
}

std::string attribute_line(std::string_view name, std::string_view value) {
  return "X-OCCI-Attribute: " + std::string(name) + "=" + quoted(value) + "\n";
}

bool knows(const std::vector<Category>& all, std::string_view type) {
  return std::ranges::any_of(all, [&](const Category& one) { return one.type() == type; });
}

/// Type and base64 only: a comment may hold anything.
std::string key_of(std::string_view public_key) {
  const auto words = words_of(ascii::trimmed(public_key, ascii::spaces));
  return words.size() < 2 ? std::string() : words[0] + " " + words[1] + " vcycle";
}

}  // namespace

Result<std::string> encode_compute(const NewCompute& wanted, const std::vector<Category>& all,
                                   const std::string& uuid) {
  std::string categories = category_line(std::string(infrastructure) + "compute", "kind");
  categories += category_line(wanted.image.type(), "mixin") + category_line(wanted.size.type(), "mixin");
  std::string attributes = attribute_line("occi.core.id", uuid) + attribute_line("occi.core.title", wanted.name) +
                           attribute_line("occi.compute.hostname", wanted.name);
  const auto add = [&](std::string_view type, std::string_view attribute, const std::string& value) {
    categories += category_line(type, "mixin");
    attributes += attribute_line(attribute, value);
  };
  if (!wanted.user_data.empty()) {
    const auto text = to_base64(wanted.user_data);
    if (knows(all, os_user_data))
      add(os_user_data, "org.openstack.compute.user_data", text);
    else if (knows(all, ogf_user_data))
      add(ogf_user_data, "occi.compute.userdata", text);
    else
      return fail(Kind::invalid, "the service has no mixin for user data, so machines cannot be told what to do");
  }
  if (const auto key = key_of(wanted.public_key); !key.empty()) {
    if (knows(all, os_public_key))
      add(os_public_key, "org.openstack.credentials.publickey.data", key);
    else if (knows(all, ogf_ssh_key))
      add(ogf_ssh_key, "occi.credentials.ssh.publickey", key);
  }
  return categories + attributes;
}

}  // namespace nephele::occi
