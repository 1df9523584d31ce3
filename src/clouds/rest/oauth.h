// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "clouds/rest/link.h"

namespace nephele::rest {

/// Who asks: what is posted for a token.
class Grant {
 public:
  virtual ~Grant() = default;
  /// As a form.
  virtual Result<std::string> form(Time now) const = 0;
  /// Texts of it that no error may repeat.
  virtual std::vector<std::string> hidden() const = 0;
};

/// JSON over HTTPS with a token, which is kept until shortly before its end and made anew after a 401. Calls come one
/// at a time. Goes before the io_context of those who called it.
class OAuthLink {
 public:
  /// `token_url`: where tokens are given. The clock dates grants, and outlives this.
  OAuthLink(Settings settings, std::string token_url, std::unique_ptr<const Grant> grant, const Clock& clock);

  /// The answer of a 2xx as an object, an empty one where it has no body. A body is JSON.
  Task<Result<json::Object>> ask(Call call, SteadyTime deadline);

  Error unreadable(std::string_view call, std::string_view why) const { return link_.unreadable(call, why); }
  Error partial(std::string_view call, std::string_view why) const { return link_.partial(call, why); }

 private:
  Task<Result<Secret>> token(SteadyTime deadline);

  Link link_;
  const std::string token_url_;
  const std::unique_ptr<const Grant> grant_;
  const Clock& clock_;
  Secret token_;
  SteadyTime good_until_{};
};

/// A member that is text, or a whole number as text; empty where there is none.
std::string text_of(const json::Value& object, std::string_view name);
/// The end of "https://.../zones/europe-west1-b".
std::string last_part(std::string_view path);

}  // namespace nephele::rest
