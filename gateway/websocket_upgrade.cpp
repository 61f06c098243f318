#include "gateway/websocket_upgrade.h"

#include <algorithm>
#include <array>

#include "gateway/net/websocket.h"
#include "gateway/routes.h"

namespace steelyard {
namespace {

constexpr std::array not_passed_on{"connection",
                                   "upgrade",
                                   "sec-websocket-key",
                                   "sec-websocket-version",
                                   "content-length",
                                   "transfer-encoding",
                                   "content-type",
                                   "sec-websocket-extensions",
                                   "expect",
                                   "accept-encoding",
                                   "keep-alive",
                                   "sec-websocket-protocol",
                                   "x-codex-turn-metadata"};  // each message has its own

bool stays(std::string_view name) {
  return std::none_of(not_passed_on.begin(), not_passed_on.end(),
                      [&](const char* left) { return net::equals_folded(name, left); });
}

}  // namespace

bool asks_for_websocket(const net::RequestHead& head) {
  return head.method == net::Method::get && !head.fields.find("sec-websocket-key").empty() &&
         match_route(net::Method::post, head.target()).route == Route::responses;
}

std::string websocket_answer(const net::RequestHead& head) {
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
         "sec-websocket-accept: " +
         net::websocket_accept(head.fields.find("sec-websocket-key")) + "\r\n\r\n";
}

std::string websocket_request(const net::RequestHead& head) {
  std::string text = "POST ";
  text.append(head.target()).append(" HTTP/1.1\r\n");
  for (std::size_t i = 0; i < head.fields.size(); ++i) {
    const net::FieldView field = head.fields[i];
    if (stays(field.name)) text.append(field.name).append(": ").append(field.value).append("\r\n");
  }
  return text += "content-type: application/json\r\n";
}

}  // namespace steelyard
