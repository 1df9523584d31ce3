// SPDX-License-Identifier: Apache-2.0
#include "clouds/ldap/slapd.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/secret.h"

namespace nephele::ldap::testing {

namespace {

// objectGUID as Active Directory has it: Debian's msuser.schema needs more beside it than this.
constexpr const char* configuration = R"conf(
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/nis.schema
attributetype ( 1.3.6.1.4.1.55555.1 NAME 'objectGUID' SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.55555.2 NAME 'likeActiveDirectory' SUP top AUXILIARY MAY objectGUID )
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
TLSCertificateFile {folder}/certificate.pem
TLSCertificateKeyFile {folder}/key.pem
database mdb
maxsize 16777216
suffix "dc=example,dc=org"
directory {folder}/db
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=open,dc=example,dc=org" by * read
access to * by dn.exact="cn=reader,dc=example,dc=org" read by self read by anonymous auth
)conf";

constexpr const char* fixture = R"ldif(
dn: dc=example,dc=org
objectClass: domain
dc: example

dn: cn=reader,dc=example,dc=org
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: reader
userPassword: reader-password

dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=open,dc=example,dc=org
objectClass: organizationalUnit
ou: open

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups
)ldif";

constexpr const char* groups = R"ldif(
dn: cn=staff,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid=ada,ou=people,dc=example,dc=org
member: uid={odd},ou=people,dc=example,dc=org
member: cn=all,ou=groups,dc=example,dc=org

dn: cn=all,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: all
member: cn=staff,ou=groups,dc=example,dc=org

dn: cn=unique,ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: uid=bob,ou=people,dc=example,dc=org

dn: cn=posix,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: posix
gidNumber: 5000
memberUid: ada
)ldif";

std::string line(const std::string& name, const std::string& value) {
  return name + ":: " + to_base64(value) + "\n";
}

std::string person(const std::string& name, const std::string& unit, int number) {
  std::string text = "\ndn: uid=" + all_hex(name) + ",ou=" + unit + ",dc=example,dc=org\n";
  text += "objectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: likeActiveDirectory\n";
  text += line("uid", name) + line("cn", name) + line("sn", "Sn of " + name) + line("givenName", "Given " + name);
  text += fmt::format("mail: person{}@example.org\nemployeeType: worker\n", number);
  text += fmt::format("uidNumber: {0}\ngidNumber: {0}\nhomeDirectory: /nowhere\n", 4999 + number);
  std::string guid;
  for (int i = 0; i < 16; ++i) guid += static_cast<char>(i * 16 + number);  // with a NUL-free, non-UTF-8 look
  text += line("objectGUID", guid);
  if (name != "nopass") text += line("userPassword", Slapd::secret_of(name));
  return text;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::string all_hex(std::string_view value) {
  std::string out;
  for (const char c : value) out += "\\" + to_hex(std::string_view(&c, 1));
  return out;
}

Slapd::Slapd() : server_("nobody"), port_(clouds::testing::free_port()), tls_port_(clouds::testing::free_port()) {
  const auto& folder = server_.folder();
  folder.write("certificate.pem", text_of(certificate_.certificate_file));
  folder.write("key.pem", text_of(certificate_.key_file));
  folder.write("slapd.conf", fmt::format(fmt::runtime(configuration), fmt::arg("folder", folder.path().string())));
  std::string ldif = fixture;
  ldif += person("ada", "people", 0) + person("bob", "people", 1) + person(odd_name, "people", 2) +
          person(zoe_name, "people", 3) + person("nopass", "people", 4) + person("eve", "open", 5);
  ldif += fmt::format(fmt::runtime(groups), fmt::arg("odd", all_hex(odd_name)));
  folder.write("people.ldif", ldif);
  folder.write("db/.keep", "");
  // A copy: where AppArmor watches, Debian's profile for /usr/sbin/slapd keeps it out of temporary folders.
  const auto own = folder / "slapd";
  if (!std::filesystem::exists("/usr/sbin/slapd"))
    throw std::runtime_error("/usr/sbin/slapd is missing; scripts/deps test installs it");
  std::filesystem::copy_file("/usr/sbin/slapd", own);
  server_.give_folder();
  server_.run({own, "-T", "add", "-f", folder / "slapd.conf", "-l", folder / "people.ldif"});
  start();
}

void Slapd::start() {
  const auto& folder = server_.folder();
  server_.start({folder / "slapd", "-f", folder / "slapd.conf", "-h", url() + "/ " + tls_url() + "/", "-d", "256"},
                port_);
}

}  // namespace nephele::ldap::testing
