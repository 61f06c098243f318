#pragma once
// What a chat request is in tokens beyond its text: message frames, the reply's priming, tools,
// images; and what the text itself is for a model whose tokenizer is not the counter's. Plain
// numbers in, plain numbers out; the figures are rows in framing_table.cpp, each with its source
// and date.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "router/tokens/counter.h"
#include "router/tokens/features.h"
#include "router/tokens/media_tokens.h"

namespace steelyard::router {

enum class ImageDetail : std::uint8_t { automatic, low, high, original };

struct ImageShape {
  std::int32_t width = 0;  // pixels; 0 in either: unknown, see `image_tokens`
  std::int32_t height = 0;
  ImageDetail detail = ImageDetail::automatic;
};

// What the dialect knows about a request once its text is counted. Counts are the gateway's own.
struct ChatShape {
  // Contents, names, tool-call names and arguments, tool results: summed counts.
  std::int64_t text_tokens = 0;
  std::int32_t messages = 0;             // system and tool messages included
  std::int32_t replies = 0;              // of these, the assistant's
  std::int32_t names = 0;                // messages with a `name`
  std::int32_t tool_calls = 0;           // in assistant messages
  std::int32_t calling = 0;              // messages with calls
  std::int64_t call_shown_tokens = 0;    // calls as OpenAI shows them: what is beyond their text
  std::int32_t tools = 0;                // definitions
  std::int64_t tool_json_tokens = 0;     // their raw JSON
  std::int64_t hosted_tool_tokens = 0;   // of definitions that are the provider's: framing_table.h
  std::int64_t tool_shown_tokens = 0;    // as dialect/tool_listing.h writes them; 0: not known
  std::int64_t schema_tokens = 0;        // the answer's schema, raw JSON; 0 where the next is known
  std::int64_t schema_shown_tokens = 0;  // as dialect/schema_listing.h writes it; 0: not known
  bool has_system = false;
  bool system_line = false;    // the system message does not end in punctuation
  bool names_tool = false;     // tool_choice says which one
  bool requires_tool = false;  // tool_choice says that there be one
  bool thinking = false;       // was asked for
  bool responses = false;      // the client speaks OpenAI's Responses
  // Sums of calibration/text_features.h over the texts; where they are not known a prompt's usual
  // share is assumed (`knows_text`).
  std::int64_t words = 0, newlines = 0, punct = 0, upper = 0, non_ascii = 0;
  std::int64_t wide = 0, right_to_left = 0;
  bool knows_text = false;
  bool sampled = false;  // some texts were estimated (sliced_count.h): their bounds stand here
  std::span<const ImageShape> images;
  std::span<const MediaShape> media;  // what is not a picture
};
// Images are not in it: they follow a formula of their own.
InputFeatures features_of(const ChatShape& shape);

// A model's tokenizer as the catalogue says it (ModelSpec::tokenizer, ::token_ratio_percent).
struct TokenizerRef {
  std::string_view tokenizer =
      "o200k";  // family: see framing_table.cpp; unknown ones get wide bounds
  std::int32_t ratio_percent =
      100;                 // tokens per 100 counted; 100 means "use the family's own prior"
  std::string_view model;  // chooses the framing and image row; may be empty
};

struct TokenizerRow;
struct ChatRow;
struct ImageRow;

// A model's rows, found once when its catalogue is loaded: a request does not search by name.
struct Framing {
  const TokenizerRow* tokenizer = nullptr;
  const ChatRow* chat = nullptr;
  const ImageRow* image = nullptr;
  const MediaRow* media = nullptr;
  std::int32_t percent = 100;        // tokens per 100 counted
  std::int32_t upper_percent = 100;  // admission's bound on that
  bool exact_text = false;           // the counter is this model's tokenizer
};
Framing framing_of(const TokenizerRef& ref);
InputWeights weights_of(const Framing& framing);

// The whole request. `exact` only where both tokenizer and framing are published; otherwise
// `prior`, whose `upper` the row's measured error sets. Never negative; saturates at 2^30.
TokenCount frame_chat(const ChatShape& shape, const Framing& framing);
TokenCount frame_chat(const ChatShape& shape, const TokenizerRef& ref);

// `exact` where tokenizer and frames are published and nothing else is in the request. `media`:
// there is some whose tokens are not known for sure.
CountQuality quality_of(const Framing& framing, const InputFeatures& features, bool media);

// Of a signature of Gemini's that holds thoughts (gateway/dialect/gemini_signature.h), by its
// letters of base64. Whole numbers of the model's own tokens: no other model is shown it.
std::int64_t state_tokens(std::size_t letters);

// One text without chat framing (embeddings, moderation), for that tokenizer.
TokenCount scale_text(std::int64_t counted, const Framing& framing);
TokenCount scale_text(std::int64_t counted, const TokenizerRef& ref);

// Tokens of one image for this model by the provider's formula. Of unknown size: the largest a
// request can be billed at that detail, so that admission never under-counts.
std::int64_t image_tokens(const ImageShape& image, const ImageRow& row);
std::int64_t image_tokens(const ImageShape& image, std::string_view model);
// All of them; `upper` above `tokens` where a size is not known. `exact` when all are.
TokenCount images_of(std::span<const ImageShape> images, const ImageRow& row);

}  // namespace steelyard::router
