#include "gateway/chat_shape.h"

#include <algorithm>

#include "gateway/dialect/image_size.h"
#include "gateway/dialect/schema_listing.h"
#include "gateway/dialect/tool_listing.h"
#include "router/calibration/text_features.h"

namespace steelyard {
namespace {

router::MemoSeed seed_bytes(std::uint64_t seed) {
  router::MemoSeed bytes;
  for (unsigned char& byte : bytes) {
    seed = seed * 6'364'136'223'846'793'005u + 1'442'695'040'888'963'407u;
    byte = static_cast<unsigned char>(seed >> 56);
  }
  return bytes;
}

router::ImageDetail detail_of(dialect::ImageDetail detail) {
  switch (detail) {
    case dialect::ImageDetail::low: return router::ImageDetail::low;
    case dialect::ImageDetail::high: return router::ImageDetail::high;
    case dialect::ImageDetail::original: return router::ImageDetail::original;
    case dialect::ImageDetail::automatic: break;
  }
  return router::ImageDetail::automatic;
}

// The same definitions come with every request of an agent: they are written out once. 0: not
// known how they are shown.
std::int64_t shown_tokens(router::TokenCounter& counter, std::string_view raw,
                          router::TextForm form, ShapeScratch& scratch) {
  const router::CountMemo::Key key = scratch.tools.key_of(raw, form);
  if (const std::int64_t known = scratch.tools.find(key); known >= 0) return known;
  scratch.listing.clear();
  const bool written = form == router::TextForm::json
                           ? dialect::write_schema_listing(scratch.listing, raw)
                           : dialect::write_tool_listing(scratch.listing, raw);
  const std::int64_t tokens = written ? counter.count(scratch.listing) : 0;
  scratch.tools.put(key, tokens);
  return tokens;
}
std::int64_t shown_tools(router::TokenCounter& counter, std::string_view tools,
                         ShapeScratch& scratch) {
  return shown_tokens(counter, tools, router::TextForm::plain, scratch);
}
std::int64_t shown_schema(router::TokenCounter& counter, std::string_view format,
                          ShapeScratch& scratch) {
  return shown_tokens(counter, format, router::TextForm::json, scratch);
}

// OpenAI bills one token more for a name, unless it is the role's.
bool names_somebody(const dialect::ChatRequest& chat, const dialect::TextSlice& name) {
  return name.raw != dialect::name_of(chat.messages[name.message].role);
}

// With tools, a line feed follows the system message; it is a token of its own unless it joins
// punctuation.
bool ends_in_word(const dialect::ChatRequest& chat, const dialect::MessageInfo& message) {
  if (message.text_count == 0) return true;
  const std::string_view raw = chat.texts[message.text_begin + message.text_count - 1].raw;
  if (raw.empty()) return true;
  const auto last = static_cast<unsigned char>(raw.back());
  const bool letter = (last | 0x20) >= 'a' && (last | 0x20) <= 'z';
  return letter || (last >= '0' && last <= '9') || last >= 0x80;
}

void set_text(const router::TextFeatures& sums, router::ChatShape& shape) {
  shape.knows_text = true;
  shape.words = sums.words;
  shape.newlines = sums.newlines;
  shape.punct = sums.punct;
  shape.upper = sums.upper;
  shape.non_ascii = sums.non_ascii;
}

void add_texts(router::TokenCounter& counter, const dialect::ChatRequest& chat,
               const ShapeOptions& options, ShapeScratch& scratch, router::ChatShape& shape) {
  const bool look = options.look;
  const auto before = static_cast<std::uint32_t>(std::max(options.messages_before, 0));
  scratch.text_before = 0;
  router::TextFeatures sums;
  std::uint32_t calling = UINT32_MAX;  // the message whose calls are being counted
  std::int32_t calls = 0;
  for (const dialect::TextSlice& slice : chat.texts) {
    const std::int64_t tokens =
        look ? counter.look_json(slice.raw, sums) : counter.count_json(slice.raw);
    shape.text_tokens += tokens;
    if (slice.message < before) scratch.text_before += tokens;
    if (slice.kind == dialect::TextKind::name) shape.names += names_somebody(chat, slice);
    if (slice.kind != dialect::TextKind::tool_name) continue;
    ++shape.tool_calls;
    calls = slice.message == calling ? calls + 1 : 1;
    calling = slice.message;
    if (calls == 2) ++shape.parallel_calls;
  }
  if (look) set_text(sums, shape);
}

// Of base64 that stands in the request; a URL or an id says nothing.
std::int64_t bytes_of(const dialect::MediaPart& part) {
  const bool here = part.source == dialect::MediaSource::data_url ||
                    part.source == dialect::MediaSource::inline_data;
  return here ? static_cast<std::int64_t>(part.raw.size() / 4 * 3) : 0;
}

void add_media(std::span<const dialect::MediaPart> parts, ShapeScratch& scratch,
               router::ChatShape& shape) {
  std::size_t images = 0, others = 0;
  for (const dialect::MediaPart& part : parts) {
    if (part.kind == dialect::MediaKind::image) {
      if (images == scratch.images.size()) continue;
      const bool here = bytes_of(part) > 0;
      const dialect::ImageSize size = here ? dialect::image_size(part.raw) : dialect::ImageSize{};
      scratch.images[images++] = {size.width, size.height, detail_of(part.detail)};
      continue;
    }
    if (others == scratch.media.size()) continue;
    router::MediaShape& other = scratch.media[others++];
    other.bytes = bytes_of(part);
    other.kind = part.kind == dialect::MediaKind::audio   ? router::MediaKind::audio
                 : part.kind == dialect::MediaKind::video ? router::MediaKind::video
                                                          : router::MediaKind::document;
  }
  shape.images = std::span(scratch.images).first(images);
  shape.media = std::span(scratch.media).first(others);
}

}  // namespace

ShapeScratch::ShapeScratch(std::uint64_t seed) : tools(seed_bytes(seed), 1024) {}

router::ChatShape shape_of(router::TokenCounter& counter, const dialect::ChatRequest& chat,
                           ShapeScratch& scratch, ShapeOptions options) {
  router::ChatShape shape;
  shape.messages = static_cast<std::int32_t>(chat.messages.size());
  for (const dialect::MessageInfo& message : chat.messages) {
    const bool system =
        message.role == dialect::Role::system || message.role == dialect::Role::developer;
    if (system && !shape.has_system) shape.system_line = ends_in_word(chat, message);
    shape.has_system |= system;
    shape.replies += message.role == dialect::Role::assistant;
  }
  add_texts(counter, chat, options, scratch, shape);
  shape.tools = static_cast<std::int32_t>(chat.tool_count);
  if (shape.tools > 0) {
    const std::string_view tools = chat.tools.of(chat.body);
    shape.tool_json_tokens = counter.count(tools);
    shape.tool_shown_tokens = shown_tools(counter, tools, scratch);
    shape.names_tool = chat.tool_choice == dialect::ToolChoice::named;
  }
  if (chat.response_format == dialect::ResponseFormat::json_schema) {
    const std::string_view format = chat.response_format_value.of(chat.body);
    shape.schema_shown_tokens = shown_schema(counter, format, scratch);
    if (shape.schema_shown_tokens == 0) shape.schema_tokens = counter.count(format);
  }
  add_media(chat.media, scratch, shape);
  return shape;
}

router::ChatShape shape_of(router::TokenCounter& counter, const dialect::CountRequest& request,
                           ShapeScratch& scratch) {
  router::ChatShape shape;
  shape.messages = request.messages + (request.has_system ? 1 : 0);
  shape.replies = request.replies;
  shape.tool_calls = request.tool_calls;
  shape.parallel_calls = request.parallel_calls;
  shape.has_system = request.has_system;
  router::TextFeatures sums;
  for (const std::string_view text : request.texts) {
    shape.text_tokens += counter.look_json(text, sums);
  }
  for (const std::string_view value : request.values) {
    shape.text_tokens += counter.count(value);
    sums += router::text_features(value, router::TextForm::plain);
  }
  set_text(sums, shape);
  shape.tools = request.tool_count;
  for (const std::string_view tools : request.tools) {
    shape.tool_json_tokens += counter.count(tools);
    shape.tool_shown_tokens += shown_tools(counter, tools, scratch);
  }
  add_media(request.media, scratch, shape);
  return shape;
}

}  // namespace steelyard
