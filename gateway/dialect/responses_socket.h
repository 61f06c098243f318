#pragma once
// What OpenAI's Responses say over a WebSocket, as bodies to be posted and answers to be told. A
// turn names the one before it and sends only what is new; providers are asked with the whole
// conversation, which is kept here, for this connection only (research/wire 1.3, 4.2).
#include <cstdint>
#include <string>
#include <string_view>

namespace steelyard::dialect::responses {

class WebSocketTurns {
 public:
  // `history_max`: bytes of a conversation; of a longer one only its provider can go on.
  explicit WebSocketTurns(std::size_t history_max) : history_max_(history_max) {}

  enum class Step : std::uint8_t {
    post,      // `out` is the body of a request
    answered,  // `out` holds messages for the client, one a line: nobody is to be asked
  };
  Step take(std::string_view message, std::string& out);
  // What the message taken last tells of its turn, which over HTTP is a field of the head; "":
  // nothing that may stand in one.
  const std::string& turn_metadata() const { return metadata_; }
  // Does it say that its body is of Codex's shorter kind? Over HTTP that is a field of the head,
  // too.
  bool turn_lite() const { return lite_; }
  // An event of the answer to what was posted last.
  void saw(std::string_view type, std::string_view event);
  // The answer to what was posted last was an error, with this body: the message to the client.
  static std::string error_message(unsigned status, std::string_view body);

 private:
  struct Frame;
  void prewarm(const Frame& frame, std::string& out);
  void keep(std::string_view id, std::string conversation, bool whole);

  std::size_t history_max_;
  std::string last_id_, history_;  // of the last answer: items, commas between
  std::string asked_;              // items of the request that is being answered
  std::string metadata_;
  bool whole_ = false;  // history_ is all there was before last_id_
  bool asked_whole_ = false, lite_ = false;
  std::uint64_t prewarmed_ = 0;
};

}  // namespace steelyard::dialect::responses
