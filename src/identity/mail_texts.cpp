// SPDX-License-Identifier: Apache-2.0
#include "identity/mail_texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/ascii.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "identity/mail_templates.h"

namespace nephele::identity {

namespace {

constexpr std::string_view common_variables = "site baseurl support";
constexpr std::string_view many_lines = "message reason data";  // what somebody has written into a larger field
constexpr std::size_t subject_bytes_max = 250;
constexpr std::size_t value_bytes_max = 2'000;
constexpr std::size_t long_value_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t file_bytes_max = std::size_t{64} * 1024;
// Two hyphens and a blank: how mail programs know a signature.
constexpr std::string_view signature = "\n-- \n{{ site }}  {{ baseurl }}\nQuestions: {{ support }}\n";

const MailTemplate& template_of(MailKind kind) noexcept {
  return mail_templates().at(static_cast<std::size_t>(kind));
}

bool lists(std::string_view words, std::string_view word) noexcept {
  while (!words.empty()) {
    const auto blank = std::min(words.find(' '), words.size());
    if (words.substr(0, blank) == word) return true;
    words.remove_prefix(std::min(blank + 1, words.size()));
  }
  return false;
}

/// At most so many bytes, whole characters.
std::string_view cut(std::string_view text, std::size_t bytes_max) noexcept {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end);
}

/// Controls become blanks; what is not UTF-8 becomes "?", because a mail with it could not be sent at all.
std::string harmless(std::string_view value, bool keep_lines) {
  std::string out;
  for (value = cut(value, keep_lines ? long_value_bytes_max : value_bytes_max); !value.empty();) {
    const auto bytes = utf8_sequence(value);
    const char c = value.front();
    if (bytes == 0) {
      out += '?';
    } else if (c == '\r' && keep_lines) {
      // of a CRLF
    } else if (bytes == 1 && (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)) {
      out += keep_lines && (c == '\n' || c == '\t') ? c : ' ';
    } else {
      out += value.substr(0, bytes);
    }
    value.remove_prefix(std::max<std::size_t>(1, bytes));
  }
  return out;
}

/// Calls `text` with what stands between variables and `variable` with each name and its place; a sentence about what
/// is wrong, or an empty one.
template <class OnText, class OnVariable>
std::string walk(std::string_view pattern, OnText text, OnVariable variable) {
  const std::string_view all = pattern;
  for (;;) {
    const auto open = pattern.find("{{");
    text(pattern.substr(0, open));
    if (open == std::string_view::npos) return {};
    const auto close = pattern.find("}}", open);
    const auto name =
        ascii::trimmed(pattern.substr(open + 2, close == std::string_view::npos ? 0 : close - open - 2), ascii::spaces);
    const auto line = 1 + std::ranges::count(all.substr(0, all.size() - pattern.size() + open), '\n');
    if (close == std::string_view::npos) return fmt::format("{}: a {{{{ without its }}}}", line);
    if (std::string why = variable(name); !why.empty()) return fmt::format("{}: {}", line, why);
    pattern.remove_prefix(close + 2);
  }
}

std::string filled(MailKind kind, std::string_view pattern, const MailValues& values, const MailSite& site,
                   bool in_subject) {
  std::string out;
  const std::string base_url = site.base_url.text();
  const auto value_of = [&](std::string_view name) -> std::string_view {
    if (name == "site") return site.name;
    if (name == "baseurl") return base_url;
    if (name == "support") return site.support;
    const auto found = values.find(name);
    if (found == values.end())
      throw std::logic_error(fmt::format("the mail {} was not given its {}", to_string(kind), name));
    return found->second;
  };
  (void)walk(
      pattern, [&out](std::string_view text) { out += text; },
      [&](std::string_view name) {
        out += harmless(value_of(name), !in_subject && lists(many_lines, name));
        return std::string();
      });
  return out;
}

}  // namespace

std::string_view to_string(MailKind kind) noexcept {
  return template_of(kind).name;
}

std::string_view MailTexts::names(MailKind kind) noexcept {
  return template_of(kind).variables;
}

MailTexts::MailTexts(MailSite site) : site_(std::move(site)) {
  for (const auto& each : mail_templates())
    templates_.at(static_cast<std::size_t>(each.kind)) = {.subject = std::string(each.subject),
                                                          .text = std::string(each.body) + std::string(signature)};
}

Result<MailTexts> MailTexts::load(const std::string& folder, MailSite site) {
  MailTexts texts(std::move(site));
  if (folder.empty()) return texts;
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".txt") files.push_back(at->path());
  if (error) return fail(Kind::invalid, folder + ": the folder of mail texts cannot be read (" + error.message() + ")");
  std::ranges::sort(files);
  for (const auto& file : files) {
    const auto& all = mail_templates();
    const auto found = std::ranges::find(all, file.stem().string(), &MailTemplate::name);
    if (found == all.end()) {
      std::string known;
      for (const auto& each : all) known.append(known.empty() ? "" : ", ").append(each.name);
      return fail(Kind::invalid, file.string() + ": no mail has this name; there are " + known);
    }
    const auto content = read_text_file(file.string(), file_bytes_max + 1);
    if (!content) return fail(Kind::invalid, file.string() + ": cannot be read");
    TRY_VOID(texts.replace(found->kind, file.string(), *content));
  }
  return texts;
}

Result<> MailTexts::replace(MailKind kind, std::string_view file, std::string_view content) {
  const auto refuse = [file](const std::string& why) { return fail(Kind::invalid, fmt::format("{}:{}", file, why)); };
  constexpr std::string_view head = "Subject:";
  if (content.size() > file_bytes_max) return refuse(" it is longer than 64 KiB");
  if (!is_utf8(content) || content.contains('\0')) return refuse(" it is not UTF-8 text");
  const auto end = content.find('\n');
  const auto subject = ascii::trimmed(content.substr(0, end), ascii::spaces);
  if (!subject.starts_with(head) || ascii::trimmed(subject.substr(head.size()), ascii::spaces).empty())
    return refuse("1: the first line is \"Subject: ...\"");
  auto body = end == std::string_view::npos ? "" : content.substr(end + 1);
  const auto next = std::min(body.find('\n'), body.size());
  if (!ascii::trimmed(body.substr(0, next), ascii::spaces).empty())
    return refuse("2: an empty line stands between subject and body");
  if (ascii::trimmed(body, ascii::spaces).empty()) return refuse("3: there is no body");
  const std::string wrong = walk(
      content, [](std::string_view) {},
      [kind](std::string_view name) {
        if (lists(common_variables, name) || lists(names(kind), name)) return std::string();
        return fmt::format("this mail knows no \"{}\"; it knows {} {}", name, names(kind), common_variables);
      });
  if (!wrong.empty()) return refuse(wrong);
  templates_.at(static_cast<std::size_t>(kind)) = {
      .subject = std::string(ascii::trimmed(subject.substr(head.size()), ascii::spaces)),
      .text = std::string(body.substr(std::min(next + 1, body.size())))};
  return {};
}

MailText MailTexts::render(MailKind kind, const MailValues& values) const {
  const MailText& pattern = templates_.at(static_cast<std::size_t>(kind));
  const std::string subject = filled(kind, pattern.subject, values, site_, true);
  return {.subject = std::string(ascii::trimmed(cut(subject, subject_bytes_max), ascii::spaces)),
          .text = filled(kind, pattern.text, values, site_, false)};
}

}  // namespace nephele::identity
