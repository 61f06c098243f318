#include "tests/unit/net/test_certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <stdexcept>

namespace steelyard::net::test {
namespace {

void require(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(what);
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Certificate::Certificate(const CertificateWish& wish, const Certificate* issuer)
    : key_(EVP_EC_gen("P-256"), EVP_PKEY_free), certificate_(X509_new(), X509_free) {
  static long serial = 1;
  X509* x = certificate_.get();
  require(key_ != nullptr && x != nullptr, "key");
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(x), wish.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.until_seconds);
  X509_set_pubkey(x, key_.get());
  const auto* text = reinterpret_cast<const unsigned char*>(wish.name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, text, -1, -1, 0);
  X509* signer = issuer != nullptr ? issuer->certificate() : x;
  X509_set_issuer_name(x, X509_get_subject_name(signer));
  const bool authority = wish.alternative.empty();
  add_extension(x, signer, NID_basic_constraints,
                authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (!authority) add_extension(x, signer, NID_subject_alt_name, wish.alternative);
  require(X509_sign(x, issuer != nullptr ? issuer->key() : key_.get(), EVP_sha256()) > 0, "sign");
}

void Certificate::save(const std::string& certificate_file, const std::string& key_file) const {
  std::FILE* out = std::fopen(certificate_file.c_str(), "w");
  require(out != nullptr && PEM_write_X509(out, certificate_.get()) == 1, "certificate file");
  std::fclose(out);
  out = std::fopen(key_file.c_str(), "w");
  require(out != nullptr, "key file");
  require(PEM_write_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "key file");
  std::fclose(out);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "steelyard-tls-XXXXXX").string();
  require(mkdtemp(pattern.data()) != nullptr, "temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace steelyard::net::test
