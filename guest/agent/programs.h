// SPDX-License-Identifier: Apache-2.0
// One static program under several names keeps the image small; main() chooses by its own name.
#pragma once

#include <signal.h>

namespace guest::programs {

int early_init();  ///< /init of the initramfs: modules, root disk, then becomes init
int init();        ///< process 1: starts the others, reaps, shuts down
int agent();       ///< context, network, HTTP, control port
int keeper();      ///< hot-plug, growing disk, power button
int lsblk();

/// Environment variable with the number of the descriptor on which the agent tells init that it answers.
inline constexpr char notify_variable[] = "NEPHELE_NOTIFY_FD";

/// Agent to init: the machine is ready. A signal, since it must also come from an agent that was started again.
inline constexpr int ready_signal = SIGHUP;

}  // namespace guest::programs
