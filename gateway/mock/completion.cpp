// Whole answers.
#include "config/types/json_writer.h"
#include "gateway/mock/answer_plan.h"

namespace steelyard::mock {
namespace {

void append_pieces(std::string& out, Pieces pieces, std::int64_t budget) {
  for (; budget > 0; --budget) {
    const std::string_view piece = pieces.next();
    if (piece.empty()) return;
    if (pieces.needs_escape()) {
      append_json_escaped(out, piece);
    } else {
      out += piece;
    }
  }
}

// Calls until the tokens are used up; the last may be cut short, as real models do at their limit.
void append_calls(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
                  std::int64_t choice) {
  std::int64_t budget = plan.tokens;
  const std::int64_t per_call = plan.calls == 0 ? 0 : [&plan] {
    Pieces pieces = plan.pieces;
    std::int64_t count = kToolHeadTokens;
    while (!pieces.next().empty()) ++count;
    return count;
  }();
  for (std::int64_t call = 0; call < plan.calls && budget >= kToolHeadTokens; ++call) {
    out += call == 0 ? "" : ",";
    out += "{\"id\":\"";
    append_call_id(out, names, choice, call);
    out += "\",\"type\":\"function\",\"function\":{\"name\":\"";
    append_json_escaped(out, plan.tool_name);
    out += "\",\"arguments\":\"";
    append_pieces(out, plan.pieces, budget - kToolHeadTokens);
    out += "\"}}";
    budget -= per_call;
  }
}

void append_message(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
                    std::int64_t choice) {
  out += "{\"role\":\"assistant\",\"content\":";
  if (plan.kind == Answer::tool_call) {
    out += "null,\"refusal\":null,\"annotations\":[],\"tool_calls\":[";
    append_calls(out, names, plan, choice);
    out += "]}";
  } else if (plan.kind == Answer::refusal) {
    out += "null,\"refusal\":\"";
    append_pieces(out, plan.pieces, plan.tokens);
    out += "\",\"annotations\":[]}";
  } else {
    out += '"';
    append_pieces(out, plan.pieces, plan.tokens);
    out += "\",\"refusal\":null,\"annotations\":[]}";
  }
}

}  // namespace

void append_call_id(std::string& out, const AnswerNames& names, std::int64_t choice,
                    std::int64_t call) {
  out += "call_";
  out += std::string_view(names.id).substr(names.id.find('-') + 1);
  out += '_';
  append_integer(out, choice);
  out += '_';
  append_integer(out, call);
}

void append_finish(std::string& out, std::string_view finish) {
  if (finish.empty()) {
    out += "null";
    return;
  }
  out += '"';
  append_json_escaped(out, finish);
  out += '"';
}

void append_completion(std::string& out, const AnswerNames& names, const AnswerPlan& plan,
                       const Behaviour& behaviour) {
  out += "{\"id\":\"";
  out += names.id;
  out += "\",\"object\":\"chat.completion\",\"created\":";
  append_integer(out, names.created);
  out += ",\"model\":\"";
  out += names.model;
  out += "\",\"choices\":[";
  for (std::int64_t choice = 0; choice < plan.choices; ++choice) {
    out += choice == 0 ? "{\"index\":" : ",{\"index\":";
    append_integer(out, choice);
    out += ",\"message\":";
    append_message(out, names, plan, choice);
    out += ",\"logprobs\":null,\"finish_reason\":";
    append_finish(out, plan.finish);
    out += '}';
  }
  out += ']';
  if (behaviour.usage != UsageMode::none) {
    out += ",\"usage\":";
    append_usage(out, {plan.input, plan.cached, plan.output(), plan.reasoning});
  }
  out += ",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\"}";
}

}  // namespace steelyard::mock
