// SPDX-License-Identifier: Apache-2.0
// The user guide's HTTP client (http_cli.rb, client.rb): one call, its code, its answer as indented JSON.
#include <iostream>

#include "apps/provision_engine_cli/command_line.h"
#include "apps/provision_engine_cli/credentials.h"
#include "base/io_threads.h"
#include "base/json.h"
#include "base/settings/config_files.h"
#include "http/client.h"
#include "nephele_version.h"

namespace nephele::apps {

namespace {

constexpr int local_error = 1;  ///< no answer, or one that cannot be shown
constexpr int wrong_option = 2;
constexpr int refused = 22;  ///< --fail, and the answer is not 2xx: the number that curl --fail has for it
constexpr std::size_t answer_bytes_max = std::size_t{64} * 1024 * 1024;
constexpr json::Limits deep{.depth = 512};

constexpr std::string_view options_help =
    "\n"
    "Credentials: one line user:password in ~/.provision_engine_auth.\n"
    "  --fail             exit status 22 when the answer is not 2xx (otherwise any HTTP answer gives 0)\n"
    "  --ca-file FILE     certificates to trust for https instead of the system's (PEM)\n"
    "  --timeout SECONDS  for the whole call (120)\n"
    "  --version\n";

int report(const Error& error, int status = local_error) {
  std::cerr << "provision-engine-cli: " << error.sentence() << '\n';
  return status;
}

/// What is sent: the file's JSON, or `null` where none was named.
std::optional<std::string> body_from(const std::optional<std::string>& file) {
  if (!file) return "null";
  Error reason(Kind::invalid, "");
  if (const auto text = settings::read_file(*file); !text) {
    reason = text.error();
  } else if (const auto value = json::parse(*text, deep); !value) {
    reason = value.error();
  } else {
    return json::write(*value);
  }
  std::cout << "Failed to read or parse JSON from file: " << *file << '\n' << std::flush;
  report(reason);
  return std::nullopt;
}

Result<http::ClientResponse> call(const CommandLine& line, http::Basic basic, std::string body) {
  http::ClientRequest request{.verb = line.verb, .url = line.url};
  request.basic = std::move(basic);
  request.deadline = in(line.timeout);
  request.once = true;
  if (line.verb == http::Verb::post || line.verb == http::Verb::put) {
    request.headers.add("Content-Type", "application/json");
    request.body = std::move(body);
  }
  IoThreads threads(1);  // outlives the client
  http::Client client({.connect = std::min<std::chrono::milliseconds>(line.timeout, std::chrono::seconds(30)),
                       .body_bytes_max = answer_bytes_max,
                       .ca_file = line.ca_file});
  return threads.run(client.send(std::move(request)), line.timeout + std::chrono::seconds(10));
}

int show(const http::ClientResponse& answer, bool fail_too) {
  std::cout << "Response Code: " << answer.status << '\n' << std::flush;
  if (answer.status != 204) {
    const auto value = json::parse(answer.body, deep);
    if (!value) return report(Error(value.error()).about("the answer is no JSON"));
    std::cout << json::pretty(*value) << '\n';
  }
  std::cout.flush();
  if (!std::cout) return report(Error(Kind::unavailable, "the answer cannot be written; is the disk full?"));
  return fail_too && answer.status / 100 != 2 ? refused : 0;
}

int run(std::span<const std::string> words) {
  const auto line = parse_command_line(words);
  if (!line) return report(line.error(), wrong_option);
  if (line->version) {
    std::cout << "provision-engine-cli " << version << '\n';
    return 0;
  }
  if (line->help || line->usage) {
    std::cout << client_usage << (line->help ? options_help : "");
    return 0;
  }
  const auto home = home_directory();
  if (home.empty()) return report(Error(Kind::not_found, "no home directory is known; set HOME"));
  const auto credentials = read_credentials(home + "/.provision_engine_auth");
  if (!credentials) return report(credentials.error());
  if (credentials->warning) std::cerr << "provision-engine-cli: warning: " << *credentials->warning << '\n';
  std::optional<std::string> body = body_from(line->file);
  if (!body) return local_error;
  const auto answer = call(*line, credentials->basic, std::move(*body));
  return answer ? show(*answer, line->fail) : report(answer.error());
}

}  // namespace

}  // namespace nephele::apps

int main(int argc, char** argv) {
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    return nephele::apps::run(words);
  } catch (const std::exception& error) {
    std::cerr << "provision-engine-cli: unexpected: " << error.what() << '\n';
    return 1;
  }
}
