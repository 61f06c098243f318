#include "gateway/dialect/converse_turns.h"

#include <algorithm>

#include "gateway/dialect/hub_arguments.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::converse {

using hub::Loss;
using hub::Message;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

namespace {

constexpr std::string_view kJsonOnly =
    "Answer with one valid JSON value and nothing else: no explanation, no code fence.";
constexpr std::size_t kNameMax = 100;  // bytes of a document's name that are kept

struct Format {
  std::string_view ends, name;  // of the media type
};
constexpr Format kImages[] = {
    {"png", "png"}, {"jpeg", "jpeg"}, {"jpg", "jpeg"}, {"gif", "gif"}, {"webp", "webp"}};
constexpr Format kDocuments[] = {{"pdf", "pdf"},      {"csv", "csv"},
                                 {"msword", "doc"},   {"wordprocessingml.document", "docx"},
                                 {"ms-excel", "xls"}, {"spreadsheetml.sheet", "xlsx"},
                                 {"html", "html"},    {"plain", "txt"},
                                 {"markdown", "md"}};
constexpr Format kSounds[] = {{"wav", "wav"}, {"mp3", "mp3"},   {"mpeg", "mp3"}, {"flac", "flac"},
                              {"ogg", "ogg"}, {"opus", "opus"}, {"aac", "aac"},  {"webm", "webm"}};

bool is_user_side(Role role) {
  return role != Role::assistant;
}

bool is_system(Role role) {
  return role == Role::system || role == Role::developer;
}

bool name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '(' || c == ')' || c == '[' || c == ']';
}

}  // namespace

std::string_view format_of(PartKind kind, std::string_view media_type) {
  const auto find = [&](std::span<const Format> formats) {
    for (const Format& format : formats)
      if (media_type.ends_with(format.ends)) return format.name;
    return std::string_view();
  };
  if (kind == PartKind::image) return media_type.empty() ? "png" : find(kImages);
  if (kind == PartKind::audio) return find(kSounds);
  return media_type.empty() ? "pdf" : find(kDocuments);
}

void TurnWriter::write(bool instruct_json) {
  system(instruct_json);
  messages();
}

bool TurnWriter::calls_without_thinking() const {
  const auto& all = request_.messages;
  const auto is_result = [](const Part& p) { return p.kind == PartKind::tool_result; };
  if (all.empty()) return false;
  const Parts last = parts_of(all.back());
  if (std::none_of(last.begin(), last.end(), is_result)) return false;
  for (auto m = all.rbegin(); m != all.rend(); ++m) {
    if (m->role != Role::assistant) continue;
    const Parts parts = parts_of(*m);
    const bool thinks = !parts.empty() && (parts[0].kind == PartKind::thinking ||
                                           parts[0].kind == PartKind::redacted_thinking);
    return !thinks || !shows(parts[0]);
  }
  return false;
}

bool TurnWriter::shows(const Part& part) const {
  switch (part.kind) {
    case PartKind::text:
    case PartKind::refusal: return !hub::is_blank(part.text);
    // A signature of Anthropic's is good on all platforms; without one Claude refuses the turn.
    case PartKind::thinking:
      return options_.signed_thinking && !part.signature.empty() && !part.encrypted &&
             !hub::is_carrier(part.signature);
    case PartKind::redacted_thinking: return options_.signed_thinking && !part.text.empty();
    case PartKind::audio:
      if (options_.is_claude) return false;
      [[fallthrough]];
    case PartKind::image:
    case PartKind::document: {
      const bool here = part.source == SourceKind::base64 || part.source == SourceKind::none;
      if (part.source == SourceKind::text) return part.kind == PartKind::document;
      return here && !part.text.empty() && !format_of(part.kind, part.media_type).empty();
    }
    case PartKind::native: return false;
    case PartKind::tool_use: return true;
    case PartKind::tool_result: {
      const Parts inside = Parts(request_.nested).subspan(part.nested_begin, part.nested_count);
      return answers(part) ||
             std::any_of(inside.begin(), inside.end(), [this](const Part& p) { return shows(p); });
    }
  }
  return false;
}

