#include "gateway/cli/admin_client.h"

namespace steelyard::cli {
namespace {

// An address to listen on is not always one to connect to.
std::string reachable(const std::string& host) {
  if (host == "0.0.0.0" || host.empty()) return "127.0.0.1";
  return host == "::" ? "::1" : host;
}

}  // namespace

Result<HttpAnswer> ask_admin(const AdminSpec& admin, const std::string& method,
                             const std::string& target) {
  HttpCall call;
  call.host = reachable(admin.listen.host);
  call.port = admin.listen.port;
  call.method = method;
  call.target = target;
  if (admin.token)
    call.fields.emplace_back("authorization", "Bearer " + std::string(admin.token->reveal()));
  return call_blocking(call);
}

std::string percent_encoded(const std::string& text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return out;
}

}  // namespace steelyard::cli
