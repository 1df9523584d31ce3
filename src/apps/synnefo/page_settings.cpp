// SPDX-License-Identifier: Apache-2.0
#include "apps/synnefo/page_settings.h"

#include <algorithm>

namespace nephele::apps {

bool is_set(const SynnefoConf& conf, std::string_view name) {
  const auto row = std::ranges::find(conf.shown, name, &settings::Shown::name);
  return row != conf.shown.end() && row->origin != "default";
}

identity::pages::Settings page_settings(const SynnefoConf& conf) {
  const auto& astakos = *conf.astakos;
  identity::pages::Settings settings{.site = astakos.web.service_name,
                                     .support = is_set(conf, "CONTACT_EMAIL") ? astakos.mail.contact : std::string(),
                                     .sessions = {.life = astakos.session.token_duration},
                                     .cookie = {},
                                     .sign_up = astakos.sign_up,
                                     .sign_in = astakos.session,
                                     .web = astakos.web,
                                     .captcha = astakos.captcha,
                                     .oauth2 = astakos.oauth2,
                                     .feedback = identity::recipients_of(astakos).feedback.value_or(identity::People{}),
                                     .messages = astakos.messages};
  // The defaults are names and rules of another program; ours are stricter (identity/pages/desk.cpp).
  if (is_set(conf, "ASTAKOS_COOKIE_NAME")) settings.cookie.name = astakos.session.cookie_name;
  if (is_set(conf, "ASTAKOS_COOKIE_SECURE")) settings.cookie.secure = astakos.session.cookie_secure;
  settings.cookie.domain = astakos.session.cookie_domain;
  return settings;
}

}  // namespace nephele::apps
