// SPDX-License-Identifier: Apache-2.0
#include "identity/administration/project_actions.h"

#include <algorithm>
#include <array>

namespace nephele::identity::administration {

namespace {

projects::Caller acting(const std::string& actor) {
  return {.account = AccountId(actor), .admin = true};
}

}  // namespace

Task<Result<>> ProjectActions::act(ProjectAction action, std::string project, ActionData data, std::string actor) {
  CO_TRY(const auto shown, co_await find(project));
  if (action == ProjectAction::contact) {
    if (shown.life.owner.empty()) co_return fail(Kind::conflict, "nobody owns the project");
    co_return co_await users_.act(UserAction::contact, AccountId(shown.life.owner), std::move(data), std::move(actor));
  }
  const auto wanted = projects::action_from(to_string(action));
  if (!wanted) co_return fail(Kind::internal, "an action without a deed");
  std::optional<projects::ApplicationId> application;
  if (projects::about_application(*wanted)) {
    if (shown.life.last_application.number() == 0) co_return fail(Kind::conflict, "nothing was applied for");
    application = shown.life.last_application;
  }
  co_return co_await projects_.act(acting(actor), shown.life.id, *wanted, application, std::move(data.text));
}

Task<Result<projects::ShownProject>> ProjectActions::find(std::string project) {
  co_return co_await projects_.show(projects::Projects::the_operator(), ProjectId(std::move(project)));
}

Task<Result<std::vector<projects::ShownProject>>> ProjectActions::page(std::string after, std::size_t limit) {
  co_return co_await projects_.page(projects::Projects::the_operator(), std::move(after), limit);
}

std::vector<std::string> offered(const Powers& powers, const Overrides& overrides,
                                 const projects::ShownProject& project) {
  std::vector<std::string> out;
  for (const auto& op : project.actions)
    if (const auto action = project_action_from(op); action && may(*action, powers, overrides)) out.push_back(op);
  if (!project.life.owner.empty() && may(ProjectAction::contact, powers, overrides)) out.emplace_back("contact");
  return out;
}

}  // namespace nephele::identity::administration
