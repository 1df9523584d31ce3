// SPDX-License-Identifier: Apache-2.0
#include "clouds/smtp/exim.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/eventually.h"

namespace nephele::smtp::testing {

namespace {

constexpr const char* configuration = R"exim(
exim_path = /usr/sbin/exim4
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
pid_file_path = {folder}/exim.pid
exim_user = {user}
exim_group = {group}
primary_hostname = mail.test
local_interfaces = 127.0.0.1 : 127.0.0.2
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = {starttls_for}
tls_certificate = {folder}/certificate.pem
tls_privatekey = {folder}/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}}}
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
deliver_drop_privilege = true
never_users =
acl_smtp_mail = sender
acl_smtp_rcpt = recipient
acl_smtp_data = content
begin acl
sender:
  deny senders = nobody@*
       message = we know no such sender
  accept
recipient:
  deny local_parts = refused
       message = no such user here
  defer local_parts = later
       message = come again
  deny domains = members.test
       !authenticated = *
       message = members only
  accept local_parts = slow
       logwrite = a slow one
       delay = 5m
  accept
content:
  deny condition = ${{if eq{{$h_subject:}}{{spam}}}}
       message = this is spam
  accept
begin routers
all:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory
  user = {user}
  group = {group}
  envelope_to_add
  return_path_add
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{mailer}}}}{{eq{{$auth3}}{{s3cret}}}}}}}}
  server_set_id = $auth2
)exim";

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Exim::Exim(bool with_tls)
    : server_("nobody"), port_(clouds::testing::free_port()), tls_port_(clouds::testing::free_port()) {
  const auto& folder = server_.folder();
  folder.write("certificate.pem", text_of(certificate_.certificate_file));
  folder.write("key.pem", text_of(certificate_.key_file));
  folder.write("mail/new/.keep", "");
  folder.write("spool/.keep", "");
  const auto as = nephele::testing::run_as("nobody");
  folder.write("exim.conf",
               fmt::format(fmt::runtime(configuration), fmt::arg("folder", folder.path().string()),
                           fmt::arg("user", as.user), fmt::arg("group", as.group), fmt::arg("port", port_),
                           fmt::arg("tls_port", tls_port_), fmt::arg("starttls_for", with_tls ? "*" : "")));
  server_.give_folder();
  start();
}

void Exim::start() {
  server_.start({"/usr/sbin/exim4", "-C", server_.folder() / "exim.conf", "-bdf", "-q1h"}, port_);
}

std::size_t Exim::slow_ones() const {
  constexpr std::string_view line = "a slow one";
  const std::string text = log();
  std::size_t count = 0;
  for (auto at = text.find(line); at != std::string::npos; at = text.find(line, at + 1)) ++count;
  return count;
}

std::vector<std::string> Exim::mails() const {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(server_.folder().path() / "mail/new"))
    if (entry.path().filename() != ".keep") files.push_back(entry.path());
  std::ranges::sort(files);
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(text_of(file));
  return texts;
}

std::string Exim::mail_with(std::string_view words) const {
  std::string found;
  (void)eventually([&] {
    for (auto& mail : mails())
      if (mail.contains(words)) found = std::move(mail);
    return !found.empty();
  });
  return found;
}

}  // namespace nephele::smtp::testing
