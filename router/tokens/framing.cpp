#include "router/tokens/framing.h"

#include <algorithm>
#include <limits>

#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
constexpr std::int64_t count_most = 1 << 30;
constexpr ImageShape typical_image{1024, 1024, ImageDetail::automatic};
// Sums for each token of ordinary code and prose (1,741 documents of the records named in
// framing_table.cpp), where nobody looked at the text.
constexpr float usual_words = 0.357f, usual_newlines = 0.103f, usual_punct = 0.492f,
                usual_upper = 0.170f, usual_non_ascii = 0.028f;
std::int64_t add(std::int64_t a, std::int64_t b) {
  return std::clamp(a + b, -most, most);
}

// Rounded up; saturates.
std::int64_t percent_of(std::int64_t value, std::int64_t percent) {
  const auto scaled = (static_cast<Wide>(value) * percent + 99) / 100;
  return scaled > most ? most : static_cast<std::int64_t>(scaled);
}

float share(std::int64_t percent) {
  return static_cast<float>(percent) / 100.0f;
}

float number(std::int64_t value) {
  return static_cast<float>(std::max<std::int64_t>(value, 0));
}

std::int64_t rounded(float value) {
  return static_cast<std::int64_t>(std::clamp(value, 0.0f, static_cast<float>(count_most)));
}

// With a schema OpenAI bills some tokens of a system message and four for each reply: 79 recorded
// exchanges of 2024-07 to 2026-03 (tests/clients/recorded_counts.py).
void set_schema(const ChatShape& shape, InputFeatures& f) {
  if (shape.schema_shown_tokens <= 0 && shape.schema_tokens <= 0) return;
  f[Feature::with_schema] = 1;
  const float json = number(shape.schema_tokens);
  const bool shown = shape.schema_shown_tokens > 0;
  const bool own_message = !shape.has_system && !shape.responses;
  const float beside = own_message ? 4 : shape.has_system && shape.system_line ? 1 : 0;
  f[Feature::schema_text] = shown ? number(shape.schema_shown_tokens) : json;
  f[Feature::tool_shown] += shown ? number(shape.schema_shown_tokens) + beside : json;
  f[Feature::tool_shown] += 4 * number(shape.replies);
}

// Only Claude's rows weigh JSON where such tools are sent, at 1.18 and 1.43: halfway.
constexpr float hosted_scale = 1.3f;

// The catalogue's ratio wins over the family's; the bound keeps its distance to it.
void set_scale(const TokenizerRef& ref, Framing& framing) {
  const TokenizerRow& row = *framing.tokenizer;
  framing.percent = row.percent;
  framing.upper_percent = row.upper_percent;
  if (ref.ratio_percent > 0 && ref.ratio_percent != 100) {
    const std::int64_t stretched =
        percent_of(ref.ratio_percent, row.upper_percent * std::int64_t{100} / row.percent);
    framing.percent = ref.ratio_percent;
    framing.upper_percent = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(stretched, row.upper_percent, 1'000'000));
  }
  framing.exact_text = row.exact && framing.percent == 100;
}

void set_text_weights(const Framing& framing, InputFeatures& tokens) {
  const TokenizerRow& row = *framing.tokenizer;
  const float scale = static_cast<float>(framing.percent) / static_cast<float>(row.percent);
  const bool cut = row.cut.text != 0;
  tokens[Feature::text] = cut ? row.cut.text * scale : share(framing.percent);
  tokens[Feature::words] = row.cut.words * scale;
  tokens[Feature::newlines] = row.cut.newlines * scale;
  tokens[Feature::punct] = row.cut.punct * scale;
  tokens[Feature::upper] = row.cut.upper * scale;
  tokens[Feature::non_ascii] = row.cut.non_ascii * scale;
}

}  // namespace

