// Arbitrary bytes as a client's WebSocket. The first byte chooses a cut; the rest is the stream.
// Any cut must give the same messages, none is longer than allowed, and whatever is posted for one
// is a JSON object.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/responses_socket.h"
#include "gateway/net/websocket.h"

namespace {

using steelyard::dialect::responses::WebSocketTurns;
using steelyard::net::WebSocketReader;

constexpr std::size_t limit = 4096;

void require(bool ok) {
  if (!ok) std::abort();
}

std::vector<std::string> events_of(std::string_view first, std::string_view second) {
  WebSocketReader reader(limit);
  std::vector<std::string> events;
  std::string in, payload;
  for (const std::string_view piece : {first, second}) {
    in += piece;
    for (;;) {
      const WebSocketReader::Event event = reader.next(in, payload);
      if (event == WebSocketReader::Event::need_more) break;
      if (event == WebSocketReader::Event::refused || event == WebSocketReader::Event::close) {
        events.push_back("over " + std::to_string(reader.refusal()));
        return events;
      }
      require(payload.size() <= limit);
      events.push_back((event == WebSocketReader::Event::ping ? "ping " : "message ") + payload);
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t cut = stream.empty() ? 0 : data[0] % stream.size();
  const std::vector<std::string> events = events_of(stream, {});
  require(events == events_of(stream.substr(0, cut), stream.substr(cut)));
  WebSocketTurns turns(1000);
  std::string out;
  for (const std::string& event : events) {
    if (!event.starts_with("message ")) continue;
    const std::string_view message = std::string_view(event).substr(8);
    if (turns.take(message, out) == WebSocketTurns::Step::post)
      require(steelyard::dialect::hub::is_json_object(out));
    turns.saw("response.completed", message);
  }
  if (turns.take(stream, out) == WebSocketTurns::Step::post)
    require(steelyard::dialect::hub::is_json_object(out));
  return 0;
}
