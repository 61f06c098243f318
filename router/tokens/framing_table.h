#pragma once
// The figures behind framing.h: one row per model or family, each with source and date. Rows are
// found by the longest prefix of the model's name; the row with the empty prefix serves all others.
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
  std::int32_t per_request;  // the reply's priming
  std::int32_t per_message;  // role included
  std::int32_t per_reply;    // a message of the assistant, in addition
  std::int32_t per_call;     // a message with tool calls, in addition
  std::int32_t with_tools;   // once, when the request has tools
  std::int32_t with_tools_upper;
  // Of raw JSON of definitions and of the answer's schema: how much the model is shown. 0: it is
  // shown the rendering of gateway/dialect/tool_listing.h.
  std::int32_t tool_json_percent;
  std::int32_t with_schema;        // once, when the answer has a schema
  std::int32_t system_with_tools;  // correction when there are both
  bool exact;                      // published: exact as long as there are no tools
  std::int32_t slack_per_request;  // added to `upper`
  std::int32_t slack_per_message;
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

const TokenizerRow& tokenizer_row(std::string_view family);
const ChatRow& chat_row(std::string_view model, std::string_view family);
const ImageRow& image_row(std::string_view model);

}  // namespace steelyard::router
