// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fleet/config.h"
#include "fleet/config_sections.h"
#include "fleet/files.h"

/// Vacuum pipes: machinetypes that an experiment describes on its web server, and a site lets in with a prefix and a
/// share (contract vcycle, 1.6).
namespace nephele::fleet {

/// The last good documents, wherever they are kept.
class PipeCopies {
 public:
  struct Copy {
    std::string text;
    Instant fetched{};
  };
  virtual ~PipeCopies() = default;
  virtual std::optional<Copy> find(const std::string& url) const = 0;
};

/// In /var/lib/vcycle/pipescache, a file per URL; its time is when it was fetched.
class PipeCache final : public PipeCopies {
 public:
  explicit PipeCache(const Files& files) : files_(files) {}
  std::optional<Copy> find(const std::string& url) const override;
  Result<> keep(const std::string& url, const std::string& text, Instant fetched) const;
  /// Only for us, since pipes may have secrets in them; earlier releases made the folder for everybody.
  void close() const;

 private:
  std::string path(const std::string& url) const;
  const Files& files_;
};

inline constexpr std::size_t pipe_bytes_max = std::size_t{1} * 1024 * 1024;

/// Whether it is a document that machinetypes can be made from; what one of them says may still be refused.
Result<> check_pipe(const std::string& text);

/// What a [vacuum_pipe ...] says itself.
struct PipeOptions {
  std::string url;
  double target_share = 0;
  std::optional<std::int64_t> processors_limit, machines_limit;
};
const settings::Table<PipeOptions>& pipe_table();

/// Turns each pipe of `sections` into machinetypes. A local section of the same name keeps its options, and so do those
/// of the pipe's section; what a document asks for beyond what it may is refused, with the machinetype. `copies` may be
/// null: nothing was fetched.
void expand_pipes(Sections& sections, const PipeCopies* copies, Configuration& into);

}  // namespace nephele::fleet
