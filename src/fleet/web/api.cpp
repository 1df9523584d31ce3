// SPDX-License-Identifier: Apache-2.0
#include "fleet/web/api.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/text_file.h"
#include "fleet/machine_name.h"
#include "http/client_certificate.h"

namespace nephele::fleet::web {

using http::empty_response;
using http::Request;
using http::Response;

namespace {

constexpr std::size_t shown_max = std::size_t{1} << 20U;  // of a file
constexpr std::size_t machines_max = 20'000;              // whose PUTs are counted
constexpr std::size_t block_bytes = std::size_t{64} * 1024;
constexpr std::chrono::minutes put_limit{5};  // however steadily a slow client sends

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

Response told(int status, const std::string& sentence) {
  return http::text_response(status, sentence + "\n");
}

Response after(std::chrono::milliseconds wait, const std::string& sentence) {
  auto out = told(429, sentence);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  out.headers.add("Retry-After", std::to_string(seconds < 1 ? 1 : seconds));
  return out;
}

Response file_response(const std::string& path) {
  const auto file = open_untrusted(path, O_RDONLY);
  if (!file) return empty_response(404);
  std::string text(shown_max, '\0');
  const auto got = ::pread(file->get(), text.data(), text.size(), 0);
  if (got < 0) return empty_response(404);
  text.resize(static_cast<std::size_t>(got));
  return http::text_response(200, std::move(text));
}

/// A file that cannot be read must not look like none.
std::string token_hash_in(const std::string& folder) {
  const std::string path = folder + "/joboutputs_token";
  std::string hash = read_state(path).value_or("");
  const bool none = hash.empty() && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  return none || !hash.empty() ? hash : "unreadable";
}

/// What went wrong with a joboutput, for its machine.
Response refusal(const Error& error) {
  switch (error.kind()) {
    case Kind::invalid:
      return told(413, error.sentence());
    case Kind::over_quota:
      return told(507, error.sentence());
    case Kind::not_found:
      return empty_response(404);
    case Kind::timeout:
      return told(408, error.sentence());
    case Kind::busy:
      return after(std::chrono::seconds(1), error.sentence());
    default:
      return empty_response(500);
  }
}

Shown shown_by(const Request& request) {
  Shown out{.tls = request.tls};
  if (const auto* certificate = http::client_certificate(request)) out.subjects = certificate->subjects;
  out.authorization = request.headers.find("Authorization").value_or("");
  return out;
}

}  // namespace

Response Faults::not_found(const Request&) const {
  return empty_response(404);
}
Response Faults::method_not_allowed(const Request&, std::string) const {
  return empty_response(404);
}
Response Faults::internal(const Request& request) const {
  return told(500, "something broke on our side; its id is " + request.id);
}
Response Faults::too_large(const Request&, std::size_t) const {
  return empty_response(413);
}
Response Faults::refused(const Request&, const Error& error) const {
  return after(std::chrono::seconds(1), error.sentence());
}

Api::Rules::Rules(const Policy& of)
    : policy(of),
      puts({.burst = of.puts_per_minute, .every = std::chrono::milliseconds(60'000) / std::max(of.puts_per_minute, 1U)},
           machines_max) {}

void Api::apply(const Policy& policy) {
  const std::lock_guard lock(mutex_);
  if (!rules_ || rules_->policy != policy) rules_ = std::make_shared<Rules>(policy);
}

std::shared_ptr<Api::Rules> Api::rules() {
  const std::lock_guard lock(mutex_);
  return rules_;
}

std::optional<std::string> Api::folder_of(const Target& target) const {
  if (!target.space.empty()) {
    std::string folder = files_.current(target.space, target.machine);
    return is_folder(folder) ? std::optional(std::move(folder)) : std::nullopt;
  }
  if (is_folder(files_.early(target.machine))) return files_.early(target.machine);
  // Taken over since; its URLs are what it was told when it was made.
  const auto spaces = names_in(files_.shared("spaces"));
  if (!spaces) return std::nullopt;
  for (const auto& space : *spaces)
    if (std::string folder = files_.current(space, target.machine); is_folder(folder)) return folder;
  return std::nullopt;
}

Response Api::index_of(const Target& target, const std::string& folder) const {
  const auto names = names_in(folder + "/" + target.what);
  if (!names || !is_folder(folder + "/" + target.what)) return empty_response(404);
  const std::string title = "Index of " + target.machine + "/" + target.what;
  std::string text =
      "<!DOCTYPE html>\n<html><head><title>" + title + "</title></head>\n<body><h1>" + title + "</h1>\n<ul>\n";
  for (const auto& name : *names)
    if (is_file_name(name)) text += "<li><a href=\"" + name + "\">" + name + "</a></li>\n";
  auto out = http::text_response(200, text + "</ul></body></html>\n");
  out.headers.set("Content-Type", "text/html; charset=utf-8");
  return out;
}

Response Api::heartbeats_of(const Target& target) const {
  auto out = file_response(files_.space(target.space, "heartbeatlists/" + target.name));
  if (out.status == 404)
    out = file_response(files_.lib("spaces/" + target.space + "/heartbeatmachines/" + target.name));
  return out;
}

/// GLUE 2.0 of the space's last cycle, where write_glue has it written.
Response Api::glue_of(const Target& target) const {
  auto out = file_response(files_.lib("spaces/" + target.space + "/glue-2.0.json"));
  if (out.status == 200) out.headers.set("Content-Type", "application/json");
  return out;
}

Task<Response> Api::get(Request& request) {
  const Target target = target_of(request.path);
  if (target.asked == Asked::heartbeats) co_return heartbeats_of(target);
  if (target.asked == Asked::glue) co_return glue_of(target);
  if (target.asked == Asked::nothing || target.asked == Asked::output) co_return empty_response(404);
  const auto folder = folder_of(target);
  if (!folder) co_return empty_response(404);
  if (target.asked == Asked::feature) co_return file_response(*folder + "/" + target.what + "/" + target.name);
  if (target.asked == Asked::index) co_return index_of(target, *folder);
  if (!is_folder(*folder + "/" + target.what)) co_return empty_response(404);
  auto out = empty_response(302);
  const std::string machine = target.space.empty() ? target.machine : target.space + "/" + target.machine;
  out.headers.add("Location", "/machines/" + machine + "/" + target.what + "/");
  co_return out;
}

Task<Response> Api::put(Request& request) {
  const Target target = target_of(request.path);
  const auto folder = target.asked == Asked::output ? folder_of(target) : std::nullopt;
  if (!folder || !is_folder(*folder + "/joboutputs")) co_return empty_response(404);
  const auto rules = this->rules();
  const Wanted wanted{.subject = read_state(*folder + "/https_x509dn").value_or(""),
                      .token_hash = token_hash_in(*folder),
                      .token_needed = rules->policy.token_needed};
  if (const auto why = refusal_of(shown_by(request), wanted)) co_return told(403, std::string(*why));
  // Counted behind the authentication, so that nobody uses up what is another's.
  const Time now = SystemClock().now();
  if (const auto wait = rules->puts.take(*folder, now))
    co_return after(*wait, "this machine sends joboutputs too often");
  const auto stored = co_await store(request, *folder, target.name);
  if (stored) co_return empty_response(200);
  tell(target, stored.error());
  co_return refusal(stored.error());
}

/// What an operator may have to mend.
void Api::tell(const Target& target, const Error& error) {
  const Kind kind = error.kind();
  if (kind != Kind::over_quota && kind != Kind::unavailable) return;
  if (told_.take("", SystemClock().now())) return;
  say_("Joboutput " + target.name + " of " + target.machine + " is not taken: " + error.sentence());
}

Task<Result<>> Api::store(Request& request, const std::string& folder, const std::string& name) {
  const auto rules = this->rules();
  CO_TRY(const auto upload, outputs_.begin(folder, name, request.content_length.value_or(0), rules->policy.outputs));
  const SteadyTime until = in(put_limit);
  std::vector<std::byte> block(block_bytes);
  for (;;) {
    const auto got = co_await request.body->read(block);
    if (!got) co_return fail(Kind::timeout, got.error().sentence());  // the client's own fault, whatever it is
    if (*got == 0) break;
    CO_TRY_VOID(upload->add(std::span(block).first(*got)));
    if (std::chrono::steady_clock::now() > until)
      co_return fail(Kind::timeout, "the joboutput took too long to arrive; send it faster");
  }
  co_return co_await disk_.run([&upload] { return upload->commit(); });
}

}  // namespace nephele::fleet::web
