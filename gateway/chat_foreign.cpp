#include "gateway/chat_foreign.h"

#include "gateway/dialect/anthropic_models.h"
#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/converse_models.h"
#include "gateway/dialect/converse_write.h"
#include "gateway/dialect/gemini_models.h"
#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_hub_write.h"
#include "gateway/dialect/responses_write.h"
#include "gateway/dialect/state_seal.h"
#include "gateway/session.h"

namespace steelyard {

using dialect::hub::Wire;

namespace {

constexpr std::int64_t output_room = 32'000;  // what Claude Code asks of a model it does not know

// The name that says which model it is: a deployment, or a profile of Bedrock's, may be called
// anything.
std::string_view telling(const TranslateTarget& target, std::string_view family) {
  return target.model.find(family) != std::string_view::npos ? target.model : target.catalog_model;
}

Result<void> write_messages(const dialect::hub::Request& request, const TranslateTarget& target,
                            ForeignCall& foreign) {
  dialect::anthropic::WriteOptions options;
  options.lost_fields = &foreign.lost_fields;
  options.model = target.model;
  options.output_tokens_cap = target.output_tokens_cap;
  options.default_max_tokens =
      target.output_tokens_room > 0 ? target.output_tokens_room : output_room;
  dialect::anthropic::apply_model(telling(target, "claude"), options);
  dialect::anthropic::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_chat(const dialect::hub::Request& request, const TranslateTarget& target,
                        ForeignCall& foreign) {
  dialect::openai::HubWriteOptions options;
  options.lost_fields = &foreign.lost_fields;
  options.model = target.model;
  options.output_tokens_cap = target.output_tokens_cap;
  const ProviderQuirks& quirks = *target.quirks;
  options.limit_key = quirks.max_completion_tokens ? dialect::LimitKey::max_completion_tokens
                                                   : dialect::LimitKey::max_tokens;
  options.include_usage = quirks.include_usage;
  options.reasoning_content = quirks.reasoning_content;
  options.reasoning_details = quirks.reasoning_details;
  options.system_anywhere = quirks.system_anywhere;
  options.cache_marks = quirks.cache_marks;
  options.top_k = quirks.top_k;
  options.short_tool_ids = quirks.short_tool_ids;
  dialect::openai::HubRequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_contents(const dialect::hub::Request& request, const TranslateTarget& target,
                            ForeignCall& foreign) {
  dialect::gemini::WriteOptions options;
  options.lost_fields = &foreign.lost_fields;
  options.output_tokens_cap = target.output_tokens_cap;
  dialect::gemini::apply_model(telling(target, "gemini"), options);
  dialect::gemini::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_responses(const dialect::hub::Request& request, const TranslateTarget& target,
                             ForeignCall& foreign) {
  dialect::responses::WriteOptions options;
  options.lost_fields = &foreign.lost_fields;
  options.model = target.model;
  options.output_tokens_cap = target.output_tokens_cap;
  dialect::responses::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_converse(const dialect::hub::Request& request, const TranslateTarget& target,
                            ForeignCall& foreign) {
  dialect::converse::WriteOptions options;
  options.lost_fields = &foreign.lost_fields;
  options.output_tokens_cap = target.output_tokens_cap;
  if (!dialect::converse::apply_model(target.model, options))
    (void)dialect::converse::apply_model(target.catalog_model, options);
  dialect::converse::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

// The request is about things that only their provider has.
Result<void> refuse_stored(std::string_view field) {
  return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
              "`/" + std::string(field) +
                  "` refers to what a provider of OpenAI's Responses keeps, and the model chosen "
                  "is another's: send the whole conversation as `input`");
}

}  // namespace

void ForeignCall::append_dropped(std::string& out) const {
  dropped.append_names(out);
  if (!lost_fields.names().empty()) out.append(1, ',').append(lost_fields.names());
}

bool wants_array(const Session& session) {
  return session.route() == Route::stream_content &&
         query_value(session.head().target(), "alt") != "sse";
}

bool holds_carriers(const dialect::ChatRequest& chat) {
  const auto holds = [&](std::string_view what) {
    return chat.body.find(what) != std::string_view::npos;
  };
  return chat.has_foreign_citations ||
         (chat.has_reasoning_state && (holds("\"sy1.") || holds(dialect::hub::coded_tag)));
}

Result<void> splice_without_foreign(const dialect::ChatRequest& chat, Wire wire,
                                    const dialect::ForeignState& state,
                                    const dialect::BodyEdits& edits, ForeignCall& foreign,
                                    dialect::SplicedBody& out) {
  if (!dialect::cut_foreign_state(chat.body, wire, state, foreign.body, foreign.dropped))
    return out.build(chat, edits);
  dialect::hub::RequestReaders readers;
  dialect::hub::Request request;
  if (const Result<void> read = readers.parse(wire, foreign.body, request); !read) return read;
  dialect::hub::FactsRoom room;
  dialect::ChatRequest rest;
  dialect::hub::fill_facts(request, room, rest);
  return out.build(rest, edits);
}

Result<void> translate_body(std::string_view client_body, Wire client,
                            const TranslateTarget& target, ForeignCall& foreign) {
  foreign.body.clear();
  foreign.dropped.clear();
  foreign.lost_fields.clear();
  dialect::hub::Request request;
  // The readers keep a model name that was spelled with escapes: they must outlive the writing.
  dialect::hub::RequestReaders readers;
  const Result<void> read = readers.parse(client, client_body, request);
  if (!read) return read;
  if (!request.needs_store.empty()) return refuse_stored(request.needs_store);
  if (!request.stray_result.empty())  // of the client's dialect there may be one that takes it
    return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                dialect::hub::stray_refusal(request));
  if (const Result<void> made = readers.make_portable(request); !made) return made;
  if (client == Wire::gemini) request.stream = target.stream;
  if (target.foreign_state.any()) dialect::disown_state(request, target.foreign_state);
  if (target.state_key != nullptr) dialect::hub::open_seals(request, *target.state_key);
  if (request.unknown.any()) foreign.dropped.add(dialect::hub::Loss::fields);
  foreign.lost_fields = request.unknown;
  foreign.names.clear();
  foreign.names.apply(target.provider, request);
  switch (target.provider) {
    case Wire::anthropic: return write_messages(request, target, foreign);
    case Wire::gemini: return write_contents(request, target, foreign);
    case Wire::openai_responses: return write_responses(request, target, foreign);
    case Wire::converse: return write_converse(request, target, foreign);
    case Wire::openai_chat: break;
  }
  return write_chat(request, target, foreign);
}

}  // namespace steelyard
