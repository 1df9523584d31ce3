// SPDX-License-Identifier: Apache-2.0
#include "http/tls.h"

#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/ascii.h"

namespace nephele::http {

namespace {

// Revocation lists lie in the directory of the authorities, are replaced in place, and are remembered by OpenSSL.
constexpr std::chrono::hours read_again_after{1};
constexpr std::chrono::seconds look_again_after{1};
constexpr int chain_max = 10;

/// An authority without a revocation list revokes nothing.
int without_list(int good, X509_STORE_CTX* of) {
  if (good == 1 || X509_STORE_CTX_get_error(of) != X509_V_ERR_UNABLE_TO_GET_CRL) return good;
  X509_STORE_CTX_set_error(of, X509_V_OK);
  return 1;
}

Result<> ask_clients(SSL_CTX* context, const std::string& directory) {
  if (SSL_CTX_load_verify_dir(context, directory.c_str()) != 1)
    return fail(Kind::invalid, directory + ": it cannot be used as a directory of authorities");
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, without_list);
  SSL_CTX_set_verify_depth(context, chain_max);
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context),
                              X509_V_FLAG_ALLOW_PROXY_CERTS | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  // A resumed session has no verified chain, and would outlive what it was verified by.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

bool begins_like_a_type(std::string_view text) {
  const auto equals = text.find('=');
  return equals != std::string_view::npos && equals != 0 && std::ranges::all_of(text.substr(0, equals), [](char c) {
           return (c >= '0' && c <= '9') || (ascii::lower(c) >= 'a' && ascii::lower(c) <= 'z') || c == '.';
         });
}

/// A value with "/CN=" inside must not look like two of them; what is not printable is shown as OpenSSL does.
void append_value(std::string& out, std::string_view value) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto byte = static_cast<unsigned char>(value[i]);
    const bool parts = (byte == '/' || byte == '+') && begins_like_a_type(value.substr(i + 1));
    if (byte < 0x20 || byte > 0x7e || byte == '\\' || parts)
      out.append("\\x").append(1, digits[byte >> 4U]).append(1, digits[byte & 15U]);
    else
      out += value[i];
  }
}

std::string type_text(const ASN1_OBJECT* type) {
  if (const int id = OBJ_obj2nid(type); id != NID_undef) return OBJ_nid2sn(id);
  std::array<char, 128> dotted{};
  OBJ_obj2txt(dotted.data(), static_cast<int>(dotted.size()), type, 1);
  return dotted.data();
}

/// "/DC=com/DC=example/CN=vm"; empty when it cannot be shown.
std::string subject_of(const X509* certificate) {
  const X509_NAME* const name = X509_get_subject_name(certificate);
  std::string out;
  int set = -1;
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    if (length < 0) return {};
    const std::string value(text, text + length);
    OPENSSL_free(text);
    out += X509_NAME_ENTRY_set(entry) == set ? '+' : '/';
    set = X509_NAME_ENTRY_set(entry);
    out.append(type_text(X509_NAME_ENTRY_get_object(entry))).append(1, '=');
    append_value(out, value);
  }
  return out;
}

}  // namespace

std::optional<ClientCertificate> shown_by(const SSL* connection) {
  if (SSL_get0_peer_certificate(connection) == nullptr || SSL_get_verify_result(connection) != X509_V_OK)
    return std::nullopt;
  const auto* const chain = SSL_get0_verified_chain(connection);
  ClientCertificate out;
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* const certificate = sk_X509_value(chain, i);
    out.subjects.push_back(subject_of(certificate));
    if ((X509_get_extension_flags(certificate) & EXFLAG_PROXY) == 0) return out;
  }
  return std::nullopt;
}

Result<std::shared_ptr<asio::ssl::context>> tls_context(const Tls& files) {
  boost::system::error_code ec;
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // 30 kB less for an idle connection
  if (context->use_certificate_chain_file(files.certificate_file, ec); ec)
    return fail(Kind::invalid, files.certificate_file + ": " + ec.message() +
                                   "; give a PEM chain, the server's own certificate first");
  if (context->use_private_key_file(files.key_file, asio::ssl::context::pem, ec); ec)
    return fail(Kind::invalid, files.key_file + ": " + ec.message() + "; give the PEM key of the certificate");
  if (SSL_CTX_check_private_key(native) != 1)
    return fail(Kind::invalid, files.key_file + " is not the key of " + files.certificate_file);
  if (!files.ca_directory.empty()) TRY_VOID(ask_clients(native, files.ca_directory));
  return context;
}

Result<std::shared_ptr<TlsContexts>> TlsContexts::open(Tls files, log::Logger errors) {
  std::shared_ptr<TlsContexts> made(new TlsContexts(std::move(files), std::move(errors)));
  made->stamps_ = made->stamps();
  TRY(made->context_, tls_context(made->files_));
  made->looked_ = made->read_ = std::chrono::steady_clock::now();
  return made;
}

TlsContexts::Stamp TlsContexts::stamp_of(const std::string& path) {
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
  constexpr std::int64_t second_ns = 1'000'000'000;
  return {info.st_dev, info.st_ino, info.st_size, info.st_mtim.tv_sec * second_ns + info.st_mtim.tv_nsec};
}

TlsContexts::Stamps TlsContexts::stamps() const {
  return {stamp_of(files_.certificate_file), stamp_of(files_.key_file), stamp_of(files_.ca_directory)};
}

std::shared_ptr<asio::ssl::context> TlsContexts::current() {
  const std::lock_guard lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (now < looked_ + look_again_after) return context_;
  looked_ = now;
  const bool old = !files_.ca_directory.empty() && now > read_ + read_again_after;
  const auto found = stamps();
  if (found == stamps_ && !old) return context_;
  stamps_ = found;
  read_ = now;
  auto made = tls_context(files_);
  if (made)
    context_ = std::move(*made);
  else
    errors_.warn("http.tls", {{"cause", made.error().sentence()}, {"certificate", "the one read before goes on"}});
  return context_;
}

}  // namespace nephele::http
