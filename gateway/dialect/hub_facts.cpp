#include "gateway/dialect/hub_facts.h"

#include <algorithm>

#include "gateway/dialect/gemini_signature.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/server_tools.h"
#include "gateway/dialect/state_seal.h"

namespace steelyard::dialect::hub {
namespace {

class FactsFiller {
 public:
  FactsFiller(const Request& request, FactsRoom& room, ChatRequest& out)
      : request_(request), room_(room), out_(out) {}

  void messages() {
    for (const Message& message : request_.messages) {
      MessageInfo info;
      info.raw = message.raw;
      info.role = message.role;
      info.text_begin = static_cast<std::uint32_t>(room_.texts.size());
      add(message.name, TextKind::name);
      for (std::uint32_t i = 0; i < message.part_count; ++i) {
        const Part& part = request_.parts[message.part_begin + i];
        if (part.kind == PartKind::tool_result) info.role = Role::tool;
        part_of(part);
      }
      info.text_count = static_cast<std::uint32_t>(room_.texts.size()) - info.text_begin;
      out_.has_tool_results |= info.role == Role::tool || info.role == Role::function;
      room_.messages.push_back(info);
      ++message_;
    }
    if (!room_.messages.empty()) out_.last_role = room_.messages.back().role;
  }

 private:
  void add(std::string_view raw, TextKind kind) {
    if (!raw.empty()) room_.texts.push_back({raw, message_, kind});
  }

  void part_of(const Part& part) {
    // Thinking without a signature is text like any other: no reason to stay with an account.
    if (!part.signature.empty()) state(part);
    switch (part.kind) {
      case PartKind::text:
        if (!part.citations.empty())
          out_.has_foreign_citations |= hub::cites_foreign(part.citations);
        return add(part.text, TextKind::content);
      case PartKind::refusal: return add(part.text, TextKind::refusal);
      case PartKind::thinking: return add(part.text, TextKind::reasoning);
      case PartKind::redacted_thinking:
        out_.has_reasoning_state = true;
        return add(part.text, TextKind::reasoning);
      case PartKind::tool_use:
        add(part.name, TextKind::tool_name);
        return add(part.arguments, TextKind::tool_arguments);
      case PartKind::tool_result:
        for (std::uint32_t i = 0; i < part.nested_count; ++i)
          part_of(request_.nested[part.nested_begin + i]);
        return;
      case PartKind::native: return add(part.raw, TextKind::content);
      case PartKind::image: return media(part, MediaKind::image);
      case PartKind::audio: return media(part, MediaKind::audio);
      case PartKind::document:
        if (part.source == SourceKind::text) return add(part.text, TextKind::content);
        return media(part, MediaKind::file);
    }
  }

  // What Gemini bills of its thoughts, whoever carries them.
  void state(const Part& part) {
    out_.has_reasoning_state = true;
    std::string_view signature = part.signature;
    SignatureOf what{};
    const bool carried =
        part.kind == PartKind::thinking && read_gemini_carrier(part.signature, what, signature);
    if (carried) signature.remove_suffix(std::min(signature.size(), seal_bytes));
    const bool own = part.kind == PartKind::text || part.kind == PartKind::tool_use;
    if ((own || carried) && gemini::bills_thoughts(signature)) add(signature, TextKind::state);
  }

  void media(const Part& part, MediaKind kind) {
    MediaSource source = MediaSource::inline_data;
    if (part.source == SourceKind::url) source = MediaSource::http;
    if (part.source == SourceKind::file_id) source = MediaSource::file_id;
    out_.has_images |= kind == MediaKind::image;
    room_.media.push_back({part.text, message_, kind, source, part.detail});
  }

  const Request& request_;
  FactsRoom& room_;
  ChatRequest& out_;
  std::uint32_t message_ = 0;
};

}  // namespace

void fill_facts(const Request& request, FactsRoom& room, ChatRequest& out) {
  room.messages.clear();
  room.texts.clear();
  room.media.clear();
  out = ChatRequest{};
  out.body = request.body;
  out.model = request.model;
  out.model_token = request.model_token;
  out.stream = request.stream;
  out.include_usage = request.include_usage;
  out.max_tokens = request.max_tokens;
  out.max_completion_tokens = request.max_completion_tokens;
  out.choices = request.choices;
  out.nested_limit = request.wire == Wire::gemini;
  out.limit_parent = request.limit_parent;
  out.tools = request.tools_raw;
  out.tool_count = static_cast<std::uint32_t>(request.tools.size());
  out.web_searches = web_searches_allowed(request);
  out.unpriced_tools = has_unpriced_tools(request);
  out.tool_choice = request.tool_choice;
  if (!request.tool_choice_raw.empty()) out.tool_choice = ToolChoice::named;
  out.response_format = request.format;
  out.response_format_value = request.format_raw;
  out.reasoning_effort = name_of(request.effort);
  out.thinking = request.thinking == Thinking::adaptive || request.thinking == Thinking::budget;
  out.user = request.user;
  out.prompt_cache_key = request.cache_key;
  out.service_tier = request.service_tier;
  out.metadata = request.metadata;
  out.fields = request.fields;
  FactsFiller(request, room, out).messages();
  out.messages = room.messages;
  out.texts = room.texts;
  out.media = room.media;
}

}  // namespace steelyard::dialect::hub