// Is the call there that this is the result of? One of a tool that only its dialect has is not.
bool TurnWriter::answers(const Part& result) const {
  return std::any_of(request_.parts.begin(), request_.parts.end(), [&](const Part& part) {
    return part.kind == PartKind::tool_use && part.id == result.id;
  });
}

void TurnWriter::lose(const Part& part) {
  switch (part.kind) {
    case PartKind::text:
    case PartKind::refusal: return dropped_.add(Loss::empty_text);
    case PartKind::image: return dropped_.add(Loss::images);
    case PartKind::audio: return dropped_.add(Loss::audio);
    case PartKind::document: return dropped_.add(Loss::documents);
    case PartKind::native: return dropped_.add(Loss::native_parts);
    default: return dropped_.add(Loss::thinking);
  }
}

void TurnWriter::cache_point(std::string_view mark) {
  if (mark.empty()) return;
  if (!options_.cache_points) return dropped_.add(Loss::cache_control);
  json_.open('{').key("cachePoint").open('{').field("type", "default");
  if (mark.find("\"1h\"") != mark.npos) json_.field("ttl", "1h");
  json_.close('}').close('}');
}

void TurnWriter::system(bool instruct) {
  const auto& all = request_.messages;
  const auto leads = [](const Message& m) { return m.top_level_system || is_system(m.role); };
  while (first_ < all.size() && leads(all[first_])) ++first_;
  bool any = instruct;
  for (std::size_t i = 0; i < first_; ++i)
    for (const Part& part : parts_of(all[i])) any = any || shows(part);
  if (!any) return;
  json_.key("system").open('[');
  for (std::size_t i = 0; i < first_; ++i) {
    for (const Part& part : parts_of(all[i])) {
      const bool text = part.kind == PartKind::text && shows(part);
      if (text)
        plain_text(part.text);
      else
        lose(part);
      cache_point(part.cache);
    }
  }
  if (instruct) json_.open('{').key("text").text(kJsonOnly).close('}');
  json_.close(']');
}

// Turns of one side after the other become one: Converse wants them to alternate, the user's first.
void TurnWriter::messages() {
  json_.key("messages").open('[');
  const auto& all = request_.messages;
  std::size_t i = first_;
  while (i < all.size()) {
    const bool user = is_user_side(all[i].role);
    std::size_t end = i;
    while (end < all.size() && is_user_side(all[end].role) == user) ++end;
    side(user, i, end);
    i = end;
  }
  if (open_) json_.close(']').close('}');
  if (json_.out().back() == '[') {
    begin_block(true);
    json_.open('{').key("text").text(".").close('}').close(']').close('}');
  }
  json_.close(']');
}

// Results come first, as in Anthropic's turns.
void TurnWriter::side(bool user, std::size_t begin, std::size_t end) {
  bool document = false;
  said_text_ = false;
  for (const bool results : {true, false}) {
    for (std::size_t k = begin; k < end; ++k) {
      const Message& message = request_.messages[k];
      if (results && !message.name.empty() && message.role != Role::function)
        dropped_.add(Loss::names);
      for (const Part& part : parts_of(message)) {
        const bool result = part.kind == PartKind::tool_result && answers(part);
        if (result != results) continue;
        if (!shows(part)) {
          lose(part);
          continue;
        }
        begin_block(user);
        block(part);
        document = document || part.kind == PartKind::document;
      }
    }
  }
  // A document alone is refused.
  if (document && !said_text_) json_.open('{').key("text").text(".").close('}');
}

void TurnWriter::begin_block(bool user) {
  if (open_ && user_ == user) return;
  if (open_) json_.close(']').close('}');
  if (!open_ && !user) {  // nothing of the user's stands before
    json_.open('{').field("role", "user").key("content").open('[');
    json_.open('{').key("text").text(".").close('}').close(']').close('}');
  }
  open_ = true;
  user_ = user;
  json_.open('{').field("role", user ? "user" : "assistant").key("content").open('[');
}

void TurnWriter::plain_text(std::string_view escaped) {
  json_.open('{').field("text", escaped).close('}');
  said_text_ = true;
}

