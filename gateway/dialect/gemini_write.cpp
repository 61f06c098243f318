#include "gateway/dialect/gemini_write.h"

#include <algorithm>

#include "gateway/dialect/anthropic_write.h"
#include "gateway/dialect/gemini_turns.h"
#include "gateway/dialect/hub_json.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/lenient_reader.h"

namespace steelyard::dialect::gemini {
namespace {

using hub::Effort;
using hub::Loss;
using hub::Thinking;

constexpr std::size_t kStopsMax = 5;        // Gemini's own bound
constexpr std::int64_t kLeastBudget = 128;  // where thinking cannot be off

// Fields of Chat whose values Gemini takes as they are.
struct Passed {
  std::string_view chat, gemini;
};
constexpr Passed kPassed[] = {{"seed", "seed"},
                              {"presence_penalty", "presencePenalty"},
                              {"frequency_penalty", "frequencyPenalty"},
                              {"logprobs", "responseLogprobs"},
                              {"top_logprobs", "logprobs"}};

// Has this object schema properties? Older models refuse an object without any.
bool has_properties(std::string_view schema) {
  constexpr KeyTable kKeys(key_names("properties", "$ref", "anyOf", "allOf", "oneOf"));
  bool any = false;
  LenientReader reader(schema);
  reader.object(kKeys, [&](int key) {
    if (key != 0) {
      any = any || key > 0;
      return reader.cursor.skip_value();
    }
    constexpr KeyTable kNone(key_names("-"));
    return reader.object(kNone, [&](int) {
      any = true;
      return reader.cursor.skip_value();
    });
  });
  return any;
}

class BodyWriter {
 public:
  BodyWriter(const hub::Request& request, const WriteOptions& options, std::string& out,
             std::string& scratch, hub::Dropped& dropped)
      : request_(request),
        options_(options),
        json_(out),
        turns_(request, options, json_, scratch, dropped),
        dropped_(dropped) {}

  void write() {
    json_.open('{');
    turns_.write();
    tools();
    tool_config();
    json_.key("generationConfig").open('{');
    limit();
    sampling();
    thinking();
    format();
    json_.close('}');
    rest();
    json_.close('}');
  }

 private:
  void limit() {
    std::int64_t limit =
        std::max(request_.max_tokens.tokens, request_.max_completion_tokens.tokens);
    const std::int64_t cap = options_.output_tokens_cap;
    if (cap > 0) limit = limit == 0 ? cap : std::min(limit, cap);
    if (request_.max_tokens.zero) limit = 1;  // "only fill the cache": as little as there is
    if (limit > 0) json_.field_number("maxOutputTokens", limit);
  }

  void tools() {
    for (const hub::Tool& tool : request_.tools) {
      if (tool.kind == hub::ToolKind::native) {
        dropped_.add(Loss::tools);
        continue;
      }
      if (!has_tools_) json_.key("tools").open('[').open('{').key("functionDeclarations").open('[');
      has_tools_ = true;
      json_.open('{').field("name", tool.name).given("description", tool.description);
      if (tool.kind == hub::ToolKind::custom) {
        dropped_.add(Loss::tools);  // its grammar
        json_.field_raw("parametersJsonSchema",
                        R"({"type":"object","properties":{"input":{"type":"string"}},)"
                        R"("required":["input"]})");
      } else if (has_properties(tool.schema)) {
        json_.field_raw("parametersJsonSchema", tool.schema);
      }
      if (!tool.cache.empty()) dropped_.add(Loss::cache_control);
      json_.close('}');
    }
    if (has_tools_) json_.close(']').close('}').close(']');
  }

  void tool_config() {
    if (!request_.tool_choice_raw.empty()) dropped_.add(Loss::tool_choice);
    if (!has_tools_) return;
    if (request_.parallel_tools == hub::Tristate::no) dropped_.add(Loss::parallel_tool_calls);
    // ANY holds the model to the schemas anyway.
    const bool free =
        request_.tool_choice == ToolChoice::unset || request_.tool_choice == ToolChoice::automatic;
    const bool strict =
        free && std::any_of(request_.tools.begin(), request_.tools.end(), [](const hub::Tool& t) {
          return t.kind == hub::ToolKind::function && t.strict == hub::Tristate::yes;
        });
    const bool validated = strict && options_.thinking != ThinkingStyle::none;  // since Gemini 2.5
    if (strict && !validated) dropped_.add(Loss::schema_details);
    if (request_.tool_choice == ToolChoice::unset && !validated) return;
    json_.key("toolConfig").open('{').key("functionCallingConfig").open('{');
    switch (request_.tool_choice) {
      case ToolChoice::none: json_.field("mode", "NONE"); break;
      case ToolChoice::required: json_.field("mode", "ANY"); break;
      case ToolChoice::named:
        json_.field("mode", "ANY").key("allowedFunctionNames").open('[');
        json_.escaped(request_.tool_choice_name).close(']');
        break;
      default: json_.field("mode", validated ? "VALIDATED" : "AUTO");
    }
    json_.close('}').close('}');
  }

