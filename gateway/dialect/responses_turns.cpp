#include "gateway/dialect/responses_turns.h"

#include <algorithm>

#include "gateway/dialect/anthropic_citation.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/lenient_reader.h"
#include "gateway/dialect/openai_annotation.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Loss;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

constexpr std::size_t id_bytes_max = 64;

// OpenAI's own; "" for what others made.
std::string_view state_of(const Part& part) {
  if (part.kind != PartKind::thinking) return {};
  if (part.encrypted) return part.signature;
  const bool ours = part.signature.starts_with(hub::openai_tag);
  return ours ? part.signature.substr(hub::openai_tag.size()) : std::string_view();
}

}  // namespace

void TurnWriter::write() {
  instructions();
  json_.key("input").open('[');
  for (const hub::Message& m : request_.messages)
    if (!m.top_level_system) message(m);
  json_.close(']');
}

bool TurnWriter::has_state() const {
  return std::any_of(request_.parts.begin(), request_.parts.end(),
                     [](const Part& part) { return !state_of(part).empty(); });
}

// Told here, once for each part looked at.
bool TurnWriter::shows(const Part& part) {
  if (!part.cache.empty()) dropped_.add(Loss::cache_control);
  hub::lose_settings(part, dropped_);
  switch (part.kind) {
    case PartKind::text:
    case PartKind::refusal: return !part.text.empty();
    case PartKind::image:
      if (part.source == SourceKind::file_id) dropped_.add(Loss::images);
      return part.source != SourceKind::file_id;
    case PartKind::document:
      // A file id of one provider means nothing to another.
      if (part.source == SourceKind::file_id) dropped_.add(Loss::documents);
      return part.source != SourceKind::file_id;
    case PartKind::audio: return true;
    case PartKind::native: dropped_.add(Loss::native_parts); return false;
    default: return false;
  }
}

void TurnWriter::instructions() {
  bool any = false;
  for (const hub::Message& m : request_.messages) {
    if (!m.top_level_system) continue;
    for (const Part& part : parts_of(m)) {
      if (!shows(part) || part.kind != PartKind::text) continue;
      std::string& out = json_.out();
      if (!any)
        json_.key("instructions").escaped(part.text);
      else
        out.insert(out.size() - 1, "\\n\\n").insert(out.size() - 1, part.text);
      any = true;
    }
  }
}

void TurnWriter::message(const hub::Message& m) {
  switch (m.role) {
    case Role::system: return plain(m, "system");
    case Role::developer: return plain(m, "developer");
    case Role::assistant: return assistant(m);
    default: return plain(m, "user");
  }
}

// Results stand before what is said with them.
void TurnWriter::plain(const hub::Message& m, std::string_view role) {
  bool any = false;
  for (const Part& part : parts_of(m)) {
    if (part.kind == PartKind::tool_result)
      result(part);
    else
      any = shows(part) || any;
  }
  if (!m.name.empty() && m.role != Role::function) dropped_.add(Loss::names);
  if (!any) return;
  json_.open('{').field("type", "message").field("role", role).key("content").open('[');
  for (const Part& part : parts_of(m))
    if (part.kind != PartKind::tool_result && shows(part)) content_part(part, false);
  json_.close(']').close('}');
}

// Items in the order of the parts; neighbouring words share a message.
void TurnWriter::assistant(const hub::Message& m) {
  bool open = false;
  const auto close = [&] {
    if (open) json_.close(']').close('}');
    open = false;
  };
  if (!m.name.empty()) dropped_.add(Loss::names);
  for (const Part& part : parts_of(m)) {
    switch (part.kind) {
      case PartKind::thinking:
      case PartKind::redacted_thinking:
        close();
        reasoning(part);
        break;
      case PartKind::tool_use:
        close();
        call(part);
        break;
      default:
        // An assistant shows nothing but words here.
        if (part.kind != PartKind::text && part.kind != PartKind::refusal) {
          if (shows(part)) dropped_.add(Loss::native_parts);
          break;
        }
        if (!shows(part)) break;
        if (!open) {
          json_.open('{').field("type", "message").field("role", "assistant");
          json_.key("content").open('[');
        }
        open = true;
        content_part(part, true);
    }
  }
  close();
}

// Only OpenAI's own state makes a reasoning item.
void TurnWriter::reasoning(const Part& part) {
  const std::string_view state = state_of(part);
  if (state.empty()) return dropped_.add(Loss::thinking);
  json_.open('{').field("type", "reasoning").key("summary").open('[');
  if (!part.text.empty())
    json_.open('{').field("type", "summary_text").field("text", part.text).close('}');
  json_.close(']').field("encrypted_content", state).close('}');
}

