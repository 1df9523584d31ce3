// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/workers.h"
#include "clouds/openstack/cloud.h"
#include "fleet/adapters/openstack_options.h"
#include "fleet/cloud.h"
#include "fleet/image_files.h"

namespace nephele::fleet {

/// A space that is a project on somebody's OpenStack (contract vcycle, 3.1). Flavors, images and key pairs are looked
/// up once a cycle, which begins with facts(); so are refusals of them.
class OpenStackCloud final : public Cloud {
 public:
  /// `workers` read image files and outlive this; `log` and `remote_images` too, if they are there.
  OpenStackCloud(OpenStackOptions options, Workers& workers, openstack::CallLog* log = nullptr,
                 ImageFiles* remote_images = nullptr);

  CloudAbilities abilities() const override;
  Task<Result<CloudFacts>> facts(SteadyTime deadline) override;
  /// All servers of the project, others' too: they count against its limit.
  Task<Result<std::vector<CloudMachine>>> list(SteadyTime deadline) override;
  /// `root_image`: image:NAME, or the path or URL of a file, which is uploaded when it is not there or is newer.
  Task<Result<std::string>> create(NewMachine wanted, SteadyTime deadline) override;
  Task<Result<>> remove(MachineHandle machine, SteadyTime deadline) override;

 private:
  CloudMachine seen(const openstack::Server& server) const;
  Task<Result<openstack::ImageId>> image(const NewMachine& wanted, SteadyTime deadline);
  Task<Result<openstack::ImageId>> look_up_image(const NewMachine& wanted, SteadyTime deadline);
  Task<Result<ImageFile>> image_file(std::string wanted, SteadyTime deadline);
  Task<Result<std::string>> key_name(std::string public_key, SteadyTime deadline);
  Task<Result<openstack::VolumeId>> volume(const NewMachine& wanted, openstack::ImageId image, SteadyTime deadline);
  Task<Result<openstack::ServerId>> create_server(openstack::NewServer server, SteadyTime deadline);
  bool is_ours(const openstack::Volume& volume) const;
  Task<> remove_left_volumes(const std::vector<openstack::Server>& servers, SteadyTime deadline);

  const std::string space_;
  const std::vector<std::string> security_groups_;
  const std::string network_;
  const std::chrono::minutes volume_grace_;
  Workers& workers_;
  ImageFiles* const remote_images_;
  openstack::Cloud cloud_;
  std::vector<openstack::Flavor> flavors_;
  /// Of this cycle, by root_image and who must have signed it.
  std::map<std::pair<std::string, std::string>, Result<openstack::ImageId>> images_;
  std::map<std::string, Result<std::string>> keys_;         ///< of this cycle, by public key
  std::map<openstack::VolumeId, SteadyTime> left_volumes_;  ///< without a server, since when
  bool has_volumes_;                                        ///< there may be some of ours
};

}  // namespace nephele::fleet
