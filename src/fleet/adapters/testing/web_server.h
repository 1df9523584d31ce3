// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/eventually.h"
#include "clouds/testing/local_server.h"

namespace nephele::fleet::testing {

/// Debian's nginx. Serves its folder "www", and some places that behave in their own way.
class WebServer {
 public:
  WebServer() : port_(clouds::testing::free_port()), tls_port_(clouds::testing::free_port()), server_("www-data") {
    const std::string folder = server_.folder().path().string();
    std::string temporary;
    for (const char* kind : {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"})
      temporary += std::string(kind) + "_temp_path " + folder + "/" + kind + "; ";
    server_.folder().write("nginx.conf",
                           "daemon off; pid nginx.pid; error_log error.log; events {}\n"
                           "http { log_format calls '$request_method $uri $status'; access_log access.log calls; " +
                               temporary + "\nserver { listen 127.0.0.1:" + std::to_string(port_) +
                               "; listen 127.0.0.1:" + std::to_string(tls_port_) +
                               " ssl; ssl_certificate server.pem; ssl_certificate_key server.key; root www;\n"
                               "location /moved/ { rewrite ^/moved(/.*)$ $1 redirect; }\n"
                               "location /loop { return 302 /loop; }\n"
                               "location /nohead/ { limit_except GET { deny all; } alias www/; }\n"
                               "location /undated/ { add_header Last-Modified \"\"; alias www/; }\n"
                               "location /broken { return 500; }\n"
                               "} }\n");
    put("hello", "hello");
    server_.give_folder();
    server_.run({"/usr/bin/openssl", "req", "-x509", "-config", "/dev/null", "-newkey", "rsa:2048", "-noenc", "-keyout",
                 "server.key", "-out", "server.pem", "-days", "2", "-subj", "/CN=web", "-addext",
                 "subjectAltName=IP:127.0.0.1"});
    server_.give_folder();
    server_.start({"/usr/sbin/nginx", "-p", folder, "-c", folder + "/nginx.conf", "-e", folder + "/error.log"}, port_);
  }
  std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  std::string tls_url(const std::string& path) const { return "https://127.0.0.1:" + std::to_string(tls_port_) + path; }
  /// A folder in which its certificate is trusted, as grid sites have them.
  std::string trusting() {
    server_.folder().write("trusting/server.pem", server_.folder().read("server.pem"));
    server_.give_folder();
    server_.run({"/usr/bin/openssl", "rehash", "trusting"});
    return server_.folder() / "trusting";
  }
  /// With a time so many seconds after the last century's end, so that versions differ.
  void put(const std::string& name, const std::string& text, int second = 0) {
    const std::string path = server_.folder().write("www/" + name, text);
    std::filesystem::last_write_time(
        path, std::chrono::file_clock::from_sys(std::chrono::sys_seconds{std::chrono::seconds{base + second}}));
    server_.give_folder();
  }
  void remove(const std::string& name) { std::filesystem::remove(server_.folder().path() / "www" / name); }
  /// "GET /hello 200" and so on, since the last look. A line is written after its answer, but before what the server's
  /// one process answers next.
  std::vector<std::string> calls() {
    const std::string mark = "/mark/" + std::to_string(++looks_);
    server_.run({"/usr/bin/curl", "--silent", "--noproxy", "*", "--output", "/dev/null", url(mark)});
    const std::string last = "GET " + mark + " 404\n";
    const auto text = [&] { return server_.folder().read("access.log"); };
    nephele::eventually([&] { return text().contains(last); });
    std::istringstream in(text().substr(seen_));
    seen_ = text().size();
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) out.push_back(line);
    if (!out.empty()) out.pop_back();
    return out;
  }
  void stop() { server_.stop(); }

  static constexpr std::int64_t base = 1'000'000'000;

 private:
  std::uint16_t port_, tls_port_;
  clouds::testing::LocalServer server_;
  std::size_t seen_ = 0;
  int looks_ = 0;
};

}  // namespace nephele::fleet::testing
