#include "gateway/dialect/responses_request.h"

#include <algorithm>

#include "gateway/dialect/extra_kinds.h"
#include "gateway/dialect/key_table.h"
#include "gateway/dialect/responses_items.h"

namespace steelyard::dialect::responses {
namespace {

using hub::Document;

enum Key {
  kModel,
  kInput,
  kInstructions,
  kTools,
  kToolChoice,
  kParallel,
  kLimit,
  kStream,
  kText,
  kReasoning,
  kTemperature,
  kTopP,
  kMetadata,
  kUser,
  kSafety,
  kCacheKey,
  kTier,
  kStore,
  kPrevious,
  kConversation,
  kPrompt,
  kBackground,
  kTruncation,
  kInclude,
  kStreamOptions,
  kClientMetadata
};
constexpr KeyTable kTop(key_names("model", "input", "instructions", "tools", "tool_choice",
                                  "parallel_tool_calls", "max_output_tokens", "stream", "text",
                                  "reasoning", "temperature", "top_p", "metadata", "user",
                                  "safety_identifier", "prompt_cache_key", "service_tier", "store",
                                  "previous_response_id", "conversation", "prompt", "background",
                                  "truncation", "include", "stream_options", "client_metadata"));

class RequestReader {
 public:
  RequestReader(Document& document, hub::ModelRoom& room, MadeTexts& made, hub::Request& out)
      : document_(document), reader_(document.reader), room_(room), made_(made), out_(out) {}

