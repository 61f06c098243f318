#pragma once
// The figures behind framing.h: one row per model or family, each with source and date. Rows are
// found by the longest prefix of the model's name, capitals or not; the row with the empty prefix
// serves all others.
#include <cstdint>
#include <string_view>

namespace steelyard::router {

// What another tokenizer makes of the sums of calibration/text_features.h, tokens for each; all 0:
// its percentage of the o200k count is all that is known.
struct TextCut {
  float text = 0, words = 0, newlines = 0, punct = 0, upper = 0, non_ascii = 0;
};

// How a tokenizer family's counts relate to o200k_base.
struct TokenizerRow {
  std::string_view family;     // ModelSpec::tokenizer
  std::int32_t percent;        // tokens per 100 of o200k_base, ordinary text and code
  std::int32_t upper_percent;  // admission's bound: see each row's source
  bool exact;                  // the counter is this tokenizer
  std::string_view source;
  TextCut cut = {};
};

// What a chat adds to its text. Tokens of the model itself, not scaled.
struct ChatRow {
  std::string_view prefix;
  std::int32_t per_request = 0;      // the reply's priming
  std::int32_t per_message = 0;      // role included
  std::int32_t per_reply = 0;        // a message of the assistant, in addition
  std::int32_t per_call = 0;         // a message with tool calls, in addition; and its result
  std::int32_t per_beside_call = 0;  // each call beside the first of its message
  std::int32_t with_tools = 0;       // once, when the request has tools
  std::int32_t with_tools_upper = 0;
  // Of raw JSON of definitions: how much the model is shown. 0: it is shown the rendering of
  // gateway/dialect/tool_listing.h.
  std::int32_t tool_json_percent = 0;
  std::int32_t system_with_tools = 0;      // correction when there are both
  std::int32_t responses_tools = 0;        // correction for tools when the client speaks Responses
  std::int32_t named_tool = 0;             // once, when tool_choice names a tool
  std::int32_t required_tool = 0;          // once, when it says that there be a call
  std::int32_t thinking = 0;               // once, when thinking was asked for
  std::int32_t with_schema = 0;            // once, when the answer has a schema
  std::int32_t schema_json_percent = 100;  // of its raw JSON, where it is not shown as OpenAI does
  bool exact = false;                      // published: exact as long as there are no tools
  std::int32_t slack_per_request = 0;      // added to `upper`
  std::int32_t slack_per_message = 0;
  std::string_view source;
};

enum class ImageRule : std::uint8_t {
  tiles,      // fit into 2048 x 2048, short side 768; `base` + `unit` per tile of 512 px
  patches,    // of 32 px, shrunk to `budget`; times percent
  visual,     // of 28 px, shrunk to `side` and `budget`
  tiles_768,  // `base` up to 384 px, else `unit` per tile of 768 px
  fixed,      // `base` whatever the size; `budget` in original detail, `unit` in low
};

struct ImageRow {
  std::string_view prefix;
  ImageRule rule;
  std::int32_t base;
  std::int32_t unit;
  std::int32_t side;             // longest side in px after shrinking; 0: not limited
  std::int32_t budget;           // patches
  std::int32_t budget_original;  // in original detail; 0: as `budget`
  std::int32_t percent;          // multiplies the patches
  std::string_view source;
};

// A tool whose definition is the provider's own: the request only says its type.
struct HostedToolRow {
  std::string_view type;  // a quote and how the type begins, as it stands in JSON
  std::int32_t tokens;
  std::string_view source;
};
// Tokens of all those named in `tools`, raw JSON of the definitions.
std::int64_t hosted_tool_tokens(std::string_view tools);

// Of a row's prefix, which is in small letters; "Qwen3.5-9B" begins with "qwen3.".
bool begins_with(std::string_view name, std::string_view prefix);
// The row with the longest prefix of `name`; the last row has the empty one.
template <class Rows>
const typename Rows::value_type& longest_prefix(const Rows& rows, std::string_view name) {
  const auto* best = &rows.back();
  for (const auto& row : rows) {
    if (row.prefix.size() > best->prefix.size() && begins_with(name, row.prefix)) best = &row;
  }
  return *best;
}
// "openai/gpt-4o" is "gpt-4o".
inline std::string_view base_name(std::string_view model) {
  return model.substr(model.find_last_of('/') + 1);
}

const TokenizerRow& tokenizer_row(std::string_view family);
const ChatRow& chat_row(std::string_view model, std::string_view family);
const ImageRow& image_row(std::string_view model);

}  // namespace steelyard::router
