// SPDX-License-Identifier: Apache-2.0
#include "http/tls_fixture.h"

#include <arpa/inet.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <cstdio>
#include <stdexcept>

namespace nephele::http::testing {

namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* handle) const noexcept { release(handle); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using X509Handle = std::unique_ptr<X509, Release<X509, X509_free>>;
struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

void must(bool good) {
  if (!good) throw std::runtime_error("the test's certificate could not be made");
}

void add_extension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  must(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Certificate::Certificate() : certificate_file(directory / "certificate.pem"), key_file(directory / "key.pem") {
  const Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const X509Handle certificate(X509_new());
  must(key && certificate);
  constexpr long day_seconds = 86'400;
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -day_seconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), day_seconds);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  static constexpr unsigned char common_name[] = "localhost";
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  add_extension(certificate.get(), NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1,IP:::1");
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  must(X509_sign(certificate.get(), key.get(), EVP_sha256()) != 0);
  const File certificate_out(std::fopen(certificate_file.c_str(), "w"));
  must(certificate_out && PEM_write_X509(certificate_out.get(), certificate.get()) == 1);
  const File key_out(std::fopen(key_file.c_str(), "w"));
  must(key_out && PEM_write_PrivateKey(key_out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
}

struct TlsClient::State {
  std::unique_ptr<SSL_CTX, Release<SSL_CTX, SSL_CTX_free>> context;
  std::unique_ptr<SSL, Release<SSL, SSL_free>> ssl;
};

TlsClient::TlsClient(std::uint16_t port, int max_version) : state_(std::make_unique<State>()) {
  socket_ = FileHandle(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!socket_ || ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) return;
  state_->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(state_->context.get(), 0);  // so that old versions may be offered at all
  if (max_version != 0) SSL_CTX_set_max_proto_version(state_->context.get(), max_version);
  state_->ssl.reset(SSL_new(state_->context.get()));
  SSL_set_fd(state_->ssl.get(), socket_.get());
  connected_ = SSL_connect(state_->ssl.get()) == 1;
}

TlsClient::~TlsClient() = default;

void TlsClient::send(std::string_view bytes) {
  SSL_write(state_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()));
}

std::string TlsClient::receive(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::size_t used = 0;
  while (used < bytes) {
    const int got = SSL_read(state_->ssl.get(), text.data() + used, static_cast<int>(bytes - used));
    if (got <= 0) break;
    used += static_cast<std::size_t>(got);
  }
  text.resize(used);
  return text;
}

}  // namespace nephele::http::testing
