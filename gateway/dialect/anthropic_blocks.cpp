#include "gateway/dialect/anthropic_blocks.h"

#include "gateway/dialect/hub_arguments.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::anthropic {

using hub::Loss;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

bool BlockWriter::shows(const Part& part) const {
  switch (part.kind) {
    case PartKind::text: return same_wire() || !hub::is_blank(part.text);
    case PartKind::refusal: return !hub::is_blank(part.text);
    case PartKind::audio: return false;
    case PartKind::native: return same_wire();
    // Without a signature Anthropic refuses the request (research/wire 2.7).
    case PartKind::thinking:
      return !part.signature.empty() && !part.encrypted && !hub::is_carrier(part.signature);
    case PartKind::redacted_thinking: return !part.text.empty();
    case PartKind::document: return !part.media_type.starts_with("video");
    default: return true;
  }
}

void BlockWriter::write(const Part& part) {
  if (!shows(part)) {
    switch (part.kind) {
      case PartKind::text:
      case PartKind::refusal: return dropped_.add(Loss::empty_text);
      case PartKind::audio: return dropped_.add(Loss::audio);
      case PartKind::document: return dropped_.add(Loss::documents);
      case PartKind::native: return dropped_.add(Loss::native_parts);
      default: return dropped_.add(Loss::thinking);
    }
  }
  if (same_wire() && !part.raw.empty()) {
    json_.raw(part.raw);
    return;
  }
  if (part.kind != PartKind::thinking && !part.signature.empty()) dropped_.add(Loss::thinking);
  json_.open('{');
  switch (part.kind) {
    case PartKind::refusal: dropped_.add(Loss::refusal); [[fallthrough]];
    case PartKind::text: text(part); break;
    case PartKind::thinking:
      json_.field("type", "thinking").field("thinking", part.text);
      json_.field("signature", part.signature);
      break;
    case PartKind::redacted_thinking:
      json_.field("type", "redacted_thinking").field("data", part.text);
      break;
    case PartKind::image:
    case PartKind::document: media(part); break;
    case PartKind::tool_use: tool_use(part); break;
    case PartKind::tool_result: tool_result(part); break;
    case PartKind::audio:
    case PartKind::native: break;
  }
  json_.given_raw("cache_control", part.cache).close('}');
}

void BlockWriter::text(const Part& part) {
  json_.field("type", "text").field("text", part.text);
  // Those of other dialects have no index of Anthropic's, without which it refuses them.
  if (!part.citations.empty()) dropped_.add(Loss::citations);
}

void BlockWriter::media(const Part& part) {
  json_.field("type", part.kind == PartKind::image ? "image" : "document").key("source").open('{');
  switch (part.source) {
    case SourceKind::url: json_.field("type", "url").field("url", part.text); break;
    case SourceKind::file_id: json_.field("type", "file").field("file_id", part.text); break;
    case SourceKind::text:
      json_.field("type", "text").field("media_type", "text/plain").field("data", part.text);
      break;
    default:
      json_.field("type", "base64");
      json_.field("media_type", !part.media_type.empty()       ? part.media_type
                                : part.kind == PartKind::image ? std::string_view("image/png")
                                                               : "application/pdf");
      json_.field("data", part.text);
  }
  json_.close('}');
  if (part.kind == PartKind::document) json_.given("title", part.name);
  if (part.detail != ImageDetail::automatic) dropped_.add(Loss::image_detail);
}

void BlockWriter::id(std::string_view key, std::string_view id) {
  scratch_.clear();
  hub::append_legal_id(scratch_, id);
  json_.field(key, scratch_);
}

void BlockWriter::tool_use(const Part& part) {
  json_.field("type", "tool_use");
  id("id", part.id);
  json_.field("name", part.name);
  json_.key("input");
  hub::write_arguments(json_, part, scratch_, dropped_);
}

void BlockWriter::tool_result(const Part& part) {
  json_.field("type", "tool_result");
  id("tool_use_id", part.id);
  const auto nested = std::span(request_.nested).subspan(part.nested_begin, part.nested_count);
  const bool plain = nested.size() == 1 && nested[0].raw.empty() &&
                     nested[0].kind == PartKind::text && nested[0].cache.empty();
  if (plain) {
    json_.field("content", nested[0].text);
  } else if (!nested.empty()) {
    json_.key("content").open('[');
    for (const Part& inside : nested) write(inside);
    json_.close(']');
  }
  if (part.is_error) json_.field_bool("is_error", true);
}

}  // namespace steelyard::dialect::anthropic
