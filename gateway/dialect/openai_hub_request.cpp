#include "gateway/dialect/openai_hub_request.h"

#include "gateway/dialect/extra_kinds.h"
#include "gateway/dialect/fields_table.h"
#include "gateway/dialect/openai_hub_fields.h"
#include "gateway/dialect/openai_hub_message.h"

namespace steelyard::dialect::openai {
namespace {

using hub::Document;

constexpr std::int64_t kChoicesMax = 128;
constexpr KeyTable kStreamOptions(key_names("include_usage"));
constexpr KeyTable kThinking(key_names("type", "budget_tokens"));
constexpr KeyTable kReasoning(key_names("effort", "max_tokens", "enabled"));

class RequestReader {
 public:
  RequestReader(Document& document, hub::ModelRoom& room, MessageScratch& scratch,
                hub::Request& out)
      : document_(document), reader_(document.reader), room_(room), scratch_(scratch), out_(out) {}

  bool read() {
    if (!reader_.enter(root_, '{', "must be a JSON object")) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, kFields, root_)) != StrictReader::kEnd;) {
      if (!member(key)) return false;
    }
    if (reader_.failed()) return false;
    if (!reader_.cursor.at_end()) return reader_.refuse(root_, "goes on after its end");
    if (out_.model.empty()) return reader_.refuse({&root_, "model"}, "is missing");
    if (out_.messages.empty()) return reader_.refuse({&root_, "messages"}, "is missing");
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
    const Field field = static_cast<Field>(key);
    const Where where{&root_, kFields.name(static_cast<std::size_t>(key))};
    if (reader_.cursor.peek() != 'n') out_.fields.add(field);
    switch (field) {
      case Field::model: return read_model(document_, where, room_, out_);
      case Field::messages: return messages(where);
      case Field::stream: return reader_.read_bool(where, out_.stream);
      case Field::stream_options: return stream_options(where);
      case Field::max_tokens: return read_limit(document_, where, 1, out_.max_tokens);
      case Field::max_completion_tokens:
        return read_limit(document_, where, 1, out_.max_completion_tokens);
      case Field::n: return choices(where);
      case Field::tools: return read_hub_tools(document_, where, out_);
      case Field::functions: return read_hub_functions(document_, where, out_);
      case Field::tool_choice:
      case Field::function_call: return read_hub_tool_choice(document_, where, out_);
      case Field::response_format: return read_hub_format(document_, where, out_);
      case Field::reasoning_effort: return effort(where);
      case Field::thinking: return thinking(where);
      case Field::reasoning: return reasoning(where);
      case Field::user:
      case Field::safety_identifier: return user(where);
      case Field::prompt_cache_key: return reader_.read_string(where, out_.cache_key);
      case Field::service_tier: return reader_.read_string(where, out_.service_tier);
      case Field::metadata: return reader_.read_raw(where, '{', out_.metadata);
      case Field::stop: return read_stops(document_, where, out_);
      case Field::temperature: return document_.take_number(where, out_.temperature);
      case Field::top_p: return document_.take_number(where, out_.top_p);
      case Field::top_k: return document_.take_number(where, out_.top_k);
      case Field::parallel_tool_calls: return document_.take_tristate(where, out_.parallel_tools);
      default: return extra(where.name);
    }
  }

  bool messages(const Where& where) {
    if (!reader_.enter(where, '[', "must be an array")) return false;
    std::size_t index = 0;
    for (bool first = true; reader_.cursor.next_element(first); ++index) {
      const Where element{&where, {}, index};
      if (index == hub::messages_max) return reader_.refuse(element, "is one message too many");
      if (!read_hub_message(document_, element, scratch_, out_)) return false;
    }
    if (reader_.failed()) return false;
    return index > 0 || reader_.refuse(where, "must not be empty");
  }

  template <std::size_t N, class Member>
  bool object(const Where& where, const KeyTable<N>& table, Member&& member) {
    if (reader_.cursor.peek() != '{') return reader_.cursor.skip_value();
    if (!reader_.cursor.open('{')) return false;
    StrictReader::Members members;
    for (int key; (key = reader_.next(members, table, where)) != StrictReader::kEnd;) {
      if (!(key == StrictReader::kUnknown ? reader_.cursor.skip_value() : member(key)))
        return false;
    }
    return !reader_.failed();
  }

  bool stream_options(const Where& where) {
    const char c = reader_.cursor.peek();
    if (c != '{' && c != 'n') return reader_.refuse(where, "must be an object or null");
    return object(where, kStreamOptions, [&](int) {
      return reader_.read_bool({&where, "include_usage"}, out_.include_usage);
    });
  }

  bool choices(const Where& where) {
    std::int64_t n = 1;
    if (!reader_.read_integer(where, 1, kChoicesMax, n)) return false;
    out_.choices = static_cast<std::int32_t>(n);
    return true;
  }

  bool effort(const Where& where) {
    std::string_view name;
    if (!reader_.read_string(where, name)) return false;
    out_.effort = hub::effort_named(name);
    return name.empty() || out_.effort != hub::Effort::unset ||
           reader_.refuse(where, "must be none, minimal, low, medium, high, xhigh or max");
  }

  // DeepSeek's, GLM's and LiteLLM's spelling: as Anthropic's.
  bool thinking(const Where& where) {
    std::string_view type, raw;
    const bool ok = object(where, kThinking, [&](int key) {
      if (key == 0) return document_.take(type, raw);
      return reader_.read_integer({&where, "budget_tokens"}, 1, hub::output_tokens_max,
                                  out_.thinking_budget);
    });
    if (!ok) return false;
    if (type == "disabled") out_.thinking = hub::Thinking::off;
    if (type == "adaptive") out_.thinking = hub::Thinking::adaptive;
    if (type == "enabled")
      out_.thinking = out_.thinking_budget > 0 ? hub::Thinking::budget : hub::Thinking::adaptive;
    return true;
  }

  // OpenRouter's spelling.
  bool reasoning(const Where& where) {
    std::string_view name, raw;
    hub::Tristate enabled = hub::Tristate::unset;
    const bool ok = object(where, kReasoning, [&](int key) {
      if (key == 0) return document_.take(name, raw);
      if (key == 1)
        return reader_.read_integer({&where, "max_tokens"}, 0, hub::output_tokens_max,
                                    out_.thinking_budget);
      return document_.take_tristate({&where, "enabled"}, enabled);
    });
    if (!ok) return false;
    if (out_.effort == hub::Effort::unset) out_.effort = hub::effort_named(name);
    if (out_.thinking_budget > 0) out_.thinking = hub::Thinking::budget;
    if (enabled == hub::Tristate::no) out_.thinking = hub::Thinking::off;
    return true;
  }

  bool user(const Where& where) {
    std::string_view id;
    if (!reader_.read_string(where, id)) return false;
    if (!id.empty()) out_.user = id;
    return true;
  }

  Document& document_;
  StrictReader& reader_;
  hub::ModelRoom& room_;
  MessageScratch& scratch_;
  hub::Request& out_;
  Where root_;
};

}  // namespace

struct HubRequestParser::State {
  std::string refusal;
  hub::ModelRoom model{};
  MessageScratch scratch;
};

HubRequestParser::HubRequestParser() : state_(std::make_unique<State>()) {}
HubRequestParser::~HubRequestParser() = default;

Result<void> HubRequestParser::parse(std::string_view body, hub::Request& out) {
  state_->refusal.clear();
  out.clear();
  out.body = body;
  out.wire = hub::Wire::openai_chat;
  Document document(body, state_->refusal);
  document.unknown = &out.unknown;
  if (RequestReader(document, state_->model, state_->scratch, out).read()) return {};
  return fail(hub::refusal_of(document.reader, state_->refusal));
}

}  // namespace steelyard::dialect::openai
