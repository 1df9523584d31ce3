// SPDX-License-Identifier: Apache-2.0
#include "identity/pages/checks.h"

#include <charconv>

#include "identity/account_name.h"
#include "identity/pages/password_rules.h"

namespace nephele::identity::pages {

void note(FieldErrors& errors, const std::string& name, const Result<>& checked) {
  if (!checked) errors.emplace(name, checked.error().sentence());
}

Html person_fields(const std::string& first, const std::string& last, bool required, const FieldErrors& errors) {
  Html out = field({.name = "first_name",
                    .label = "First name",
                    .value = first,
                    .autocomplete = "given-name",
                    .required = required,
                    .length_max = person_characters},
                   errors);
  out += field({.name = "last_name",
                .label = "Last name",
                .value = last,
                .autocomplete = "family-name",
                .required = required,
                .length_max = person_characters},
               errors);
  return out;
}

void check_person_name(FieldErrors& errors, const FormData& form, const std::string& field, bool required) {
  const auto text = form.value(field);
  if (required && text.find_first_not_of(' ') == std::string_view::npos) errors.emplace(field, "write your name");
  note(errors, field, check_text("name", text, person_characters));
  if (text.find_first_of("\r\n\t") != std::string_view::npos) errors.emplace(field, "a name has one line");
}

void check_person(FieldErrors& errors, const FormData& form, bool required) {
  for (const char* field : {"first_name", "last_name"}) check_person_name(errors, form, field, required);
}

void check_terms(FieldErrors& errors, const FormData& form) {
  if (!form.has(terms_field)) errors.emplace(std::string(terms_field), std::string(must_agree_text));
}

std::int64_t terms_shown(const FormData& form) {
  const auto text = form.value(terms_version_field);
  std::int64_t id = 0;
  const auto [stop, wrong] = std::from_chars(text.data(), text.data() + text.size(), id);
  return wrong == std::errc{} && stop == text.data() + text.size() ? id : 0;
}

std::string field_of(const Error& error) {
  // Terms that were added a moment ago, between the page and the form.
  return std::string(error.detail("about") == "terms" ? terms_field : "email");
}

void check_address(FieldErrors& errors, const FormData& form, const std::string& field) {
  const std::string email(form.value(field));
  if (email.empty()) errors.emplace(field, "write your e-mail address");
  note(errors, field, check_email(email));
  if (!email.empty()) note(errors, field, check_name(email));
}

Html new_password(const PasswordFields& fields, const FieldErrors& errors) {
  Html out = field({.name = fields.first,
                    .label = fields.label,
                    .type = "password",
                    .autocomplete = "new-password",
                    .hint = "At least 8 characters; a few words make a good one."},
                   errors);
  out +=
      field({.name = fields.second, .label = "The password again", .type = "password", .autocomplete = "new-password"},
            errors);
  return out;
}

void check_new_password(FieldErrors& errors, const FormData& form, const PasswordFields& fields,
                        const std::vector<std::string>& about) {
  if (const auto weak = weakness(form.secret(fields.first), about)) errors.emplace(fields.first, *weak);
  if (form.value(fields.first) != form.value(fields.second)) errors.emplace(fields.second, "the two passwords differ");
}

std::vector<std::string> known_of(const Account& account) {
  return {account.email, account.name, account.first_name, account.last_name};
}

}  // namespace nephele::identity::pages