  bool read() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kTop, root_)) != StrictReader::kEnd;) {
      if (!member(key)) return false;
    }
    if (reader_.failed()) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    if (out_.model.empty()) return reader_.refuse({&root_, "model"}, "is missing");
    alternatives();
    const bool input = (members.seen & 1u << kInput) != 0;
    if (!out_.needs_store.empty()) return true;  // the calls may be kept there
    if (!input) return reader_.refuse({&root_, "input"}, "is missing");
    return hub::refuse_orphan(document_, out_);
  }

 private:
  // A field that other dialects may have a place for.
  bool extra(std::string_view key) {
    const std::string_view wrong = hub::misfit(key, reader_.cursor.peek());
    if (!wrong.empty()) return reader_.refuse({&root_, key}, wrong);
    return document_.take_extra(root_, key, out_);
  }

  bool member(int key) {
    if (key == StrictReader::kUnknown) {
      const std::size_t end = reader_.cursor.end_of_previous_key() - 1;
      const std::size_t begin = document_.text.rfind('"', end - 1) + 1;
      return extra(document_.text.substr(begin, end - begin));
    }
    const Where where{&root_, kTop.name(static_cast<std::size_t>(key))};
    if (reader_.cursor.peek() != 'n') note(key);
    switch (key) {
      case kModel: return read_model(document_, where, room_, out_);
      case kInput: return reader_.cursor.take_null() || read_input(document_, where, made_, out_);
      case kInstructions: return instructions(where);
      case kTools: return tools(where);
      case kToolChoice: return read_tool_choice(document_, where, out_);
      case kParallel: return document_.take_tristate(where, out_.parallel_tools);
      case kLimit: return read_limit(document_, where, 1, out_.max_completion_tokens);
      case kStream: return reader_.read_bool(where, out_.stream);
      case kText: return read_text(document_, where, out_);
      case kReasoning: return read_reasoning(document_, where, out_);
      case kTemperature: return document_.take_number(where, out_.temperature);
      case kTopP: return document_.take_number(where, out_.top_p);
      case kMetadata: return reader_.read_raw(where, '{', out_.metadata);
      case kUser:
      case kSafety: return user(where);
      case kCacheKey: return reader_.read_string(where, out_.cache_key);
      case kTier: return reader_.read_string(where, out_.service_tier);
      default: return stored(key, where);
    }
  }

  // What refers to things the provider keeps, and what only its own answers depend on.
  bool stored(int key, const Where& where) {
    switch (key) {
      case kStore: return flag(where, "true");
      case kPrevious:
        if (reader_.cursor.take_null()) return true;
        out_.needs_store = where.name;
        return !reader_.failed() && reader_.read_string(where, out_.previous_id);
      case kConversation:
        if (reader_.cursor.take_null()) return true;
        out_.needs_store = where.name;
        return !reader_.failed() && document_.take_raw(out_.conversation);
      case kPrompt:
        if (reader_.cursor.take_null()) return true;
        out_.needs_store = where.name;
        return !reader_.failed() && reader_.cursor.skip_value();
      case kBackground: {
        bool background = false;
        if (!reader_.read_bool(where, background)) return false;
        return !background || reader_.refuse(where, "must be false: answers are not kept here");
      }
      case kTruncation: return flag(where, "\"auto\"");
      case kInclude: return include(where);
      default: return reader_.cursor.skip_value();  // asks for nothing another dialect could lose
    }
  }

  // Other dialects give alternatives only beside the log probabilities of what was said.
  void alternatives() {
    const auto given = [this](std::string_view name) {
      return std::any_of(out_.extras.begin(), out_.extras.end(),
                         [name](const hub::Extra& e) { return e.key == name && e.value != "0"; });
    };
    if (given("top_logprobs") && !given("logprobs") && out_.extras.size() < hub::extras_max)
      out_.extras.push_back({"logprobs", "true"});
  }

  // Of what may be asked for, other dialects have the log probabilities.
  bool include(const Where& where) {
    if (reader_.cursor.take_null()) return true;
    if (const std::string_view wrong = hub::misfit(where.name, reader_.cursor.peek());
        !wrong.empty())
      return reader_.refuse(where, wrong);
    std::string_view raw;
    if (reader_.failed() || !document_.take_raw(raw)) return false;
    if (raw.find("\"message.output_text.logprobs\"") == std::string_view::npos) return true;
    if (out_.extras.size() >= hub::extras_max)
      return reader_.refuse(where, "is one field too many");
    out_.extras.push_back({"logprobs", "true"});
    return true;
  }

  // An extra only if it has the value that means something.
  bool flag(const Where& where, std::string_view meaning) {
    if (!extra(where.name)) return false;
    if (!out_.extras.empty() && out_.extras.back().key == where.name &&
        out_.extras.back().value != meaning)
      out_.extras.pop_back();
    return true;
  }

  bool instructions(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (reader_.cursor.take_null()) return true;
    hub::Message message;
    message.role = Role::system;
    message.top_level_system = true;
    message.part_begin = static_cast<std::uint32_t>(out_.parts.size());
    hub::Part part;
    if (reader_.failed() || !reader_.read_string(where, part.text)) return false;
    out_.parts.push_back(part);
    message.part_count = 1;
    message.raw = reader_.range_from(begin);
    // The members come in any order, the hub has the system text first.
    out_.messages.insert(out_.messages.begin(), message);
    return true;
  }

  bool tools(const Where& where) {
    const std::size_t begin = reader_.cursor.offset();
    if (!read_tools(document_, where, made_, out_)) return false;
    // Or they came with the input (`additional_tools`): the larger of both is what is counted.
    const ByteRange raw = reader_.range_from(begin);
    if (!out_.tools.empty() && raw.size > out_.tools_raw.size) out_.tools_raw = raw;
    return true;
  }

  bool user(const Where& where) {
    std::string_view id;
    if (!reader_.read_string(where, id)) return false;
    if (!id.empty()) out_.user = id;
    return true;
  }

  // For a model's `refuses`, under the names all dialects share.
  void note(int key) {
    constexpr std::pair<Key, Field> kShared[] = {{kModel, Field::model},
                                                 {kInput, Field::messages},
                                                 {kTools, Field::tools},
                                                 {kToolChoice, Field::tool_choice},
                                                 {kParallel, Field::parallel_tool_calls},
                                                 {kLimit, Field::max_completion_tokens},
                                                 {kStream, Field::stream},
                                                 {kTemperature, Field::temperature},
                                                 {kTopP, Field::top_p},
                                                 {kMetadata, Field::metadata},
                                                 {kUser, Field::user},
                                                 {kSafety, Field::safety_identifier},
                                                 {kCacheKey, Field::prompt_cache_key},
                                                 {kTier, Field::service_tier}};
    for (const auto& [mine, field] : kShared)
      if (mine == key) out_.fields.add(field);
  }

  Document& document_;
  StrictReader& reader_;
  hub::ModelRoom& room_;
  MadeTexts& made_;
  hub::Request& out_;
  Where root_;
};

}  // namespace

struct RequestParser::State {
  std::string refusal;
  hub::ModelRoom model{};
  MadeTexts made;
};

RequestParser::RequestParser() : state_(std::make_unique<State>()) {}
RequestParser::~RequestParser() = default;

Result<void> RequestParser::parse(std::string_view body, hub::Request& out) {
  state_->refusal.clear();
  state_->made.clear();
  out.clear();
  out.body = body;
  out.wire = hub::Wire::openai_responses;
  Document document(body, state_->refusal);
  document.unknown = &out.unknown;
  if (RequestReader(document, state_->model, state_->made, out).read()) return {};
  return fail(hub::refusal_of(document.reader, state_->refusal));
}

}  // namespace steelyard::dialect::responses
