// SPDX-License-Identifier: Apache-2.0
#include "clouds/occi/challenge.h"

#include <string_view>

#include "base/ascii.h"
#include "clouds/rest/link.h"

namespace nephele::occi {

Challenge challenge_of(const http::Headers& headers) {
  Challenge out;
  for (const auto& [name, content] : headers) {
    if (!http::same_name(name, "WWW-Authenticate")) continue;
    const auto scheme = ascii::lowered(content.substr(0, content.find(' ')));
    if (scheme == "basic") out.basic = true;
    const auto at = content.find("uri=");
    if (scheme != "keystone" || at == std::string::npos) continue;
    std::string_view url = std::string_view(content).substr(at + 4);
    const char quote = url.empty() ? ' ' : url.front();
    if (quote == '\'' || quote == '"')
      url = url.substr(1, url.find(quote, 1) - 1);
    else
      url = url.substr(0, url.find_first_of(" ,"));
    out.keystone = rest::without_slashes(url);
    for (const std::string_view version : {"/v2.0", "/v3"})
      if (out.keystone.ends_with(version)) {
        out.v3 = version == "/v3";
        out.keystone =
            rest::without_slashes(std::string_view(out.keystone).substr(0, out.keystone.size() - version.size()));
      }
  }
  return out;
}

}  // namespace nephele::occi
