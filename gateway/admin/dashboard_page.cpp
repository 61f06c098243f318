#include "gateway/admin/dashboard_page.h"

#include <openssl/evp.h>

#include "config/types/sha256.h"

namespace steelyard {
namespace {

// 'sha256-BASE64' of what stands between the two tags.
std::string hash_between(std::string_view html, std::string_view open, std::string_view close) {
  const std::size_t begin = html.find(open) + open.size();
  const Sha256Digest digest = sha256(html.substr(begin, html.find(close, begin) - begin));
  std::string text(4 * ((digest.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), digest.data(),
                                   static_cast<int>(digest.size()));
  text.resize(static_cast<std::size_t>(size));
  return "'sha256-" + text + "'";
}

}  // namespace

std::string content_security_policy(std::string_view html) {
  return "default-src 'none'; script-src " + hash_between(html, "<script>", "</script>") +
         "; style-src " + hash_between(html, "<style>", "</style>") +
         "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

AdminReply dashboard_page() {
  static const std::string policy = content_security_policy(dashboard_html());
  AdminReply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = dashboard_html();
  reply.lines = "content-security-policy: " + policy +
                "\r\nreferrer-policy: no-referrer\r\ncross-origin-opener-policy: same-origin\r\n";
  return reply;
}

}  // namespace steelyard
