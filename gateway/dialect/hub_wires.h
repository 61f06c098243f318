#pragma once
// The one list of dialects: which reader and which writer each has, for requests and for answers.
// A new dialect is a value of Wire, its own files, and a line in each switch of hub_wires.cpp and
// hub_errors.cpp.
#include <memory>
#include <string>
#include <string_view>

#include "config/types/result.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_answer.h"
#include "gateway/dialect/usage.h"

namespace steelyard::dialect::hub {

class ToolRenames;
struct StateKey;

// What a configuration calls a dialect: "openai", "responses", "anthropic", "gemini",
// "converse".
Wire wire_named(std::string_view name);  // openai_chat for one not known
std::string_view name_of(Wire wire);

struct BridgeOptions {
  Wire client = Wire::openai_chat, provider = Wire::anthropic;
  std::string_view request_id;     // in error events; must outlive the bridge
  std::int64_t created = 0;        // seconds since 1970, for clients of OpenAI's dialects
  bool include_usage = false;      // the chat client asked for the usage chunk
  bool ends_without_done = false;  // provider quirk, as in TapOptions
  bool amazon_frames = false;      // Anthropic's events in Amazon's frames (aws_invoke.h)
  std::string_view model;          // as the provider calls it, for answers that do not say
  bool json_array = false;         // the Gemini client wants its stream as one JSON array
  bool no_pings = false;           // it takes nothing between two events
  UsageQuirks quirks;
  const ToolRenames* names = nullptr;   // tools that the provider knows by another name
  const StateKey* state_key = nullptr;  // of the provider; null: what it signs is carried unsealed
  std::string_view client_body;         // the request: Responses repeats much of it; lives as long
};

// Where a stream stands, for dialects that number their events and name their answer.
struct StreamPlace {
  std::int64_t sequence = 0;  // of the next event
  std::string_view id;        // escaped; of the answer
};

// A provider's stream into events; one per stream. Any split of the bytes gives the same events.
class StreamReader {
 public:
  virtual ~StreamReader() = default;
  virtual void feed(std::string_view bytes, EventSink& sink) = 0;
  // The provider closed. Fails with upstream_protocol if the stream did not say that it was over,
  // with upstream_status if it said an error.
  virtual Result<void> finish(EventSink& sink) = 0;
  virtual StreamPlace place() const = 0;  // of the stream as it came
};
// Strict where it is translated: what cannot be read fails it.
std::unique_ptr<StreamReader> make_stream_reader(const BridgeOptions& options);

// Events into the client's stream, appended to `out`, which the caller sends and clears.
class StreamWriter : public EventSink {
 public:
  virtual ~StreamWriter() = default;
  virtual StreamPlace place() const = 0;  // of the stream as it was written
};
std::unique_ptr<StreamWriter> make_stream_writer(const BridgeOptions& options, std::string& out);

// A provider's whole answer into events. False: it is none; then nothing was sent.
bool read_whole(const BridgeOptions& options, std::string_view body, EventSink& sink);

// Folds the events of one answer into the client's whole answer.
class WholeWriter : public EventSink {
 public:
  virtual ~WholeWriter() = default;
  virtual void write(std::string& out) = 0;  // appends; once, after `end` was taken
};
std::unique_ptr<WholeWriter> make_whole_writer(const BridgeOptions& options);

// Readers of requests, each made when its dialect first comes; one object per worker.
class RequestReaders {
 public:
  RequestReaders();
  ~RequestReaders();
  RequestReaders(const RequestReaders&) = delete;
  RequestReaders& operator=(const RequestReaders&) = delete;

  // Replaces `out`; its views live until the next request of that dialect, or until `body` goes.
  Result<void> parse(Wire client, std::string_view body, Request& out);
  // Before it is written for another dialect: spellings that only its own takes. Its views live as
  // those of parse().
  Result<void> make_portable(Request& request);

 private:
  struct Parsers;
  std::unique_ptr<Parsers> parsers_;
};

}  // namespace steelyard::dialect::hub
