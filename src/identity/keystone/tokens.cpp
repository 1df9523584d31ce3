// SPDX-License-Identifier: Apache-2.0
#include "identity/keystone/tokens.h"

#include <algorithm>

#include "identity/account_name.h"
#include "identity/directory/catalog_store.h"
#include "identity/keystone/render.h"
#include "identity/life/store.h"
#include "identity/store.h"

namespace nephele::identity::keystone {

namespace {

namespace names = directory::store;

constexpr std::size_t seen_max = 4'096;  // some KiB each

std::unexpected<Error> refused() {
  return fail(Kind::unauthorized, "The request you have made requires authentication.");
}

/// A refusal says the same whatever was wrong; what is our own fault stays what it is.
std::unexpected<Error> as_refusal(const Error& error) {
  switch (error.kind()) {
    case Kind::unauthorized:
    case Kind::not_found:
    case Kind::invalid:
    case Kind::forbidden:
      return refused();
    default:
      return fail(error);
  }
}

/// No id and no name of ours is as long as this; what is longer is nobody's and need not be remembered with the tries
/// to sign in, which cost memory.
void shorten(std::string& text) {
  constexpr std::size_t bytes_max = 255;
  if (text.size() > bytes_max) text = "unknown";
}

/// admin implies member, and member reader, where these roles exist.
Result<std::vector<Role>> with_implied(sql::Tx& tx, std::vector<Role> roles) {
  constexpr std::pair<std::string_view, std::string_view> implied[] = {{admin_role, member_role},
                                                                       {member_role, reader_role}};
  for (const auto& [has, gets] : implied) {
    const auto is = [](std::string_view name) {
      return [name](const Role& role) { return role.domain.empty() && role.name == name; };
    };
    if (std::ranges::none_of(roles, is(has)) || std::ranges::any_of(roles, is(gets))) continue;
    if (auto role = names::role_named(tx, DomainId(), gets)) roles.push_back(std::move(*role));
  }
  return roles;
}

/// The roles of an application credential are those that its owner still has.
void keep_only(std::vector<Role>& roles, const std::vector<Role>& allowed) {
  std::erase_if(roles, [&](const Role& role) {
    return std::ranges::none_of(allowed, [&](const Role& each) { return each.id == role.id; });
  });
}

Result<> fill_scope(sql::Tx& tx, const Target& scope, Standing& standing) {
  if (scope.kind == TargetKind::project) {
    standing.project = names::project(tx, ProjectId(scope.id));
    if (!standing.project || !standing.project->enabled) return refused();
    standing.domain = names::domain(tx, standing.project->domain);
  } else if (scope.kind == TargetKind::domain) {
    standing.domain = names::domain(tx, DomainId(scope.id));
  }
  if (scope.kind != TargetKind::system && (!standing.domain || !standing.domain->enabled)) return refused();
  return {};
}

/// Everything but the token and its owner; no role in the scope is a refusal.
Result<> stand(sql::Tx& tx, Time now, Standing& standing) {
  const auto& token = standing.token;
  auto domain = names::domain(tx, token.account.domain);
  if (!domain || !domain->enabled) return refused();
  standing.user_domain = std::move(*domain);
  if (life::store::must_agree(tx, token.account.id))
    return fail(Error(Kind::unauthorized, "Pending approval terms").with("agree_at", "/ui/approval_terms"));
  if (!token.grant.scope) return {};
  TRY_VOID(fill_scope(tx, *token.grant.scope, standing));
  TRY(standing.roles, with_implied(tx, names::effective_roles(tx, token.account.id, *token.grant.scope)));
  if (!token.grant.credential.empty()) {
    const auto stored = names::credential(tx, token.grant.credential);
    if (!stored || (stored->credential.expires && *stored->credential.expires <= now)) return refused();
    keep_only(standing.roles, stored->credential.roles);
  }
  if (standing.roles.empty()) return refused();
  return {};
}

}  // namespace

bool Standing::has_role(std::string_view name) const {
  return std::ranges::any_of(roles, [&](const Role& role) { return role.domain.empty() && role.name == name; });
}

Tokens::Tokens(Identity& identity, sql::Database& database, const Clock& clock)
    : identity_(identity), database_(database), clock_(clock), seen_(seen_max) {}

Task<Result<DomainId>> Tokens::domain_of(DomainRef ref) {
  shorten(ref.id);
  if (!ref.id.empty()) co_return DomainId(std::move(ref.id));
  const auto key = label_key(ref.name);
  if (!key) co_return refused();
  CO_TRY(const auto domain, co_await database_.read([&](sql::Tx& tx) { return names::domain_named(tx, *key); }));
  // An unknown domain has no users: who signs in there pays like for a wrong password.
  co_return domain ? domain->id : DomainId("unknown");
}

Tokens::SignedIn Tokens::by_password(Account account) {
  StillHolds holds = [id = account.id, version = account.version](sql::Tx& tx) -> Result<> {
    const auto now = store::find(tx, id);
    if (now && now->account.version == version) return {};
    return fail(Kind::conflict, "The account was changed at this moment; sign in again.");
  };
  return {.account = std::move(account), .grant = {.methods = "password"}, .holds = std::move(holds)};
}

Task<Result<Tokens::SignedIn>> Tokens::sign_in(PasswordMethod method, std::string remote) {
  shorten(method.user.id);
  if (!method.user.id.empty()) {
    CO_TRY(auto account,
           co_await identity_.authenticate(AccountId(method.user.id), std::move(method.password), remote));
    co_return by_password(std::move(account));
  }
  CO_TRY(const auto domain, co_await domain_of(method.user.domain));
  CO_TRY(auto account,
         co_await identity_.authenticate(method.user.name, std::move(method.password), std::move(remote), domain));
  co_return by_password(std::move(account));
}

Task<Result<Tokens::SignedIn>> Tokens::sign_in(TokenMethod method) {
  CO_TRY(auto token, co_await identity_.authenticate_token(std::move(method.token)));
  if (!token.grant.credential.empty())
    co_return fail(Kind::forbidden, "a token of an application credential makes no further tokens");
  std::string methods = token.grant.methods;
  if (!methods.contains("token")) methods += ",token";
  StillHolds holds = [id = token.id](sql::Tx& tx) -> Result<> {
    if (store::token_is_there(tx, id)) return {};
    return refused();
  };
  const std::string parent = token.grant.parent.empty() ? token.id.text() : token.grant.parent;
  co_return SignedIn{.account = std::move(token.account),
                     .grant = {.methods = std::move(methods), .expires = token.expires, .parent = parent},
                     .holds = std::move(holds)};
}

Task<Result<Tokens::SignedIn>> Tokens::sign_in(CredentialMethod method, std::string remote) {
  for (auto* text : {&method.id, &method.name, &method.user.id}) shorten(*text);
  std::optional<std::string> owner;
  if (method.id.empty() && method.user.id.empty()) {
    CO_TRY(const auto domain, co_await domain_of(method.user.domain));
    owner = sign_in_key(domain.text(), method.user.name).value_or("");
  }
  CO_TRY(const auto stored, co_await database_.read([&](sql::Tx& tx) -> std::optional<names::StoredCredential> {
    if (!method.id.empty()) return names::credential(tx, CredentialId(method.id));
    AccountId account(method.user.id);
    if (owner) {
      const auto found = store::find(tx, *owner);
      if (!found) return std::nullopt;
      account = found->account.id;
    }
    return names::credential_named(tx, account, method.name);
  }));
  const std::string subject =
      "credential:" + (stored ? stored->credential.id.text() : method.id + method.user.id + '/' + method.name);
  CO_TRY_VOID(co_await identity_.check_secret(subject, stored ? stored->secret_hash : std::string(),
                                              std::move(method.secret), std::move(remote)));
  const auto& credential = stored->credential;
  CO_TRY(auto account, co_await identity_.find(credential.account));
  if (!account.enabled) co_return refused();
  co_return SignedIn{.account = std::move(account),
                     .grant = {.methods = "application_credential",
                               .scope = Target{TargetKind::project, credential.project.text()},
                               .credential = credential.id,
                               .expires = credential.expires,
                               .parent = {}},
                     .scope_fixed = true};
}

Task<Result<std::optional<Target>>> Tokens::target_of(WantedScope wanted, Account account) {
  using Found = std::optional<Target>;
  if (std::holds_alternative<Unscoped>(wanted)) co_return Found();
  if (std::holds_alternative<SystemScope>(wanted)) co_return Found(Target{TargetKind::system, "all"});
  if (auto* scope = std::get_if<DomainScope>(&wanted)) {
    CO_TRY(const auto domain, co_await domain_of(std::move(scope->domain)));
    co_return Found(Target{TargetKind::domain, domain.text()});
  }
  if (auto* scope = std::get_if<ProjectScope>(&wanted)) {
    if (!scope->project.id.empty()) co_return Found(Target{TargetKind::project, scope->project.id});
    CO_TRY(const auto domain, co_await domain_of(scope->project.domain));
    const auto key = label_key(scope->project.name);
    if (!key) co_return refused();
    CO_TRY(const auto project,
           co_await database_.read([&](sql::Tx& tx) { return names::project_named(tx, domain, *key); }));
    if (!project) co_return refused();
    co_return Found(Target{TargetKind::project, project->id.text()});
  }
  if (account.default_project.empty()) co_return Found();
  // A default project in which he is nobody any more is no reason to keep him out.
  const Target target{TargetKind::project, account.default_project.text()};
  CO_TRY(const bool usable, co_await database_.read([&](sql::Tx& tx) {
    const auto project = names::project(tx, account.default_project);
    return project && project->enabled && !names::effective_roles(tx, account.id, target).empty();
  }));
  co_return usable ? Found(target) : Found();
}

Task<Result<Issued>> Tokens::issue(AuthRequest request, std::string remote) {
  // Whose account changes between his sign-in and his token signs in once more: what he has may hold no longer.
  for (int again = 0; again < 2; ++again) {
    auto issued = co_await issue_once(request, remote);
    if (issued || issued.error().kind() != Kind::conflict) co_return issued;
  }
  co_return co_await issue_once(std::move(request), std::move(remote));
}

Task<Result<Issued>> Tokens::issue_once(AuthRequest request, std::string remote) {
  Result<SignedIn> who = fail(Kind::internal, "no method");
  std::string how;  // a token for a token is no sign-in
  if (std::holds_alternative<PasswordMethod>(request.method)) how = "by password for a token from " + remote;
  if (std::holds_alternative<CredentialMethod>(request.method)) how = "by application credential from " + remote;
  if (auto* password = std::get_if<PasswordMethod>(&request.method))
    who = co_await sign_in(std::move(*password), std::move(remote));
  else if (auto* token = std::get_if<TokenMethod>(&request.method))
    who = co_await sign_in(std::move(*token));
  else
    who = co_await sign_in(std::move(std::get<CredentialMethod>(request.method)), std::move(remote));
  if (!who) {
    if (who.error().kind() == Kind::forbidden) co_return fail(who.error());
    co_return as_refusal(who.error());
  }
  if (!who->scope_fixed) {
    auto target = co_await target_of(std::move(request.scope), who->account);
    if (!target) co_return as_refusal(target.error());
    who->grant.scope = std::move(*target);
  }
  // Before a row is written: nobody fills the table with tokens for places where he has no business.
  Standing standing{.token = {.account = who->account, .grant = who->grant}};
  const Time now = clock_.now();
  CO_TRY_VOID(co_await database_.read([&](sql::Tx& tx) { return stand(tx, now, standing); }));
  const StillHolds noted = [&](sql::Tx& tx) -> Result<> {
    if (who->holds) TRY_VOID(who->holds(tx));
    if (!how.empty()) life::store::insert_signed_in(tx, who->account.id, how, now);
    return {};
  };
  auto issued = co_await identity_.issue_token(who->account.id, who->grant, {}, noted);
  if (!issued) co_return as_refusal(issued.error());
  standing.token.id = issued->id;
  standing.token.issued = issued->issued;
  standing.token.expires = issued->expires;
  co_return Issued{.token = std::move(issued->token), .standing = std::move(standing)};
}

Task<Result<std::shared_ptr<const Seen>>> Tokens::seen(Secret token) {
  using Found = Result<std::shared_ptr<const Seen>>;
  const std::string hash = identity_.token_hash(token);
  if (hash.empty()) co_return refused();
  const Time now = clock_.now();
  co_return co_await database_.read([&](sql::Tx& tx) -> Found {
    auto sight = store::sight(tx, hash, now);
    if (!sight) return refused();
    if (auto known = seen_.find(hash, *sight)) return known;
    auto stored = store::token(tx, hash, now);
    if (!stored) return refused();
    auto made = std::make_shared<Seen>();
    made->sight = std::move(*sight);
    made->standing.token = std::move(*stored);
    TRY_VOID(stand(tx, now, made->standing));
    const auto entries = catalog(tx);
    made->body = json::write(wrapped("token", token_json(made->standing, &entries)));
    seen_.put(hash, made);
    return made;
  });
}

Task<Result<Standing>> Tokens::standing(Secret token) {
  CO_TRY(const auto found, co_await seen(std::move(token)));
  co_return found->standing;
}

Task<Result<>> Tokens::revoke(Standing standing) {
  co_return co_await identity_.revoke_token(standing.token.id);
}

}  // namespace nephele::identity::keystone
