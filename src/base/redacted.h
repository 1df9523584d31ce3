// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nephele {

/// What another service said about a request, without what was in it: `***` stands for each of the `secrets` and for
/// every word of more than 40 characters that could be base64 (a UUID has 36). Tokens, keys and user data are such
/// words, also when the service cut or wrapped what it quotes.
std::string redacted(std::string text, const std::vector<std::string>& secrets);

/// A text for people with the secrets of the URLs in it left out: `https://***@host/path?token=***`. Who signs in
/// stands before the @ of a URL, and tokens and signatures are values of its query, whatever the service calls them; so
/// all values go, and host, path and names stay. URLs that are percent-encoded as a whole, as in names of files, are
/// also looked at.
std::string without_url_secrets(std::string_view text);

/// The same of the target of a request, "/path?token=***".
std::string without_query_values(std::string_view target);

}  // namespace nephele
