#include "gateway/chat_foreign.h"

#include "gateway/dialect/anthropic_models.h"
#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/converse_models.h"
#include "gateway/dialect/converse_write.h"
#include "gateway/dialect/gemini_models.h"
#include "gateway/dialect/gemini_write.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_facts.h"
#include "gateway/dialect/hub_wires.h"
#include "gateway/dialect/openai_hub_write.h"
#include "gateway/dialect/responses_write.h"
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
  options.model = target.model;
  options.output_tokens_cap = target.output_tokens_cap;
  options.limit_key = target.max_completion_tokens ? dialect::LimitKey::max_completion_tokens
                                                   : dialect::LimitKey::max_tokens;
  options.include_usage = target.include_usage;
  dialect::openai::HubRequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_contents(const dialect::hub::Request& request, const TranslateTarget& target,
                            ForeignCall& foreign) {
  dialect::gemini::WriteOptions options;
  options.output_tokens_cap = target.output_tokens_cap;
  dialect::gemini::apply_model(telling(target, "gemini"), options);
  dialect::gemini::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_responses(const dialect::hub::Request& request, const TranslateTarget& target,
                             ForeignCall& foreign) {
  dialect::responses::WriteOptions options;
  options.model = target.model;
  options.output_tokens_cap = target.output_tokens_cap;
  dialect::responses::RequestWriter writer;
  return writer.write(request, options, foreign.body, foreign.dropped);
}

Result<void> write_converse(const dialect::hub::Request& request, const TranslateTarget& target,
                            ForeignCall& foreign) {
  dialect::converse::WriteOptions options;
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

bool wants_array(const Session& session) {
  return session.route() == Route::stream_content &&
         query_value(session.head().target(), "alt") != "sse";
}

bool holds_carriers(const dialect::ChatRequest& chat) {
  return chat.has_foreign_citations ||
         (chat.has_reasoning_state && chat.body.find("\"sy1.") != std::string_view::npos);
}

Result<void> splice_without_carriers(const dialect::ChatRequest& chat,
                                     const dialect::BodyEdits& edits, ForeignCall& foreign,
                                     dialect::SplicedBody& out) {
  dialect::hub::RequestReaders readers;
  dialect::hub::Request request;
  if (const Result<void> read = readers.parse(Wire::anthropic, chat.body, request); !read)
    return read;
  foreign.body.clear();
  std::size_t done = 0;
  for (const dialect::hub::Part& part : request.parts) {
    if (part.kind == dialect::hub::PartKind::text && dialect::hub::cites_foreign(part.citations)) {
      foreign.dropped.add(dialect::hub::Loss::citations);
      const auto begin = static_cast<std::size_t>(part.citations.data() - chat.body.data());
      foreign.body.append(chat.body.substr(done, begin - done)).append("null");
      done = begin + part.citations.size();
      continue;
    }
    const bool carrier = part.kind == dialect::hub::PartKind::thinking &&
                         dialect::hub::is_carrier(part.signature) && !part.raw.empty();
    if (!carrier) continue;
    foreign.dropped.add(dialect::hub::Loss::thinking);
    const auto begin = static_cast<std::size_t>(part.raw.data() - chat.body.data());
    foreign.body += chat.body.substr(done, begin - done);
    done = begin + part.raw.size();
    // One comma goes with it: the one behind, or of the last element the one before.
    const std::size_t next = chat.body.find_first_not_of(" \t\r\n", done);
    if (chat.body[next] == ',') {
      done = next + 1;
    } else if (const std::size_t last = foreign.body.find_last_not_of(" \t\r\n");
               foreign.body[last] == ',') {
      foreign.body.resize(last);
    }
  }
  foreign.body += chat.body.substr(done);
  if (const Result<void> read = readers.parse(Wire::anthropic, foreign.body, request); !read)
    return read;
  dialect::hub::FactsRoom room;
  dialect::ChatRequest rest;
  dialect::hub::fill_facts(request, room, rest);
  return out.build(rest, edits);
}

Result<void> translate_body(std::string_view client_body, Wire client,
                            const TranslateTarget& target, ForeignCall& foreign) {
  foreign.body.clear();
  foreign.dropped.clear();
  dialect::hub::Request request;
  // The readers keep a model name that was spelled with escapes: they must outlive the writing.
  dialect::hub::RequestReaders readers;
  const Result<void> read = readers.parse(client, client_body, request);
  if (!read) return read;
  if (!request.needs_store.empty()) return refuse_stored(request.needs_store);
  if (const Result<void> made = readers.make_portable(request); !made) return made;
  if (client == Wire::gemini) request.stream = target.stream;
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
