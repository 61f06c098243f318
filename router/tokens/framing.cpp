#include "router/tokens/framing.h"

#include <algorithm>
#include <limits>

#include "router/tokens/framing_table.h"

namespace steelyard::router {
namespace {

__extension__ typedef __int128 Wide;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 4;
constexpr ImageShape typical_image{1024, 1024, ImageDetail::automatic};

std::int64_t not_negative(std::int64_t value) {
  return std::max<std::int64_t>(value, 0);
}

// Rounded up; saturates.
std::int64_t percent_of(std::int64_t value, std::int64_t percent) {
  const auto scaled = (static_cast<Wide>(value) * percent + 99) / 100;
  return scaled > most ? most : static_cast<std::int64_t>(scaled);
}

std::int64_t times(std::int64_t count, std::int64_t each) {
  return static_cast<std::int64_t>(std::clamp<Wide>(static_cast<Wide>(count) * each, -most, most));
}

std::int64_t add(std::int64_t a, std::int64_t b) {
  return std::clamp(a + b, -most, most);
}

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

struct Extra {
  std::int64_t tokens = 0;
  std::int64_t upper = 0;
  void both(std::int64_t value) {
    tokens = add(tokens, value);
    upper = add(upper, value);
  }
};

Extra frames(const ChatShape& shape, const ChatRow& row) {
  Extra extra;
  extra.both(row.per_request);
  extra.both(times(not_negative(shape.messages), row.per_message));
  extra.both(times(not_negative(shape.names), row.per_name));
  extra.both(times(not_negative(shape.tool_calls), row.per_tool_call));
  extra.upper = add(extra.upper, row.slack_per_request);
  extra.upper = add(extra.upper, times(not_negative(shape.messages), row.slack_per_message));
  if (shape.tools > 0) {
    extra.tokens =
        add(extra.tokens, row.with_tools + (shape.has_system ? row.system_with_tools : 0));
    extra.upper = add(extra.upper, row.with_tools_upper);
  }
  return extra;
}

}  // namespace

TokenCount images_of(std::span<const ImageShape> images, const ImageRow& row) {
  TokenCount all;
  for (const ImageShape& image : images) {
    const bool known = image.width > 0 && image.height > 0;
    const ImageShape assumed{typical_image.width, typical_image.height, image.detail};
    all.tokens = add(all.tokens, image_tokens(known ? image : assumed, row));
    all.upper = add(all.upper, image_tokens(image, row));
    if (!known) all.quality = CountQuality::prior;
  }
  return all;
}

Framing framing_of(const TokenizerRef& ref) {
  Framing framing;
  framing.tokenizer = &tokenizer_row(ref.tokenizer);
  framing.chat = &chat_row(ref.model, ref.tokenizer);
  framing.image = &image_row(ref.model);
  set_scale(ref, framing);
  return framing;
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
  const ChatRow& row = *framing.chat;
  const TokenCount text = scale_text(shape.text_tokens, framing);
  const std::int64_t shown =
      percent_of(not_negative(shape.tool_json_tokens), row.tool_json_percent);
  const TokenCount tools = scale_text(shown, framing);
  // A definition as JSON with spaces is more than the model sees, never less; 12 for its frame.
  const TokenCount tools_most = scale_text(
      add(not_negative(shape.tool_json_tokens), times(not_negative(shape.tools), 12)), framing);
  const Extra frame = frames(shape, row);
  const TokenCount image = images_of(shape.images, *framing.image);
  TokenCount whole;
  whole.tokens = not_negative(add(add(text.tokens, tools.tokens), add(frame.tokens, image.tokens)));
  whole.upper =
      add(add(text.upper, shape.tools > 0 ? tools_most.upper : 0), add(frame.upper, image.upper));
  whole.upper = std::max(whole.upper, whole.tokens);
  const bool exact = text.quality == CountQuality::exact && row.exact && shape.tools <= 0 &&
                     shape.tool_calls <= 0 && image.quality == CountQuality::exact;
  whole.quality = exact ? CountQuality::exact : CountQuality::prior;
  if (exact) whole.upper = whole.tokens;
  return whole;
}

}  // namespace steelyard::router
