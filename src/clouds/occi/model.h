// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What OCCI describes, as far as its clients here use it.
namespace nephele::occi {

/// The scheme of compute, and of the mixins for images and sizes.
inline constexpr std::string_view infrastructure = "http://schemas.ogf.org/occi/infrastructure#";

using Attributes = std::map<std::string, std::string, std::less<>>;

/// A kind, mixin or action.
struct Category {
  std::string term = {};
  std::string scheme = {};      ///< ends in '#'
  std::string class_name = {};  ///< "kind", "mixin", "action"
  std::string title = {};
  std::string location = {};
  std::vector<std::string> related = {};  ///< what it depends on, as "SCHEME#TERM"
  Attributes defaults = {};               ///< of its attributes, where they are told

  std::string type() const { return scheme + term; }
};

/// "os_tpl" or "resource_tpl": whether this mixin is an image or a size.
bool is_template(const Category& category, std::string_view what);
/// The one that is called so: by its term, its type, or its title. Null where there is none, or more than one.
const Category* find_template(const std::vector<Category>& all, std::string_view what, std::string_view name);

struct Compute {
  std::string id = {};  ///< the end of its URL
  std::string title = {};
  std::vector<std::string> mixins = {};  ///< "SCHEME#TERM"
  Attributes attributes = {};
  std::string address = {};  ///< of its first network interface that has one
  bool told_whole = false;   ///< false: only that it is there

  std::string attribute(std::string_view name) const;
  /// Its host name, else its title.
  std::string name() const;
  /// "active", "inactive", "waiting" and so on, in lower case; empty: not told.
  std::string state() const;
  std::optional<std::int64_t> cores() const;
};

/// "2", "2.0": nothing for what is no positive number.
std::optional<std::int64_t> cores_in(std::string_view text);

struct NewCompute {
  std::string name = {};
  Category image = {}, size = {};
  std::string user_data = {};   ///< as the machine is to see it; base64 is made of it here
  std::string public_key = {};  ///< "ssh-ed25519 AAAA... comment"; empty: none
};

}  // namespace nephele::occi
