// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/options.h"

#include "base/visible.h"
#include "fleet/adapters/azure_options.h"
#include "fleet/adapters/dbce_options.h"
#include "fleet/adapters/ec2_options.h"
#include "fleet/adapters/google_options.h"
#include "fleet/adapters/occi_options.h"
#include "fleet/adapters/opennebula_options.h"
#include "fleet/adapters/openstack_options.h"
#include "fleet/adapters/terms.h"
#include "fleet/cloud_options.h"
#include "fleet/machine_name.h"
#include "fleet/urls.h"

namespace nephele::fleet {

namespace {

std::unexpected<Error> wrong_image(const Space& space, const MachineType& type, const std::string& advice) {
  return wrong_in(space, "has no machines of " + type.name + " with root_image = " + type.root_image + "; " + advice);
}

/// Of clouds that images are not uploaded to.
Result<> check_images(const Space& space, bool may_be_empty, const std::string& advice) {
  for (const auto& type : space.types) {
    if (named_image(type.root_image) || (may_be_empty && type.root_image.empty())) continue;
    return wrong_image(space, type, advice);
  }
  return {};
}

/// Here and where machines are made, not where the cloud is: what is wrong with one machinetype stops no other.
Result<> check_type_names(const Space& space, const std::string& cloud, std::size_t longest) {
  const std::size_t left = longest - machine_prefix.size() - 1 - machine_name_drawn;
  for (const auto& type : space.types)
    if (type.name.size() > left)
      return wrong_in(space, "has a machinetype " + type.name + "; machines at " + cloud + " have names of " +
                                 std::to_string(longest) + " characters at most, so that " + std::to_string(left) +
                                 " are left for it");
  return {};
}

}  // namespace

void place_files(const Files& files, Configuration& config) {
  for (auto& space : config.spaces) {
    for (const auto& option : cloud_options()) {
      const auto* const given = space.options.entry(option.name);
      if (given == nullptr || !option.is_file || !option.is_known_to(space.api)) continue;
      const auto* const path = given->value.if_text();
      if (path == nullptr || path->empty()) continue;
      auto placed = path->starts_with('/') ? files.rooted(*path) : files.lib("spaces/" + space.name + "/" + *path);
      space.options.set(given->key, given->spelled, settings::Node(given->value.place(), std::move(placed)));
    }
  }
}

std::vector<std::string> secrets_in_the_clear(const Space& space) {
  std::vector<std::string> out;
  const auto look = [&](const settings::Entry& option, const std::string& what, std::string_view url) {
    const auto host = host_in_the_clear(url);
    if (host.empty()) return;
    out.push_back(option.value.place().text() + ": " + what + " is http:// to " + visible(host) +
                  ", so keys, passwords and tokens can be read on their way; write https://");
  };
  for (const auto& option : cloud_options()) {
    const auto* const given = space.options.entry(option.name);
    if (given == nullptr || !option.is_address || !option.is_known_to(space.api)) continue;
    if (const auto* const url = given->value.if_text()) look(*given, given->spelled, *url);
  }
  // Google's file of a key has one, too.
  const auto* const file = space.api == "google" ? space.options.entry("key_file") : nullptr;
  if (file != nullptr && space.options.entry("token_url") == nullptr)
    if (const auto read = google_options(space)) look(*file, "token_uri of key_file", read->account.token_url);
  return out;
}

std::vector<settings::Key> cloud_option_keys(std::string_view api) {
  if (api == "openstack") return openstack_option_keys();
  if (api == "ec2") return ec2_option_keys();
  if (api == "google") return google_option_keys();
  if (api == "azure") return azure_option_keys();
  if (api == "occi") return occi_option_keys();
  if (api == "dbce") return dbce_option_keys();
  if (api == "opennebula") return opennebula_option_keys();
  return {};
}

Result<> check_cloud_options(const Space& space) {
  if (space.api == "openstack") TRY_VOID(openstack_options(space));
  if (space.api == "ec2") {
    TRY_VOID(ec2_options(space));
    TRY_VOID(check_images(space, false, "write image:ami-..."));
  }
  if (space.api == "azure") {
    TRY_VOID(azure_options(space));
    TRY_VOID(check_type_names(space, "Azure", azure_name_max));
    TRY_VOID(
        check_images(space, false, "write image:NAME, image:PUBLISHER:OFFER:SKU:VERSION or image:/subscriptions/..."));
  }
  if (space.api == "google") {
    TRY_VOID(google_options(space));
    TRY_VOID(check_type_names(space, "Google", google_name_max));
    TRY_VOID(check_images(space, false, "write image:NAME, image:PROJECT/NAME or image:PROJECT/family/NAME"));
  }
  if (space.api == "occi") {
    TRY_VOID(occi_options(space));
    TRY_VOID(check_images(space, false, "write image:NAME, where NAME is an OS template of the service"));
  }
  if (space.api == "dbce") {
    TRY(const auto options, dbce_options(space));
    for (const auto& type : space.types)
      if (options.images.at(type.name).empty())
        return wrong_image(space, type, "write image:ID, the id of an image of the Cloud Exchange");
  }
  if (space.api == "opennebula") {
    TRY_VOID(opennebula_options(space));
    TRY_VOID(check_images(space, true, "write image:NAME, or nothing for the disk of the VM template"));
  }
  return {};
}

}  // namespace nephele::fleet
