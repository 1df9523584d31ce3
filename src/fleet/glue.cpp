// SPDX-License-Identifier: Apache-2.0
#include "fleet/glue.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/utc.h"

namespace nephele::fleet {

namespace {

/// The VO of "/gridpp/Role=NULL/Capability=NULL" is gridpp; nothing where that is no such name.
std::string_view vo_of(std::string_view fqan) {
  if (!fqan.starts_with('/')) return {};
  fqan.remove_prefix(1);
  return fqan.substr(0, fqan.find('/'));
}

constexpr std::string_view service_type = "uk.ac.gridpp.vcycle";

std::string service_kind(Glue version) {
  return version == Glue::v2_1 ? "CloudComputingService" : "ComputingService";
}

std::string id_of(const std::string& kind, std::string_view space) {
  return fmt::format("urn:glue2:{}:{}", kind, space);
}

class Document {
 public:
  Document(const SpaceReport& report, Glue version)
      : report_(report),
        cloud_(version == Glue::v2_1),
        prefix_(cloud_ ? "Cloud" : ""),
        things_(cloud_ ? "VM" : "Jobs"),
        created_(fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", utc(report.began))) {}

  json::Value value() const {
    json::Array shares, policies, environments;
    for (const auto& type : report_.types) {
      shares.push_back(share(type));
      if (!vo_of(type.fqan).empty()) policies.push_back(policy(type));
      environments.push_back(environment(type));
    }
    json::Object out;
    out.append(prefix_ + "ComputingService", json::Array{service()});
    if (shares.empty()) return out;
    out.append(prefix_ + "ComputingShare", std::move(shares));
    if (!policies.empty()) out.append("MappingPolicy", std::move(policies));
    out.append(cloud_ ? "CloudComputeInstanceType" : "ExecutionEnvironment", std::move(environments));
    return out;
  }

 private:
  std::string id(const std::string& kind) const { return id_of(kind, report_.space); }
  std::string share_id(const TypeView& type) const { return id(prefix_ + "ComputingShare") + ":" + type.name; }

  json::Value service() const {
    json::Object out;
    out.append("CreationTime", created_);
    out.append("ID", id(prefix_ + "ComputingService"));
    out.append("Name", "Vcycle");
    out.append("Type", service_type);
    out.append("QualityLevel", "production");
    out.append("Running" + things_, report_.running_machines);
    out.append("Total" + things_, report_.machines);
    return out;
  }

  /// What every entry of a machinetype begins with.
  json::Object entry(const TypeView& type, const char* associated, std::string with, std::string id) const {
    json::Object associations;
    associations.append(associated, std::move(with));
    json::Object out;
    out.append("Associations", std::move(associations));
    out.append("CreationTime", created_);
    out.append("ID", std::move(id));
    out.append("Name", type.name);
    return out;
  }

  json::Value share(const TypeView& type) const {
    auto out = entry(type, "ServiceID", id(prefix_ + "ComputingService"), share_id(type));
    out.append("Running" + things_, type.totals.running_machines);
    out.append("ServingState", "production");
    if (!cloud_) {
      out.append("MaxWallTime", type.max_wallclock);
      out.append("MaxCPUTime", type.max_wallclock);
    }
    if (type.machines_limit) {
      for (const char* most : {"MaxTotalJobs", "MaxRunningJobs"})
        if (!cloud_) out.append(most, *type.machines_limit);
      if (cloud_) out.append("MaxVM", *type.machines_limit);
    }
    out.append("Total" + things_, type.totals.machines);
    return out;
  }

  json::Value policy(const TypeView& type) const {
    auto out = entry(type, "ShareID", share_id(type), id("MappingPolicy") + ":" + type.name);
    out.append("Rule", json::Array{"VO:" + std::string(vo_of(type.fqan)), "VOMS:" + type.fqan});
    out.append("Scheme", "org.glite.standard");
    return out;
  }

  json::Value environment(const TypeView& type) const {
    const std::string kind = cloud_ ? "CloudComputeInstanceType" : "ExecutionEnvironment";
    auto out = entry(type, "ShareID", share_id(type), id(kind) + ":" + type.name);
    out.append("Platform", "x86_64");
    if (cloud_) return out;
    out.append("OSFamily", "linux");
    out.append("OSName", "CernVM 3");
    return out;
  }

  const SpaceReport& report_;
  const bool cloud_;
  const std::string prefix_, things_, created_;
};

}  // namespace

json::Value glue_of(const SpaceReport& report, Glue version) {
  return Document(report, version).value();
}

bool is_glue_of(const json::Value& document, std::string_view space, Glue version) {
  const auto kind = service_kind(version);
  const auto* const services = document.at_path({kind});
  const auto* const all = services == nullptr ? nullptr : services->if_array();
  return all != nullptr && all->size() == 1 && all->front().text_at({"ID"}) == id_of(kind, space) &&
         all->front().text_at({"Type"}) == service_type;
}

}  // namespace nephele::fleet