void TurnWriter::block(const Part& part) {
  if (part.kind != PartKind::thinking && !part.signature.empty()) dropped_.add(Loss::thinking);
  switch (part.kind) {
    case PartKind::refusal: dropped_.add(Loss::refusal); [[fallthrough]];
    case PartKind::text: plain_text(part.text); break;
    case PartKind::thinking:
      json_.open('{').key("reasoningContent").open('{').key("reasoningText").open('{');
      json_.field("text", part.text).field("signature", part.signature);
      json_.close('}').close('}').close('}');
      break;
    case PartKind::redacted_thinking:
      json_.open('{').key("reasoningContent").open('{').field("redactedContent", part.text);
      json_.close('}').close('}');
      break;
    case PartKind::image:
    case PartKind::audio:
    case PartKind::document: media(part); break;
    case PartKind::tool_use: tool_use(part); break;
    case PartKind::tool_result: tool_result(part); break;
    case PartKind::native: break;
  }
  if (part.kind == PartKind::text && !part.citations.empty()) dropped_.add(Loss::citations);
  cache_point(part.cache);
}

void TurnWriter::media(const Part& part) {
  const bool text = part.source == SourceKind::text;
  json_.open('{').key(part.kind == PartKind::image   ? "image"
                      : part.kind == PartKind::audio ? "audio"
                                                     : "document");
  json_.open('{').field("format", text ? "txt" : format_of(part.kind, part.media_type));
  if (part.kind == PartKind::document) document_name(part);
  json_.key("source").open('{');
  if (text)
    json_.field("text", part.text);
  else
    json_.field("bytes", part.text);
  json_.close('}');
  // Of a document they are its settings: {"enabled":true} in both.
  if (part.kind == PartKind::document)
    json_.given("context", part.arguments).given_raw("citations", part.citations);
  json_.close('}').close('}');
  if (part.detail != ImageDetail::automatic) dropped_.add(Loss::image_detail);
}

// Letters, digits, single blanks, hyphens and brackets; unlike all others of the request.
void TurnWriter::document_name(const Part& part) {
  scratch_.clear();
  for (const char c : part.name.substr(0, kNameMax)) {
    if (name_byte(c))
      scratch_ += c;
    else if (!scratch_.empty() && scratch_.back() != ' ')
      scratch_ += ' ';
  }
  if (scratch_.empty()) scratch_ = "document";
  if (scratch_.back() != ' ') scratch_ += ' ';
  scratch_ += std::to_string(++documents_);
  json_.field("name", scratch_);
}

void TurnWriter::tool_id(std::string_view id) {
  scratch_.clear();
  if (options_.nine_character_ids) {
    hub::append_digest(scratch_, {id});
    scratch_.resize(9);
  } else {
    hub::append_legal_id(scratch_, id);
  }
  json_.field("toolUseId", scratch_);
}

void TurnWriter::tool_use(const Part& part) {
  json_.open('{').key("toolUse").open('{');
  tool_id(part.id);
  json_.field("name", part.name);
  json_.key("input");
  hub::write_arguments(json_, part, scratch_, dropped_);
  json_.close('}').close('}');
}

void TurnWriter::tool_result(const Part& part) {
  if (!answers(part)) {  // told as what it holds
    dropped_.add(Loss::tools);
    for (const Part& inside : Parts(request_.nested).subspan(part.nested_begin, part.nested_count))
      if (shows(inside)) block(inside);
    return;
  }
  json_.open('{').key("toolResult").open('{');
  tool_id(part.id);
  json_.key("content").open('[');
  for (const Part& inside : Parts(request_.nested).subspan(part.nested_begin, part.nested_count)) {
    const bool media_part = inside.kind == PartKind::image || inside.kind == PartKind::document;
    if (!shows(inside))
      lose(inside);
    else if (media_part)
      media(inside);
    else if (inside.kind == PartKind::text)
      json_.open('{').field("text", inside.text).close('}');
    else
      dropped_.add(Loss::native_parts);
    if (!inside.cache.empty()) dropped_.add(Loss::cache_control);
  }
  if (json_.out().back() == '[') json_.open('{').key("text").text(".").close('}');
  json_.close(']');
  if (part.is_error) json_.field("status", "error");
  json_.close('}').close('}');
}

}  // namespace steelyard::dialect::converse
