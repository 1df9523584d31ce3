// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/ec2_options.h"

#include <algorithm>

#include "fleet/adapters/terms.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string url, access_key, version, region, service, ca_file;
  Secret secret_key;
  ec2::Signature signature = ec2::Signature::v4;
  std::vector<std::string> security_groups, subnets, flavor_processors;
  std::optional<bool> tag_at_creation;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("url", &Written::url, {.meaning = "address of the service"})
          .add("access_key", &Written::access_key, {.meaning = "who asks"})
          .add("secret_key", &Written::secret_key, {.meaning = "what requests are signed with"})
          .add("version", &Written::version, {.meaning = "of the API, a date"})
          .add("region", &Written::region, {.meaning = "region in the scope of a signature"})
          .add("service", &Written::service, {.meaning = "service in the scope of a signature"})
          .add_choice<ec2::Signature Written::*, ec2::Signature>(
              "signature", &Written::signature, {{"v4", ec2::Signature::v4}, {"v2", ec2::Signature::v2}},
              {.meaning = "how requests are signed"})
          .add("security_groups", &Written::security_groups, {.meaning = "of each machine: names, or ids sg-..."})
          .add("subnets", &Written::subnets, {.meaning = "each machine is in one of them"})
          .add("flavor_processors", &Written::flavor_processors,
               {.meaning = "NAME:PROCESSORS or NAME:PROCESSORS:MIB of flavors"})
          .add("tag_at_creation", &Written::tag_at_creation, {.meaning = "the order for a machine carries its tags"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that the service's is proved by"});
  return table;
}

/// "eu-west-1" of "https://ec2.eu-west-1.amazonaws.com/"; empty for others' services and for ec2.amazonaws.com.
struct Amazon {
  bool is = false;
  std::string region = {};
};
Amazon amazon_in(std::string_view url) {
  constexpr std::string_view domain = ".amazonaws.com";
  const auto scheme = url.find("://");
  auto host = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/:"));
  if (!host.ends_with(domain)) return {};
  host.remove_suffix(domain.size());
  const auto dot = host.find('.');
  return {.is = true, .region = dot == std::string_view::npos ? std::string() : std::string(host.substr(dot + 1))};
}

bool is_date(std::string_view text) {
  if (text.size() != 10) return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  return true;
}

/// What is not written is Amazon's own where the address is, else what it was in Vcycle.
Result<ec2::Account> account_of(const Written& written, const Space& space) {
  ec2::Account out{.url = written.url, .access_key = written.access_key, .secret_key = written.secret_key};
  if (!written.url.starts_with("http://") && !written.url.starts_with("https://"))
    return wrong_in(space, written.url.empty() ? "has no url; write the address of its EC2 service"
                                               : "has url = " + written.url + "; it begins with https:// or http://");
  if (written.access_key.empty() || written.secret_key.empty())
    return wrong_in(space, "has no keys; write access_key and secret_key");
  if (!written.version.empty() && !is_date(written.version))
    return wrong_in(space, "has version = " + written.version + "; it is a date such as 2010-08-31 or 2016-11-15");
  const auto amazon = amazon_in(written.url);
  if (amazon.is) {
    out.version = "2016-11-15";
    out.service = "ec2";
    if (!amazon.region.empty()) out.region = amazon.region;
  }
  if (!written.version.empty()) out.version = written.version;
  if (!written.service.empty()) out.service = written.service;
  if (!written.region.empty()) out.region = written.region;
  out.signature = written.signature;
  out.ca_file = written.ca_file;
  return out;
}

}  // namespace

std::vector<settings::Key> ec2_option_keys() {
  return table().keys();
}

Result<Ec2Options> ec2_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  Ec2Options out{.flavors = flavors_of(space), .security_groups = written.security_groups, .subnets = written.subnets};
  TRY(out.account, account_of(written, space));
  const bool modern = ec2::is_modern(out.account);
  out.tags_at_creation = written.tag_at_creation.value_or(modern);
  if (!modern && out.tags_at_creation)
    return wrong_in(space, "has tag_at_creation, which version " + out.account.version +
                               " of the API does not know; write version = 2016-11-15");
  if (!modern && !out.subnets.empty())
    return wrong_in(space, "has subnets, which version " + out.account.version +
                               " of the API does not know; write version = 2016-11-15");
  if (!out.subnets.empty() && !space.zones.empty())
    return wrong_in(space, "has zones and subnets; a subnet lies in one zone, so take one of the two out");
  const bool by_name = std::ranges::any_of(out.security_groups, [](const auto& g) { return !g.starts_with("sg-"); });
  if (!out.subnets.empty() && by_name)
    return wrong_in(space, "has subnets and names of security_groups; beside subnets write their ids, sg-...");
  TRY(out.sizes, flavor_sizes(space, written.flavor_processors));
  return out;
}

}  // namespace nephele::fleet
