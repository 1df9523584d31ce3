// SPDX-License-Identifier: Apache-2.0
#include "http/curl_url.h"

namespace nephele::http {

std::optional<CurlUrl> CurlUrl::parse(const std::string& url) {
  Handle parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return std::nullopt;
  return CurlUrl(std::move(parsed));
}

std::string CurlUrl::part(CURLUPart part, unsigned flags) const {
  struct FreeText {
    void operator()(char* text) const noexcept { curl_free(text); }
  };
  char* raw = nullptr;
  const CURLUcode rc = curl_url_get(url_.get(), part, &raw, flags);
  const std::unique_ptr<char, FreeText> text(raw);
  return rc == CURLUE_OK && text ? std::string(text.get()) : std::string();
}

}  // namespace nephele::http
