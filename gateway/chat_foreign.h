#pragma once
// What a call needs beyond its own when the client or the provider does not speak OpenAI Chat, or
// when the provider's request line names the model: the translated body, what it lost, head lines
// of the other dialect. Made only then.
#include <memory>
#include <string>
#include <string_view>

#include "config/spec/gateway_spec.h"
#include "config/types/instant.h"
#include "gateway/dialect/anthropic_betas.h"
#include "gateway/dialect/foreign_state.h"
#include "gateway/dialect/hub.h"
#include "gateway/dialect/hub_bridge.h"
#include "gateway/dialect/hub_dropped.h"
#include "gateway/dialect/splice.h"
#include "gateway/net/head_reader.h"

namespace steelyard {

class Session;

struct ProviderRuntime;
namespace cloud {
struct Credentials;
}

struct ForeignCall {
  bool bridged = true;  // false: Chat on both sides, only the head is made for this request
  std::shared_ptr<const cloud::Credentials> credentials;  // null: a key, in the head already
  std::string signed_lines;                               // of these; made when it is sent
  dialect::hub::BridgeOptions bridge;
  std::string request_id;  // ours, for answers that have no name
  std::string body;        // of the attempt under way, when it had to be written anew
  dialect::hub::Dropped dropped;
  dialect::LostFields lost_fields;  // of the request, by the client's names
  dialect::hub::ToolRenames names;
  std::string request_line;  // where the provider has the model in the path, with its line end
  std::string head_lines;    // behind content-length, with CRLF
  std::string betas;         // of the client, as far as the provider takes them
  // Fields of the body that go with betas the provider does not take; those that only go because
  // the header says the same.
  dialect::anthropic::BetaFieldSet unpaired = 0, said_by_head = 0;
  dialect::hub::WholeBridge whole;

  // What `x-steelyard-dropped-fields` says: names of losses, and of the fields among them.
  void append_dropped(std::string& out) const;
  std::size_t lines_size() const {
    return request_line.size() + head_lines.size() + signed_lines.size();
  }
};

// Head lines for a provider of Anthropic's dialect. From a client of the same dialect: its own
// version and betas, which belong to what is in the body (research/wire 0.1, rule 5), as far as the
// provider takes them. Bedrock has them in its body. What of `body` the others make known is in
// foreign.unpaired.
void append_anthropic_lines(ForeignCall& foreign, const net::RequestHead& head,
                            std::string_view body, const ProviderRuntime& provider);

// Cuts what is in foreign.unpaired and foreign.said_by_head from `body`, and tells it.
void cut_unpaired(ForeignCall& foreign, std::string& body);

// A body of Messages as clouds want it: without the model, which is in their path, with their own
// version; Bedrock's without `stream`, with the betas. Replaces `out`.
void host_messages(std::string_view body, Platform platform, std::string_view betas,
                   std::string& out);

// The lines that say who we are, of foreign.credentials, for the request as it stands.
void make_signed_lines(ForeignCall& foreign, const ProviderRuntime& provider,
                       const dialect::SplicedBody& body, Instant now);

// Does the client want its stream as one JSON array: Gemini's way without `alt=sse`?
bool wants_array(const Session& session);

// What a translated body is written for.
struct TranslateTarget {
  dialect::hub::Wire provider = dialect::hub::Wire::openai_chat;
  std::string_view model;
  std::string_view catalog_model;       // says what it takes where `model` is a deployment's name
  std::int64_t output_tokens_cap = 0;   // 0: none
  std::int64_t output_tokens_room = 0;  // when the client set no limit and the dialect needs one
  const ProviderQuirks* quirks = nullptr;  // never null where it is used
  bool stream = false;                     // where the client's path says so, not its body
  const dialect::hub::StateKey* state_key = nullptr;  // of the provider
  dialect::ForeignState foreign_state;                // of the client's body
};

// What an error body of a provider is in: clouds put their own shape around others' dialects.
dialect::hub::Wire error_wire(const ProviderRuntime& provider, std::string_view body);

// Reads the client's body again and writes it for the provider, into foreign.body.
Result<void> translate_body(std::string_view client_body, dialect::hub::Wire client,
                            const TranslateTarget& target, ForeignCall& foreign);

// Does the body hold what another provider signed (dialect/hub_carrier.h)?
bool holds_carriers(const dialect::ChatRequest& chat);
// A body that stays in its dialect without those blocks, and without those that others signed:
// foreign.body, the rest as it came. Told in foreign.dropped.
Result<void> splice_without_foreign(const dialect::ChatRequest& chat, dialect::hub::Wire wire,
                                    const dialect::ForeignState& state,
                                    const dialect::BodyEdits& edits, ForeignCall& foreign,
                                    dialect::SplicedBody& out);

}  // namespace steelyard
