#include "gateway/cloud/google_jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>

#include "config/types/json_writer.h"

namespace steelyard::cloud {
namespace {

constexpr std::int64_t kValidSeconds = 3'600;  // Google's most

auto unusable(const char* what) {
  return fail(ErrorKind::bad_request, ErrorSource::gateway, Retry::never, what);
}

// No pass phrase: OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<std::string> rs256(std::string_view text, const Secret& pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bytes(
      BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())), BIO_free);
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(
      PEM_read_bio_PrivateKey(bytes.get(), nullptr, no_passphrase, nullptr), EVP_PKEY_free);
  if (!key || EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA)
    return unusable("the service account's `private_key` is no RSA key in PEM");
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(),
                                                                   EVP_MD_CTX_free);
  std::string out(static_cast<std::size_t>(EVP_PKEY_size(key.get())), '\0');
  std::size_t size = out.size();
  const bool good =
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  if (!good) return unusable("the service account's key cannot sign");
  out.resize(size);
  return out;
}

}  // namespace

std::string base64url(std::string_view bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return out;
}

Result<std::string> signed_assertion(const ServiceAccount& account, std::string_view scope,
                                     std::string_view audience, Instant now) {
  std::string head, claims;
  JsonWriter header(head);
  header.begin_object().field("alg", "RS256").field("typ", "JWT");
  if (!account.key_id.empty()) header.field("kid", account.key_id);
  header.end_object();
  JsonWriter body(claims);
  body.begin_object().field("iss", account.email).field("scope", scope).field("aud", audience);
  body.field("iat", now.seconds()).field("exp", now.seconds() + kValidSeconds).end_object();
  const std::string text = base64url(head) + "." + base64url(claims);
  const Result<std::string> signature = rs256(text, account.private_key);
  if (!signature) return fail(signature.error());
  return text + "." + base64url(*signature);
}

}  // namespace steelyard::cloud
