#include "gateway/dialect/openai_hub_turns.h"

#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/short_ids.h"

#include <algorithm>

namespace steelyard::dialect::openai {
namespace {

using hub::Loss;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

bool is_image(const Part& part) {
  return part.kind == PartKind::image;
}

}  // namespace

// Marks and kinds that Chat has no place for are told here, once for each part looked at.
bool TurnWriter::shows(const Part& part) {
  if (!part.cache.empty() && !options_.cache_marks) dropped_.add(Loss::cache_control);
  if (part.kind == PartKind::text && !part.citations.empty()) dropped_.add(Loss::citations);
  if (part.kind == PartKind::text && !part.signature.empty()) dropped_.add(Loss::thinking);
  hub::lose_settings(part, dropped_);
  switch (part.kind) {
    case PartKind::refusal:
      if (!same_wire()) dropped_.add(Loss::refusal);  // its words stay
      [[fallthrough]];
    case PartKind::text: return !part.text.empty();
    case PartKind::audio: return true;
    case PartKind::image:
      if (part.source == SourceKind::file_id) dropped_.add(Loss::images);
      return part.source != SourceKind::file_id;
    case PartKind::document:
      if (part.media_type.starts_with("video")) break;
      // A file id of one provider means nothing to another; Chat takes no URL of a document.
      if (part.source == SourceKind::base64 || part.source == SourceKind::text) return true;
      if (part.source == SourceKind::file_id && same_wire()) return true;
      break;
    case PartKind::native: dropped_.add(Loss::native_parts); return same_wire();
    default: return false;
  }
  dropped_.add(Loss::documents);
  return false;
}

void TurnWriter::write() {
  json_.key("messages").open('[');
  bool leading = true;
  for (const hub::Message& message : request_.messages) {
    switch (message.role) {
      case Role::system:
      case Role::developer: system(message, leading); break;
      case Role::assistant: assistant(message); break;
      default: user(message);
    }
    leading = leading && (message.role == Role::system || message.role == Role::developer);
  }
  json_.close(']');
}

// Later ones stay where they are: moved to the front they would change the prefix every turn
// (research/wire 2.4).
void TurnWriter::system(const hub::Message& message, bool leading) {
  const Parts parts = parts_of(message);
  const bool any =
      std::any_of(parts.begin(), parts.end(), [this](const Part& p) { return shows(p); });
  if (!any) return;
  const bool marked = !leading && !options_.system_anywhere;
  // Compatible endpoints know `system` alone, and OpenAI's own take it for the other.
  const bool developer = message.role == Role::developer && same_wire();
  json_.open('{').field("role", marked ? "user" : developer ? "developer" : "system");
  json_.key("content");
  if (marked) {
    joined_text(parts, "<system>\\n");
    json_.out().insert(json_.out().size() - 1, "\\n</system>");
  } else if (options_.cache_marks && parts.size() > 1) {
    json_.open('[');
    for (const Part& part : parts)
      if (shows(part)) content_part(part);
    json_.close(']');
  } else {
    joined_text(parts, {});
  }
  json_.close('}');
}

void TurnWriter::user(const hub::Message& message) {
  const Parts parts = parts_of(message);
  tool_results(parts);
  bool hoist = false, own = false;
  for (const Part& part : parts) {
    if (part.kind != PartKind::tool_result) {
      own = shows(part) || own;
      continue;
    }
    for (const Part& inside : nested_of(part)) hoist = hoist || is_image(inside);
  }
  if (!hoist && !own) return;
  json_.open('{').field("role", "user").given("name", message.name);
  content(parts, hoist);
  json_.close('}');
}

// Of a call as the endpoint takes it; valid until the next. The same id gives the same text, so
// calls and results stay together.
std::string_view TurnWriter::id_of(const Part& part) {
  if (!options_.short_tool_ids || is_short_id(part.id)) return part.id;
  shorten_id(part.id, scratch_);
  return scratch_;
}

void TurnWriter::tool_results(Parts parts) {
  for (const Part& part : parts) {
    if (part.kind != PartKind::tool_result) continue;
    if (!part.cache.empty() && !options_.cache_marks) dropped_.add(Loss::cache_control);
    json_.open('{').field("role", "tool").field("tool_call_id", id_of(part)).key("content");
    if (part.is_error) dropped_.add(Loss::tool_error);
    const Parts nested = nested_of(part);
    for (const Part& inside : nested) {
      if (is_image(inside)) dropped_.add(Loss::tool_images);
      if (inside.kind == PartKind::document) dropped_.add(Loss::documents);
      if (inside.kind == PartKind::native) dropped_.add(Loss::native_parts);
    }
    // The mark stands on a part: on the message itself some hang (research/wire 2.10).
    const bool marked = options_.cache_marks && !part.cache.empty();
    if (marked) json_.open('[').open('{').field("type", "text").key("text");
    joined_text(nested, part.is_error ? "Error: " : "");
    if (marked) json_.field_raw("cache_control", part.cache).close('}').close(']');
    json_.close('}');
  }
}

// Texts of several parts as one string: what every compatible endpoint takes.
void TurnWriter::joined_text(Parts parts, std::string_view prefix) {
  json_.escaped(prefix);
  std::string& out = json_.out();
  out.pop_back();
  bool first = true;
  for (const Part& part : parts) {
    if (part.kind != PartKind::text && part.kind != PartKind::refusal) continue;
    if (part.text.empty()) continue;
    if (!first) out += "\\n\\n";
    out += part.text;
    first = false;
  }
  out += '"';
}

void TurnWriter::content(Parts parts, bool hoist) {
  json_.key("content");
  const Part* only = nullptr;
  std::size_t shown = 0;
  for (const Part& part : parts) {
    if (part.kind == PartKind::tool_result || !shows(part)) continue;
    only = &part;
    ++shown;
  }
  const bool marked = only != nullptr && options_.cache_marks && !only->cache.empty();
  if (!hoist && shown == 1 && only->kind == PartKind::text && !marked) {
    json_.escaped(only->text);
    return;
  }
  json_.open('[');
  for (const Part& part : parts) {
    if (part.kind != PartKind::tool_result) continue;
    bool labelled = false;
    for (const Part& inside : nested_of(part)) {
      if (!is_image(inside) || !shows(inside)) continue;
      if (!labelled) {
        json_.open('{').field("type", "text").key("text");
        json_.escaped("Image in the result of tool call ", id_of(part), ":").close('}');
      }
      labelled = true;
      content_part(inside);
    }
  }
  for (const Part& part : parts)
    if (part.kind != PartKind::tool_result && shows(part)) content_part(part);
  json_.close(']');
}

void TurnWriter::content_part(const Part& part) {
  if (same_wire() && !part.raw.empty() && options_.cache_marks) {
    json_.raw(part.raw);
    return;
  }
  json_.open('{');
  switch (part.kind) {
    case PartKind::image:
      json_.field("type", "image_url").key("image_url").open('{').key("url");
      if (part.source == SourceKind::base64)
        json_.escaped("data:", part.media_type, ";base64,", part.text);
      else
        json_.escaped(part.text);
      if (part.detail != ImageDetail::automatic) {
        constexpr std::string_view kDetails[] = {"auto", "low", "high", "original"};
        json_.field("detail", kDetails[static_cast<std::size_t>(part.detail)]);
      }
      json_.close('}');
      break;
    case PartKind::audio:
      json_.field("type", "input_audio").key("input_audio").open('{');
      json_.field("data", part.text).field("format", part.media_type).close('}');
      break;
    case PartKind::document:
      if (part.source == SourceKind::text) {
        json_.field("type", "text").field("text", part.text);
        break;
      }
      json_.field("type", "file").key("file").open('{');
      if (part.source == SourceKind::file_id) {
        json_.field("file_id", part.text).close('}');
        break;
      }
      json_.field("filename", part.name.empty() ? "document.pdf" : part.name).key("file_data");
      json_.escaped("data:", part.media_type.empty() ? "application/pdf" : part.media_type,
                    ";base64,", part.text);
      json_.close('}');
      break;
    default: json_.field("type", "text").field("text", part.text);
  }
  if (options_.cache_marks) json_.given_raw("cache_control", part.cache);
  json_.close('}');
}

void TurnWriter::assistant(const hub::Message& message) {
  const Parts parts = parts_of(message);
  bool text = false, calls_here = false, thoughts = false;
  for (const Part& part : parts) {
    if (part.kind == PartKind::tool_use) calls_here = true;
    if (part.kind == PartKind::thinking || part.kind == PartKind::redacted_thinking)
      thoughts = true;
    else if (part.kind != PartKind::tool_use && part.kind != PartKind::native)
      text = shows(part) || text;
    else
      shows(part);  // tells what is lost
  }
  const bool back = options_.reasoning_content || options_.reasoning_details;
  if (!text && !calls_here && !(thoughts && back)) {
    if (thoughts) dropped_.add(Loss::thinking);
    return;
  }
  json_.open('{').field("role", "assistant").given("name", message.name).key("content");
  for (const Part& part : parts)
    if (!part.cache.empty() && options_.cache_marks) dropped_.add(Loss::cache_control);
  if (text)
    joined_text(parts, {});
  else if (calls_here)
    json_.raw("null");
  else
    json_.escaped("");
  if (thoughts || (calls_here && options_.reasoning_content)) reasoning(parts);
  if (calls_here) calls(parts);
  json_.close('}');
}

// Elements of other makers as they came; what Anthropic signed as OpenRouter shows it.
void TurnWriter::details(Parts parts) {
  constexpr std::string_view kClaude = "anthropic-claude-v1";
  json_.key("reasoning_details").open('[');
  for (const Part& part : parts) {
    const bool thinking = part.kind == PartKind::thinking;
    if (!thinking && part.kind != PartKind::redacted_thinking) continue;
    const bool element = thinking && part.signature.starts_with(hub::chat_tag);
    if (element) {
      scratch_.clear();
      if (hub::decode_base64url(scratch_, part.signature.substr(hub::chat_tag.size())) &&
          hub::is_json_object(scratch_))
        json_.raw(scratch_);
      else
        dropped_.add(Loss::thinking);
    } else if (!thinking) {
      json_.open('{').field("type", "reasoning.encrypted").field("data", part.text);
      json_.field("format", kClaude).close('}');
    } else if (hub::is_carrier(part.signature) || (part.text.empty() && part.signature.empty())) {
      dropped_.add(Loss::thinking);
    } else {
      json_.open('{').field("type", "reasoning.text").field("text", part.text);
      if (!part.signature.empty())
        json_.field("signature", part.signature).field("format", kClaude);
      json_.close('}');
    }
  }
  json_.close(']');
}

void TurnWriter::reasoning(Parts parts) {
  if (options_.reasoning_details) return details(parts);
  bool any = false;
  for (const Part& part : parts) {
    if (part.kind == PartKind::redacted_thinking || !part.signature.empty())
      dropped_.add(Loss::thinking);
    any = any || (part.kind == PartKind::thinking && !part.text.empty());
  }
  // A turn with calls and without it is refused, where it is wanted (research/wire 3.3).
  if (!any && !parts.empty() && options_.reasoning_content) {
    json_.key("reasoning_content").escaped("");
    return;
  }
  if (!options_.reasoning_content) return dropped_.add(Loss::thinking);
  json_.key("reasoning_content").escaped("");
  std::string& out = json_.out();
  out.pop_back();
  bool first = true;
  for (const Part& part : parts) {
    if (part.kind != PartKind::thinking) continue;
    if (!first) out += "\\n\\n";
    out += part.text;
    first = false;
  }
  out += '"';
}

// Free text as the arguments of the function that stands for a custom tool.
void TurnWriter::custom_input(const Part& part) {
  scratch_.assign(R"({"input":")").append(part.arguments).append("\"}");
  json_.text(scratch_);
}

void TurnWriter::calls(Parts parts) {
  json_.key("tool_calls").open('[');
  for (const Part& part : parts) {
    if (part.kind != PartKind::tool_use) continue;
    if (!part.cache.empty() && !options_.cache_marks) dropped_.add(Loss::cache_control);
    if (!part.signature.empty()) dropped_.add(Loss::thinking);
    const bool custom = part.custom_tool && same_wire();
    const std::string_view kind = custom ? "custom" : "function";
    json_.open('{').field("id", id_of(part)).field("type", kind).key(kind).open('{');
    json_.field("name", part.name).key(custom ? "input" : "arguments");
    if (part.custom_tool && !custom)
      custom_input(part);
    else if (part.arguments_escaped)
      json_.escaped(part.arguments);
    else
      json_.text(part.arguments);
    json_.close('}').close('}');
  }
  json_.close(']');
}

}  // namespace steelyard::dialect::openai