TokenCount images_of(std::span<const ImageShape> images, const ImageRow& row) {
  TokenCount all;
  // Of vendors that do not say, recorded pictures of 128 to 600 px cost Grok 256 and Llama 4 up to
  // 400 where this rule says 63 to 250, and Qwen and Mistral what it says.
  const bool published = !row.prefix.empty();
  for (const ImageShape& image : images) {
    const bool known = image.width > 0 && image.height > 0;
    const ImageShape assumed{typical_image.width, typical_image.height, image.detail};
    const std::int64_t likely = image_tokens(known ? image : assumed, row);
    all.tokens = add(all.tokens, likely);
    all.upper = add(all.upper, known && !published ? 2 * likely + 300 : image_tokens(image, row));
    if (!known || !published) all.quality = CountQuality::prior;
  }
  return all;
}

Framing framing_of(const TokenizerRef& ref) {
  Framing framing;
  framing.tokenizer = &tokenizer_row(ref.tokenizer);
  framing.chat = &chat_row(ref.model, ref.tokenizer);
  framing.image = &image_row(ref.model);
  framing.media = &media_row(ref.model);
  set_scale(ref, framing);
  return framing;
}

InputFeatures features_of(const ChatShape& shape) {
  InputFeatures f;
  const float text = number(shape.text_tokens) + number(shape.names);
  const bool known = shape.knows_text;
  f[Feature::request] = 1;
  f[Feature::text] = text;
  f[Feature::messages] = number(shape.messages);
  f[Feature::words] = known ? number(shape.words) : text * usual_words;
  f[Feature::newlines] = known ? number(shape.newlines) : text * usual_newlines;
  f[Feature::punct] = known ? number(shape.punct) : text * usual_punct;
  f[Feature::upper] = known ? number(shape.upper) : text * usual_upper;
  f[Feature::non_ascii] = known ? number(shape.non_ascii) : text * usual_non_ascii;
  f[Feature::wide] = known ? number(shape.wide) : 0;
  f[Feature::right_to_left] = known ? number(shape.right_to_left) : 0;
  f[Feature::replies] = number(shape.replies);
  f[Feature::tool_calls] = number(shape.calling);
  f[Feature::beside_calls] = number(shape.tool_calls - shape.calling);
  f[Feature::thinking] = shape.thinking ? 1 : 0;
  f[Feature::tool_shown] = static_cast<float>(shape.call_shown_tokens);
  set_schema(shape, f);
  if (shape.tools <= 0) return f;
  const float json = number(shape.tool_json_tokens);
  const bool shown = shape.tool_shown_tokens > 0;
  f[Feature::with_tools] = 1;
  // In Responses a system message stays as it is, and what Chat shows beside tools is not there.
  f[Feature::responses_tools] = shape.responses ? 1 : 0;
  f[Feature::system_with_tools] = shape.has_system && !shape.responses ? 1 : 0;
  f[Feature::tool_text] += json + number(shape.hosted_tool_tokens) / hosted_scale;
  f[Feature::tool_shown] += shown ? number(shape.tool_shown_tokens) : json * 0.75f;
  if (shape.system_line && !shape.responses) f[Feature::tool_shown] += 1;
  // Responses bills a choice that there be a call as Chat does one that names it.
  const bool as_named = shape.names_tool || (shape.responses && shape.requires_tool);
  f[Feature::named_tool] = as_named ? 1 : 0;
  f[Feature::required_tool] = shape.requires_tool && !as_named ? 1 : 0;
  f[Feature::tools] = number(shape.tools);
  return f;
}

