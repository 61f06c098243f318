#pragma once
// From a request for a WebSocket to one: who asks, what is answered, and the head that each message
// is served under.
#include <string>

#include "gateway/net/head_reader.h"

namespace steelyard {

// For OpenAI's Responses, the one path that has a WebSocket.
bool asks_for_websocket(const net::RequestHead& head);
// 101, with its empty line.
std::string websocket_answer(const net::RequestHead& head);
// Request line and fields of the POST that a message becomes: what the client said of itself and
// its key, without what belongs to the connection.
std::string websocket_request(const net::RequestHead& head);

}  // namespace steelyard
