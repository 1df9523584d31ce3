// SPDX-License-Identifier: Apache-2.0
// What the owner of a machine wants it to do: a script that root runs at each boot, as on other clouds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace guest {

/// The bytes that a Base64 text stands for (line ends allowed); nothing when it is none.
std::optional<std::string> decode_base64(std::string_view text);

/// The program in USER_DATA's value; nothing when it does not begin with `#!`: other forms have no reader here.
std::optional<std::string> user_data_script(std::string_view value);

/// In the child: becomes the script, if the context had one. Returns when it cannot.
void exec_user_data();

}  // namespace guest