  void sampling() {
    json_.given_raw("temperature", request_.temperature).given_raw("topP", request_.top_p);
    json_.given_raw("topK", request_.top_k);
    if (request_.choices > 1) json_.field_number("candidateCount", request_.choices);
    if (!request_.stops.empty()) {
      json_.key("stopSequences").open('[');
      for (std::size_t i = 0; i < std::min(request_.stops.size(), kStopsMax); ++i)
        json_.escaped(request_.stops[i]);
      json_.close(']');
      if (request_.stops.size() > kStopsMax) dropped_.add(Loss::stop);
    }
    for (const hub::Extra& extra : request_.extras) extra_field(extra);
  }

  void extra_field(const hub::Extra& extra) {
    for (const Passed& row : kPassed) {
      if (row.chat != extra.key) continue;
      json_.field_raw(row.gemini, extra.value);
      return;
    }
    hub::lose_extra(extra, dropped_, options_.lost_fields);
  }

  void thinking() {
    const bool asked = request_.effort != Effort::unset || request_.thinking != Thinking::unset;
    if (!asked) return;
    const bool off = request_.thinking == Thinking::off || request_.effort == Effort::none;
    if (options_.thinking == ThinkingStyle::none) {
      if (!off) dropped_.add(Loss::reasoning);
      return;
    }
    if (off && !options_.can_disable_thinking) dropped_.add(Loss::reasoning);
    json_.key("thinkingConfig").open('{');
    if (options_.thinking == ThinkingStyle::budget)
      json_.field_number("thinkingBudget", budget(off));
    else if (const std::string_view level = level_of(off); !level.empty())
      json_.field("thinkingLevel", level);
    if (!off) json_.field_bool("includeThoughts", true);
    json_.close('}');
  }

  std::int64_t budget(bool off) const {
    if (off) return options_.can_disable_thinking ? 0 : kLeastBudget;
    std::int64_t tokens = request_.thinking_budget;
    if (tokens == 0) tokens = anthropic::budget_of(request_.effort);
    if (tokens == 0) return -1;  // the model decides
    return std::clamp<std::int64_t>(tokens, kLeastBudget, options_.budget_max);
  }

  // "" leaves it to the model.
  std::string_view level_of(bool off) {
    Effort effort = off ? Effort::minimal : request_.effort;
    if (effort == Effort::unset && request_.thinking == Thinking::budget) {
      const std::int64_t tokens = request_.thinking_budget;
      effort = tokens <= 4'096 ? Effort::low : tokens <= 8'192 ? Effort::medium : Effort::high;
      dropped_.add(Loss::reasoning);
    }
    if (effort == Effort::unset) return {};
    if (effort == Effort::minimal) return options_.can_disable_thinking ? "MINIMAL" : "LOW";
    if (effort == Effort::low) return "LOW";
    if (effort == Effort::medium) return options_.low_and_high_only ? "HIGH" : "MEDIUM";
    return "HIGH";
  }

  void format() {
    if (request_.format == ResponseFormat::text) return;
    if (request_.format == ResponseFormat::other) return dropped_.add(Loss::response_format);
    json_.field("responseMimeType", "application/json");
    if (request_.format != ResponseFormat::json_schema || request_.schema.empty()) return;
    json_.field_raw("responseJsonSchema", request_.schema);
    if (!request_.schema_description.empty() || request_.schema_strict == hub::Tristate::no)
      dropped_.add(Loss::schema_details);
  }

  void rest() {
    if (!request_.user.empty()) dropped_.add(Loss::user);
    // All that Anthropic's holds is the user's id.
    if (!request_.metadata.empty() && request_.wire != hub::Wire::anthropic)
      dropped_.add(Loss::metadata);
    if (!request_.cache.empty()) dropped_.add(Loss::cache_control);
    if (!request_.cache_key.empty()) dropped_.add(Loss::prompt_cache_key);
    const std::string_view tier = request_.service_tier;
    if (tier == "flex" || tier == "priority")
      json_.field("serviceTier", tier);
    else if (tier == "default" || tier == "standard_only")
      json_.field("serviceTier", "standard");
    else if (!tier.empty() && tier != "auto")
      dropped_.add(Loss::service_tier);
  }

  const hub::Request& request_;
  const WriteOptions& options_;
  hub::PieceWriter json_;
  TurnWriter turns_;
  hub::Dropped& dropped_;
  bool has_tools_ = false;
};

}  // namespace

Result<void> RequestWriter::write(const hub::Request& request, const WriteOptions& options,
                                  std::string& out, hub::Dropped& dropped) {
  BodyWriter(request, options, out, scratch_, dropped).write();
  return {};
}

}  // namespace steelyard::dialect::gemini
