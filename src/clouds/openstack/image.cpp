// SPDX-License-Identifier: Apache-2.0
#include "clouds/openstack/image.h"

#include "base/ascii.h"
#include "base/secret.h"
#include "clouds/openstack/fields.h"
#include "clouds/openstack/file_body.h"
#include "clouds/openstack/listing.h"
#include "clouds/openstack/requests.h"

namespace nephele::openstack {

namespace {

constexpr std::string_view service_name = "image";

std::string image_id(const Image& row) {
  return row.id.text();
}

/// What Glance has must be what was read here: size, MD5, and the newer hash, as far as it tells them.
Result<Image> verified(Image image, const FileBody& body) {
  const auto differs = [](const std::string& theirs, const std::string& ours) {
    return !theirs.empty() && !ours.empty() && ascii::lowered(theirs) != ours;
  };
  const bool size = image.size && static_cast<std::uint64_t>(*image.size) != body.length();
  const bool sha512 = image.hash_algorithm == "sha512" && differs(image.hash, body.sha512());
  const bool sha256 = image.hash_algorithm == "sha256" && differs(image.hash, body.sha256());
  if (size || sha512 || sha256 || differs(image.checksum, body.md5()))
    return fail(Error(Kind::unavailable,
                      "the cloud's image service has other bytes of \"" + image.name + "\" than were sent; try again")
                    .with("service", std::string(service_name))
                    .with("cause", "checksum"));
  return image;
}

Result<Image> image_in_v1(const json::Value& answer, std::string_view call) {
  const auto* const object = fields::object(*answer.if_object(), "image");
  if (object == nullptr) return fail(unreadable(service_name, call, "it has no \"image\""));
  auto out = decode_image_v1(*object);
  if (!out) return fail(unreadable(service_name, call, out.error().sentence()));
  return out;
}

Result<Image> image_in_v2(const json::Value& answer, std::string_view call) {
  auto out = decode_image_v2(*answer.if_object());
  if (!out) return fail(unreadable(service_name, call, out.error().sentence()));
  return out;
}

/// v1 tells an image in header fields.
Image image_in_headers(const http::Headers& headers) {
  constexpr std::string_view prefix = "x-image-meta-";
  json::Object row;
  json::Object properties;
  for (const auto& [field, value] : headers) {
    const auto name = ascii::lowered(field);
    if (!name.starts_with(prefix)) continue;
    if (const auto rest = name.substr(prefix.size()); rest.starts_with("property-"))
      properties.set(rest.substr(9), value);
    else if (rest == "size")
      row.set(rest, json::Number{value});
    else
      row.set(rest, value);
  }
  row.set("properties", std::move(properties));
  return decode_image_v1(row).value_or(Image{});
}

http::Headers headers_v1(const NewImage& wanted, const ImageId& id) {
  http::Headers out;
  out.add("x-image-meta-id", id.text());
  out.add("x-image-meta-name", wanted.name);
  out.add("x-image-meta-disk_format", wanted.disk_format);
  out.add("x-image-meta-container_format", "bare");
  out.add("x-image-meta-is_public", "False");
  out.add("x-image-meta-property-architecture", wanted.architecture);
  out.add("x-image-meta-property-last-modified", std::to_string(wanted.last_modified));
  if (!wanted.sha256.empty()) out.add("x-image-meta-property-sha256", wanted.sha256);
  return out;
}

}  // namespace

bool Images::v2() const {
  return link_.account().glance == GlanceApi::v2;
}

std::string Images::root() const {
  return v2() ? "/v2/images" : "/v1/images";
}

Task<Result<std::vector<Image>>> Images::list(SteadyTime deadline) {
  Listing listing{.service = Service::image, .path = root(), .collection = "images"};
  if (!v2()) {
    listing.path += "/detail";
    listing.by_marker = true;
  }
  co_return co_await list_all(link_, std::move(listing), v2() ? decode_image_v2 : decode_image_v1, image_id, deadline);
}

Task<Result<Image>> Images::image(ImageId id, SteadyTime deadline) {
  Call call{.service = Service::image, .path = root() + "/" + http::percent_encode(id.text())};
  if (v2()) {
    CO_TRY(const auto answer, co_await link_.ask(call, deadline));
    co_return image_in_v2(answer, call.title());
  }
  call.verb = http::Verb::head;
  const std::string title = call.title();
  CO_TRY(const auto answer, co_await link_.call(std::move(call), deadline));
  auto out = image_in_headers(answer.headers);
  if (out.id.empty()) co_return fail(unreadable(service_name, title, "it has no x-image-meta-id"));
  co_return out;
}

Task<Result<Image>> Images::upload(NewImage wanted, std::string path, Workers& workers, SteadyTime deadline) {
  CO_TRY(const auto body, FileBody::open(path, workers));
  if (v2()) co_return co_await upload_v2(std::move(wanted), *body, deadline);
  co_return co_await upload_v1(std::move(wanted), *body, deadline);
}

Task<Result<Image>> Images::upload_v1(NewImage wanted, FileBody& body, SteadyTime deadline) {
  ImageId id(random_uuid());
  Call call{.service = Service::image,
            .verb = http::Verb::post,
            .path = root(),
            .content_type = "application/octet-stream",
            .headers = headers_v1(wanted, id),
            .stream = &body,
            .whole_deadline = true};
  CO_TRY(auto made, co_await make(std::move(call), id, deadline));
  id = made.id;  // the service's word counts
  // What is not active yet may still be written behind the service.
  if (!made.active()) co_return co_await or_remove(co_await until_active(id, body, deadline), id);
  co_return co_await or_remove(verified(std::move(made), body), id);
}

Task<Result<Image>> Images::upload_v2(NewImage wanted, FileBody& body, SteadyTime deadline) {
  ImageId id(random_uuid());
  Call call{.service = Service::image, .verb = http::Verb::post, .path = root(), .body = image_request_v2(wanted, id)};
  CO_TRY(const auto made, co_await make(std::move(call), id, deadline));
  id = made.id;  // the service's word counts
  co_return co_await or_remove(co_await fill(id, body, deadline), id);
}

/// When nobody knows whether it was made, the image of this id is removed: by its name it could be anybody's.
Task<Result<Image>> Images::make(Call call, ImageId id, SteadyTime deadline) {
  const std::string title = call.title();
  const auto answer = co_await link_.ask(std::move(call), deadline);
  auto made = !answer ? Result<Image>(fail(answer.error()))
              : v2()  ? image_in_v2(*answer, title)
                      : image_in_v1(*answer, title);
  if (!made && may_have_happened(made.error())) co_return co_await or_remove(std::move(made), id);
  co_return made;
}

Task<Result<Image>> Images::fill(ImageId id, FileBody& body, SteadyTime deadline) {
  CO_TRY_VOID(co_await link_.call({.service = Service::image,
                                   .verb = http::Verb::put,
                                   .path = root() + "/" + http::percent_encode(id.text()) + "/file",
                                   .content_type = "application/octet-stream",
                                   .stream = &body,
                                   .whole_deadline = true},
                                  deadline));
  co_return co_await until_active(id, body, deadline);
}

Task<Result<Image>> Images::until_active(ImageId id, FileBody& body, SteadyTime deadline) {
  constexpr std::chrono::milliseconds pause_max{5'000};
  for (std::chrono::milliseconds pause{100};; pause = std::min(pause * 2, pause_max)) {
    CO_TRY(auto now, co_await image(id, deadline));
    if (now.active()) co_return verified(std::move(now), body);
    if (now.status != "queued" && now.status != "saving" && now.status != "importing" && now.status != "uploading")
      co_return fail(Kind::unavailable, "the cloud's image service could not keep \"" + now.name +
                                            "\": its state is \"" + now.status + "\"");
    if (in(pause) >= deadline)
      co_return fail(Kind::timeout, "the cloud's image service has not made \"" + now.name + "\" ready in time");
    co_await sleep_for(pause);
  }
}

/// A part of an image is of no use to anybody, and counts against the quota.
Task<Result<Image>> Images::or_remove(Result<Image> outcome, ImageId id) {
  if (!outcome) {
    const auto removed = co_await remove(id, in(link_.account().timeout));
    if (!removed) co_return fail(std::move(outcome).error().with("left_behind", id.text()));
  }
  co_return outcome;
}

Task<Result<>> Images::remove(ImageId id, SteadyTime deadline) {
  co_return co_await link_.remove(Service::image, root() + "/" + http::percent_encode(id.text()), deadline);
}

}  // namespace nephele::openstack
