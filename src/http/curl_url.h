// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

namespace nephele::http {

/// A URL as libcurl takes it apart.
class CurlUrl {
 public:
  /// Nothing when it is none.
  static std::optional<CurlUrl> parse(const std::string& url);
  /// Empty where the URL has none.
  std::string part(CURLUPart part, unsigned flags = 0) const;

 private:
  struct Free {
    void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
  };
  using Handle = std::unique_ptr<CURLU, Free>;
  explicit CurlUrl(Handle url) : url_(std::move(url)) {}

  Handle url_;
};

}  // namespace nephele::http
