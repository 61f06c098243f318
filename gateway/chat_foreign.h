#pragma once
// What a call needs beyond its own when the client or the provider does not speak OpenAI Chat: the
// translated body, what it lost, head lines of the other dialect. Made only then.
#include <string>
#include <string_view>

#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/splice.h"
#include "gateway/net/head_reader.h"

namespace steelyard {

class Session;

struct ForeignCall {
  dialect::hub::BridgeOptions bridge;
  std::string body;  // of the attempt under way, when it had to be written anew
  dialect::hub::Dropped dropped;
  std::string request_line;  // where the provider has the model in the path, with CRLF
  std::string head_lines;    // behind content-length, with CRLF
  dialect::hub::WholeBridge whole;
};

// Head lines for a provider of Anthropic's dialect. From a client of the same dialect: its own
// version and betas, which belong to what is in the body (research/wire 0.1, rule 5).
void append_anthropic_lines(std::string& out, const net::RequestHead& head, bool same_dialect);

// Does the client want its stream as one JSON array: Gemini's way without `alt=sse`?
bool wants_array(const Session& session);

// "POST {path}{model}:generateContent HTTP/1.1", or the same for a stream of events.
void append_gemini_line(std::string& out, std::string_view models_path, std::string_view model,
                        bool stream);

// What a translated body is written for.
struct TranslateTarget {
  dialect::hub::Wire provider = dialect::hub::Wire::openai_chat;
  std::string_view model;
  std::int64_t output_tokens_cap = 0;   // 0: none
  std::int64_t output_tokens_room = 0;  // when the client set no limit and the dialect needs one
  bool max_completion_tokens = false, include_usage = true;
  bool stream = false;  // where the client's path says so, not its body
};

// Reads the client's body again and writes it for the provider, into foreign.body.
Result<void> translate_body(std::string_view client_body, dialect::hub::Wire client,
                            const TranslateTarget& target, ForeignCall& foreign);

// Does the body hold what another provider signed (dialect/hub_carrier.h)?
bool holds_carriers(const dialect::ChatRequest& chat);
// A body that stays in its dialect, Anthropic's, without those blocks: cut out of foreign.body, the
// rest as it came. Told in foreign.dropped.
Result<void> splice_without_carriers(const dialect::ChatRequest& chat,
                                     const dialect::BodyEdits& edits, ForeignCall& foreign,
                                     dialect::SplicedBody& out);

}  // namespace steelyard
