#pragma once
// One answer on its way from a provider to a client, when one of them does not speak OpenAI Chat:
// the counterpart of StreamTap and ResponseParser, with the same facts. Client and provider of one
// dialect: the bytes pass as they came and are only watched.
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/aws_invoke.h"
#include "gateway/dialect/gemini_relay.h"
#include "gateway/dialect/hub_names.h"
#include "gateway/dialect/hub_place.h"
#include "gateway/dialect/hub_watch.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_response.h"
#include "gateway/dialect/openai_stream.h"
#include "gateway/dialect/state_seal.h"

namespace steelyard::dialect::hub {

// One per stream; does not move, the parts point at each other.
class StreamBridge {
 public:
  explicit StreamBridge(const BridgeOptions& options);
  StreamBridge(const StreamBridge&) = delete;
  StreamBridge& operator=(const StreamBridge&) = delete;

  // As StreamTap: `out` gets what the client is to be sent, valid until the next call.
  void feed(std::string_view bytes, openai::TapOutput& out);
  Result<void> finish(openai::TapOutput& out);

  // Ends the client's stream here, as if the limit on output had been reached: appends to `out`
  // what is left to say. Nothing is fed afterwards; the facts stay as they are. `usage`: what the
  // client is told.
  void cut(const ReportedUsage& usage, std::string& out);
  // Does the client get whole events with each feed(), whatever the reads?
  bool whole_events() const { return writer_ != nullptr || array_.has_value(); }

  openai::StreamPhase phase() const { return watch_.phase(); }
  const openai::StreamFacts& facts() const { return watch_.facts(); }
  std::vector<std::uint64_t>& states() { return watch_.states(); }
  const std::string& id() const { return watch_.id(); }     // as its provider named it
  bool passes_bytes() const { return writer_ == nullptr; }  // as they came, errors too
  const std::string& item_ids() const { return watch_.item_ids(); }
  // What of it the client does not get: another dialect has no place for it.
  Dropped lost() const;
  // Of what the client got.
  StreamPlace place() const { return writer_ != nullptr ? writer_->place() : reader_->place(); }

 private:
  BridgeOptions options_;
  std::string text_;
  std::unique_ptr<StreamReader> reader_;
  std::unique_ptr<StreamWriter> writer_;     // null: client and provider speak the same
  std::optional<gemini::ArrayRelay> array_;  // they do, but frame it differently
  std::optional<InvokeFrames> invoked_;      // the provider does
  std::optional<Sealer> sealer_;             // with writer_, and a key
  std::optional<Placer> placer_;             // with writer_
  AnswerWatch watch_;
  NameRestorer names_;
};

// A whole answer. Reuse the object: `facts` points into it and into the body that was read.
class WholeBridge {
 public:
  // False: it is no answer, or an error in a 200 (facts().fault). client_body() is then "".
  bool read(std::string_view body, const BridgeOptions& options);
  const openai::ChatAnswer& facts() const { return facts_; }
  std::string_view client_body() const { return client_body_; }
  const std::string& id() const { return id_; }  // of the answer, as its provider named it
  const std::string& item_ids() const { return item_ids_; }  // of what it keeps, a line each
  Dropped lost() const { return lost_; }                     // as StreamBridge's

 private:
  openai::ChatAnswer facts_;
  std::string content_, text_, id_, item_ids_;
  Dropped lost_;
  std::string_view client_body_;
};

// A whole answer of a provider that was asked for a stream, as the stream that the client waits
// for: appended to `out`. Also where both speak the same. False: it is no answer.
bool write_as_stream(std::string_view body, const BridgeOptions& options, std::string& out);

}  // namespace steelyard::dialect::hub
