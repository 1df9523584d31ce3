// SPDX-License-Identifier: Apache-2.0
#include "base/settings/config_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/file_handle.h"

namespace nephele::settings {

Result<std::string> read_file(const std::string& path) {
  constexpr std::size_t file_bytes_max = std::size_t{1} << 20U;
  const FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  const auto refused = [&path](int error) {
    return fail(error == ENOENT ? Kind::not_found : Kind::unavailable,
                path + ": " + std::generic_category().message(error));
  };
  if (!file) return refused(errno);
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + 65536);
    const ssize_t got = ::read(file.get(), text.data() + before, text.size() - before);
    if (got < 0 && errno == EINTR) {
      text.resize(before);
      continue;
    }
    if (got < 0) return refused(errno);
    text.resize(before + static_cast<std::size_t>(got));
    if (got == 0) return text;
    if (text.size() > file_bytes_max) return fail(Kind::invalid, path + ": larger than 1 MiB; is it the right file?");
  }
}

Result<std::vector<std::string>> conf_files(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code ec;
  std::filesystem::directory_iterator entries(directory, ec);
  if (ec == std::errc::no_such_file_or_directory) return names;
  for (const std::filesystem::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if (name.ends_with(".conf") && !name.starts_with('.') && !entries->is_directory(ignored)) names.push_back(name);
  }
  if (ec) return fail(Kind::unavailable, directory + ": " + ec.message());
  std::ranges::sort(names);
  for (std::string& name : names) name = (std::filesystem::path(directory) / name).string();
  return names;
}

Result<Document> read_python_files(const std::vector<std::string>& paths, const PythonExtras& extras) {
  Document all{.root = Node({}, Node::Table{}), .warnings = {}};
  for (const std::string& path : paths) {
    TRY(const std::string text, read_file(path));
    TRY(Document one, read_python_literal(text, path, &all.root, extras));
    for (Entry& entry : *one.root.if_table())
      all.root.set(std::move(entry.key), std::move(entry.spelled), std::move(entry.value));
    std::ranges::move(one.warnings, std::back_inserter(all.warnings));
  }
  return all;
}

}  // namespace nephele::settings
