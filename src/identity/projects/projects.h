// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "identity/identity.h"
#include "identity/mail_texts.h"
#include "identity/mails.h"
#include "identity/projects/model.h"
#include "identity/projects/rules.h"
#include "identity/public_url.h"
#include "identity/quota/quotas.h"

namespace nephele::identity::projects {

struct Settings {
  std::vector<std::string> admins = {};           ///< ASTAKOS_PROJECT_ADMINS: uuids
  std::vector<std::string> member_choices = {};   ///< ASTAKOS_PROJECT_MEMBERS_LIMIT_CHOICES, for the form
  std::size_t rows_of_page = 50;                  ///< ASTAKOS_PAGINATE_BY
  PublicUrl base_url = {};                        ///< of the pages, without a slash at the end
  std::vector<MailAddress> hear_of_new = {};      ///< PROJECT_CREATION_RECIPIENTS
  std::vector<MailAddress> hear_of_changes = {};  ///< PROJECT_MODIFICATION_RECIPIENTS
  std::string subject_prefix = {};                ///< of mails to both
  /// May `who` change the account of `whom`? His own project is a part of it, whoever administers projects. Nothing: he
  /// may.
  std::function<Result<>(sql::Tx&, const AccountId& who, const AccountId& whom)> precedence = {};
};

/// The use cases of projects (contract astakos, 7.4). Each is one transaction: states, the directory, limits of the
/// quota holder, audit row, mails. They fail with `not_found`, `forbidden` where the caller may not, `conflict` where
/// the state forbids it, `invalid` for what cannot be; beside these all pass on the errors of sql::Database.
class Projects {
 public:
  /// All outlive it. Without an outbox nobody gets mails.
  Projects(sql::Database& database, quota::Quotas& quotas, const Clock& clock, const MailOutbox* outbox,
           const MailTexts& texts, Settings settings, log::Logger log);

  /// Somebody with an account, who administers projects if the settings say so.
  Caller caller(const AccountId& account) const;
  /// At a terminal of this cloud.
  static Caller the_operator() { return {.account = {}, .admin = true}; }
  const Settings& settings() const noexcept { return settings_; }

  // ---- applications and states
  /// For a new project, or for changes of one; what was applied for before and is pending gives way. Takes a unit of
  /// the applicant's astakos.pending_app, which an administrator need not have.
  Task<Result<Submitted>> submit(Caller caller, std::optional<ProjectId> project, Draft draft);
  /// Approve and deny need the application, which must be the project's last one. Fails with `forbidden` for the own
  /// project of somebody who ranks above the caller, as modifications of it do.
  Task<Result<>> act(Caller caller, ProjectId project, Action action, std::optional<ApplicationId> application,
                     std::string reason);
  /// The same, by the application alone.
  Task<Result<>> act(Caller caller, ApplicationId application, Action action, std::string reason);
  /// The operator's own change, without an application. Capacities are merged into those that are.
  Task<Result<>> modify(ProjectId project, Draft draft);
  Task<Result<std::vector<ProjectLife>>> expired();
  /// Of everybody, or one account: where the units in use are not the applications that wait. With `fix` they are made
  /// so, beyond the limit only with `force`.
  Task<Result<std::vector<UnitFinding>>> reconcile(std::optional<std::string> only, bool fix, bool force);

  // ---- what the Identity API does to its project, in its transaction; one that is none of ours stays out of it
  /// Takes the rows: before the directory's counter, which it takes then.
  static void hold(sql::Tx& tx, const ProjectId& project);
  /// Disabled there: suspended. Enabled: it goes on. Fails with `conflict` where it is over.
  Result<> follow(sql::Tx& tx, const Caller& caller, const ProjectId& project, bool enabled);
  /// Deleted there: over for good. Fails with `forbidden` for the own project of somebody who has an account.
  Result<> follow_end(sql::Tx& tx, const Caller& caller, const ProjectId& project);

  // ---- memberships
  Task<Result<MembershipId>> join(Caller caller, ProjectId project);
  /// `user`: e-mail address, name or uuid.
  Task<Result<MembershipId>> enroll(Caller caller, ProjectId project, std::string user);
  Task<Result<>> act(Caller caller, MembershipId membership, Step step, std::string reason);
  /// The project becomes the account's default: an active one that it is in, by Astakos' word, or by a role in a
  /// project that only the Identity API knows.
  Task<Result<>> set_default(Caller caller, AccountId account, ProjectId project, StillHolds holds = {});

  // ---- reading
  Task<Result<ProjectId>> project_of(ApplicationId application);
  Task<Result<ShownProject>> show(Caller caller, ProjectId project);
  Task<Result<std::vector<ShownProject>>> list(Caller caller, ProjectFilter filter);
  /// For an administrator: those behind `after`, by id, without users' own ones.
  Task<Result<std::vector<ShownProject>>> page(Caller caller, std::string after, std::size_t limit);
  Task<Result<ShownMembership>> membership(Caller caller, MembershipId membership);
  /// Own ones and those of own projects, all for an administrator; or of one project.
  Task<Result<std::vector<ShownMembership>>> memberships(Caller caller, std::optional<ProjectId> project);

 private:
  Result<Submitted> submit(sql::Tx& tx, const Caller& caller, const std::optional<ProjectId>& which, const Draft& draft,
                           Time now);
  Result<> check_rank(sql::Tx& tx, const Caller& caller, const ProjectLife& project) const;
  Result<ProjectLife> changeable(sql::Tx& tx, const Caller& caller, const ProjectId& id, const Draft& draft) const;
  Result<> check_references(sql::Tx& tx, const Draft& draft, bool hidden_too) const;
  /// One unit more for `taker`, one less for `giver`; empty: nobody.
  Result<> pass_unit(sql::Tx& tx, const std::string& taker, const std::string& giver, bool force);
  Result<> act_on_application(sql::Tx& tx, const Caller& caller, ProjectLife project, Application application,
                              Action action, const std::string& reason, Time now);
  Result<> approve(sql::Tx& tx, const Caller& caller, ProjectLife& project, const Application& application, Time now);
  /// What was good when it was applied for: is it still?
  Result<> check_again(sql::Tx& tx, const ProjectLife& project, const Application& application, Time now) const;
  Result<> act_on_project(sql::Tx& tx, const Caller& caller, ProjectLife project, Action action,
                          const std::string& reason, Time now);
  Result<MembershipId> enter(sql::Tx& tx, const Caller& caller, const AccountId& account, const ProjectLife& project,
                             MembershipState state, Time now);
  Result<> act_on_membership(sql::Tx& tx, const Caller& caller, MembershipId id, Step step, const std::string& reason,
                             Time now);
  std::vector<ShownProject> shown(sql::Tx& tx, const Caller& caller, std::vector<ProjectLife> found) const;

  MailValues values(const ProjectLife& project, const std::string& reason) const;
  void mail(sql::Tx& tx, const Caller& caller, MailKind kind, const std::string& account, MailValues values) const;
  void mail_recipients(sql::Tx& tx, const Caller& caller, MailKind kind, const std::vector<MailAddress>& to,
                       MailValues values) const;
  static void note(sql::Tx& tx, const Caller& caller, const std::string& account, std::string event,
                   const ProjectLife& project, const std::string& more, Time now);

  sql::Database& database_;
  quota::Quotas& quotas_;
  const Clock& clock_;
  const MailOutbox* outbox_;
  const MailTexts& texts_;
  Settings settings_;
  std::set<std::string, std::less<>> admins_;
  log::Logger log_;
};

}  // namespace nephele::identity::projects
