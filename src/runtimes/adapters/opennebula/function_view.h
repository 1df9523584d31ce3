// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "clouds/opennebula/model.h"
#include "runtimes/model.h"

/// What a function shows of its VM (Provision Engine contract, 4.6 to 4.8). Pure.
namespace nephele::runtimes::one {

FunctionState state_of(const opennebula::Vm& vm);

/// The first of EXTERNAL_IP, IP6 and IP of NIC 0; empty when there is none. Callers add scheme, port and brackets.
std::string endpoint_of(const opennebula::Vm& vm);

/// 0 where the VM does not say. CPU is VCPU, as callers ask for whole ones.
FunctionSizes sizes_of(const opennebula::Vm& vm);

Function function_of(Role role, const opennebula::Vm& vm);

/// A function whose VM or service is gone: ERROR with the reason, and the last that was known of it.
Function gone(Role role, std::int64_t vm_id, std::string reason, const FunctionSizes& last);

}  // namespace nephele::runtimes::one
