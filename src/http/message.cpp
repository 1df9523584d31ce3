// SPDX-License-Identifier: Apache-2.0
#include "http/message.h"

#include "http/client.h"
#include "http/router.h"
#include "http/server.h"
