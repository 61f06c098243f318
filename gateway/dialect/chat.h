#pragma once
// What the gateway read of one chat request, whatever dialect it came in: typed fields for
// decisions, byte ranges for edits, raw slices for everything else. Nothing is decoded into a copy;
// views point into the request body or into the parser that filled this value, and live until that
// parser's next request or the end of the body.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/dialect/fields.h"

namespace steelyard::dialect {

// Bytes of the request body: where a token stands, quotes or braces included. size 0: not there.
struct ByteRange {
  std::uint32_t begin = 0, size = 0;
  constexpr bool empty() const { return size == 0; }
  constexpr std::uint32_t end() const { return begin + size; }
  constexpr std::string_view of(std::string_view body) const { return body.substr(begin, size); }
};

enum class Role : std::uint8_t { system, developer, user, assistant, tool, function, other };
const char* name_of(Role role);  // as on the wire; "other" for a role the gateway does not know

// Text a provider bills as input. `raw` is the inside of the JSON string as it stands in the body:
// still escaped, without the quotes; TokenCounter::count_json takes it as it is.
enum class TextKind : std::uint8_t {
  content,
  name,
  tool_name,
  tool_arguments,
  reasoning,
  refusal,
  state,  // a signature, no text: its provider bills it by its size (gemini_signature.h)
};
struct TextSlice {
  std::string_view raw;
  std::uint32_t message = 0;  // index into ChatRequest::messages
  TextKind kind = TextKind::content;
};

// One element of the conversation. `raw` is its JSON object: the key of the "seen before" memory of
// token counts.
struct MessageInfo {
  ByteRange raw;
  std::uint32_t text_begin = 0, text_count = 0;  // its slices in ChatRequest::texts
  Role role = Role::other;
};

// What is not text: an image, sound, a document. Its tokens depend on the model
// (research/tokenizers 4.2).
enum class MediaKind : std::uint8_t { image, audio, video, file };
enum class MediaSource : std::uint8_t { data_url, http, inline_data, file_id };
enum class ImageDetail : std::uint8_t { automatic, low, high, original };
struct MediaPart {
  std::string_view raw;  // inside of the JSON string that holds the URL, data or id; still escaped
  std::uint32_t message = 0;
  MediaKind kind = MediaKind::image;
  MediaSource source = MediaSource::http;
  ImageDetail detail = ImageDetail::automatic;
};

enum class ResponseFormat : std::uint8_t { text, json_object, json_schema, other };
enum class ToolChoice : std::uint8_t { unset, automatic, none, required, named };

// An integer field that bounds the answer. `key` and `value` are set when the key is there, also
// with null.
struct OutputLimit {
  std::int64_t tokens = 0;  // 1 to 2^31; 0: absent or null
  ByteRange key, value;
  bool zero = false;  // 0 was asked for, in a dialect that takes it: nothing may be filled in
};

struct ChatRequest {
  std::string_view body;

  std::string_view model;  // unescaped; ^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$
  ByteRange model_token;   // with its quotes

  bool stream = false;
  bool include_usage = false;         // the client itself asked for the usage chunk
  ByteRange stream_options;           // the value: object or null
  ByteRange include_usage_value;      // its token inside stream_options
  bool stream_options_empty = false;  // {} or null

  OutputLimit max_tokens, max_completion_tokens;
  std::int32_t choices = 1;  // n, 1 to 128
  // Gemini: limits stand in `generationConfig`, at `limit_parent` if it is there.
  bool nested_limit = false;
  ByteRange limit_parent;

  ByteRange tools;  // raw array; counted as it stands
  std::uint32_t tool_count = 0;
  // Searches of the web that the provider may make for the model: 0 none, -1 no limit was stated.
  std::int32_t web_searches = 0;
  bool unpriced_tools = false;  // others that the provider runs, for fees in no price list here
  ToolChoice tool_choice = ToolChoice::unset;
  ResponseFormat response_format = ResponseFormat::text;
  ByteRange response_format_value;  // raw object: its schema is billed as input

  // Raw insides of JSON strings, still escaped; "" absent.
  std::string_view reasoning_effort, user, prompt_cache_key, service_tier;
  bool thinking = false;           // asked for in another way than by an effort
  ByteRange metadata, prediction;  // raw objects

  std::span<const MessageInfo> messages;
  std::span<const TextSlice> texts;
  std::span<const MediaPart> media;
  Role last_role = Role::other;
  bool has_tool_results = false;
  bool has_images = false;
  bool has_reasoning_state =
      false;  // signed or encrypted reasoning in the history: pins account and model
  bool has_foreign_citations = false;  // made by this gateway, and not for the provider (Anthropic)

  FieldSet fields;  // top-level fields present and not null: for a model's `refuses`

  // The most the client allows one choice to cost in output: the larger of both limits; 0: no limit
  // given.
  std::int64_t output_tokens_max() const {
    return max_tokens.tokens > max_completion_tokens.tokens ? max_tokens.tokens
                                                            : max_completion_tokens.tokens;
  }
  // The last message answers a tool call: the turn is in the middle of a tool loop.
  bool tool_loop() const { return last_role == Role::tool || last_role == Role::function; }
};

}  // namespace steelyard::dialect
