#pragma once
// One answer on its way from a provider to a client, when one of them does not speak OpenAI Chat:
// the counterpart of StreamTap and ResponseParser, with the same facts. Client and provider of one
// dialect: the bytes pass as they came and are only watched.
#include <optional>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/anthropic_encode.h"
#include "gateway/dialect/anthropic_events.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_watch.h"
#include "gateway/dialect/openai_encode.h"
#include "gateway/dialect/openai_events.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"

namespace steelyard::dialect::hub {

struct BridgeOptions {
  Wire client = Wire::openai_chat, provider = Wire::anthropic;
  std::string_view request_id;     // in error events; must outlive the bridge
  std::int64_t created = 0;        // seconds since 1970, for chat clients
  bool include_usage = false;      // the chat client asked for the usage chunk
  bool ends_without_done = false;  // provider quirk, as in TapOptions
  UsageQuirks quirks;
};

// One per stream; does not move, the parts point at each other.
class StreamBridge {
 public:
  explicit StreamBridge(const BridgeOptions& options);
  StreamBridge(const StreamBridge&) = delete;
  StreamBridge& operator=(const StreamBridge&) = delete;

  // As StreamTap: `out` gets what the client is to be sent, valid until the next call.
  void feed(std::string_view bytes, openai::TapOutput& out);
  Result<void> finish(openai::TapOutput& out);

  openai::StreamPhase phase() const { return watch_->phase(); }
  const openai::StreamFacts& facts() const { return watch_->facts(); }

 private:
  BridgeOptions options_;
  std::string text_;
  std::optional<anthropic::StreamEncoder> to_messages_;
  std::optional<openai::ChatStreamEncoder> to_chat_;
  std::optional<AnswerWatch> watch_;
  anthropic::StreamDecoder messages_;
  openai::ChatStreamDecoder chat_;
};

// A whole answer. Reuse the object: `facts` points into it and into the body that was read.
class WholeBridge {
 public:
  // False: it is no answer, or an error in a 200 (facts().fault). client_body() is then "".
  bool read(std::string_view body, const BridgeOptions& options);
  const openai::ChatAnswer& facts() const { return facts_; }
  std::string_view client_body() const { return client_body_; }

 private:
  openai::ChatAnswer facts_;
  std::string content_, text_;
  std::string_view client_body_;
};

// An error of a provider in the client's dialect; appends to `out`.
void write_fault(std::string& out, Wire client, const UpstreamFault& fault, int upstream_status,
                 std::string_view request_id);
// The status to go with it.
int fault_status(Wire client, const UpstreamFault& fault, int upstream_status);

}  // namespace steelyard::dialect::hub