void TurnWriter::id(std::string_view id) {
  if (id.size() <= id_bytes_max) {
    json_.field("call_id", id);
    return;
  }
  scratch_.clear();
  hub::append_legal_id(scratch_, id);
  json_.field("call_id", scratch_);
}

void TurnWriter::call(const Part& part) {
  if (!part.cache.empty()) dropped_.add(Loss::cache_control);
  json_.open('{').field("type", part.custom_tool ? "custom_tool_call" : "function_call");
  id(part.id);
  json_.field("name", part.name).key(part.custom_tool ? "input" : "arguments");
  if (part.arguments_escaped)
    json_.escaped(part.arguments.empty() && !part.custom_tool ? "{}" : part.arguments);
  else
    json_.text(part.arguments);
  json_.close('}');
}

bool TurnWriter::is_custom(std::string_view id) const {
  return std::any_of(request_.parts.begin(), request_.parts.end(), [&](const Part& part) {
    return part.kind == PartKind::tool_use && part.custom_tool && part.id == id;
  });
}

void TurnWriter::result(const Part& part) {
  if (!part.cache.empty()) dropped_.add(Loss::cache_control);
  const bool custom = is_custom(part.id);
  json_.open('{').field("type", custom ? "custom_tool_call_output" : "function_call_output");
  id(part.id);
  json_.key("output");
  const Parts nested = Parts(request_.nested).subspan(part.nested_begin, part.nested_count);
  // Nothing says that a tool failed but words.
  if (part.is_error) dropped_.add(Loss::tool_error);
  const std::string_view prefix = part.is_error ? "Error: " : "";
  const bool one = nested.size() == 1 && nested[0].kind == PartKind::text;
  if (nested.empty() || one) {
    json_.escaped(prefix, one ? nested[0].text : std::string_view());
  } else {
    json_.open('[');
    if (part.is_error)
      json_.open('{').field("type", "input_text").field("text", "Error:").close('}');
    for (const Part& inside : nested)
      if (shows(inside)) content_part(inside, false);
    json_.close(']');
  }
  json_.close('}');
}

// What Anthropic's citations say of a whole text.
void TurnWriter::annotations(const Part& part) {
  json_.key("annotations").open('[');
  LenientReader list(part.citations.starts_with('[') ? part.citations : "[]");
  list.array([&] {
    std::string_view one;
    hub::Citation citation;
    if (!list.cursor.take_raw(one)) return false;
    // A file id of one provider means nothing to another.
    if (!anthropic::read_citation(one, citation) || citation.url.empty()) {
      dropped_.add(Loss::citations);
      return true;
    }
    citation.end = hub::length_in(hub::TextUnit::code_points, part.text);
    openai::write_responses_annotation(json_, citation);
    return true;
  });
  json_.close(']');
}

void TurnWriter::content_part(const Part& part, bool assistant) {
  json_.open('{');
  switch (part.kind) {
    case PartKind::image:
    case PartKind::document:
    case PartKind::audio: media(part); break;
    case PartKind::refusal:
      if (assistant)
        json_.field("type", "refusal").field("refusal", part.text);
      else
        json_.field("type", "input_text").field("text", part.text);
      break;
    default:
      json_.field("type", assistant ? "output_text" : "input_text").field("text", part.text);
      if (assistant)
        annotations(part);
      else if (!part.citations.empty())
        dropped_.add(Loss::citations);
  }
  json_.close('}');
}

void TurnWriter::media(const Part& part) {
  if (part.kind == PartKind::image) {
    json_.field("type", "input_image").key("image_url");
    if (part.source == SourceKind::base64)
      json_.escaped("data:", part.media_type.empty() ? "image/png" : part.media_type, ";base64,",
                    part.text);
    else
      json_.escaped(part.text);
    constexpr std::string_view details[] = {"auto", "low", "high", "original"};
    json_.field("detail", details[static_cast<std::size_t>(part.detail)]);
    return;
  }
  if (part.kind == PartKind::audio) {
    json_.field("type", "input_audio").key("input_audio").open('{');
    json_.field("data", part.text).field("format", part.media_type).close('}');
    return;
  }
  if (part.source == SourceKind::text) {
    json_.field("type", "input_text").field("text", part.text);
    return;
  }
  json_.field("type", "input_file");
  if (part.source == SourceKind::url) {
    json_.field("file_url", part.text);
    return;
  }
  json_.field("filename", part.name.empty() ? "document.pdf" : part.name).key("file_data");
  json_.escaped("data:", part.media_type.empty() ? "application/pdf" : part.media_type, ";base64,",
                part.text);
}

}  // namespace steelyard::dialect::responses
