#include "server/tls.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <climits>

#include "base/check.h"
#include "base/error.h"

namespace candor {
namespace {

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* what) const {
    function(what);
  }
};
using SslPointer = std::unique_ptr<SSL, Free<SSL_free>>;
using ContextPointer = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using BioPointer = std::unique_ptr<BIO, Free<BIO_free>>;
using MethodPointer = std::unique_ptr<BIO_METHOD, Free<BIO_meth_free>>;
using CertificatePointer = std::unique_ptr<X509, Free<X509_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

// OpenSSL's own socket BIO writes with write(), which raises SIGPIPE when the client has gone.
int BioWrite(BIO* bio, const char* data, size_t size, size_t* sent) {
  const ssize_t n =
      ::send(static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))), data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  BIO_clear_retry_flags(bio);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) BIO_set_retry_write(bio);
    return 0;
  }
  *sent = static_cast<size_t>(n);
  return 1;
}

int BioRead(BIO* bio, char* data, size_t size, size_t* got) {
  const ssize_t n = ::recv(static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))), data, size, MSG_DONTWAIT);
  BIO_clear_retry_flags(bio);
  if (n <= 0) {
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(bio);
    return 0;
  }
  *got = static_cast<size_t>(n);
  return 1;
}

long BioControl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

MethodPointer MakeBioMethod() {
  MethodPointer method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "candor socket"));
  CHECK(method != nullptr);
  BIO_meth_set_write_ex(method.get(), BioWrite);
  BIO_meth_set_read_ex(method.get(), BioRead);
  BIO_meth_set_ctrl(method.get(), BioControl);
  return method;
}

class TlsTransport : public Transport {
 public:
  TlsTransport(SSL_CTX* context, BIO_METHOD* method, int socket) : socket_(socket), ssl_(SSL_new(context)) {
    CHECK(ssl_ != nullptr);
    BIO* bio = BIO_new(method);
    CHECK(bio != nullptr);
    BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(socket)));
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);  // takes it
    SSL_set_accept_state(ssl_.get());
  }

  Result Handshake() override {
    ERR_clear_error();
    return Outcome(SSL_do_handshake(ssl_.get()), 0);
  }

  Result Read(std::span<char> into) override {
    ERR_clear_error();
    size_t got = 0;
    const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &got);
    return Outcome(result, got);
  }

  Result Write(std::string_view bytes) override {
    ERR_clear_error();
    size_t sent = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
    return Outcome(result, sent);
  }

  void FinishWriting() override {
    if (!failed_ && SSL_is_init_finished(ssl_.get())) {
      ERR_clear_error();
      SSL_shutdown(ssl_.get());
    }
    ::shutdown(socket_, SHUT_WR);
  }

 private:
  Result Outcome(int result, size_t bytes) {
    if (result == 1) return {Status::kDone, bytes};
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return {Status::kWantRead};
      case SSL_ERROR_WANT_WRITE:
        return {Status::kWantWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {Status::kEnd};
      default:
        failed_ = true;  // nothing may be called on it any more, SSL_shutdown neither
        return {Status::kFailed};
    }
  }

  int socket_;
  SslPointer ssl_;
  bool failed_ = false;
};

int NoPassword(char*, int, int, void*) { return -1; }

BioPointer Over(const std::string& pem) {
  if (pem.size() > INT_MAX) throw UsageError("a PEM file of more than 2 GB");
  return BioPointer(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

void UseCertificates(SSL_CTX* context, const std::string& pem) {
  const BioPointer bio = Over(pem);
  const CertificatePointer first(PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr));
  if (first == nullptr) throw UsageError("TLS certificate: no \"BEGIN CERTIFICATE\" part that can be read");
  if (SSL_CTX_use_certificate(context, first.get()) != 1) {
    throw UsageError("TLS certificate: its key or signature is too weak, or of an unknown kind");
  }
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)) {
    CHECK(SSL_CTX_add0_chain_cert(context, next) == 1);  // takes it
  }
  ERR_clear_error();  // the end of the file was one
}

void UseKey(SSL_CTX* context, const std::string& pem) {
  const KeyPointer key(PEM_read_bio_PrivateKey(Over(pem).get(), nullptr, NoPassword, nullptr));
  if (key == nullptr) {
    throw UsageError("TLS private key: no part that can be read; expected PEM without a password");
  }
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    throw UsageError("TLS private key: it does not belong to the certificate");
  }
}

}  // namespace

struct TlsContext::Impl {
  MethodPointer method = MakeBioMethod();
  ContextPointer context{SSL_CTX_new(TLS_server_method())};
};

TlsContext::TlsContext(const std::string& certificates, const std::string& private_key)
    : impl_(std::make_unique<Impl>()) {
  SSL_CTX* context = impl_->context.get();
  CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  // TLS 1.2 with forward secrecy and authenticated encryption alone; those of 1.3 are all so.
  CHECK(SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  UseCertificates(context, certificates);
  UseKey(context, private_key);
}

TlsContext::~TlsContext() = default;

std::unique_ptr<Transport> TlsContext::MakeTransport(int socket) const {
  return std::make_unique<TlsTransport>(impl_->context.get(), impl_->method.get(), socket);
}

}  // namespace candor
