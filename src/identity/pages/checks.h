// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/model.h"
#include "identity/pages/forms.h"

/// What several forms ask for, how it is asked and when it is right.
namespace nephele::identity::pages {

inline constexpr std::size_t person_characters = 30;

/// Notes what is wrong with a field, unless something was noted already.
void note(FieldErrors& errors, const std::string& name, const Result<>& checked);

/// `first_name` and `last_name`.
Html person_fields(const std::string& first, const std::string& last, bool required, const FieldErrors& errors);
void check_person(FieldErrors& errors, const FormData& form, bool required);
/// One of the two.
void check_person_name(FieldErrors& errors, const FormData& form, const std::string& field, bool required);

/// An e-mail address that can be an account's name too.
void check_address(FieldErrors& errors, const FormData& form, const std::string& field);

inline constexpr std::string_view terms_field = "has_signed_terms";
inline constexpr std::string_view must_agree_text = "Please, you need to 'Agree with the terms' before proceeding.";
/// With the box: which terms it stands below.
inline constexpr std::string_view terms_version_field = "terms_version";
std::int64_t terms_shown(const FormData& form);
/// Where there are terms of use.
void check_terms(FieldErrors& errors, const FormData& form);
/// Below which field of a sign-up it stands what an account life's use case said.
std::string field_of(const Error& error);

/// A password that somebody chooses: once, and once again.
struct PasswordFields {
  std::string first, second;
  std::string label;
};
Html new_password(const PasswordFields& fields, const FieldErrors& errors);
/// `about`: what others know of him.
void check_new_password(FieldErrors& errors, const FormData& form, const PasswordFields& fields,
                        const std::vector<std::string>& about);
std::vector<std::string> known_of(const Account& account);

}  // namespace nephele::identity::pages
