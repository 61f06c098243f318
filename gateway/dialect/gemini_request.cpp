#include "gateway/dialect/gemini_request.h"

#include "gateway/dialect/gemini_content.h"
#include "gateway/dialect/gemini_fields.h"
#include "gateway/dialect/gemini_keys.h"
#include "gateway/dialect/hub_read.h"

namespace steelyard::dialect::gemini {
namespace {

using hub::Document;

enum TopKey { kModel, kContents, kSystem, kTools, kToolConfig, kTier, kGenerationConfig };
constexpr KeyTable kTop(key_names("model", "contents", "systemInstruction", "tools", "toolConfig",
                                  "serviceTier", "generationConfig"));

bool is_cached_content(std::string_view key) {
  return key == "cachedContent" || key == "cached_content";
}

class RequestReader {
 public:
  RequestReader(Document& document, TextRoom& room, hub::Request& out)
      : document_(document), reader_(document.reader), room_(room), out_(out) {}

  bool read() {
    if (reader_.cursor.peek() != '{') return reader_.enter(root_, '{', "must be a JSON object");
    const bool ok = object(
        document_, root_, kTop, [&](int key, const Where& where) { return member(key, where); },
        [&](std::string_view key) {
          cached_ = cached_ || is_cached_content(key);
          return document_.take_extra(root_, key, out_);
        });
    if (!ok) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    if (contents_ == 0) return reader_.refuse({&root_, "contents"}, "is missing");
    return cached_ || hub::refuse_orphan(document_, out_);
  }

 private:
  bool member(int key, const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    switch (key) {
      case kModel: return reader_.cursor.skip_value();  // the path says which
      case kContents:
        out_.fields.add(Field::messages);
        return each(document_, where, hub::messages_max, [&](const Where& one) {
          return read_content(document_, one, contents_++, false, room_, out_);
        });
      case kSystem:
        if (reader_.cursor.take_null()) return true;
        return !reader_.failed() && read_content(document_, where, 0, true, room_, out_);
      case kTools:
        if (reader_.cursor.peek() != 'n') out_.fields.add(Field::tools);
        return read_tools(document_, where, out_);
      case kToolConfig:
        if (reader_.cursor.peek() != 'n') out_.fields.add(Field::tool_choice);
        return read_tool_config(document_, where, out_);
      case kTier: {
        std::string_view tier, other;
        if (!document_.take(tier, other)) return false;
        out_.service_tier = tier == "standard" ? "default" : tier;  // as OpenAI calls it
        return true;
      }
      default:
        if (!read_generation_config(document_, where, out_)) return false;
        out_.limit_parent = reader_.range_from(begin);
        return true;
    }
  }

  Document& document_;
  StrictReader& reader_;
  TextRoom& room_;
  hub::Request& out_;
  std::size_t contents_ = 0;
  bool cached_ = false;  // what goes before stands at Google
  Where root_;
};

}  // namespace

struct RequestParser::State {
  std::string refusal;
  TextRoom room;
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

Result<void> RequestParser::parse(std::string_view body, hub::Request& out) {
  state_->refusal.clear();
  state_->room.clear();
  out.clear();
  out.body = body;
  out.wire = hub::Wire::gemini;
  Document document(body, state_->refusal);
  document.unknown = &out.unknown;
  if (RequestReader(document, state_->room, out).read()) return {};
  return fail(hub::refusal_of(document.reader, state_->refusal));
}

Result<void> RequestParser::make_portable(hub::Request& request) {
  for (const hub::Extra& extra : request.extras)
    if (is_cached_content(extra.key)) {
      return fail(ErrorKind::bad_request, ErrorSource::client, Retry::next_target,
                  "`/cachedContent` stands at Google: it needs a model behind Gemini's interface");
    }
  for (hub::Tool& tool : request.tools) tool.schema = plain_schema(tool.schema, state_->room);
  request.schema = plain_schema(request.schema, state_->room);
  return {};
}

}  // namespace steelyard::dialect::gemini
