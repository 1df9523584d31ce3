// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_handle.h"
#include "base/result.h"
#include "fleet/model.h"

/// Where everything of the fleet lies, and how it is written (contract vcycle, 2.3).
namespace nephele::fleet {

/// Is a write to survive the loss of power? What the next cycle writes again need not.
enum class Durable : std::uint8_t { no, yes };

class Files {
 public:
  /// All paths below `root` ("" for the system's own). `node` is what this manager is called; `step` hears of each
  /// change before it is made, so that tests can end the manager there.
  Files(std::string root, std::string node, std::function<void(std::string_view)> step = nullptr);

  const std::string& root() const noexcept { return root_; }
  const std::string& node() const noexcept { return node_; }

  std::string lib(std::string_view below = {}) const;     ///< /var/lib/vcycle, of this host
  std::string shared(std::string_view below = {}) const;  ///< /var/lib/vcycle/shared, of all managers
  std::string space(std::string_view space, std::string_view below) const;
  std::string current(std::string_view space, std::string_view machine) const;
  std::string deleted(std::string_view space, std::string_view machine) const;
  /// Of the first release that had state: /var/lib/vcycle/machines/NAME.
  std::string early(std::string_view machine) const;
  /// Where the files of a machinetype are: the contract's folder, else the guide's, in either spelling.
  std::string machinetype(std::string_view space, std::string_view type, std::string_view configured) const;
  /// What a machinetype names: in "files" of its folder, else in the folder itself, where the guide has it.
  std::string input(const std::string& folder, const std::string& path) const;
  /// A path of the configuration: below `root` when absolute.
  std::string rooted(std::string_view path) const;

  /// All or nothing, whatever happens on the way.
  Result<> write(const std::string& path, std::string_view text, mode_t mode, Durable durable = Durable::yes) const;
  Result<> make_folder(const std::string& path, mode_t mode) const;
  /// Within the state's file system; across file systems it is copied first.
  Result<> move(const std::string& from, const std::string& to) const;
  Result<> remove(const std::string& path) const;
  /// What it names is about to happen.
  void step(std::string_view what) const;

 private:
  std::string root_, node_;
  std::function<void(std::string_view)> step_;
};

/// The text without blanks at its ends; nothing when the file cannot be read.
std::optional<std::string> read_state(const std::string& path);
std::optional<std::int64_t> read_number(const std::string& path);
std::optional<Instant> read_instant(const std::string& path);
/// As Python prints one: 84.0, 10.5.
std::optional<double> read_real(const std::string& path);
std::string to_text(Instant when);
/// As Python prints a float.
std::string to_text(double value);
/// Names of what is in a folder, in order; none when it is not there. The error: it cannot be read.
Result<std::vector<std::string>> names_in(const std::string& folder);

/// One manager creates at a time in a space that several share: a file with who and until when, changed under a lock.
class SpaceLease {
 public:
  /// For `length` from `now`; `busy` names who has it.
  static Result<SpaceLease> take(const Files& files, const std::string& space, Instant now, seconds length);
  /// Before something that must not be done twice. `conflict`: somebody else has taken it.
  Result<> renew(Instant now);
  /// A lease that nobody gives back ends by itself.
  void give_back();

 private:
  SpaceLease(const Files& files, std::string path, seconds length)
      : files_(&files), path_(std::move(path)), length_(length) {}
  const Files* files_;
  std::string path_;
  seconds length_;
};

/// Held by the one manager of this name for as long as it runs. `conflict` when another one has it.
Result<FileHandle> lock_node(const Files& files);

}  // namespace nephele::fleet
