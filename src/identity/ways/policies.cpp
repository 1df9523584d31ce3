// SPDX-License-Identifier: Apache-2.0
#include "identity/ways/policies.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/settings/codec.h"

namespace nephele::identity::ways {

namespace {

using settings::Codec;
using settings::Node;

constexpr std::array known_modules{std::string_view("local"),      std::string_view("ldap"),
                                   std::string_view("shibboleth"), std::string_view("google"),
                                   std::string_view("twitter"),    std::string_view("linkedin")};

/// What the modules themselves bring. A password, a directory's entry and a federation's name stay what they are.
Policies of_class(std::string_view module, bool moderated) {
  Policies policies;
  policies.replace = module != "local" && module != "ldap" && module != "shibboleth";
  policies.automoderate = !moderated;
  return policies;
}

class Reader {
 public:
  Reader(const std::map<std::string, Node>& policies, std::string prefix)
      : policies_(policies), prefix_(std::move(prefix)) {}

  template <class T>
  void take(std::string_view name, T& into) {
    const auto found = policies_.find(prefix_ + std::string(name) + "_POLICY");
    if (found == policies_.end() || !good_) return;
    auto value = Codec<T>::decode(found->second, {});
    if (!value) good_ = settings::fail_at(found->second.place(), found->first + " is not a value that can be used");
    if (value) into = std::move(*value);
  }
  Result<> all(Policies& into) {
    take("LOGIN", into.login);
    take("CREATE", into.create);
    take("ADD", into.add);
    take("REMOVE", into.remove);
    take("LIMIT", into.limit);
    take("SWITCH", into.replace);
    take("REQUIRED", into.required);
    take("AUTOVERIFY", into.autoverify);
    take("AUTOMODERATE", into.automoderate);
    take("ADD_GROUPS", into.add_groups);
    take("CREATION_GROUPS", into.creation_groups);
    take("MIRROR_GROUPS", into.mirror_groups);
    return good_;
  }

 private:
  const std::map<std::string, Node>& policies_;
  std::string prefix_;
  Result<> good_;
};

struct Text {
  std::string_view name;
  std::string_view otherwise;
};
Text text_of(Words which) {
  switch (which) {
    case Words::title:
      return {"TITLE", ""};
    case Words::add_prompt:
      return {"ADD_PROMPT", "Allows you to sign in by {title}"};
    case Words::required:
      return {"REQUIRED", "{title} is required. You can assign it from your profile page."};
    case Words::disabled_for_create:
      return {"DISABLED_FOR_CREATE",
              "It seems that this is the first time that you come here by {title}. Unfortunately, we are not accepting "
              "new users at this point."};
    case Words::still_signed_in:
      return {"LOGOUT_SUCCESS_EXTRA",
              "You may still be signed in at {title}, though. Whoever uses this browser next could come back by it: "
              "sign out there too, or close the browser."};
    case Words::cannot_login:
      break;
  }
  return {"CANNOT_LOGIN", "{title} is not available for login. Please use another of the ways that your account has."};
}

std::string title_of(std::string_view module) {
  if (module == "local") return "Password";
  if (module == "ldap") return "LDAP";
  if (module == "linkedin") return "LinkedIn";
  std::string out(module);
  if (!out.empty()) out[0] = ascii::upper(out[0]);
  return out;
}

template <class T>
void set(const std::optional<T>& from, T& into) {
  if (from) into = *from;
}

}  // namespace

bool Profile::holds_for(std::string_view module) const noexcept {
  return active && (provider == module) != exclusive;
}

Result<PolicyBook> PolicyBook::of(std::vector<std::string> modules, const std::map<std::string, Node>& policies,
                                  std::map<std::string, std::string> messages, bool moderated) {
  PolicyBook book;
  book.modules_ = std::move(modules);
  book.messages_ = std::move(messages);
  for (const auto module : known_modules) {
    Policies made = of_class(module, moderated);
    TRY_VOID(Reader(policies, "ASTAKOS_AUTH_PROVIDERS_").all(made));
    TRY_VOID(Reader(policies, "ASTAKOS_AUTH_PROVIDER_" + ascii::uppered(module) + "_").all(made));
    book.by_module_.emplace(module, std::move(made));
  }
  return book;
}

bool PolicyBook::offers(std::string_view module) const noexcept {
  return std::ranges::find(modules_, module) != modules_.end();
}

Policies PolicyBook::policies(std::string_view module, std::span<const Profile> profiles) const {
  const auto found = by_module_.find(module);
  Policies policies = found == by_module_.end() ? of_class(module, true) : found->second;
  for (const auto& profile : profiles) {
    if (!profile.holds_for(module)) continue;
    const auto& o = profile.overrides;
    set(o.login, policies.login);
    set(o.create, policies.create);
    set(o.add, policies.add);
    set(o.remove, policies.remove);
    set(o.limit, policies.limit);
    set(o.required, policies.required);
    set(o.automoderate, policies.automoderate);
  }
  return policies;
}

bool PolicyBook::requires_any() const {
  return std::ranges::any_of(modules_, [this](const std::string& module) { return policies(module).required; });
}

std::string PolicyBook::words(std::string_view module, Words which) const {
  const auto text = text_of(which);
  const std::string key = "ASTAKOS_AUTH_PROVIDER_" + ascii::uppered(module) + "_" + std::string(text.name);
  std::string out(text.otherwise);
  if (which == Words::title) out = title_of(module);
  for (const auto* end : {"", "_MSG", "_MESSAGE"})
    if (const auto found = messages_.find(key + end); found != messages_.end()) out = found->second;
  if (which == Words::title) return out;
  constexpr std::string_view mark = "{title}";
  if (const auto at = out.find(mark); at != std::string::npos) out.replace(at, mark.size(), title(module));
  return out;
}

}  // namespace nephele::identity::ways
