#include "router/explain.h"

#include <algorithm>
#include <vector>

#include "router/explain_parts.h"
#include "router/health.h"

namespace steelyard::router {
namespace {

using policies::no_model;
using policies::no_tier;

struct Paint {
  bool on;
  void bold(std::string& out, std::string_view text) const { wrap(out, "\x1b[1m", text); }
  void green(std::string& out, std::string_view text) const { wrap(out, "\x1b[32m", text); }
  void dim(std::string& out, std::string_view text) const { wrap(out, "\x1b[2m", text); }
  void red(std::string& out, std::string_view text) const { wrap(out, "\x1b[31m", text); }

 private:
  void wrap(std::string& out, const char* code, std::string_view text) const {
    if (on) out += code;
    out += text;
    if (on) out += "\x1b[0m";
  }
};

void heading(std::string& out, const Paint& paint, std::string_view name) {
  std::string padded(name);
  pad(padded, 12);
  paint.bold(out, padded);
}

void say_request(std::string& out, const Paint& paint, const ExplainInput& in) {
  const policies::RequestFacts& facts = in.facts;
  heading(out, paint, "request");
  out.append("model `").append(facts.requested_model).append("`, ");
  append_count(out, facts.input_tokens);
  out.append(" tokens in (").append(in.token_quality);
  if (facts.input_tokens_upper > facts.input_tokens) {
    out += ", at most ";
    append_count(out, facts.input_tokens_upper);
  }
  out += ')';
  if (facts.output_tokens_max > 0) {
    out += ", up to ";
    append_count(out, facts.output_tokens_max);
    out += " out";
  }
  for (const auto& [has, name] :
       {std::pair{facts.tools, ", tools"}, std::pair{facts.images, ", images"},
        std::pair{facts.stream, ", streamed"}, std::pair{facts.structured_output, ", structured"},
        std::pair{facts.reasoning, ", reasoning"}, std::pair{facts.tool_loop, ", in a tool loop"}})
    if (has) out += name;
  out += '\n';
  heading(out, paint, "who");
  out.append(facts.key)
      .append("  ›  ")
      .append(facts.team)
      .append("  ›  ")
      .append(facts.organisation);
  out += '\n';
}

void say_budgets(std::string& out, const Paint& paint, const ExplainInput& in) {
  for (const BudgetLine& line : in.budgets) {
    heading(out, paint, &line == in.budgets.data() ? "budgets" : "");
    out.append(line.scope).append("  ");
    append_usd(out, line.spent);
    out += " of ";
    append_usd(out, line.limit);
    out.append(" ").append(per_text(line.per));
    if (!line.paced_tier.empty())
      out.append(", ahead of its pace (")
          .append(std::to_string(line.pace))
          .append(" %): nothing above ")
          .append(line.paced_tier);
    out += '\n';
  }
}

void say_policies(std::string& out, const Paint& paint, const ExplainInput& in) {
  out += '\n';
  heading(out, paint, "policy");
  if (!in.digest.empty()) out.append("configuration ").append(in.digest.substr(0, 12));
  out += '\n';
  std::size_t width = 8;
  for (const policies::RuleTrace& line : in.verdict.trace)
    width = std::max(width, line.rule.size());
  for (const policies::RuleTrace& line : in.verdict.trace) {
    std::string name(line.rule);
    pad(name, width + 2);
    out += "  ";
    if (line.matched)
      paint.green(out, "✓");
    else
      paint.dim(out, "–");
    out.append("  ").append(name);
    out += line.matched ? "matched   " : line.reached ? "skipped   " : "not read  ";
    out.append(line.because).append("\n");
  }
  if (in.verdict.trace.empty()) out += "  no policy is configured\n";
}

void say_decision(std::string& out, const Paint& paint, const ExplainInput& in) {
  const policies::Verdict& verdict = in.verdict;
  heading(out, paint, "decision");
  switch (verdict.outcome) {
    case policies::Outcome::denied:
      paint.red(out, "denied");
      out.append(" by `").append(verdict.policy).append("`: ").append(verdict.deny_reason);
      break;
    case policies::Outcome::unknown_model:
      paint.red(out, "no such model");
      out.append(": `").append(in.facts.requested_model).append("`");
      break;
    case policies::Outcome::unknown_tier: paint.red(out, "no such tier"); break;
    case policies::Outcome::route:
      if (verdict.model != no_model)
        out.append("the model asked for by name: ").append(in.catalog.model(verdict.model).name);
      else if (in.plan.effective_tier != no_tier)
        append_tier(out, in.catalog, in.plan.effective_tier);
      else
        out += "any model";
      if (verdict.tier != in.plan.effective_tier) out += ", lowered by the budget";
      if (verdict.sticky) out += ", sticky session";
      break;
  }
  out += '\n';
}

void say_candidate(std::string& out, const Paint& paint, const ExplainInput& in,
                   const Candidate& candidate, std::size_t width) {
  const std::string place = candidate.place > 0 ? std::to_string(candidate.place) : "–";
  std::string label = label_of(in.catalog, candidate);
  pad(label, width + 2);
  out.append("  ").append(place).append(" ").append(label);
  if (candidate.reason != Reason::ok) {
    paint.dim(out, name_of(candidate.reason));
    out.append(": ").append(text_of(candidate.reason)).append("\n");
    return;
  }
  std::string figures;
  append_usd(figures, candidate.expected);
  pad(figures, 14);
  append_usd(figures, candidate.worst_case);
  pad(figures, 28);
  append_count(figures, candidate.output_expected);
  pad(figures, 36);
  const TargetHealth health = in.health.view(candidate.target, in.now);
  figures +=
      health.first_byte_ns > 0 ? std::to_string(health.first_byte_ns / 1'000'000) + " ms" : "–";
  pad(figures, 46);
  figures += name_of(health.admission);
  pad(figures, 54);
  out += figures;
  if (candidate.place == 1) paint.green(out, "◄ chosen");
  if (candidate.place > 1) out += "on failure";
  out += '\n';
}

void say_candidates(std::string& out, const Paint& paint, const ExplainInput& in) {
  std::size_t width = 10;
  for (const Candidate& c : in.plan.listed())
    width = std::max(width, label_of(in.catalog, c).size());
  out += '\n';
  std::string head = "candidates";
  pad(head, width + 6);
  head += "expected      worst case    out     1st byte  health";
  paint.bold(out, head);
  out += '\n';
  for (const std::uint16_t index : in_order(in.plan))
    say_candidate(out, paint, in, in.plan.candidates[index], width);
  if (in.plan.omitted > 0)
    out.append("  … and ").append(std::to_string(in.plan.omitted)).append(" more\n");
}

void say_outcome(std::string& out, const Paint& paint, const ExplainInput& in) {
  const Plan& plan = in.plan;
  out += '\n';
  if (plan.session != SessionMove::none) {
    heading(out, paint, "session");
    out += name_of(plan.session);
    if (plan.leave.v > 0) {
      out += ": staying would cost ";
      append_usd(out, plan.stay);
      out += ", leaving ";
      append_usd(out, plan.leave);
    }
    out += '\n';
  }
  if (plan.escalation.target != no_target) {
    heading(out, paint, "escalates");
    out.append("to ").append(in.catalog.model(plan.escalation.model).name).append(", expected ");
    append_usd(out, plan.escalation.expected);
    out += '\n';
  }
  if (plan.attempt_count == 0) {
    paint.red(out, "no route");
    out += ": nothing would be sent.\n";
    return;
  }
  heading(out, paint, "instead of");
  if (plan.baseline_model != no_model) {
    out.append(in.catalog.model(plan.baseline_model).name).append(" at ");
    append_usd(out, plan.baseline);
  }
  out += '\n';
  heading(out, paint, "reserve");
  append_usd(out, plan.attempts[0].worst_case);
  out += " until settled; answer limited to ";
  append_count(out, plan.attempts[0].output_tokens_max);
  out += plan.attempts[0].clamped ? " tokens (lowered)\n" : " tokens\n";
  out += "nothing was sent.\n";
}

}  // namespace

std::string explain_text(const ExplainInput& in, Colour colour) {
  const Paint paint{colour == Colour::yes};
  std::string out;
  say_request(out, paint, in);
  say_budgets(out, paint, in);
  say_policies(out, paint, in);
  say_decision(out, paint, in);
  if (in.verdict.outcome != policies::Outcome::route) return out;
  say_candidates(out, paint, in);
  say_outcome(out, paint, in);
  return out;
}

}  // namespace steelyard::router
