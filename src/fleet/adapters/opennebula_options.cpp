// SPDX-License-Identifier: Apache-2.0
#include "fleet/adapters/opennebula_options.h"

#include "fleet/adapters/terms.h"

namespace nephele::fleet {

namespace {

/// As the file has it.
struct Written {
  std::string url, username, ca_file;
  Secret password_base64, password;
};

const settings::Table<Written>& table() {
  static const auto table =
      settings::Table<Written>("space")
          .add("url", &Written::url, {.meaning = "oned's address"})
          .add("username", &Written::username, {.meaning = "whose machines they are"})
          .add("password_base64", &Written::password_base64, {.meaning = "his password, or a login token, in Base64"})
          .add("password", &Written::password, {.meaning = "his password, each character one higher"})
          .add("ca_file", &Written::ca_file, {.meaning = "certificates that oned's is proved by"});
  return table;
}

}  // namespace

std::vector<settings::Key> opennebula_option_keys() {
  return table().keys();
}

Result<OpenNebulaOptions> opennebula_options(const Space& space) {
  TRY(const auto loaded, table().load({.files = {space.options}}));
  const Written& written = loaded.values;
  if (!written.url.starts_with("http://") && !written.url.starts_with("https://"))
    return wrong_in(space, "has " + (written.url.empty() ? std::string("no url") : "url = " + written.url) +
                               "; write oned's address, such as https://one.example.org:2634/RPC2");
  if (written.username.empty()) return wrong_in(space, "names nobody who signs in; write username and password_base64");
  if (written.username.contains(':'))
    return wrong_in(space, "has username = " + written.username + "; users of OpenNebula have no colon in their names");
  OpenNebulaOptions out{
      .url = written.url, .username = written.username, .ca_file = written.ca_file, .flavors = flavors_of(space)};
  TRY(out.password, password_of(space, written.password_base64, written.password));
  return out;
}

}  // namespace nephele::fleet
