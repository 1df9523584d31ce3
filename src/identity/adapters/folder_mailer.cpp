// SPDX-License-Identifier: Apache-2.0
#include "identity/adapters/folder_mailer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/text_file.h"
#include "identity/adapters/smtp_mailer.h"

namespace nephele::identity {

namespace {

/// What comes from the mail may hold a slash.
std::string file_name(const Mail& mail) {
  std::string time = iso8601(mail.date);
  std::erase(time, ':');
  std::string id = mail.message_id.substr(0, std::min<std::size_t>(64, mail.message_id.find('@')));
  for (char& c : id) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    if (!plain) c = '_';
  }
  return time + "-" + id + ".eml";
}

}  // namespace

Result<std::unique_ptr<FolderMailer>> FolderMailer::open(std::string folder) {
  std::error_code error;
  const auto parent = std::filesystem::path(folder).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (!error && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) error.assign(errno, std::generic_category());
  if (!error && (!std::filesystem::is_directory(folder) || ::access(folder.c_str(), W_OK | X_OK) != 0))
    error = std::make_error_code(std::errc::permission_denied);
  if (error) return fail(Kind::unavailable, folder + ": mails cannot be written there (" + error.message() + ")");
  return std::unique_ptr<FolderMailer>(new FolderMailer(std::move(folder)));
}

Task<Result<>> FolderMailer::send(Mail mail) {
  std::string path = folder_ + "/" + file_name(mail);
  CO_TRY(std::string content, smtp::compose(to_smtp(std::move(mail))));
  co_return co_await workers_.run([path = std::move(path), content = std::move(content)]() -> Result<> {
    auto written = replace_file(path, content, 0600);
    // Whatever it is, somebody can set it right, and then the mail goes.
    if (!written) return fail(Kind::unavailable, "a mail cannot be written: " + written.error().sentence());
    return {};
  });
}

}  // namespace nephele::identity
