// SPDX-License-Identifier: Apache-2.0
#include "identity/idle_settings.h"

#include <algorithm>
#include <array>

namespace nephele::identity {

namespace {

// Each is still judged, so that a file that is wrong there is wrong here too.
constexpr auto idle = std::to_array<std::string_view>({"SECRET_KEY",
                                                       "ASTAKOS_LOGGING_LEVEL",
                                                       "ASTAKOS_INVITATIONS_ENABLED",
                                                       "ASTAKOS_INVITATIONS_PER_LEVEL",
                                                       "ASTAKOS_ENDPOINT_CACHE_TIMEOUT",
                                                       "ASTAKOS_TRANSLATE_UUIDS",
                                                       "ASTAKOS_RESOURCES_META",
                                                       "ASTAKOS_IM_STATIC_URL",
                                                       "ASTAKOS_PAGINATE_BY_ALL",
                                                       "ASTAKOS_USAGE_UPDATE_INTERVAL",
                                                       "BRANDING_SERVICE_URL",
                                                       "BRANDING_COMPANY_URL",
                                                       "BRANDING_IMAGE_MEDIA_URL",
                                                       "BRANDING_FAVICON_URL",
                                                       "BRANDING_DASHBOARD_LOGO_URL",
                                                       "ADMIN_BASE_URL",
                                                       "ADMIN_VIEWS",
                                                       "ADMIN_VIEWS_ORDER",
                                                       "ADMIN_MEDIA_URL",
                                                       "ADMIN_AUTH_COOKIE_NAME",
                                                       "ADMIN_SHOW_DELETED_ASSOCIATED_ITEMS",
                                                       "ADMIN_SHOW_ONLY_ACTIVE_PROJECT_MEMBERS",
                                                       "ADMIN_LIMIT_ASSOCIATED_ITEMS_PER_CATEGORY",
                                                       "ADMIN_LIMIT_SUSPENDED_VMS_IN_SUMMARY",
                                                       "ADMIN_FIELD_SIGN",
                                                       "ADMIN_OR_SIGN"});
constexpr auto idle_families =
    std::to_array<std::string_view>({"ASTAKOS_GOOGLE_", "ASTAKOS_TWITTER_", "ASTAKOS_LINKEDIN_", "CLOUDBAR_"});

}  // namespace

bool has_effect(std::string_view name) {
  return std::ranges::find(idle, name) == idle.end() &&
         std::ranges::none_of(idle_families, [name](std::string_view begin) { return name.starts_with(begin); });
}

}  // namespace nephele::identity
