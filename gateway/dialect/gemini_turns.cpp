#include "gateway/dialect/gemini_turns.h"

#include <algorithm>

#include "gateway/dialect/hub_arguments.h"
#include "gateway/dialect/hub_carrier.h"
#include "gateway/dialect/hub_lost.h"
#include "gateway/dialect/hub_text.h"
#include "gateway/dialect/json_cursor.h"

namespace steelyard::dialect::gemini {
namespace {

using hub::Loss;
using hub::Message;
using hub::Part;
using hub::PartKind;
using hub::SourceKind;

bool is_system(Role role) {
  return role == Role::system || role == Role::developer;
}

}  // namespace

void TurnWriter::write() {
  system();
  contents();
}

void TurnWriter::begin_part(std::string_view role) {
  if (open_role_ != role) {
    end_content();
    json_.open('{').field("role", role).key("parts").open('[');
    open_role_ = role;
    any_ = true;
  }
  json_.open('{');
}

void TurnWriter::end_content() {
  if (!open_role_.empty()) json_.close(']').close('}');
  open_role_ = {};
}

void TurnWriter::system() {
  const auto& all = request_.messages;
  while (first_ < all.size() && is_system(all[first_].role)) ++first_;
  bool any = false;
  for (std::size_t i = 0; i < first_; ++i) {
    for (const Part& part : parts_of(all[i])) {
      if (!part.cache.empty()) dropped_.add(Loss::cache_control);
      if (part.kind != PartKind::text || part.text.empty()) continue;
      if (!any) json_.key("systemInstruction").open('{').key("parts").open('[');
      any = true;
      json_.open('{').field("text", part.text).close('}');
    }
  }
  if (any) json_.close(']').close('}');
}

void TurnWriter::contents() {
  json_.key("contents").open('[');
  const auto& all = request_.messages;
  for (std::size_t i = first_; i < all.size();) {
    if (all[i].role == Role::assistant) {
      // Gemini wants a user's turn first. It is the same in every request of a conversation.
      if (!any_) text_part(".");
      model_turn(all[i++]);
    } else {
      i = user_turn(i);
    }
  }
  if (!any_) text_part(".");
  end_content();
  json_.close(']');
}

void TurnWriter::text_part(std::string_view text) {
  begin_part("user");
  json_.field("text", text).close('}');
}

// A run of what is not the model's: all results of its calls in one content, the rest behind.
std::size_t TurnWriter::user_turn(std::size_t i) {
  const auto& all = request_.messages;
  std::size_t end = i;
  while (end < all.size() && all[end].role != Role::assistant) ++end;
  results(i, end);
  end_content();
  for (std::size_t k = i; k < end; ++k) {
    if (!all[k].name.empty() && all[k].role != Role::function) dropped_.add(Loss::names);
    if (is_system(all[k].role))
      system_part(all[k]);
    else
      user_parts(all[k]);
  }
  end_content();
  return end;
}

// The call a result answers, in the turns before; nullptr: none has its id.
const Part* TurnWriter::call_of(const Part& result, std::size_t before) const {
  for (std::size_t m = before; m-- > 0;) {
    for (const Part& part : parts_of(request_.messages[m]))
      if (part.kind == PartKind::tool_use && part.id == result.id) return &part;
  }
  return nullptr;
}

// In the order of the calls: without ids they are matched by that.
void TurnWriter::results(std::size_t begin, std::size_t end) {
  const auto& all = request_.messages;
  const auto each = [&](auto&& visit) {
    for (std::size_t m = begin; m < end; ++m)
      for (const Part& part : parts_of(all[m]))
        if (part.kind == PartKind::tool_result) visit(part);
  };
  if (begin > 0 && all[begin - 1].role == Role::assistant)
    for (const Part& call : parts_of(all[begin - 1]))
      if (call.kind == PartKind::tool_use)
        each([&](const Part& part) {
          if (part.id == call.id) result(part, call);
        });
  // Of earlier turns: still told, as the provider may judge.
  each([&](const Part& part) {
    const Part* call = call_of(part, begin);
    if (call == nullptr) return;
    const bool last = begin > 0 && call >= &request_.parts[all[begin - 1].part_begin];
    if (!last) result(part, *call);
  });
}

void TurnWriter::result(const Part& part, const Part& call) {
  if (!part.cache.empty()) dropped_.add(Loss::cache_control);
  begin_part("user");
  json_.key("functionResponse").open('{').field("id", part.id).field("name", call.name);
  json_.key("response").open('{').key(part.is_error ? "error" : "output");
  result_text(part);
  json_.close('}');
  if (options_.result_parts) result_media(part);
  json_.close('}').close('}');
}

void TurnWriter::result_text(const Part& part) {
  json_.escaped("");
  std::string& out = json_.out();
  out.pop_back();
  bool first = true;
  for (const Part& inside : nested_of(part)) {
    if (inside.kind == PartKind::native) dropped_.add(Loss::native_parts);
    const bool words = inside.kind == PartKind::text || inside.kind == PartKind::refusal ||
                       (inside.kind == PartKind::document && inside.source == SourceKind::text);
    if (!words) continue;
    if (!first) out += "\\n\\n";
    out += inside.text;
    first = false;
  }
  out += '"';
}

void TurnWriter::result_media(const Part& part) {
  bool any = false;
  for (const Part& inside : nested_of(part)) {
    const bool picture = inside.kind == PartKind::image || inside.kind == PartKind::document ||
                         inside.kind == PartKind::audio;
    if (!picture || inside.source == SourceKind::text) continue;
    const std::size_t before = json_.out().size();
    if (!any) json_.key("parts").open('[');
    json_.open('{');
    if (media(inside)) {
      json_.close('}');
      any = true;
    } else {
      json_.out().resize(before);
    }
  }
  if (any) json_.close(']');
}

// Everything but results that were written already.
void TurnWriter::user_parts(const Message& message) {
  for (const Part& part : parts_of(message)) {
    if (!part.cache.empty()) dropped_.add(Loss::cache_control);
    switch (part.kind) {
      case PartKind::text:
      case PartKind::refusal:
        if (!part.text.empty()) text_part(part.text);
        break;
      case PartKind::tool_result: {
        const auto self = static_cast<std::size_t>(&message - request_.messages.data());
        if (call_of(part, self) == nullptr) {
          // Answers a call nobody made: as text the model can still read it.
          dropped_.add(Loss::tools);
          begin_part("user");
          json_.key("text");
          result_text(part);
          json_.close('}');
        }
        if (options_.result_parts) break;
        for (const Part& inside : nested_of(part)) {
          if (inside.kind != PartKind::image && inside.kind != PartKind::document) continue;
          if (inside.source == SourceKind::text) continue;
          dropped_.add(Loss::tool_images);
          begin_part("user");
          json_.key("text").escaped("Shown by tool call ", part.id, ":").close('}');
          begin_part("user");
          if (!media(inside)) json_.field("text", "(it could not be shown)");
          json_.close('}');
        }
        break;
      }
      case PartKind::image:
      case PartKind::audio:
      case PartKind::document: {
        const std::size_t before = json_.out().size();
        const std::string_view role = open_role_;
        const bool any = any_;
        begin_part("user");
        if (media(part)) {
          json_.close('}');
        } else {
          json_.out().resize(before);
          open_role_ = role;
          any_ = any;
        }
        break;
      }
      default: dropped_.add(Loss::native_parts);
    }
  }
}

// Where it stands: moved to the front it would change the prefix every turn (research/wire 2.4).
void TurnWriter::system_part(const Message& message) {
  for (const Part& part : parts_of(message)) {
    if (!part.cache.empty()) dropped_.add(Loss::cache_control);
    if (part.kind != PartKind::text || part.text.empty()) continue;
    begin_part("user");
    json_.key("text").escaped("<system>\\n", part.text, "\\n</system>").close('}');
  }
}

void TurnWriter::model_turn(const Message& message) {
  first_call_ = true;
  signature_ = {};
  signed_ = unsigned_thoughts_ = false;
  if (!message.name.empty()) dropped_.add(Loss::names);
  for (const Part& part : parts_of(message)) model_part(part);
  // Where Gemini signed the turn, the signature holds the thoughts that were shown beside it.
  if (unsigned_thoughts_ && !signed_) dropped_.add(Loss::thinking);
  end_content();
}

void TurnWriter::model_part(const Part& part) {
  if (!part.cache.empty()) dropped_.add(Loss::cache_control);
  switch (part.kind) {
    case PartKind::refusal: dropped_.add(Loss::refusal); [[fallthrough]];
    case PartKind::text:
      if (!part.citations.empty()) dropped_.add(Loss::citations);
      if (part.text.empty() && part.signature.empty()) return;
      signed_ = signed_ || !part.signature.empty();
      begin_part("model");
      json_.field("text", part.text).given("thoughtSignature", part.signature).close('}');
      return;
    case PartKind::thinking: return take_thinking(part);
    case PartKind::redacted_thinking: return dropped_.add(Loss::thinking);
    case PartKind::tool_use: return call(part);
    case PartKind::image:
    case PartKind::audio:
    case PartKind::document: return dropped_.add(Loss::images);
    default: return dropped_.add(Loss::native_parts);
  }
}

// Only what Gemini signed goes back to it.
void TurnWriter::take_thinking(const Part& part) {
  hub::SignatureOf what = hub::SignatureOf::call;
  std::string_view signature;
  if (part.signature.empty()) {
    unsigned_thoughts_ = true;
    return;
  }
  if (!hub::read_gemini_carrier(part.signature, what, signature))
    return dropped_.add(Loss::thinking);
  signed_ = true;
  if (what == hub::SignatureOf::call) {
    signature_ = signature;
    return;
  }
  begin_part("model");
  json_.field("text", part.text);
  if (what == hub::SignatureOf::thought) json_.field_bool("thought", true);
  json_.field("thoughtSignature", signature).close('}');
}

void TurnWriter::call(const Part& part) {
  begin_part("model");
  json_.key("functionCall").open('{').field("id", part.id).field("name", part.name);
  json_.key("args");
  hub::write_arguments(json_, part, scratch_, dropped_);
  json_.close('}');
  std::string_view signature = part.signature.empty() ? signature_ : part.signature;
  signed_ = signed_ || !signature.empty();
  if (signature.empty() && first_call_ && options_.needs_signatures) {
    signature = signature_filler;
    dropped_.add(Loss::thinking);
  }
  json_.given("thoughtSignature", signature).close('}');
  signature_ = {};
  first_call_ = false;
}

// Inside a part that is open. False: Gemini cannot be shown it; then nothing was written.
bool TurnWriter::media(const Part& part) {
  hub::lose_settings(part, dropped_);
  if (part.detail != ImageDetail::automatic) dropped_.add(Loss::image_detail);
  switch (part.source) {
    case SourceKind::base64: break;
    case SourceKind::url:
      json_.key("fileData").open('{').given("mimeType", part.media_type);
      json_.field("fileUri", part.text).close('}');
      return true;
    case SourceKind::text: json_.field("text", part.text); return true;
    default:
      // A file id of one provider means nothing to another.
      dropped_.add(part.kind == PartKind::image ? Loss::images : Loss::documents);
      return false;
  }
  json_.key("inlineData").open('{').key("mimeType");
  // Chat names a sound by its format alone.
  const bool bare = part.media_type.find('/') == std::string_view::npos;
  if (part.kind == PartKind::audio && bare)
    json_.escaped("audio/", part.media_type);
  else if (!part.media_type.empty())
    json_.escaped(part.media_type);
  else
    json_.escaped(part.kind == PartKind::image ? "image/png" : "application/pdf");
  json_.field("data", part.text).close('}');
  return true;
}

}  // namespace steelyard::dialect::gemini
