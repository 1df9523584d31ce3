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

}  // namespace nephele
