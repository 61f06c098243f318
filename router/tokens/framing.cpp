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
struct Scale {
  std::int64_t percent;
  std::int64_t upper;
};
Scale scale_of(const TokenizerRef& ref, const TokenizerRow& row) {
  if (ref.ratio_percent <= 0 || ref.ratio_percent == 100) return {row.percent, row.upper_percent};
  const std::int64_t stretched =
      percent_of(ref.ratio_percent, row.upper_percent * 100 / row.percent);
  return {ref.ratio_percent, std::max<std::int64_t>(stretched, row.upper_percent)};
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

Extra pictures(std::span<const ImageShape> images, std::string_view model) {
  Extra extra;
  for (const ImageShape& image : images) {
    const bool known = image.width > 0 && image.height > 0;
    const ImageShape assumed{typical_image.width, typical_image.height, image.detail};
    extra.tokens = add(extra.tokens, image_tokens(known ? image : assumed, model));
    extra.upper = add(extra.upper, image_tokens(image, model));
  }
  return extra;
}

}  // namespace

TokenCount scale_text(std::int64_t counted, const TokenizerRef& ref) {
  const TokenizerRow& row = tokenizer_row(ref.tokenizer);
  const Scale scale = scale_of(ref, row);
  const std::int64_t text = std::clamp<std::int64_t>(counted, 0, most);
  if (row.exact && scale.percent == 100) return {text, text, CountQuality::exact};
  return {percent_of(text, scale.percent), percent_of(text, scale.upper), CountQuality::prior};
}

TokenCount frame_chat(const ChatShape& shape, const TokenizerRef& ref) {
  const ChatRow& row = chat_row(ref.model, ref.tokenizer);
  const TokenCount text = scale_text(shape.text_tokens, ref);
  const std::int64_t shown =
      percent_of(not_negative(shape.tool_json_tokens), row.tool_json_percent);
  const TokenCount tools = scale_text(shown, ref);
  // A definition as JSON with spaces is more than the model sees, never less; 12 for its frame.
  const TokenCount tools_most = scale_text(
      add(not_negative(shape.tool_json_tokens), times(not_negative(shape.tools), 12)), ref);
  const Extra frame = frames(shape, row);
  const Extra image = pictures(shape.images, ref.model);
  TokenCount whole;
  whole.tokens = not_negative(add(add(text.tokens, tools.tokens), add(frame.tokens, image.tokens)));
  whole.upper =
      add(add(text.upper, shape.tools > 0 ? tools_most.upper : 0), add(frame.upper, image.upper));
  whole.upper = std::max(whole.upper, whole.tokens);
  const bool sized =
      std::all_of(shape.images.begin(), shape.images.end(),
                  [](const ImageShape& one) { return one.width > 0 && one.height > 0; });
  const bool exact = text.quality == CountQuality::exact && row.exact && shape.tools <= 0 &&
                     shape.tool_calls <= 0 && sized;
  whole.quality = exact ? CountQuality::exact : CountQuality::prior;
  if (exact) whole.upper = whole.tokens;
  return whole;
}

}  // namespace steelyard::router
