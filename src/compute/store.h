// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compute/admission.h"
#include "compute/compute.h"
#include "compute/model.h"
#include "compute/placement.h"
#include "sql/sql.h"

/// All SQL of compute. Every function works in the caller's transaction.
namespace nephele::compute::store {

ServerId next_server_id(sql::Tx& tx);
void insert(sql::Tx& tx, const Server& server, Time now);
std::optional<Server> find(sql::Tx& tx, ServerId id);
/// The row is the caller's until his transaction ends: nothing that he decides by it is old when he writes.
std::optional<Server> find_to_change(sql::Tx& tx, ServerId id);
std::vector<Server> page(sql::Tx& tx, const Page& page);
std::vector<Server> all_of(sql::Tx& tx, const DriverId& driver);
void erase(sql::Tx& tx, ServerId id);

/// Serializes admission: whoever reserves holds this row until its commit.
void lock_reservations(sql::Tx& tx);
Reserved reserved(sql::Tx& tx, const DriverId& driver);
/// What this server has reserved: never less than a machine that runs can reach.
Bytes memory_reserved(sql::Tx& tx, ServerId id);

void set_desired(sql::Tx& tx, ServerId id, Desired desired, Time now);
void set_observed(sql::Tx& tx, ServerId id, Observed observed, std::string_view reason, Time now);
void set_activity(sql::Tx& tx, ServerId id, Activity activity, Time now);
void set_sizes(sql::Tx& tx, ServerId id, const Sizes& sizes, Bytes memory_reserved, Time now);
void set_ceilings(sql::Tx& tx, ServerId id, const Ceilings& ceilings, Time now);
void set_address(sql::Tx& tx, ServerId id, std::string_view address, Time now);
/// The next start; events of earlier ones are stale from now on. Answers the new generation.
std::int64_t next_generation(sql::Tx& tx, ServerId id, Time now);
/// True when the event is newer than all that was seen of this generation.
bool advance_sequence(sql::Tx& tx, ServerId id, std::int64_t generation, std::int64_t sequence);

std::uint32_t next_address_index(sql::Tx& tx);
/// False when the address belongs to a server or rests.
bool take_address(sql::Tx& tx, std::string_view address, ServerId id, Time now);
void free_addresses(sql::Tx& tx, ServerId id, Time rests_until);
void rest_address(sql::Tx& tx, std::string_view address, Time until);

void note_recovery(sql::Tx& tx, ServerId id, Time at);
int recoveries_since(sql::Tx& tx, ServerId id, Time since);

void insert_image(sql::Tx& tx, const Image& image);
/// By id, or the newest of that name. Without the directory.
std::optional<Image> find_image(sql::Tx& tx, std::string_view name_or_id);
std::vector<Image> images(sql::Tx& tx);

/// A driver with the process that holds its post.
struct Post {
  Driver driver;
  std::string instance;  ///< of the process
  std::string hold;      ///< compute::Settings::hold
};
std::vector<Driver> drivers(sql::Tx& tx);
std::optional<Driver> find_driver(sql::Tx& tx, const DriverId& id);
std::optional<Post> find_post(sql::Tx& tx, const DriverId& id);
void take_post(sql::Tx& tx, const Post& post);
/// False when another process has taken the post.
bool say(sql::Tx& tx, const DriverId& id, std::string_view instance, const Capacity& capacity, Time now);
/// Nothing more is given to this driver until it starts again.
void leave_post(sql::Tx& tx, const DriverId& id, std::string_view instance);
/// Gives the servers of the time before drivers to this one.
std::int64_t adopt_servers(sql::Tx& tx, const DriverId& id);
/// Where the other end of a private link is.
std::optional<DriverId> driver_of_link(sql::Tx& tx, std::string_view link);

/// A fact of this installation, written once: "installation", "address_pool".
std::optional<std::string> fact(sql::Tx& tx, std::string_view name);
void set_fact(sql::Tx& tx, std::string_view name, std::string_view value);

}  // namespace nephele::compute::store
