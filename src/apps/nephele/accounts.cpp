// SPDX-License-Identifier: Apache-2.0
#include "apps/nephele/accounts.h"

#include "base/json.h"

namespace nephele::apps {

namespace {

/// Where the identity service of this data directory listens or did last (its port may be any free one).
std::string usual_url(const Foundation& foundation) {
  const Settings& settings = foundation.settings();
  if (const auto text = read_small_file(foundation.installation().endpoints_file()))
    if (const auto endpoints = json::parse(*text))
      if (const auto url = endpoints->text_at({"identity"}); !url.empty()) return std::string(url);
  http::Listen listen{.address = settings.identity_address, .port = settings.identity_port};
  if (!settings.tls_certificate.empty()) listen.tls = http::Tls{settings.tls_certificate, settings.tls_key};
  return base_url(listen, settings.identity_port);
}

}  // namespace

Result<std::unique_ptr<AccountServices>> open_accounts(Foundation& foundation, const SynnefoConf& conf,
                                                       identity::Identity& identity, identity::quota::Quotas& quotas,
                                                       operations::Operations& operations) {
  const bool embedded = foundation.settings().database_url.empty();
  return AccountServices::open(conf,
                               {.database = foundation.database(),
                                .identity = identity,
                                .quotas = quotas,
                                .operations = operations,
                                .key = foundation.key(),
                                .clock = foundation.clock(),
                                .log = foundation.logging().logger("identity"),
                                .named_url = foundation.settings().identity_url,
                                .usual_url = usual_url(foundation),
                                .data_directory = embedded ? foundation.installation().directory() : std::string()});
}

Result<> check_one_database(const Settings& settings, const SynnefoConf& conf) {
  if (!settings.database_url.empty() || conf.programs.database_url.empty()) return {};
  return fail(
      Kind::invalid,
      "DATABASES in /etc/synnefo names a database that snf-manage uses, and nephele.conf names none: set DATABASE "
      "(and SECRET_KEY_FILE) there to the same, or take DATABASES away to use the data directory's own");
}

}  // namespace nephele::apps
