#include "gateway/chat_shape.h"

#include <algorithm>

#include "gateway/dialect/call_listing.h"
#include "gateway/dialect/image_size.h"
#include "gateway/dialect/schema_listing.h"
#include "gateway/dialect/tool_listing.h"
#include "router/calibration/text_features.h"
#include "router/tokens/framing_table.h"
#include "router/tokens/sample.h"
#include "router/tokens/sliced_count.h"

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

std::int64_t hosted_tools(std::string_view tools, ShapeScratch& scratch) {
  constexpr unsigned hosted = 1;  // apart from the tokens of what is shown
  const router::CountMemo::Key key = scratch.tools.key_of(tools, router::TextForm::plain, hosted);
  std::int64_t tokens = scratch.tools.find(key);
  if (tokens >= 0) return tokens;
  tokens = router::hosted_tool_tokens(tools);
  scratch.tools.put(key, tokens);
  return tokens;
}

// OpenAI bills one token more for a name, unless it is the role's; of a tool's result, its call's.
bool names_somebody(const dialect::ChatRequest& chat, const dialect::TextSlice& name) {
  const dialect::Role role = chat.messages[name.message].role;
  return role != dialect::Role::tool && name.raw != dialect::name_of(role);
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

// The results of several calls are shown as JSON strings, in ASCII. What that adds to one's text.
std::int64_t added_to_result(router::TokenCounter& counter, std::string_view raw,
                             ShapeScratch& scratch) {
  const router::CountMemo::Key key = scratch.tools.key_of(raw, router::TextForm::plain);
  std::int64_t shown = scratch.tools.find(key);
  if (shown < 0) {
    scratch.listing.clear();
    dialect::append_ascii(scratch.listing, raw);
    shown = counter.count(scratch.listing);
    scratch.tools.put(key, shown);
  }
  return shown - counter.count_json(raw);
}

// What OpenAI's models are shown of a message's calls and their results, beyond the names and
// arguments themselves. A call's name is shown as a function's, once more with its result; several
// calls are one of a function that takes them all, and their results one message. From 142 recorded
// requests of 2024-05 to 2026-08 and what was billed (tests/clients/recorded_counts.py).
std::int64_t shown_calls(router::TokenCounter& counter, const dialect::ChatRequest& chat,
                         const dialect::TextSlice& first, std::int64_t calls,
                         ShapeScratch& scratch) {
  std::string& listing = scratch.listing;
  if (calls == 1) {
    listing.assign("functions.").append(first.raw);
    return 2 * counter.count_json(listing) - counter.count_json(first.raw);
  }
  const dialect::MessageInfo& message = chat.messages[first.message];
  const router::CountMemo::Key key =
      scratch.tools.key_of(message.raw.of(chat.body), router::TextForm::plain);
  std::int64_t shown = scratch.tools.find(key);
  const auto texts = chat.texts.subspan(message.text_begin, message.text_count);
  if (shown < 0) {
    dialect::write_call_listing(listing, texts);
    shown = counter.count_json(listing);
    scratch.tools.put(key, shown);
  }
  for (const dialect::TextSlice& text : texts) {
    const bool of_call =
        text.kind == dialect::TextKind::tool_name || text.kind == dialect::TextKind::tool_arguments;
    if (of_call) shown -= counter.count_json(text.raw);
  }
  const std::size_t end =
      std::min(chat.messages.size(), first.message + static_cast<std::size_t>(calls) + 1);
  for (std::size_t m = first.message + 1; m < end; ++m) {
    const dialect::MessageInfo& result = chat.messages[m];
    if (result.role != dialect::Role::tool) break;
    for (const dialect::TextSlice& text : chat.texts.subspan(result.text_begin, result.text_count))
      if (text.kind == dialect::TextKind::content)
        shown += added_to_result(counter, text.raw, scratch);
  }
  return shown + 17 - 4 * calls;
}

std::int64_t calls_of(const dialect::ChatRequest& chat, std::uint32_t message) {
  const dialect::MessageInfo& info = chat.messages[message];
  const auto texts = chat.texts.subspan(info.text_begin, info.text_count);
  return std::count_if(texts.begin(), texts.end(), [](const dialect::TextSlice& text) {
    return text.kind == dialect::TextKind::tool_name;
  });
}

// Of a message with calls and of the messages behind it that may be their results.
std::span<const dialect::TextSlice> texts_of_calls(const dialect::ChatRequest& chat,
                                                   std::uint32_t message, std::int64_t calls) {
  const std::size_t begin = chat.messages[message].text_begin;
  const std::size_t last =
      std::min(chat.messages.size() - 1, message + static_cast<std::size_t>(calls));
  std::size_t end = begin;
  for (std::size_t m = message; m <= last; ++m)
    if (const dialect::MessageInfo& info = chat.messages[m]; info.text_count != 0)
      end = info.text_begin + info.text_count;
  return chat.texts.subspan(begin, end - begin);
}

// Texts of one request, each counted as it is; where they are large and time is short, within it.
class Texts {
 public:
  Texts(router::TokenCounter& counter, std::size_t bytes, const ShapeOptions& options,
        ShapeScratch& scratch)
      : counter_(counter), look_(options.look), sliced_(counter, slice_of(options, scratch)) {
    hurried_ = options.in_time && bytes > router::SlicedCount::at_once;
  }

  // A JSON string's inside.
  std::int64_t add(std::string_view raw) {
    const std::int64_t known = hurried_ ? counter_.known_json(raw) : -1;
    if (known >= 0 && !look_) return known;
    if (known >= 0 || !hurried_)
      return look_ ? counter_.look_json(raw, sums) : counter_.count_json(raw);
    const router::TokenCount found = sliced_.add_json(raw);
    if (look_) sums += router::text_features(raw, router::TextForm::json);
    if (look_ && found.quality == router::CountQuality::exact)
      counter_.remember_json(raw, found.tokens, true);
    return found.upper;
  }
  // Any other bytes.
  std::int64_t add_plain(std::string_view text) {
    if (!hurried_ || text.size() <= router::SlicedCount::at_once) return counter_.count(text);
    plain_sampled_ = true;
    return router::sample_count(counter_, text, false).upper;
  }
  // Whether these cost little to count once more.
  bool knows(std::span<const dialect::TextSlice> texts) const {
    return !hurried_ || std::all_of(texts.begin(), texts.end(), [this](const auto& text) {
      return text.raw.size() < 1024 || text.kind == dialect::TextKind::state ||
             counter_.known_json(text.raw) >= 0;
    });
  }
  bool sampled() const {
    return plain_sampled_ || sliced_.total().quality != router::CountQuality::exact;
  }

  router::TextFeatures sums;

 private:
  static router::SlicedCount::Slice slice_of(const ShapeOptions& options,
                                             const ShapeScratch& scratch) {
    router::SlicedCount::Slice slice;
    slice.enough_tokens = options.enough_tokens;
    slice.seed = scratch.seed;
    return slice;
  }

  router::TokenCounter& counter_;
  bool look_;
  bool hurried_ = false;
  bool plain_sampled_ = false;
  router::SlicedCount sliced_;
};

// Of a call whose name was not looked at: that is of three tokens.
constexpr std::int64_t usual_call_shown = 5;

void set_text(const router::TextFeatures& sums, router::ChatShape& shape) {
  shape.knows_text = true;
  shape.words = sums.words;
  shape.newlines = sums.newlines;
  shape.punct = sums.punct;
  shape.upper = sums.upper;
  shape.non_ascii = sums.non_ascii;
  shape.wide = sums.wide;
  shape.right_to_left = sums.right_to_left;
}

void add_texts(router::TokenCounter& counter, const dialect::ChatRequest& chat,
               const ShapeOptions& options, ShapeScratch& scratch, Texts& texts,
               router::ChatShape& shape) {
  const auto before = static_cast<std::uint32_t>(std::max(options.messages_before, 0));
  scratch.text_before = 0;
  std::uint32_t calling = UINT32_MAX;  // the message whose calls were counted last
  for (const dialect::TextSlice& slice : chat.texts) {
    const bool state = slice.kind == dialect::TextKind::state;
    const std::int64_t tokens =
        state ? router::state_tokens(slice.raw.size()) : texts.add(slice.raw);
    shape.text_tokens += tokens;
    if (slice.message < before) scratch.text_before += tokens;
    if (slice.kind == dialect::TextKind::name) {
      shape.names += names_somebody(chat, slice);
      const bool of_result = chat.messages[slice.message].role == dialect::Role::tool;
      if (of_result) shape.text_tokens -= tokens;
      if (of_result && slice.message < before) scratch.text_before -= tokens;
    }
    if (slice.kind != dialect::TextKind::tool_name) continue;
    ++shape.tool_calls;
    if (slice.message == calling) continue;
    calling = slice.message;
    ++shape.calling;
    const std::int64_t calls = calls_of(chat, calling);
    shape.call_shown_tokens += texts.knows(texts_of_calls(chat, calling, calls))
                                   ? shown_calls(counter, chat, slice, calls, scratch)
                                   : usual_call_shown;
  }
  if (options.look) set_text(texts.sums, shape);
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

bool asks_effort(std::string_view effort) {
  return !effort.empty() && effort != "none" && effort != "minimal";
}

}  // namespace

ShapeScratch::ShapeScratch(std::uint64_t secret) : tools(seed_bytes(secret), 1024), seed(secret) {}

router::ChatShape shape_of(router::TokenCounter& counter, const dialect::ChatRequest& chat,
                           ShapeScratch& scratch, ShapeOptions options) {
  router::ChatShape shape;
  shape.responses = options.responses;
  shape.thinking = chat.thinking || asks_effort(chat.reasoning_effort);
  shape.messages = static_cast<std::int32_t>(chat.messages.size());
  for (const dialect::MessageInfo& message : chat.messages) {
    const bool system =
        message.role == dialect::Role::system || message.role == dialect::Role::developer;
    if (system && !shape.has_system) shape.system_line = ends_in_word(chat, message);
    shape.has_system |= system;
    shape.replies += message.role == dialect::Role::assistant;
  }
  Texts texts(counter, chat.body.size(), options, scratch);
  add_texts(counter, chat, options, scratch, texts, shape);
  shape.tools = static_cast<std::int32_t>(chat.tool_count);
  if (shape.tools > 0) {
    const std::string_view tools = chat.tools.of(chat.body);
    shape.tool_json_tokens = texts.add_plain(tools);
    shape.hosted_tool_tokens = hosted_tools(tools, scratch);
    shape.tool_shown_tokens = shown_tools(counter, tools, scratch);
    shape.names_tool = chat.tool_choice == dialect::ToolChoice::named;
    shape.requires_tool = chat.tool_choice == dialect::ToolChoice::required;
  }
  if (chat.response_format == dialect::ResponseFormat::json_schema) {
    const std::string_view format = chat.response_format_value.of(chat.body);
    shape.schema_shown_tokens = shown_schema(counter, format, scratch);
    if (shape.schema_shown_tokens == 0) shape.schema_tokens = counter.count(format);
  }
  add_media(chat.media, scratch, shape);
  shape.sampled = texts.sampled();
  return shape;
}

router::ChatShape shape_of(router::TokenCounter& counter, const dialect::CountRequest& request,
                           ShapeScratch& scratch, ShapeOptions options) {
  std::size_t bytes = 0;
  for (const std::string_view text : request.texts) bytes += text.size();
  for (const std::string_view value : request.values) bytes += value.size();
  for (const std::string_view tools : request.tools) bytes += tools.size();
  Texts texts(counter, bytes, options, scratch);
  router::ChatShape shape;
  shape.responses = options.responses;
  shape.messages = request.messages + (request.has_system ? 1 : 0);
  shape.replies = request.replies;
  shape.tool_calls = request.tool_calls;
  shape.calling = std::max(request.tool_calls - request.parallel_calls, 0);
  shape.call_shown_tokens = usual_call_shown * shape.calling;
  shape.has_system = request.has_system;
  for (const std::string_view text : request.texts) shape.text_tokens += texts.add(text);
  for (const std::string_view state : request.states)
    shape.text_tokens += router::state_tokens(state.size());
  for (const std::string_view value : request.values) {
    shape.text_tokens += texts.add_plain(value);
    texts.sums += router::text_features(value, router::TextForm::plain);
  }
  set_text(texts.sums, shape);
  shape.tools = request.tool_count;
  for (const std::string_view tools : request.tools) {
    shape.tool_json_tokens += texts.add_plain(tools);
    shape.hosted_tool_tokens += hosted_tools(tools, scratch);
    shape.tool_shown_tokens += shown_tools(counter, tools, scratch);
  }
  add_media(request.media, scratch, shape);
  shape.sampled = texts.sampled();
  return shape;
}

}  // namespace steelyard
