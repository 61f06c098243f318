#pragma once
// Certificates made on the spot, so that no test depends on a file that expires.
#include <filesystem>
#include <memory>
#include <string>

struct evp_pkey_st;
struct x509_st;

namespace steelyard::net::test {

struct CertificateWish {
  std::string name = "steelyard test";  // subject; not what is checked
  std::string alternative;              // "DNS:gateway.test,IP:127.0.0.1"; "" for an authority
  long from_seconds = -3600;            // relative to now
  long until_seconds = 3600;
};

class Certificate {
 public:
  // Signed by `issuer`, or by itself if there is none.
  Certificate(const CertificateWish& wish, const Certificate* issuer);
  x509_st* certificate() const { return certificate_.get(); }
  evp_pkey_st* key() const { return key_.get(); }
  // Writes PEM.
  void save(const std::string& certificate_file, const std::string& key_file) const;

 private:
  std::shared_ptr<evp_pkey_st> key_;
  std::shared_ptr<x509_st> certificate_;
};

// A folder that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace steelyard::net::test
