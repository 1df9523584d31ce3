// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "identity/pages/forms.h"
#include "identity/settings.h"

namespace nephele::http {
class Client;
}

namespace nephele::identity::pages {

/// A box that tells people from programs: reCAPTCHA v2, and what speaks the same protocol (`siteverify`). Off unless
/// the settings say otherwise. What cannot be verified is refused.
class Captcha {
 public:
  Captcha(CaptchaSettings settings, log::Logger log);
  ~Captcha();
  Captcha(const Captcha&) = delete;
  Captcha& operator=(const Captcha&) = delete;

  bool enabled() const noexcept { return settings_.enabled; }
  /// The box, and what was wrong with the field "captcha".
  Html box(const FieldErrors& errors) const;
  /// What a page with the box may load from.
  std::vector<std::string> origins() const;
  /// Was the box that came with the form solved? Fails with `forbidden` and a sentence for the user when it was not,
  /// `unavailable` when nobody can tell.
  Task<Result<>> check(FormData form, std::string remote, SteadyTime deadline) const;

  /// What is wrong with the settings of one that is switched on; `invalid` names the setting.
  static Result<> check(const CaptchaSettings& settings);

 private:
  CaptchaSettings settings_;
  log::Logger log_;
  std::unique_ptr<http::Client> client_;  // nothing while it is off
};

/// What a verifier answered: was the box solved? `threshold`: for one that gives marks from 0 to 1. Nothing: it is no
/// such answer.
std::optional<bool> verdict_in(std::string_view body, double threshold);

}  // namespace nephele::identity::pages
