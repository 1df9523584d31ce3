// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace guest::paths {

inline constexpr char run[] = "/run/nephele";                    ///< gone at reboot
inline constexpr char kept_context[] = "/run/nephele/context";   ///< only for the agent's own restart
inline constexpr char user_data[] = "/run/nephele/user_data";    ///< root's script; made anew at each boot
inline constexpr char library[] = "/var/lib/nephele";            ///< on the root disk
inline constexpr char function[] = "/var/lib/nephele/function";  ///< the user's program
inline constexpr char objects[] = "/var/lib/nephele/objects";    ///< the object store

}  // namespace guest::paths