InputWeights weights_of(const Framing& framing) {
  const ChatRow& row = *framing.chat;
  const float likely = share(framing.percent), at_most = share(framing.upper_percent);
  const bool shown = row.tool_json_percent == 0;
  InputWeights w;
  w.factor = at_most / likely;
  set_text_weights(framing, w.tokens);
  w.tokens[Feature::request] = static_cast<float>(row.per_request);
  w.tokens[Feature::messages] = static_cast<float>(row.per_message);
  w.tokens[Feature::replies] = static_cast<float>(row.per_reply);
  w.tokens[Feature::tool_calls] = static_cast<float>(row.per_call);
  w.tokens[Feature::with_tools] = static_cast<float>(row.with_tools);
  w.tokens[Feature::system_with_tools] = static_cast<float>(row.system_with_tools);
  w.tokens[Feature::tool_text] = likely * share(row.tool_json_percent);
  w.tokens[Feature::schema_text] = shown ? 0 : likely * share(row.schema_json_percent);
  w.tokens[Feature::tool_shown] = shown ? likely : 0;
  w.tokens[Feature::with_schema] = static_cast<float>(row.with_schema);
  w.tokens[Feature::responses_tools] = static_cast<float>(row.responses_tools);
  w.tokens[Feature::named_tool] = static_cast<float>(row.named_tool);
  w.tokens[Feature::required_tool] = static_cast<float>(row.required_tool);
  w.tokens[Feature::thinking] = static_cast<float>(row.thinking);
  w.tokens[Feature::beside_calls] = static_cast<float>(row.per_beside_call);
  w.per_request = static_cast<float>(row.slack_per_request);
  w.per_message = static_cast<float>(row.slack_per_message);
  w.per_call = 6;
  w.with_tools = static_cast<float>(row.with_tools_upper - row.with_tools);
  w.per_tool = 12 * at_most;
  // A definition as JSON is more than the model sees, never less; half of it is a wide margin
  // where the rendering is known.
  w.tool_text = shown ? 0.5f : std::max(at_most - w.factor * w.tokens[Feature::tool_text], 0.0f);
  w.schema_text =
      shown ? 0.5f : std::max(at_most - w.factor * w.tokens[Feature::schema_text], 0.0f);
  w.with_schema = shown ? 8 : 60;
  return w;
}

// 31 recorded requests of Gemini 3 to 3.6, 224 to 12,732 letters: least absolute errors; within the
// bound of their text all of them.
std::int64_t state_tokens(std::size_t letters) {
  constexpr std::size_t percent = 21;
  return static_cast<std::int64_t>(std::min<std::size_t>(letters, count_most) * percent / 100);
}

TokenCount scale_text(std::int64_t counted, const Framing& framing) {
  const std::int64_t text = std::clamp<std::int64_t>(counted, 0, most);
  if (framing.exact_text) return {text, text, CountQuality::exact};
  return {percent_of(text, framing.percent), percent_of(text, framing.upper_percent),
          CountQuality::prior};
}

TokenCount scale_text(std::int64_t counted, const TokenizerRef& ref) {
  return scale_text(counted, framing_of(ref));
}

TokenCount frame_chat(const ChatShape& shape, const TokenizerRef& ref) {
  return frame_chat(shape, framing_of(ref));
}

TokenCount frame_chat(const ChatShape& shape, const Framing& framing) {
  const InputFeatures f = features_of(shape);
  const InputWeights w = weights_of(framing);
  float tokens = 0;
  for (std::size_t k = 0; k < feature_count; ++k) tokens += f.value[k] * w.tokens.value[k];
  const float bound = tokens * w.factor + w.per_request + f[Feature::messages] * w.per_message +
                      f[Feature::with_tools] * w.with_tools + f[Feature::tools] * w.per_tool +
                      f[Feature::tool_text] * w.tool_text +
                      f[Feature::schema_text] * w.schema_text +
                      f[Feature::with_schema] * w.with_schema + f[Feature::tool_calls] * w.per_call;
  const TokenCount image = images_of(shape.images, *framing.image);
  const TokenCount media = media_of(shape.media, *framing.media);
  const bool sized = image.quality == CountQuality::exact && shape.media.empty();
  TokenCount whole;
  whole.tokens = add(rounded(tokens + 0.5f), image.tokens + media.tokens);
  whole.upper = std::max(add(rounded(bound + 0.999f), image.upper + media.upper), whole.tokens);
  whole.quality = quality_of(framing, f, !sized);
  if (whole.quality == CountQuality::exact) whole.upper = whole.tokens;
  return whole;
}

CountQuality quality_of(const Framing& framing, const InputFeatures& f, bool media) {
  const bool plain =
      f[Feature::with_tools] == 0 && f[Feature::tool_calls] == 0 && f[Feature::with_schema] == 0;
  const bool exact = framing.exact_text && framing.chat->exact && plain && !media;
  return exact ? CountQuality::exact : CountQuality::prior;
}

}  // namespace steelyard::router
