// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/settings/python_literal.h"
#include "base/settings/tree.h"

namespace nephele::settings {

/// The text of a settings file. Fails with `not_found` when it does not exist, `invalid` above 1 MiB, `unavailable`
/// otherwise.
Result<std::string> read_file(const std::string& path);

/// Paths of the `*.conf` files of a directory in plain byte order of their names ("10.conf" < "9.conf" < "A.conf").
/// A directory that does not exist has none; hidden files and directories do not count.
Result<std::vector<std::string>> conf_files(const std::string& directory);

/// Reads `NAME = literal` files one after the other: later ones may use and replace names of earlier ones. The root
/// holds what each name has in the end; warnings come from all files.
Result<Document> read_python_files(const std::vector<std::string>& paths, const PythonExtras& extras = {});

}  // namespace nephele::settings
