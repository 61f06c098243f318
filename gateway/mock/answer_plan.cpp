#include "gateway/mock/answer_plan.h"

#include <algorithm>
#include <charconv>

namespace steelyard::mock {
namespace {

constexpr std::string_view kRefusal = "I am sorry, but I cannot help with that.";
constexpr std::string_view kJson = "{\"answer\":\"mock\"}";

Answer kind_of(const ChatRequest& request, const Behaviour& behaviour) {
  Answer kind = behaviour.answer;
  const bool tool = !request.tool_name.empty() || !behaviour.tool_name.empty();
  if (kind == Answer::text && request.tool_required && tool) return Answer::tool_call;
  if (kind == Answer::text && request.wants_json && behaviour.text.empty()) return Answer::json;
  if (kind == Answer::tool_call && !tool) return Answer::text;
  return kind;
}

std::string_view first_of(std::string_view a, std::string_view b, std::string_view c) {
  if (!a.empty()) return a;
  return b.empty() ? c : b;
}

std::int64_t fixed(AnswerPlan& plan, PieceKind kind, std::string_view text) {
  plan.pieces = Pieces(kind, text);
  return count_pieces(kind, text);
}

// Sets the pieces; returns how many tokens one choice would take without a limit.
std::int64_t choose_content(AnswerPlan& plan, const ChatRequest& request,
                            const Behaviour& behaviour, std::string& text) {
  switch (plan.kind) {
    case Answer::text:
      if (!behaviour.text.empty()) return fixed(plan, PieceKind::words, behaviour.text);
      plan.pieces = Pieces(PieceKind::question, request.question);
      return behaviour.output_tokens;
    case Answer::empty: return 0;
    case Answer::refusal:
      return fixed(plan, PieceKind::words, first_of(behaviour.text, kRefusal, ""));
    case Answer::json:
      return fixed(plan, PieceKind::bytes, first_of(behaviour.text, request.json_instance, kJson));
    case Answer::invalid_json: {
      const std::string_view whole = first_of(behaviour.text, request.json_instance, kJson);
      text.assign("{\"mock\":").append(whole.substr(0, whole.size() / 2));
      return fixed(plan, PieceKind::bytes, text);
    }
    case Answer::tool_call:
      plan.tool_name = first_of(behaviour.tool_name, request.tool_name, "");
      plan.calls = behaviour.tool_calls;
      return plan.calls * (kToolHeadTokens +
                           fixed(plan, PieceKind::bytes,
                                 first_of(behaviour.tool_arguments, request.tool_arguments, "{}")));
  }
  return 0;
}

}  // namespace

AnswerPlan plan_answer(const ChatRequest& request, const Behaviour& behaviour, std::string& text) {
  AnswerPlan plan;
  plan.kind = kind_of(request, behaviour);
  plan.choices = request.choices;
  plan.input =
      behaviour.input_tokens >= 0 ? behaviour.input_tokens : (request.prompt_bytes + 3) / 4;
  plan.cached = std::min(behaviour.cached_tokens, plan.input);
  plan.cache_write = std::min(behaviour.cache_write_tokens, plan.input - plan.cached);
  plan.reasoning = behaviour.reasoning_tokens;
  plan.searches = behaviour.web_searches;
  const std::int64_t whole = choose_content(plan, request, behaviour, text);
  plan.tokens = whole;
  plan.finish = plan.kind == Answer::tool_call ? "tool_calls" : "stop";
  if (request.max_tokens >= 0 && !behaviour.ignore_limit) {
    plan.reasoning = std::min(plan.reasoning, request.max_tokens);
    plan.tokens = std::min(whole, request.max_tokens - plan.reasoning);
    if (plan.tokens < whole) plan.finish = "length";
  }
  if (!behaviour.finish_reason.empty()) plan.finish = behaviour.finish_reason;
  return plan;
}

void append_integer(std::string& out, std::int64_t value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

void append_usage(std::string& out, const Usage& usage) {
  out += "{\"prompt_tokens\":";
  append_integer(out, usage.input);
  out += ",\"completion_tokens\":";
  append_integer(out, usage.output);
  out += ",\"total_tokens\":";
  append_integer(out, usage.input + usage.output);
  out += ",\"prompt_tokens_details\":{\"cached_tokens\":";
  append_integer(out, usage.cached);
  out += ",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":";
  append_integer(out, usage.reasoning);
  out += ",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}";
}

}  // namespace steelyard::mock
