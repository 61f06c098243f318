#include "gateway/dialect/anthropic_request.h"

#include "gateway/dialect/anthropic_content.h"
#include "gateway/dialect/anthropic_fields.h"
#include "gateway/dialect/hub_read.h"
#include "gateway/dialect/key_table.h"

namespace steelyard::dialect::anthropic {
namespace {

using hub::Document;

enum TopKey {
  kModel,
  kMessages,
  kSystem,
  kMaxTokens,
  kStream,
  kTools,
  kToolChoice,
  kThinking,
  kOutputConfig,
  kOutputFormat,
  kCacheControl,
  kStop,
  kTemperature,
  kTopP,
  kTopK,
  kMetadata,
  kServiceTier
};
constexpr KeyTable kTop(key_names("model", "messages", "system", "max_tokens", "stream", "tools",
                                  "tool_choice", "thinking", "output_config", "output_format",
                                  "cache_control", "stop_sequences", "temperature", "top_p",
                                  "top_k", "metadata", "service_tier"));
constexpr KeyTable kMessageKeys(key_names("role", "content"));
constexpr KeyTable kRoles(key_names("user", "assistant", "system"));
constexpr Role kRoleOf[] = {Role::user, Role::assistant, Role::system};

class RequestReader {
 public:
  RequestReader(Document& document, hub::ModelRoom& room, hub::Request& out)
      : document_(document), reader_(document.reader), room_(room), out_(out) {}

  bool read() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    StrictReader::Members members;
    for (int key; (key = next(members)) != StrictReader::kEnd;) {
      if (!member(key)) return false;
    }
    if (reader_.failed()) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    if (out_.model.empty()) return reader_.refuse({&root_, "model"}, "is missing");
    if ((members.seen & 1u << kMessages) == 0)
      return reader_.refuse({&root_, "messages"}, "is missing");
    return hub::refuse_orphan(document_, out_);
  }

 private:
  int next(StrictReader::Members& members) {
    const int key = reader_.next(members, kTop, root_);
    if (key == StrictReader::kUnknown) {
      const std::size_t end = reader_.cursor.end_of_previous_key() - 1;
      const std::size_t begin = document_.text.rfind('"', end - 1) + 1;
      unknown_key_ = document_.text.substr(begin, end - begin);
    }
    return key;
  }

  bool member(int key) {
    if (key == StrictReader::kUnknown) return document_.take_extra(root_, unknown_key_, out_);
    const Where where{&root_, kTop.name(static_cast<std::size_t>(key))};
    if (reader_.cursor.peek() != 'n') note(key);
    switch (key) {
      case kModel: return read_model(document_, where, room_, out_);
      case kMessages: return messages(where);
      case kSystem: return system(where);
      case kMaxTokens: return read_limit(document_, where, 0, out_.max_tokens);
      case kStream: return reader_.read_bool(where, out_.stream);
      case kTools: return read_tools(document_, where, out_);
      case kToolChoice: return read_tool_choice(document_, where, out_);
      case kThinking: return read_thinking(document_, where, out_);
      case kOutputConfig: return read_output_config(document_, where, out_);
      case kOutputFormat: return read_output_format(document_, where, out_);
      case kCacheControl: return document_.take_object(where, out_.cache);
      case kStop: return read_stops(document_, where, out_);
      case kTemperature: return document_.take_number(where, out_.temperature);
      case kTopP: return document_.take_number(where, out_.top_p);
      case kTopK: return document_.take_number(where, out_.top_k);
      case kMetadata: return read_metadata(document_, where, out_);
      case kServiceTier: return reader_.read_string(where, out_.service_tier);
      default: return reader_.cursor.skip_value();
    }
  }

  // For a model's `refuses`, under the names all dialects share.
  void note(int key) {
    constexpr std::pair<TopKey, Field> kShared[] = {{kModel, Field::model},
                                                    {kMessages, Field::messages},
                                                    {kMaxTokens, Field::max_tokens},
                                                    {kStream, Field::stream},
                                                    {kTools, Field::tools},
                                                    {kToolChoice, Field::tool_choice},
                                                    {kThinking, Field::thinking},
                                                    {kStop, Field::stop},
                                                    {kTemperature, Field::temperature},
                                                    {kTopP, Field::top_p},
                                                    {kTopK, Field::top_k},
                                                    {kMetadata, Field::metadata},
                                                    {kServiceTier, Field::service_tier}};
    for (const auto& [mine, field] : kShared)
      if (mine == key) out_.fields.add(field);
  }

  // The members may come in any order, but the hub has the system text first: writers look for it
  // by its flag, not by its place.
  bool system(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    if (reader_.failed()) return false;
    hub::Message message;
    message.role = Role::system;
    message.top_level_system = true;
    return content(where, message);
  }

  bool content(const Where& where, hub::Message& message) {
    const std::size_t begin = reader_.cursor.offset();
    message.part_begin = static_cast<std::uint32_t>(out_.parts.size());
    if (!read_content(document_, where, out_)) return false;
    message.part_count = static_cast<std::uint32_t>(out_.parts.size()) - message.part_begin;
    message.raw = reader_.range_from(begin);
    if (message.top_level_system)
      out_.messages.insert(out_.messages.begin(), message);
    else
      out_.messages.push_back(message);
    return true;
  }

  bool messages(const Where& where) {
    if (!reader_.enter(where, '[', "must be an array")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      if (index == hub::messages_max) return reader_.refuse(element, "is one message too many");
      if (!message(element)) return false;
    }
    if (reader_.failed()) return false;
    return index > 0 || reader_.refuse(where, "must not be empty");
  }

  bool message(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (!reader_.enter(where, '{', "must be an object")) return false;
    const std::size_t count = out_.messages.size();
    hub::Message made;
    std::string_view role;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kMessageKeys, where)) != StrictReader::kEnd;) {
      const bool ok = key == StrictReader::kUnknown ? document_.skip_unknown()
                      : key == 0                    ? reader_.read_string({&where, "role"}, role)
                                                    : content({&where, "content"}, made);
      if (!ok) return false;
    }
    if (reader_.failed()) return false;
    if (out_.messages.size() == count) return reader_.refuse({&where, "content"}, "is missing");
    const int known = kRoles.find(role);
    if (known < 0)
      return reader_.refuse({&where, "role"}, "must be \"user\", \"assistant\" or \"system\"");
    out_.messages.back().role = kRoleOf[known];
    out_.messages.back().raw = reader_.range_from(begin);
    return true;
  }

  Document& document_;
  StrictReader& reader_;
  hub::ModelRoom& room_;
  hub::Request& out_;
  std::string_view unknown_key_;
  Where root_;
};

}  // namespace

struct RequestParser::State {
  std::string refusal;
  hub::ModelRoom model{};
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

Result<void> RequestParser::parse(std::string_view body, hub::Request& out) {
  state_->refusal.clear();
  out.clear();
  out.body = body;
  out.wire = hub::Wire::anthropic;
  Document document(body, state_->refusal);
  document.unknown = &out.unknown;
  if (RequestReader(document, state_->model, out).read()) return {};
  return fail(hub::refusal_of(document.reader, state_->refusal));
}

}  // namespace steelyard::dialect::anthropic
