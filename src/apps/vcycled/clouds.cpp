// SPDX-License-Identifier: Apache-2.0
#include "apps/vcycled/clouds.h"

#include "apps/nephele/cloud.h"
#include "apps/synnefo/account_services.h"
#include "base/json.h"
#include "bus/bus.h"
#include "compute/adapters/qemu.h"
#include "compute/compute.h"
#include "compute/images.h"
#include "fleet/adapters/azure.h"
#include "fleet/adapters/dbce.h"
#include "fleet/adapters/ec2.h"
#include "fleet/adapters/embedded.h"
#include "fleet/adapters/embedded_images.h"
#include "fleet/adapters/google.h"
#include "fleet/adapters/occi.h"
#include "fleet/adapters/opennebula.h"
#include "fleet/adapters/openstack.h"
#include "operations/operations.h"

namespace nephele::apps::vcycle {

/// Our own cloud in one data directory. Who drives its machines is `nephele`, or this process where nobody does; either
/// way what is wanted goes through the database.
class ConfiguredClouds::Embedded {
 public:
  static Result<std::unique_ptr<Embedded>> open(const std::string& data, fleet::ImageFiles& images) {
    const Installation place(data);
    TRY(auto loaded, load_settings(place.settings_file(), {}));
    auto settings = std::move(loaded.values);
    if (settings.guest_image.empty()) settings.guest_image = shipped_guest_image();
    TRY(auto ground, Foundation::open(place, std::move(settings), Foundation::LogTo::file, true));
    std::unique_ptr<Embedded> made(new Embedded(std::move(ground), images));
    TRY_VOID(made->ground_->migrate());
    TRY_VOID(made->drive_if_nobody_does());
    made->use();
    return made;
  }
  ~Embedded() {
    if (asking_) ground_->threads().run(asking_->compute.stop());
    asking_.reset();
    if (driven_) driven_->stop();
  }
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  std::unique_ptr<fleet::Cloud> cloud_of(const std::string& space) {
    return std::make_unique<fleet::EmbeddedCloud>(ground_->database(), asking_->compute, space, &web_);
  }

  /// `nephele` may have ended since.
  Result<> drive_if_nobody_does() {
    if (driven_ || MachinesLock::holder(ground_->installation())) return {};
    TRY(auto cloud, Cloud::open(*ground_, {.compute = true}));
    if (const auto started = cloud->start(FirstStart::without_account); !started) {
      cloud->stop();
      return fail(started.error());
    }
    driven_ = std::move(cloud);
    return {};
  }

 private:
  /// The use cases of compute without machines of their own.
  struct Asking {
    explicit Asking(Foundation& ground)
        : bus(bus::in_process_bus(ground.database(), ground.clock(), ground.threads().first(), {},
                                  ground.logging().logger("bus"))),
          operations(ground.database(), ground.key(), ground.clock(), ground.threads().first(), {.place = boot_place()},
                     ground.logging().logger("operations")),
          compute(ground.database(), operations, *bus, nullptr, ground.clock(), ground.threads().first(),
                  settings_of(ground), ground.logging().logger("compute")) {}
    static compute::Settings settings_of(Foundation& ground) {
      compute::Settings out;
      out.host = host_name();
      out.images_directory = ground.installation().images();
      return out;
    }
    std::unique_ptr<bus::Bus> bus;
    operations::Operations operations;
    compute::Compute compute;
  };

  Embedded(std::unique_ptr<Foundation> ground, fleet::ImageFiles& images)
      : ground_(std::move(ground)),
        shelf_(ground_->database(), ground_->clock(), ground_->installation().images(), compute::least_disk),
        web_(images, shelf_, unpacking_) {}
  void use() { asking_ = std::make_unique<Asking>(*ground_); }

  std::unique_ptr<Foundation> ground_;
  Workers unpacking_{"images", 1, 16};
  compute::Images shelf_;
  fleet::EmbeddedImages web_;
  std::unique_ptr<Cloud> driven_;
  std::unique_ptr<Asking> asking_;
};

ConfiguredClouds::ConfiguredClouds(std::string data, fleet::ImageFiles& images, std::string grid)
    : data_(std::move(data)), grid_(std::move(grid)), images_(images) {}

ConfiguredClouds::~ConfiguredClouds() {
  clouds_.clear();
}

Result<ConfiguredClouds::Embedded*> ConfiguredClouds::embedded() {
  if (!embedded_) {
    TRY(embedded_, Embedded::open(data_, images_));
  }
  TRY_VOID(embedded_->drive_if_nobody_does());
  return embedded_.get();
}

Result<fleet::Cloud*> ConfiguredClouds::of(const fleet::Space& space) {
  auto& [made_of, cloud] = clouds_[space.name];
  std::string said = json::write(space.options.to_json());
  for (const auto& type : space.types)
    for (const auto& flavor : type.flavor_names) said += " " + flavor;
  if (space.api == "nephele") {
    TRY(auto* const own, embedded());
    if (!cloud || made_of != said) cloud = own->cloud_of(space.name);
  } else if (space.api == "openstack") {
    TRY(auto options, fleet::openstack_options(space));
    // A token is good for hours: as long as nothing has changed, nobody signs in again.
    if (!cloud || made_of != said)
      cloud = std::make_unique<fleet::OpenStackCloud>(std::move(options), files_, nullptr, &images_);
  } else if (space.api == "ec2") {
    TRY(auto options, fleet::ec2_options(space));
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::Ec2Cloud>(std::move(options), clock_);
  } else if (space.api == "azure") {
    TRY(auto options, fleet::azure_options(space));
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::AzureCloud>(std::move(options), clock_);
  } else if (space.api == "google") {
    TRY(auto options, fleet::google_options(space));
    const auto& who = options.account;  // of key_file, too
    said += " " + who.project + " " + who.token_url + " " + who.key_id + " " +
            sha256_hex(who.client_email + who.private_key.reveal());
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::GoogleCloud>(std::move(options), clock_);
  } else if (space.api == "occi") {
    TRY(auto options, fleet::occi_options(space));
    options.ca_folder = grid_ + "/certificates";
    options.ca_bundle = grid_ + "/occi.ca-certs";
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::OcciCloud>(std::move(options));
  } else if (space.api == "dbce") {
    TRY(auto options, fleet::dbce_options(space));
    for (const auto& type : space.types)
      said += "\n" + type.name + " " + std::to_string(type.fizzle.count()) + " " + type.root_image;
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::DbceCloud>(std::move(options));
  } else if (space.api == "opennebula") {
    TRY(auto options, fleet::opennebula_options(space));
    if (!cloud || made_of != said) cloud = std::make_unique<fleet::OpenNebulaCloud>(std::move(options));
  } else {
    return fail(Kind::invalid, "this release has no way to a cloud with api = " + space.api +
                                   " yet; it keeps the machines of " + space.name + " as they are");
  }
  made_of = std::move(said);
  return cloud.get();
}

}  // namespace nephele::apps::vcycle
