#pragma once
// A chat request in a form that is no dialect's own and can hold what all of them say
// (research/wire 2.0). Plain values; views point into the request body.
//
// Texts are kept as they stand inside their JSON strings, still escaped: all dialects are JSON, so
// a writer copies the bytes and a signature, a cache prefix or a strange spelling survives. Values
// that are not strings are kept as raw JSON. What only one dialect knows is `native`, with its raw
// slice.
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/dialect/chat.h"
#include "gateway/dialect/lost_fields.h"
#include "gateway/dialect/tool_pairs.h"

namespace steelyard::dialect::hub {

// The dialects. What each means for the gateway stands in hub_wires.h and hub_errors.h.
// `converse`, Amazon Bedrock's, is spoken by providers only.
enum class Wire : std::uint8_t { openai_chat, anthropic, openai_responses, gemini, converse };

enum class PartKind : std::uint8_t {
  text,
  image,
  audio,
  document,
  thinking,           // text may be empty when there is a signature
  redacted_thinking,  // `text` is opaque
  tool_use,
  tool_result,
  refusal,
  native,  // known to its own dialect only: server tools, compaction, search results
};

enum class SourceKind : std::uint8_t { none, base64, url, file_id, text };

// Escaped: the inside of a JSON string. Raw: a JSON value. "" is absent for both.
struct Part {
  std::string_view raw;   // the whole element; "" when the dialect has no object for it
  std::string_view text;  // escaped: text, thinking, refusal, opaque data; of media: its source
  std::string_view id;    // escaped: of a tool call, also in its result
  std::string_view name;  // escaped: tool; title or file name of a document
  // Of tool_use: raw JSON, or escaped if arguments_escaped. Of a document, escaped: what it is
  // about.
  std::string_view arguments;
  std::string_view media_type;  // escaped: "image\/png" or "wav"
  // Escaped. Of thinking: the provider's, or a carrier (hub_carrier.h). Of text and calls:
  // Gemini's.
  std::string_view signature;
  std::string_view cache;                            // raw cache_control object
  std::string_view citations;                        // raw: array of a text, settings of a document
  std::uint32_t nested_begin = 0, nested_count = 0;  // of tool_result, in Request::nested
  PartKind kind = PartKind::text;
  SourceKind source = SourceKind::none;
  ImageDetail detail = ImageDetail::automatic;
  bool encrypted = false;  // of thinking: `signature` is OpenAI's state, as it came from its client
  bool carried = false;    // of thinking: Anthropic's, out of a carrier (state_seal.h)
  bool arguments_escaped = false;
  bool is_error = false;     // of tool_result
  bool custom_tool = false;  // of tool_use: arguments are free text, not JSON
};

struct Message {
  ByteRange raw;
  std::string_view name;  // escaped; Chat only
  std::uint32_t part_begin = 0, part_count = 0;
  Role role = Role::other;
  bool top_level_system = false;  // Anthropic's `system`, not an element of `messages`
};

enum class ToolKind : std::uint8_t { function, custom, native };
// Of the function that stands for a custom tool where there are none.
inline constexpr std::string_view custom_tool_schema =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})";
enum class Tristate : std::uint8_t { unset, no, yes };

struct Tool {
  std::string_view raw;
  std::string_view name, description;  // escaped
  std::string_view schema;             // raw; "" none given
  std::string_view cache;              // raw
  std::string_view type;               // escaped; of a native tool: which one it is
  ToolKind kind = ToolKind::function;
  Tristate strict = Tristate::unset;
};

enum class Effort : std::uint8_t { unset, none, minimal, low, medium, high, xhigh, max };
enum class Thinking : std::uint8_t { unset, off, adaptive, budget };

// A field the hub has no place for: `value` is raw JSON, not null.
struct Extra {
  std::string_view key, value;
};

// Reuse one object: its vectors keep their memory.
struct Request {
  Wire wire = Wire::openai_chat;
  std::string_view body;
  std::string_view model;  // unescaped, a model token
  ByteRange model_token;
  bool stream = false;
  bool include_usage = false;
  OutputLimit max_tokens, max_completion_tokens;
  // Gemini: the object the limit belongs into, which is not the body itself.
  ByteRange limit_parent;
  std::int32_t choices = 1;

  std::vector<Message> messages;
  std::vector<Part> parts, nested;
  std::vector<Tool> tools;
  ByteRange tools_raw;
  std::vector<std::string_view> stops;  // escaped
  std::vector<Extra> extras;

  ToolChoice tool_choice = ToolChoice::unset;
  std::string_view tool_choice_name;  // escaped
  std::string_view tool_choice_raw;   // a choice the hub does not know (allowed_tools)
  Tristate parallel_tools = Tristate::unset;

  Effort effort = Effort::unset;
  Thinking thinking = Thinking::unset;
  std::int64_t thinking_budget = 0;  // tokens

  ResponseFormat format = ResponseFormat::text;
  std::string_view schema, schema_name, schema_description;  // raw, escaped, escaped
  Tristate schema_strict = Tristate::unset;
  ByteRange format_raw;

  std::string_view temperature, top_p, top_k;  // raw numbers
  std::string_view user;                       // escaped: user id for abuse control
  std::string_view service_tier, cache_key;    // escaped
  std::string_view cache;                      // raw: Anthropic's cache mark of the whole request
  ByteRange metadata;
  std::string_view needs_store;   // the field that refers to what one provider keeps; "" none
  std::string_view previous_id;   // escaped: of the answer this one goes on from
  std::string_view conversation;  // raw: what a provider keeps a whole conversation under
  std::vector<std::string_view> kept_items;  // escaped ids of items that a provider keeps
  FieldSet fields;

  // Fields inside of messages, tools and settings that no reader knows.
  LostFields unknown;

  ToolPairs pairs;
  // The first result of a tool that answers no call, as a JSON pointer ("": each answers one); if
  // there is one without even a call that waits for it, that one (hub_read.h).
  std::string stray_result;
  bool orphan_result = false;

  void clear();
};

Effort effort_named(std::string_view name);  // unset for a name not known
std::string_view name_of(Effort effort);

}  // namespace steelyard::dialect::hub
