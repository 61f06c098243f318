#include "gateway/mock/stream_script.h"

#include "config/types/json_writer.h"

namespace steelyard::mock {

void StreamScript::start(const AnswerNames& names, const AnswerPlan& plan,
                         const Behaviour& behaviour, Fault fault, bool include_usage) {
  ready_ = false;
  names_ = &names;
  plan_ = &plan;
  behaviour_ = &behaviour;
  fault_ = fault;
  include_usage_ = include_usage;
  stage_ = Stage::role;
  choice_ = rounds_ = call_ = 0;
  call_open_ = call_head_ = false;
  output_ = plan.reasoning;
  budget_ = plan.tokens;
  pieces_ = plan.pieces;
  prefix_.assign("data: {\"id\":\"").append(names.id);
  prefix_.append("\",\"object\":\"chat.completion.chunk\",\"created\":");
  append_integer(prefix_, names.created);
  prefix_.append(",\"model\":\"").append(names.model);
  prefix_.append(
      "\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_mock\",\"choices\":[");
}

void StreamScript::start(const Dialect& dialect, const AnswerNames& names, const AnswerPlan& plan,
                         const Behaviour& behaviour, Fault fault) {
  ready_ = true;
  events_.clear();
  at_ = 0;
  rounds_ = 0;
  output_ = plan.reasoning;
  plan_ = &plan;
  dialect.script(events_, names, plan, behaviour, fault);
}

void StreamScript::end_event(std::string& out) const {
  out += behaviour_->crlf ? std::string_view("\r\n\r\n") : std::string_view("\n\n");
}

void StreamScript::append_usage_now(std::string& out) const {
  append_usage(out, {plan_->input, plan_->cached, output_, plan_->reasoning});
}

void StreamScript::begin_chunk(std::string& out) {
  out += prefix_;
  out += "{\"index\":";
  append_integer(out, choice_);
  out += ",\"delta\":{";
}

// Closes delta, choice and chunk; usage where the mode wants it.
void StreamScript::end_chunk(std::string& out, std::string_view finish, bool last_of_answer) {
  out += "},\"logprobs\":null,\"finish_reason\":";
  append_finish(out, finish);
  out += "}]";
  const UsageMode mode = behaviour_->usage;
  if (mode == UsageMode::every_chunk || (mode == UsageMode::in_finish && last_of_answer)) {
    out += ",\"usage\":";
    append_usage_now(out);
  } else if (include_usage_ && mode != UsageMode::none) {
    out += ",\"usage\":null";
  }
  out += '}';
  end_event(out);
}

bool StreamScript::load_text() {
  delta_.assign(plan_->kind == Answer::refusal ? "\"refusal\":\"" : "\"content\":\"");
  while (round_tokens_ < behaviour_->tokens_per_chunk && budget_ > 0) {
    const std::string_view piece = pieces_.next();
    if (piece.empty()) break;
    if (pieces_.needs_escape()) {
      append_json_escaped(delta_, piece);
    } else {
      delta_ += piece;
    }
    ++round_tokens_;
    --budget_;
  }
  delta_ += '"';
  return round_tokens_ > 0;
}

// The head of the next call, or a piece of the arguments of the open one.
bool StreamScript::load_call() {
  if (call_open_) {
    delta_.assign(",\"function\":{\"arguments\":\"");
    while (round_tokens_ < behaviour_->tokens_per_chunk && budget_ > 0) {
      const std::string_view piece = pieces_.next();
      if (piece.empty()) break;
      append_json_escaped(delta_, piece);
      ++round_tokens_;
      --budget_;
    }
    delta_ += "\"}}]";
    call_head_ = false;
    if (round_tokens_ > 0) return true;
    call_open_ = false;
    ++call_;
  }
  if (call_ == plan_->calls || budget_ < kToolHeadTokens) return false;
  delta_.assign("\",\"type\":\"function\",\"function\":{\"name\":\"");
  append_json_escaped(delta_, plan_->tool_name);
  delta_ += "\",\"arguments\":\"\"}}]";
  round_tokens_ = kToolHeadTokens;
  budget_ -= kToolHeadTokens;
  pieces_ = plan_->pieces;
  call_open_ = call_head_ = true;
  return true;
}

// Prepares the next round of content, or moves on to the finish.
void StreamScript::load_round() {
  round_tokens_ = 0;
  const bool more = plan_->kind == Answer::tool_call ? load_call() : load_text();
  stage_ = more ? Stage::content : Stage::finish;
  if (stage_ == Stage::finish) leave_content();
}

void StreamScript::leave_content() {
  // Tokens of a call that no longer fitted were promised in the plan; they were generated, not
  // shown.
  output_ = plan_->output();
  if (fault_ == Fault::no_finish) stage_ = Stage::usage;
  choice_ = 0;
}

void StreamScript::advance_choice(Stage after) {
  if (++choice_ < plan_->choices) return;
  choice_ = 0;
  if (after == Stage::content) {
    load_round();
  } else {
    stage_ = after;
  }
}

void StreamScript::write_round(std::string& out) {
  if (fault_ == Fault::error_event && rounds_ >= behaviour_->after_chunks) return write_error(out);
  if (choice_ == 0) ++rounds_;
  output_ += round_tokens_;
  begin_chunk(out);
  if (fault_ == Fault::huge_line && rounds_ == 1) {
    out += "\"content\":\"";
    out.append(static_cast<std::size_t>(behaviour_->huge_line_bytes), 'x');
    out += '"';
  } else if (plan_->kind == Answer::tool_call) {
    out += "\"tool_calls\":[{\"index\":";
    append_integer(out, call_);
    if (call_head_) {
      out += ",\"id\":\"";
      append_call_id(out, *names_, choice_, call_);
    }
    out += delta_;
  } else {
    out += delta_;
  }
  if (fault_ == Fault::bad_body && rounds_ >= behaviour_->after_chunks) return end_event(out);
  end_chunk(out, {}, false);
}

void StreamScript::write_usage_chunk(std::string& out) {
  out += prefix_;
  out += "],\"usage\":";
  append_usage_now(out);
  out += '}';
  end_event(out);
}

void StreamScript::write_error(std::string& out) {
  out += "data: {\"error\":{\"message\":\"";
  append_json_escaped(out, behaviour_->error_message.empty()
                               ? std::string_view("the mock failed in the middle of the stream")
                               : std::string_view(behaviour_->error_message));
  out += "\",\"type\":\"";
  append_json_escaped(out, behaviour_->error_type.empty()
                               ? std::string_view("server_error")
                               : std::string_view(behaviour_->error_type));
  out += "\",\"param\":null,\"code\":";
  append_finish(out, behaviour_->error_code);
  out += "}}";
  end_event(out);
  stage_ = Stage::end;
}

void StreamScript::next(std::string& out) {
  if (ready_) {
    const ScriptEvent& event = events_[at_++];
    out += event.bytes;
    output_ += event.tokens;
    rounds_ += event.round ? 1 : 0;
    // What was promised and not shown was generated all the same.
    if (at_ == events_.size()) output_ = plan_->output();
    return;
  }
  const UsageMode mode = behaviour_->usage;
  switch (stage_) {
    case Stage::role:
      begin_chunk(out);
      out += plan_->kind == Answer::tool_call ? "\"role\":\"assistant\",\"content\":null"
                                              : "\"role\":\"assistant\",\"content\":\"\"";
      out += ",\"refusal\":null";
      end_chunk(out, {}, false);
      return advance_choice(Stage::content);
    case Stage::content:
      write_round(out);
      if (stage_ == Stage::content) advance_choice(Stage::content);
      return;
    case Stage::finish:
      if (fault_ == Fault::error_event) return write_error(out);
      begin_chunk(out);
      end_chunk(out, plan_->finish, choice_ + 1 == plan_->choices);
      return advance_choice(Stage::usage);
    case Stage::usage:
      stage_ = Stage::last;
      if (mode == UsageMode::always || (mode == UsageMode::on_request && include_usage_)) {
        return write_usage_chunk(out);
      }
      [[fallthrough]];
    case Stage::last:
      stage_ = Stage::end;
      if (fault_ == Fault::no_done) return;
      out += "data: [DONE]";
      return end_event(out);
    case Stage::end: return;
  }
}

}  // namespace steelyard::mock
